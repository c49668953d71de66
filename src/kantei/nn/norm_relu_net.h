// Batch norm, residual sum and ReLU in one pass, for training on the CPU. Private: includes torch.
#pragma once

#include <torch/torch.h>

namespace kantei::nn {

/// True when TrainNormRelu takes x: bfloat16, channels-last, on the CPU.
bool NormReluFits(const torch::Tensor& x);

/// relu(norm(x) + residual) with the batch's own statistics; `norm`'s running ones are brought up to date. `residual` may be
/// undefined, else it is of x's type and shape; without `relu` the sum alone. torch's own kernels pass over memory
/// about twice as often. The same number of threads gives the same bits.
torch::Tensor TrainNormRelu(const torch::Tensor& x, torch::nn::BatchNorm2d& norm,
                            const torch::Tensor& residual, bool relu);

}  // namespace kantei::nn
