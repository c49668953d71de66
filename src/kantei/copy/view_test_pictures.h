// Pictures and checks that the tests of query views, pasted rectangles and borders share.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "kantei/base/random.h"
#include "kantei/image/decode.h"
#include "kantei/image/draw.h"
#include "kantei/image/encode.h"
#include "kantei/image/transform.h"

namespace kantei::copy {

/// Detail at all scales, as in a photograph: octaves of noise in changing colours, turned so that the cells of the noise leave
/// no axis-parallel creases.
inline image::Image Texture(std::uint64_t seed, int width, int height) {
  Random random(seed);
  std::vector<float> sum(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3, 128.0f);
  float amplitude = static_cast<float>(random.Uniform(60, 110));
  const double side = std::max(width, height);
  for (int cells = 2; cells <= 128; cells *= 2, amplitude *= 0.62f) {
    // Twice as many cells as the picture shows, for the corners.
    image::Image grid(2 * cells + 3, 2 * cells + 3, 3);
    for (auto& v : grid.pixels()) v = static_cast<std::uint8_t>(random.Below(256));
    const double angle = random.Uniform(0.3, 1.2), c = std::cos(angle) * cells / side,
                 s = std::sin(angle) * cells / side;
    const double middle = cells + 1.5;
    const image::Homography map{{c, -s, middle - c * width / 2 + s * height / 2, s, c,
                                 middle - s * width / 2 - c * height / 2, 0, 0, 1}};
    const image::Image smooth = image::Warp(grid, map, width, height);
    for (std::size_t i = 0; i < sum.size(); ++i)
      sum[i] += amplitude * (static_cast<float>(smooth.pixels()[i]) / 127.5f - 1);
  }
  image::Image out(width, height, 3);
  for (std::size_t i = 0; i < sum.size(); ++i)
    out.pixels()[i] = static_cast<std::uint8_t>(std::clamp(sum[i], 0.0f, 255.0f));
  return out;
}

inline image::Image Flat(int width, int height, image::Colour colour) {
  image::Image out(width, height, 3);
  for (int i = 0; i < width * height; ++i) {
    out.pixels()[static_cast<std::size_t>(i) * 3] = colour.r;
    out.pixels()[static_cast<std::size_t>(i) * 3 + 1] = colour.g;
    out.pixels()[static_cast<std::size_t>(i) * 3 + 2] = colour.b;
  }
  return out;
}

inline void Paste(image::Image* canvas, const image::Image& picture, int x, int y) {
  for (int row = 0; row < picture.height(); ++row)
    std::copy_n(picture.row(row), picture.stride(), canvas->row(y + row) + 3 * x);
}

inline image::Image ThroughJpeg(const image::Image& picture, int quality) {
  return image::DecodeImage(*image::EncodeJpeg(picture, quality), "test")->pixels;
}

inline void ExpectRect(const image::Rect& actual, const image::Rect& expected, int tolerance) {
  EXPECT_NEAR(actual.x, expected.x, tolerance);
  EXPECT_NEAR(actual.y, expected.y, tolerance);
  EXPECT_NEAR(actual.x + actual.width, expected.x + expected.width, tolerance);
  EXPECT_NEAR(actual.y + actual.height, expected.y + expected.height, tolerance);
}

}  // namespace kantei::copy
