#include "kantei/dataset/edit_pixels.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "kantei/base/cpu.h"
#include "kantei/dataset/edit_math.h"

namespace kantei::dataset {
namespace {

KANTEI_MULTIARCH void MixRow(std::uint8_t* __restrict__ ground, const std::uint8_t* __restrict__ over,
                             std::size_t count, std::uint32_t opacity) {
  const auto keep = static_cast<std::uint16_t>(256 - opacity), take = static_cast<std::uint16_t>(opacity);
  for (std::size_t i = 0; i < count; ++i) {
    const auto sum = static_cast<std::uint16_t>(ground[i] * keep + over[i] * take + 128);
    ground[i] = static_cast<std::uint8_t>(sum >> 8);
  }
}

/// Coefficients in 14-bit fixed point, offsets with the rounding in them.
KANTEI_MULTIARCH void MatrixRow(std::uint8_t* __restrict__ rgb, std::size_t count,
                                const std::int32_t* __restrict__ m) {
  const std::int32_t m0 = m[0], m1 = m[1], m2 = m[2], m3 = m[3], m4 = m[4], m5 = m[5], m6 = m[6], m7 = m[7],
                     m8 = m[8], m9 = m[9], m10 = m[10], m11 = m[11];
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t r = rgb[3 * i], g = rgb[3 * i + 1], b = rgb[3 * i + 2];
    const std::int32_t x = (m0 * r + m1 * g + m2 * b + m3) >> 14, y = (m4 * r + m5 * g + m6 * b + m7) >> 14,
                       z = (m8 * r + m9 * g + m10 * b + m11) >> 14;
    rgb[3 * i] = static_cast<std::uint8_t>(std::clamp(x, 0, 255));
    rgb[3 * i + 1] = static_cast<std::uint8_t>(std::clamp(y, 0, 255));
    rgb[3 * i + 2] = static_cast<std::uint8_t>(std::clamp(z, 0, 255));
  }
}

KANTEI_MULTIARCH std::uint64_t SumLuma(const std::uint8_t* rgb, std::size_t count) {
  std::uint32_t r = 0, g = 0, b = 0;  // a row: below 2^24 pixels
  for (std::size_t i = 0; i < count; ++i) {
    r += rgb[3 * i];
    g += rgb[3 * i + 1];
    b += rgb[3 * i + 2];
  }
  return 299ull * r + 587ull * g + 114ull * b;
}

struct Overlap {
  int left, top, right, bottom;  // in pixels of the canvas
  bool empty() const { return left >= right || top >= bottom; }
};

Overlap Clip(const Image& canvas, int x, int y, int width, int height) {
  return {std::max(0, x), std::max(0, y), std::min(canvas.width(), x + width),
          std::min(canvas.height(), y + height)};
}

}  // namespace

void Fill(Image* canvas, Colour colour) {
  FillRect(canvas, {0, 0, canvas->width(), canvas->height()}, colour);
}

void FillRect(Image* canvas, const image::Rect& rect, Colour colour) {
  const Overlap area = Clip(*canvas, rect.x, rect.y, rect.width, rect.height);
  if (area.empty()) return;
  std::uint8_t* first = canvas->row(area.top) + 3 * static_cast<std::ptrdiff_t>(area.left);
  const int width = area.right - area.left;
  for (int i = 0; i < width; ++i) {
    first[3 * i] = colour.r;
    first[3 * i + 1] = colour.g;
    first[3 * i + 2] = colour.b;
  }
  for (int y = area.top + 1; y < area.bottom; ++y) {
    std::memcpy(canvas->row(y) + 3 * static_cast<std::ptrdiff_t>(area.left), first,
                static_cast<std::size_t>(width) * 3);
  }
}

void Paste(Image* canvas, const Image& picture, int x, int y, int opacity) {
  const Overlap area = Clip(*canvas, x, y, picture.width(), picture.height());
  if (area.empty()) return;
  const std::size_t count = static_cast<std::size_t>(area.right - area.left) * 3;
  for (int row = area.top; row < area.bottom; ++row) {
    std::uint8_t* to = canvas->row(row) + 3 * static_cast<std::ptrdiff_t>(area.left);
    const std::uint8_t* from = picture.row(row - y) + 3 * static_cast<std::ptrdiff_t>(area.left - x);
    if (opacity >= kOpaque) {
      std::memcpy(to, from, count);
    } else {
      MixRow(to, from, count, static_cast<std::uint32_t>(std::max(0, opacity)));
    }
  }
}

