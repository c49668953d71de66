// Seeded pictures with the detail of photographs, for the tests of this folder.
#pragma once

#include <cmath>
#include <cstdint>

#include "kantei/base/random.h"
#include "kantei/image/draw.h"
#include "kantei/image/image.h"

namespace kantei::copy {

/// Overlapping shaded shapes in colour; different seeds have nothing in common.
inline image::Image TestPicture(std::uint64_t seed, int width = 640, int height = 480) {
  Random random(seed);
  image::Image picture(width, height, 3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c)
        picture.row(y)[x * 3 + c] = static_cast<std::uint8_t>(60 + (x * (c + 1) + y * 2) % 90);
    }
  }
  for (int i = 0; i < 320; ++i) {
    const auto at = [&](int size) { return static_cast<float>(random.Uniform(0, size)); };
    const auto byte = [&] { return static_cast<std::uint8_t>(random.Below(256)); };
    const float x = at(width), y = at(height), r = 5 + at(35);
    image::Polygon shape;
    const int corners = 3 + static_cast<int>(random.Below(4));
    for (int k = 0; k < corners; ++k) {
      const float a = 6.2831853f * (static_cast<float>(k) + static_cast<float>(random.Uniform(0, 0.7))) /
                      static_cast<float>(corners);
      shape.push_back({x + r * std::cos(a), y + r * std::sin(a)});
    }
    image::FillPolygon(&picture, shape, {byte(), byte(), byte()}, 0.85f);
  }
  return picture;
}

}  // namespace kantei::copy
