#include "kantei/nn/pooling.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "kantei/base/cpu.h"

namespace kantei::nn {
namespace {

KANTEI_MULTIARCH void AddCubes(const float* __restrict__ row, std::size_t channels,
                               float* __restrict__ sums) {
  for (std::size_t c = 0; c < channels; ++c) {
    const float x = std::max(row[c], static_cast<float>(kGemEps));
    sums[c] += x * x * x;
  }
}

KANTEI_MULTIARCH void AddValues(const float* __restrict__ row, std::size_t channels,
                                float* __restrict__ sums) {
  for (std::size_t c = 0; c < channels; ++c) sums[c] += std::max(row[c], static_cast<float>(kGemEps));
}

// x^p for positive normal x as 2^(p log2 x), in plain arithmetic that vectorises (the library's pow does not). log2: the
// mantissa is brought to [sqrt(1/2), sqrt(2)) and the series of atanh is summed; 2^t: the whole part becomes the exponent
// and Taylor's series of e^(t ln 2) is summed over [-1/2, 1/2]. Relative error below 1e-6 for |p log2 x| < 8.
KANTEI_MULTIARCH void AddPowers(const float* __restrict__ row, std::size_t channels, float p,
                                float* __restrict__ sums) {
  for (std::size_t c = 0; c < channels; ++c) {
    const float x = std::max(row[c], static_cast<float>(kGemEps));
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(x);
    // 0x3f3504f3 is sqrt(1/2): the subtraction moves the exponent's border there.
    const auto exponent = static_cast<std::int32_t>(bits - 0x3f3504f3u) >> 23;
    const float m = std::bit_cast<float>(bits - (static_cast<std::uint32_t>(exponent) << 23));
    const float r = (m - 1.0f) / (m + 1.0f), r2 = r * r;
    // 2 / ln 2 * (r + r^3/3 + r^5/5 + r^7/7 + r^9/9)
    const float series =
        r *
        (2.88539008f + r2 * (0.961796694f + r2 * (0.577078016f + r2 * (0.412198583f + r2 * 0.320598898f))));
    const float t = std::min(std::max(p * (static_cast<float>(exponent) + series), -126.0f), 126.0f);
    const auto whole = static_cast<std::int32_t>(t + (t < 0.0f ? -0.5f : 0.5f));
    const float f = t - static_cast<float>(whole);
    const float power =
        1.0f +
        f * (0.693147181f +
             f * (0.240226507f +
                  f * (0.0555041087f + f * (0.00961812911f + f * (0.00133335581f + f * 0.000154035304f)))));
    sums[c] += power * std::bit_cast<float>(static_cast<std::uint32_t>(whole + 127) << 23);
  }
}

KANTEI_MULTIARCH void AddScaled(const float* __restrict__ weights, float factor, std::size_t count,
                                float* __restrict__ sums) {
  for (std::size_t i = 0; i < count; ++i) sums[i] += factor * weights[i];
}

KANTEI_MULTIARCH void Widen(const std::uint16_t* __restrict__ in, std::size_t count,
                            float* __restrict__ out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = std::bit_cast<float>(std::uint32_t{in[i]} << 16);
}

KANTEI_MULTIARCH void Round(const float* __restrict__ in, std::size_t count,
                            std::uint16_t* __restrict__ out) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(in[i]);
    out[i] = static_cast<std::uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
  }
}

}  // namespace

void RoundToBfloat16(const float* in, std::size_t count, std::uint16_t* out) {
  Round(in, count, out);
}

void WidenBfloat16(const std::uint16_t* in, std::size_t count, float* out) {
  Widen(in, count, out);
}

void PoolGem(const float* map, std::size_t positions, std::size_t channels, double p, float* feature) {
  std::fill(feature, feature + channels, 0.0f);
  for (std::size_t i = 0; i < positions; ++i) {
    const float* row = map + i * channels;
    if (p == 3) {
      AddCubes(row, channels, feature);
    } else if (p == 1) {
      AddValues(row, channels, feature);
    } else {
      AddPowers(row, channels, static_cast<float>(p), feature);
    }
  }
  for (std::size_t c = 0; c < channels; ++c) {
    const double mean = static_cast<double>(feature[c]) / static_cast<double>(positions);
    feature[c] = static_cast<float>(p == 1 ? mean : p == 3 ? std::cbrt(mean) : std::pow(mean, 1 / p));
  }
}

void ApplyLinear(const LinearWeights& linear, const float* in, std::size_t rows, float* out) {
  const auto inputs = static_cast<std::size_t>(linear.in), outputs = static_cast<std::size_t>(linear.out);
  for (std::size_t r = 0; r < rows; ++r) std::copy(linear.bias.begin(), linear.bias.end(), out + r * outputs);
  // A row of weights serves all pictures while it is in the cache.
  for (std::size_t c = 0; c < inputs; ++c) {
    const float* weights = linear.weight.data() + c * outputs;
    for (std::size_t r = 0; r < rows; ++r) AddScaled(weights, in[r * inputs + c], outputs, out + r * outputs);
  }
}

void ApplyLeakyRelu(double slope, std::span<float> values) {
  const auto factor = static_cast<float>(slope);
  for (float& value : values) value = value < 0 ? factor * value : value;
}

bool NormaliseLength(std::span<float> row) {
  double sum = 0;
  for (const float value : row) sum += static_cast<double>(value) * value;
  if (!std::isfinite(sum) || sum < 1e-24) return false;
  const double scale = 1 / std::sqrt(sum);
  for (float& value : row) value = static_cast<float>(value * scale);
  return true;
}

}  // namespace kantei::nn
