#include "kantei/nn/image_tensor.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "kantei/base/cpu.h"
#include "kantei/image/transform.h"

namespace kantei::nn {
namespace {

constexpr int kMaxAspect = 4;

// scale and shift repeat per channel along the row, so that the loop has no notion of channels.
KANTEI_MULTIARCH void NormaliseRow(const std::uint8_t* __restrict__ in, const float* __restrict__ scale,
                                   const float* __restrict__ shift, std::size_t count,
                                   float* __restrict__ out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<float>(in[i]) * scale[i] + shift[i];
}

}  // namespace

std::pair<int, int> InputSize(const image::Image& picture, InputMode mode, int side) {
  if (mode == InputMode::kSquash) return {side, side};
  const int width = picture.width(), height = picture.height();
  const int shorter = std::min(width, height), longer = std::max(width, height);
  const auto scaled = static_cast<int>(std::int64_t{longer} * side / shorter);  // torchvision truncates
  const int long_side = std::min(scaled, kMaxAspect * side);
  return width < height ? std::pair{side, long_side} : std::pair{long_side, side};
}

void FillInput(const image::Image& picture, int width, int height, const InputFormat& format, float* out) {
  const image::Image rgb = image::ToRgb(picture);
  const bool fits = rgb.width() == width && rgb.height() == height;
  const image::Image sized = fits ? image::Image() : image::Resize(rgb, width, height);
  const image::Image& input = fits ? rgb : sized;
  const std::size_t row_floats = input.stride();
  std::vector<float> scale(row_floats), shift(row_floats);
  for (std::size_t i = 0; i < row_floats; ++i) {
    scale[i] = 1.0f / (255.0f * format.std[i % 3]);
    shift[i] = -format.mean[i % 3] / format.std[i % 3];
  }
  for (int y = 0; y < height; ++y)
    NormaliseRow(input.row(y), scale.data(), shift.data(), row_floats,
                 out + static_cast<std::size_t>(y) * row_floats);
}

}  // namespace kantei::nn
