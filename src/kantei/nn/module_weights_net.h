// Weights of a WeightSource into a network for inference. Private: includes torch.
#pragma once

#include <torch/torch.h>

#include "kantei/base/result.h"
#include "kantei/nn/weight_source.h"

namespace kantei::nn {

/// Copies the tensors of `source` into the parameters and buffers of `module` by name, and sets it to inference. All names and shapes
/// are checked before the first is copied: kCorrupt names missing and surplus tensors (num_batches_tracked may be there), the first of
/// another shape, not finite, of whole numbers or of negative variances.
Status LoadForInference(const WeightSource& source, torch::nn::Module& module);

}  // namespace kantei::nn
