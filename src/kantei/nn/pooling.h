// What follows the last feature map: GeM, the head's linear layers, unit length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kantei/nn/network_file.h"

namespace kantei::nn {

inline constexpr double kGemEps = 1e-6;  ///< values of the map below this count as this

/// mean(x^p)^(1/p) per channel. `map`: positions x channels (channels last).
void PoolGem(const float* map, std::size_t positions, std::size_t channels, double p, float* feature);

/// y = W x + b for `rows` inputs.
void ApplyLinear(const LinearWeights& linear, const float* in, std::size_t rows, float* out);
/// x < 0 becomes slope * x.
void ApplyLeakyRelu(double slope, std::span<float> values);

/// false when the row is not finite or has no direction (all but zero).
bool NormaliseLength(std::span<float> row);

/// To the nearest bfloat16, ties to even; values must be finite.
void RoundToBfloat16(const float* in, std::size_t count, std::uint16_t* out);
/// bfloat16 to float.
void WidenBfloat16(const std::uint16_t* in, std::size_t count, float* out);

}  // namespace kantei::nn
