#include "kantei/image/smooth_resize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace kantei::image {
namespace {

constexpr SmoothKernel kKernels[] = {SmoothKernel::kCatmullRom, SmoothKernel::kLanczos3};

TEST(SmoothResize, AFlatPictureStaysFlat) {
  Image flat(17, 9, 3);
  for (std::size_t i = 0; i < flat.pixels().size(); ++i) flat.pixels()[i] = i % 3 == 0 ? 201 : 7;
  for (const SmoothKernel kernel : kKernels) {
    for (const auto& [width, height] : {std::pair{40, 31}, std::pair{5, 3}, std::pair{1, 1}}) {
      const Image out = SmoothResize(flat, width, height, kernel);
      for (std::size_t i = 0; i < out.pixels().size(); ++i) ASSERT_EQ(out.pixels()[i], i % 3 == 0 ? 201 : 7);
    }
  }
}

TEST(SmoothResize, TheSameSizeChangesNothing) {
  Image noise(23, 11, 1);
  for (std::size_t i = 0; i < noise.pixels().size(); ++i)
    noise.pixels()[i] = static_cast<std::uint8_t>(i * 97 % 256);
  for (const SmoothKernel kernel : kKernels)
    EXPECT_TRUE(std::ranges::equal(SmoothResize(noise, 23, 11, kernel).pixels(), noise.pixels()));
}

// A wave that both sizes can hold comes out as the wave sampled at the new places.
TEST(SmoothResize, KeepsASlowWaveInPlace) {
  const auto wave = [](double x) { return 128 + 90 * std::sin(x / 5); };
  Image from(64, 8, 1);
  for (int y = 0; y < 8; ++y)
    for (int x = 0; x < 64; ++x) from.row(y)[x] = static_cast<std::uint8_t>(std::lround(wave(x)));
  for (const SmoothKernel kernel : kKernels) {
    for (const int width : {128, 100, 48}) {
      const Image out = SmoothResize(from, width, 8, kernel);
      for (int x = width / 8; x < width * 7 / 8; ++x)
        EXPECT_NEAR(out.row(4)[x], wave((x + 0.5) * 64 / width - 0.5), 3) << x << " of " << width;
    }
  }
}

// Stripes of one pixel are too fine for half the size: they become grey instead of coarse stripes.
TEST(SmoothResize, ShrinkingDoesNotAlias) {
  Image stripes(96, 8, 1);
  for (int y = 0; y < 8; ++y)
    for (int x = 0; x < 96; ++x) stripes.row(y)[x] = x % 2 == 0 ? 255 : 0;
  for (const SmoothKernel kernel : kKernels) {
    const Image out = SmoothResize(stripes, 36, 8, kernel);
    for (int x = 4; x < 32; ++x) EXPECT_NEAR(out.row(3)[x], 127.5, 14) << x;
  }
}

TEST(SmoothResize, OvershootIsClipped) {
  Image edge(16, 4, 1);
  for (int y = 0; y < 4; ++y)
    for (int x = 0; x < 16; ++x) edge.row(y)[x] = x < 8 ? 0 : 255;
  const Image out = SmoothResize(edge, 50, 4, SmoothKernel::kLanczos3);
  EXPECT_EQ(out.row(1)[10], 0);
  EXPECT_EQ(out.row(1)[40], 255);
  EXPECT_TRUE(std::ranges::is_sorted(std::span(out.row(1) + 22, 6)));
}

}  // namespace
}  // namespace kantei::image