void PasteMasked(Image* canvas, const Image& picture, const Image& mask, int x, int y) {
  const Overlap area = Clip(*canvas, x, y, picture.width(), picture.height());
  for (int row = area.top; row < area.bottom; ++row) {
    std::uint8_t* to = canvas->row(row) + 3 * static_cast<std::ptrdiff_t>(area.left);
    const std::uint8_t* from = picture.row(row - y) + 3 * static_cast<std::ptrdiff_t>(area.left - x);
    const std::uint8_t* share = mask.row(row - y) + (area.left - x);
    for (int i = 0; i < area.right - area.left; ++i, to += 3, from += 3) {
      const int take = share[i];
      for (int c = 0; c < 3; ++c)
        to[c] = static_cast<std::uint8_t>((to[c] * (255 - take) + from[c] * take + 127) / 255);
    }
  }
}

ColourMatrix Compose(const ColourMatrix& first, const ColourMatrix& then) {
  ColourMatrix out{};
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < 4; ++c) {
      double sum = c == 3 ? then[4 * r + 3] : 0.0;
      for (std::size_t k = 0; k < 3; ++k) sum += then[4 * r + k] * first[4 * k + c];
      out[4 * r + c] = sum;
    }
  }
  return out;
}

void ApplyMatrix(Image* picture, const ColourMatrix& matrix) {
  std::array<std::int32_t, 12> fixed{};
  for (std::size_t i = 0; i < 12; ++i) {
    const double value = std::clamp(matrix[i], -8.0, 8.0) * 16384;
    fixed[i] = i % 4 == 3 ? Round(value * 255) + 8192 : Round(value);
  }
  MatrixRow(picture->row(0), picture->pixels().size() / 3, fixed.data());
}

void ApplyCurve(Image* picture, const Curve& curve) {
  for (std::uint8_t& value : picture->pixels()) value = curve[value];
}

void ApplyCurves(Image* picture, const std::array<Curve, 3>& curves) {
  std::uint8_t* pixel = picture->row(0);
  for (std::size_t i = 0; i < picture->pixels().size(); i += 3) {
    for (std::size_t c = 0; c < 3; ++c) pixel[i + c] = curves[c][pixel[i + c]];
  }
}

double MeanLuma(const Image& picture) {
  std::uint64_t sum = 0;
  for (int y = 0; y < picture.height(); ++y)
    sum += SumLuma(picture.row(y), static_cast<std::size_t>(picture.width()));
  return static_cast<double>(sum) / (255000.0 * static_cast<double>(picture.pixels().size() / 3));
}

Colour RandomColour(Random& random) {
  const std::uint64_t bits = random.Next();
  return {static_cast<std::uint8_t>(bits >> 56), static_cast<std::uint8_t>(bits >> 48),
          static_cast<std::uint8_t>(bits >> 40)};
}

Colour RandomGround(Random& random) {
  switch (random.Below(5)) {
    case 0:
      return {0, 0, 0};
    case 1:
      return {255, 255, 255};
    case 2: {
      const auto grey = static_cast<std::uint8_t>(random.Below(256));
      return {grey, grey, grey};
    }
    default:
      return RandomColour(random);
  }
}

Colour Contrasting(Colour ground) {
  const int luma = 299 * ground.r + 587 * ground.g + 114 * ground.b;
  return luma > 127'500 ? Colour{0, 0, 0} : Colour{255, 255, 255};
}

Image CoverSize(const Image& picture, int width, int height) {
  const std::int64_t w = picture.width(), h = picture.height();
  // The wider one loses at its sides, the taller one above and below.
  const auto part_w = static_cast<int>(std::clamp<std::int64_t>(h * width / height, 1, w)),
             part_h = static_cast<int>(std::clamp<std::int64_t>(w * height / width, 1, h));
  if (part_w == w && part_h == h) return image::Resize(picture, width, height);
  const image::Rect part{static_cast<int>((w - part_w) / 2), static_cast<int>((h - part_h) / 2), part_w,
                         part_h};
  return image::Resize(image::Crop(picture, part), width, height);
}

Image Bounded(Image picture, int minimum, int longest) {
  const auto [width, height] = image::FitSize(picture.width(), picture.height(), longest);
  const int w = std::max(width, minimum), h = std::max(height, minimum);
  if (w == picture.width() && h == picture.height()) return picture;
  return image::Resize(picture, w, h);
}

}  // namespace kantei::dataset
