// Group norm and SiLU in one pass on the CPU, with gradients. Private: includes torch.
#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace kantei::nn {

/// True when GroupNormSilu takes x: (N, C, H, W), float32 or bfloat16, channels-last, on the CPU.
bool GroupNormSiluFits(const torch::Tensor& x);

/// silu(group_norm(x)) (1803.08494; 1702.03118), or the norm alone. `weight` and `bias`: C values of any float type. torch's own
/// kernels pass over memory about three times as often and leave the channels-last layout. The result does not depend on the number
/// of threads. Can be differentiated once.
torch::Tensor GroupNormSilu(const torch::Tensor& x, std::int64_t groups, const torch::Tensor& weight,
                            const torch::Tensor& bias, double eps, bool silu);

}  // namespace kantei::nn
