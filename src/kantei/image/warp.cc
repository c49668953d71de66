#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "kantei/base/cpu.h"
#include "kantei/image/transform.h"

namespace kantei::image {
namespace {

/// Where the pixel centres of one output row come from. Positions at or behind the horizon become -1
/// (outside).
KANTEI_MULTIARCH void MapRow(const double* __restrict__ m, double y, std::size_t count,
                             float* __restrict__ xs, float* __restrict__ ys) {
  const double x0 = m[1] * y + m[2], y0 = m[4] * y + m[5], w0 = m[7] * y + m[8];
  for (std::size_t i = 0; i < count; ++i) {
    const double x = static_cast<double>(i) + 0.5;
    const double w = m[6] * x + w0;
    const double inverse = w > 1e-12 ? 1.0 / w : 0.0;
    const double shift = w > 1e-12 ? 0.0 : -1.0;
    xs[i] = static_cast<float>((m[0] * x + x0) * inverse + shift);
    ys[i] = static_cast<float>((m[3] * x + y0) * inverse + shift);
  }
}

#define KANTEI_INLINE inline __attribute__((always_inline))

/// Bilinear weights in 13-bit fixed point; they sum to 8192 exactly, so that a flat picture stays flat.
struct Corners {
  std::uint32_t top_left, top_right, bottom_left, bottom_right;
};
constexpr int kWeightBits = 13;

KANTEI_INLINE Corners Weights(float ax, float ay) {
  const auto x = static_cast<std::uint32_t>(ax * (1 << kWeightBits)),
             y = static_cast<std::uint32_t>(ay * (1 << kWeightBits));
  const std::uint32_t both = x * y >> kWeightBits;
  return {(1 << kWeightBits) - x - y + both, x - both, y - both, both};
}

/// Three samples in 21-bit lanes of one word: a weighted sum of them is 8 + 13 bits and stays in its lane.
KANTEI_INLINE std::uint64_t Load(const std::uint8_t* p) {
  return p[0] | static_cast<std::uint64_t>(p[1]) << 21 | static_cast<std::uint64_t>(p[2]) << 42;
}

KANTEI_INLINE void BlendRgb(const std::uint8_t* p, std::size_t right, std::size_t below, Corners w,
                            std::uint8_t* out) {
  constexpr std::uint64_t kHalves = 4096ull | 4096ull << 21 | 4096ull << 42;
  const std::uint64_t sum = Load(p) * w.top_left + Load(p + right) * w.top_right +
                            Load(p + below) * w.bottom_left + Load(p + below + right) * w.bottom_right +
                            kHalves;
  out[0] = static_cast<std::uint8_t>(sum >> kWeightBits);
  out[1] = static_cast<std::uint8_t>(sum >> (21 + kWeightBits));
  out[2] = static_cast<std::uint8_t>(sum >> (42 + kWeightBits));
}

KANTEI_INLINE void BlendGrey(const std::uint8_t* p, std::size_t right, std::size_t below, Corners w,
                             std::uint8_t* out) {
  const std::uint32_t sum = p[0] * w.top_left + p[right] * w.top_right + p[below] * w.bottom_left +
                            p[below + right] * w.bottom_right + 4096;
  *out = static_cast<std::uint8_t>(sum >> kWeightBits);
}

template <int kChannels>
KANTEI_INLINE void SampleRow(const Image& image, const float* xs, const float* ys, int count,
                             std::uint8_t fill, std::uint8_t* out, std::uint8_t* inside) {
  const auto width = static_cast<float>(image.width()), height = static_cast<float>(image.height());
  const int last_x = image.width() - 1, last_y = image.height() - 1;
  const std::uint8_t* base = image.row(0);
  const std::size_t stride = image.stride();
  for (int i = 0; i < count; ++i, out += kChannels) {
    const float sx = xs[i], sy = ys[i];
    const bool within = sx >= 0 && sy >= 0 && sx <= width && sy <= height;  // false for NaN
    if (inside != nullptr) inside[i] = within ? 255 : 0;
    if (!within) {
      for (int c = 0; c < kChannels; ++c) out[c] = fill;
      continue;
    }
    const float fx = std::clamp(sx - 0.5f, 0.0f, static_cast<float>(last_x));
    const float fy = std::clamp(sy - 0.5f, 0.0f, static_cast<float>(last_y));
    const int x = static_cast<int>(fx), y = static_cast<int>(fy);
    const Corners weights = Weights(fx - static_cast<float>(x), fy - static_cast<float>(y));
    const std::size_t right = x < last_x ? kChannels : 0;
    const std::size_t below = y < last_y ? stride : 0;
    const std::uint8_t* p =
        base + static_cast<std::size_t>(y) * stride + static_cast<std::size_t>(x) * kChannels;
    if constexpr (kChannels == 1) {
      BlendGrey(p, right, below, weights, out);
    } else {
      BlendRgb(p, right, below, weights, out);
    }
  }
}

KANTEI_MULTIARCH void SampleRowRgb(const Image& image, const float* xs, const float* ys, int count,
                                   std::uint8_t fill, std::uint8_t* out, std::uint8_t* inside) {
  SampleRow<3>(image, xs, ys, count, fill, out, inside);
}

KANTEI_MULTIARCH void SampleRowGrey(const Image& image, const float* xs, const float* ys, int count,
                                    std::uint8_t fill, std::uint8_t* out, std::uint8_t* inside) {
  SampleRow<1>(image, xs, ys, count, fill, out, inside);
}

}  // namespace

Point Homography::Apply(Point p) const {
  const double x = p.x, y = p.y;
  const double w = m[6] * x + m[7] * y + m[8];
  return {static_cast<float>((m[0] * x + m[1] * y + m[2]) / w),
          static_cast<float>((m[3] * x + m[4] * y + m[5]) / w)};
}

bool Homography::Invert(Homography* inverse) const {
  const auto& a = m;
  std::array<double, 9> adjugate{
      a[4] * a[8] - a[5] * a[7], a[2] * a[7] - a[1] * a[8], a[1] * a[5] - a[2] * a[4],
      a[5] * a[6] - a[3] * a[8], a[0] * a[8] - a[2] * a[6], a[2] * a[3] - a[0] * a[5],
      a[3] * a[7] - a[4] * a[6], a[1] * a[6] - a[0] * a[7], a[0] * a[4] - a[1] * a[3],
  };
  const double determinant = a[0] * adjugate[0] + a[1] * adjugate[3] + a[2] * adjugate[6];
  // Singular when the terms of the determinant cancel out to rounding noise, whatever the scale of the
  // entries.
  const double terms = std::abs(a[0] * a[4] * a[8]) + std::abs(a[0] * a[5] * a[7]) +
                       std::abs(a[1] * a[3] * a[8]) + std::abs(a[1] * a[5] * a[6]) +
                       std::abs(a[2] * a[3] * a[7]) + std::abs(a[2] * a[4] * a[6]);
  if (!std::isfinite(determinant) || std::abs(determinant) <= 1e-13 * terms) return false;
  for (double& value : adjugate) value /= determinant;
  inverse->m = adjugate;
  return true;
}

Homography Homography::Then(const Homography& after) const {
  Homography product;
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < 3; ++c) {
      double sum = 0;
      for (std::size_t k = 0; k < 3; ++k) sum += after.m[3 * r + k] * m[3 * k + c];
      product.m[3 * r + c] = sum;
    }
  }
  return product;
}

Image Warp(const Image& image, const Homography& map, int width, int height, std::uint8_t fill,
           Image* inside) {
  KANTEI_CHECK(!image.empty());
  // A homography has no sign of its own: choose the one that puts the middle of the output in front of the
  // horizon.
  Homography oriented = map;
  if (map.m[6] * width / 2 + map.m[7] * height / 2 + map.m[8] < 0) {
    for (double& value : oriented.m) value = -value;
  }
  Image out(width, height, image.channels());
  if (inside != nullptr) *inside = Image(width, height, 1);
  std::vector<float> xs(static_cast<std::size_t>(width)), ys(static_cast<std::size_t>(width));
  for (int y = 0; y < height; ++y) {
    MapRow(oriented.m.data(), y + 0.5, xs.size(), xs.data(), ys.data());
    std::uint8_t* mask = inside != nullptr ? inside->row(y) : nullptr;
    if (image.channels() == 1) {
      SampleRowGrey(image, xs.data(), ys.data(), width, fill, out.row(y), mask);
    } else {
      SampleRowRgb(image, xs.data(), ys.data(), width, fill, out.row(y), mask);
    }
  }
  return out;
}

}  // namespace kantei::image
