// Pixels in memory. Every picture in Kantei is 8-bit sRGB (3 channels) or grey (1 channel), rows without
// padding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kantei/base/result.h"

namespace kantei::image {

/// A position in pixels; pixel (i, j) covers [i, i+1) × [j, j+1), its centre is (i + 0.5, j + 0.5).
struct Point {
  float x = 0, y = 0;
};

/// An axis-aligned rectangle in pixels.
struct Rect {
  int x = 0, y = 0, width = 0, height = 0;
};

/// A simple polygon in pixel coordinates.
using Polygon = std::vector<Point>;

/// An 8-bit picture, interleaved, top row first. Copies copy the pixels; moves are cheap.
class Image {
 public:
  Image() = default;
  /// Zeroed pixels. width, height >= 1; channels 1 (grey, or a mask with 0 and 255) or 3 (sRGB).
  Image(int width, int height, int channels);
  /// Takes pixels that are there already; their number must be width × height × channels.
  Image(int width, int height, int channels, std::vector<std::uint8_t> pixels);

  int width() const { return width_; }
  int height() const { return height_; }
  int channels() const { return channels_; }
  bool empty() const { return pixels_.empty(); }
  std::size_t stride() const {
    return static_cast<std::size_t>(width_) * static_cast<std::size_t>(channels_);
  }

  std::uint8_t* row(int y) { return pixels_.data() + static_cast<std::size_t>(y) * stride(); }
  const std::uint8_t* row(int y) const { return pixels_.data() + static_cast<std::size_t>(y) * stride(); }
  std::span<std::uint8_t> pixels() { return pixels_; }
  std::span<const std::uint8_t> pixels() const { return pixels_; }

 private:
  int width_ = 0, height_ = 0, channels_ = 0;
  std::vector<std::uint8_t> pixels_;
};

/// A plane of floats, row-major; scale as its producer says.
struct Plane {
  int width = 0, height = 0;
  std::vector<float> values;
  Plane() = default;
  Plane(int w, int h)
      : width(w), height(h), values(static_cast<std::size_t>(w) * static_cast<std::size_t>(h)) {}
  float* row(int y) { return values.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width); }
  const float* row(int y) const {
    return values.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width);
  }
};

}  // namespace kantei::image
