// Realism as a loss. Private: includes torch.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "kantei/generate/soft_realism.h"

namespace kantei::generate {

/// pictures: (N, 3, H, W), -1..1, float32, sides of at least 16 -> (N, 5), the logarithms that SoftRealismReference speaks of.
torch::Tensor SoftRealismMeasures(const torch::Tensor& pictures);

/// (N), 0..9: how far a picture lies from what is usual, mean over the measures of its squared distance in deviations, which beyond two
/// grows ever less (a picture may well be unusual in one of them).
torch::Tensor SoftRealismLoss(const torch::Tensor& pictures, const SoftRealismReference& reference);

/// From batches of at least 20 real pictures of one side in all. kInvalidArgument.
Result<SoftRealismReference> FitSoftRealism(const std::vector<torch::Tensor>& pictures);

}  // namespace kantei::generate
