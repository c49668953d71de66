#include "kantei/image/transform.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "kantei/base/cpu.h"
#include "kantei/image/row_resizer.h"

namespace kantei::image {
namespace {

// BT.601 luma in 16-bit fixed point: 0.299, 0.587, 0.114; the three sum to 65536, so that grey stays grey.
KANTEI_MULTIARCH void GreyRow(const std::uint8_t* __restrict__ rgb, std::uint8_t* __restrict__ grey,
                              std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t sum = 19595u * rgb[3 * i] + 38470u * rgb[3 * i + 1] + 7471u * rgb[3 * i + 2];
    grey[i] = static_cast<std::uint8_t>((sum + 32768) >> 16);
  }
}

KANTEI_MULTIARCH void LumaRow(const std::uint8_t* __restrict__ rgb, float* __restrict__ luma,
                              std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    luma[i] = 0.299f * static_cast<float>(rgb[3 * i]) + 0.587f * static_cast<float>(rgb[3 * i + 1]) +
              0.114f * static_cast<float>(rgb[3 * i + 2]);
  }
}

KANTEI_MULTIARCH void WidenRow(const std::uint8_t* __restrict__ grey, float* __restrict__ luma,
                               std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) luma[i] = static_cast<float>(grey[i]);
}

template <int kChannels>
void CopyReversed(const std::uint8_t* in, std::uint8_t* out, int width) {
  for (int x = 0; x < width; ++x) {
    const std::uint8_t* from = in + static_cast<std::ptrdiff_t>(width - 1 - x) * kChannels;
    for (int c = 0; c < kChannels; ++c) *out++ = from[c];
  }
}

/// One clockwise quarter turn in tiles, so that both sides stay in the cache.
template <int kChannels>
void TurnClockwise(const Image& in, Image* out) {
  constexpr int kTile = 32;
  for (int top = 0; top < in.height(); top += kTile) {
    const int bottom = std::min(in.height(), top + kTile);
    for (int left = 0; left < in.width(); left += kTile) {
      const int right = std::min(in.width(), left + kTile);
      for (int x = left; x < right; ++x) {
        std::uint8_t* to = out->row(x);
        for (int y = top; y < bottom; ++y) {
          const std::uint8_t* from = in.row(y) + static_cast<std::ptrdiff_t>(x) * kChannels;
          std::uint8_t* target = to + static_cast<std::ptrdiff_t>(in.height() - 1 - y) * kChannels;
          for (int c = 0; c < kChannels; ++c) target[c] = from[c];
        }
      }
    }
  }
}

}  // namespace

Image ToGrey(const Image& image) {
  if (image.empty() || image.channels() == 1) return image;
  Image grey(image.width(), image.height(), 1);
  GreyRow(image.row(0), grey.row(0), grey.pixels().size());
  return grey;
}

Image ToRgb(const Image& image) {
  if (image.empty() || image.channels() == 3) return image;
  Image rgb(image.width(), image.height(), 3);
  const std::uint8_t* from = image.row(0);
  std::uint8_t* to = rgb.row(0);
  for (std::size_t i = 0; i < image.pixels().size(); ++i) to[3 * i] = to[3 * i + 1] = to[3 * i + 2] = from[i];
  return rgb;
}

Plane ToLuma(const Image& image) {
  Plane luma(image.width(), image.height());
  if (image.empty()) return luma;
  if (image.channels() == 1) {
    WidenRow(image.row(0), luma.row(0), luma.values.size());
  } else {
    LumaRow(image.row(0), luma.row(0), luma.values.size());
  }
  return luma;
}

Image Resize(const Image& image, int width, int height) {
  KANTEI_CHECK(!image.empty() && width >= 1 && height >= 1);
  if (width == image.width() && height == image.height()) return image;
  Image out(width, height, image.channels());
  RowResizer(image.width(), image.height(), image.channels(), width, height).Run(image.row(0), out.row(0));
  return out;
}

Image ResizeToFit(const Image& image, int side) {
  KANTEI_CHECK(!image.empty() && side >= 1);
  const auto [width, height] = FitSize(image.width(), image.height(), side);
  return Resize(image, width, height);
}

std::pair<int, int> FitSize(int width, int height, int side) {
  const int longer = std::max(width, height);
  if (side <= 0 || longer <= side) return {width, height};
  const auto scaled = [&](int length) {
    const double exact = static_cast<double>(length) * side / longer;
    return std::clamp(static_cast<int>(std::lround(exact)), 1, side);
  };
  return {scaled(width), scaled(height)};
}

Image Crop(const Image& image, const Rect& rect) {
  // 64 bits: a caller's rectangle may reach far outside.
  const auto left = std::max<std::int64_t>(0, rect.x);
  const auto top = std::max<std::int64_t>(0, rect.y);
  const auto right = std::min<std::int64_t>(image.width(), std::int64_t{rect.x} + rect.width);
  const auto bottom = std::min<std::int64_t>(image.height(), std::int64_t{rect.y} + rect.height);
  KANTEI_CHECK(left < right && top < bottom);
  Image out(static_cast<int>(right - left), static_cast<int>(bottom - top), image.channels());
  for (int y = 0; y < out.height(); ++y) {
    std::memcpy(out.row(y), image.row(static_cast<int>(top) + y) + left * image.channels(), out.stride());
  }
  return out;
}

Image FlipHorizontal(const Image& image) {
  if (image.empty()) return image;
  Image out(image.width(), image.height(), image.channels());
  for (int y = 0; y < image.height(); ++y) {
    if (image.channels() == 1) {
      CopyReversed<1>(image.row(y), out.row(y), image.width());
    } else {
      CopyReversed<3>(image.row(y), out.row(y), image.width());
    }
  }
  return out;
}

Image FlipVertical(const Image& image) {
  if (image.empty()) return image;
  Image out(image.width(), image.height(), image.channels());
  for (int y = 0; y < image.height(); ++y)
    std::memcpy(out.row(image.height() - 1 - y), image.row(y), image.stride());
  return out;
}

Image RotateQuarter(const Image& image, int quarters) {
  const int turns = ((quarters % 4) + 4) % 4;
  if (image.empty() || turns == 0) return image;
  if (turns == 2) return FlipVertical(FlipHorizontal(image));
  Image out(image.height(), image.width(), image.channels());
  if (image.channels() == 1) {
    TurnClockwise<1>(image, &out);
  } else {
    TurnClockwise<3>(image, &out);
  }
  // Three turns are one turn and a half turn.
  return turns == 1 ? out : FlipVertical(FlipHorizontal(out));
}

}  // namespace kantei::image
