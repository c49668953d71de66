// Pictures with planted traces, for the tests of this folder. Not part of the library.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "kantei/base/random.h"
#include "kantei/image/decode.h"
#include "kantei/image/encode.h"
#include "kantei/image/image.h"

namespace kantei::authenticity::trace::test {

/// Something like a photo: clouds of many sizes (value noise, 1/f), three correlated channels, sensor noise of `sigma`.
inline image::Image Scene(int width, int height, std::uint64_t seed, double sigma = 1.5) {
  image::Image picture(width, height, 3);
  Random random(seed);
  std::vector<double> values(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), 128.0);
  for (int size = 96; size >= 3; size = size * 2 / 3) {
    const int across = width / size + 3, down = height / size + 3;
    std::vector<double> knots(static_cast<std::size_t>(across) * static_cast<std::size_t>(down));
    for (double& knot : knots) knot = random.Normal() * 3.2 * std::pow(size, 0.4);
    const double ox = random.Uniform(), oy = random.Uniform();
    const auto smooth = [](double t) { return t * t * (3 - 2 * t); };
    for (int y = 0; y < height; ++y) {
      const double gy = static_cast<double>(y) / size + oy, ty = smooth(gy - std::floor(gy));
      for (int x = 0; x < width; ++x) {
        const double gx = static_cast<double>(x) / size + ox, tx = smooth(gx - std::floor(gx));
        const auto knot = [&](int dx, int dy) {
          return knots[static_cast<std::size_t>(static_cast<int>(gy) + dy) *
                           static_cast<std::size_t>(across) +
                       static_cast<std::size_t>(static_cast<int>(gx) + dx)];
        };
        values[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)] +=
            (knot(0, 0) * (1 - tx) + knot(1, 0) * tx) * (1 - ty) +
            (knot(0, 1) * (1 - tx) + knot(1, 1) * tx) * ty;
      }
    }
  }
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double value =
          values[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)];
      for (int c = 0; c < 3; ++c) {
        const double tinted = 128 + (value - 128) * (0.8 + 0.1 * c) + sigma * random.Normal();
        picture.row(y)[3 * x + c] = static_cast<std::uint8_t>(std::clamp(std::lround(tinted), 0l, 255l));
      }
    }
  }
  return picture;
}

inline image::Image Recoded(const image::Image& picture, int quality) {
  return image::DecodeImage(*image::EncodeJpeg(picture, quality), "recoded")->pixels;
}

/// The part of `from` at (fx, fy) over `onto` at `box`.
inline void Paste(const image::Image& from, int fx, int fy, const image::Rect& box, image::Image* onto) {
  for (int y = 0; y < box.height; ++y)
    std::copy_n(from.row(fy + y) + 3 * fx, 3 * box.width, onto->row(box.y + y) + 3 * box.x);
}

/// Mean of the map inside and outside of `box` (cells whose middle lies there).
struct InAndOut {
  double inside = 0, outside = 0;
};
inline InAndOut Means(const image::Plane& map, int scale, const image::Rect& box) {
  double in = 0, out = 0;
  int in_count = 0, out_count = 0;
  for (int y = 0; y < map.height; ++y) {
    for (int x = 0; x < map.width; ++x) {
      const int px = x * scale + scale / 2, py = y * scale + scale / 2;
      const bool inside = px >= box.x && py >= box.y && px < box.x + box.width && py < box.y + box.height;
      (inside ? in : out) += map.row(y)[x];
      ++(inside ? in_count : out_count);
    }
  }
  return {in / std::max(1, in_count), out / std::max(1, out_count)};
}

}  // namespace kantei::authenticity::trace::test
