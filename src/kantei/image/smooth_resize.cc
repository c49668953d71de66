#include "kantei/image/smooth_resize.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace kantei::image {
namespace {

double Support(SmoothKernel kernel) {
  return kernel == SmoothKernel::kCatmullRom ? 2 : 3;
}

double Value(SmoothKernel kernel, double x) {
  x = std::abs(x);
  if (x >= Support(kernel)) return 0;
  if (kernel == SmoothKernel::kCatmullRom)
    return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2;
  if (x < 1e-9) return 1;
  const double angle = std::numbers::pi * x;
  return 3 * std::sin(angle) * std::sin(angle / 3) / (angle * angle);
}

/// What one place of the result is made of.
struct Tap {
  int first = 0;
  std::vector<float> weights;  ///< sum to 1
};

std::vector<Tap> Taps(int from, int to, SmoothKernel kernel) {
  const double scale = static_cast<double>(from) / to, widened = std::max(1.0, scale);
  const double reach = Support(kernel) * widened;
  std::vector<Tap> taps(static_cast<std::size_t>(to));
  for (int i = 0; i < to; ++i) {
    Tap& tap = taps[static_cast<std::size_t>(i)];
    const double centre = (i + 0.5) * scale - 0.5;
    tap.first = std::clamp(static_cast<int>(std::ceil(centre - reach)), 0, from - 1);
    const int last = std::clamp(static_cast<int>(std::floor(centre + reach)), tap.first, from - 1);
    double sum = 0;
    std::vector<double> raw;
    for (int k = tap.first; k <= last; ++k) sum += raw.emplace_back(Value(kernel, (k - centre) / widened));
    for (const double value : raw) tap.weights.push_back(static_cast<float>(value / sum));
  }
  return taps;
}

}  // namespace

Image SmoothResize(const Image& image, int width, int height, SmoothKernel kernel) {
  const auto channels = static_cast<std::size_t>(image.channels());
  const std::size_t stride = static_cast<std::size_t>(width) * channels;
  std::vector<float> across(stride * static_cast<std::size_t>(image.height()));
  const std::vector<Tap> columns = Taps(image.width(), width, kernel);
  for (int y = 0; y < image.height(); ++y) {
    float* out = across.data() + static_cast<std::size_t>(y) * stride;
    for (const Tap& tap : columns) {
      const std::uint8_t* in = image.row(y) + static_cast<std::size_t>(tap.first) * channels;
      for (std::size_t c = 0; c < channels; ++c) {
        float sum = 0;
        for (std::size_t k = 0; k < tap.weights.size(); ++k) sum += tap.weights[k] * in[k * channels + c];
        *out++ = sum;
      }
    }
  }
  Image result(width, height, image.channels());
  const std::vector<Tap> rows = Taps(image.height(), height, kernel);
  std::vector<float> sums(stride);
  for (int y = 0; y < height; ++y) {
    const Tap& tap = rows[static_cast<std::size_t>(y)];
    std::ranges::fill(sums, 0.0F);
    for (std::size_t k = 0; k < tap.weights.size(); ++k) {
      const float* in = across.data() + (static_cast<std::size_t>(tap.first) + k) * stride;
      for (std::size_t x = 0; x < stride; ++x) sums[x] += tap.weights[k] * in[x];
    }
    std::uint8_t* out = result.row(y);
    for (std::size_t x = 0; x < stride; ++x)
      out[x] = static_cast<std::uint8_t>(std::lround(std::clamp(sums[x], 0.0F, 255.0F)));
  }
  return result;
}

}  // namespace kantei::image
