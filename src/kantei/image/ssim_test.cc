#include "kantei/image/ssim.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kantei/image/test_pictures.h"

namespace kantei::image {
namespace {

using testing::Noise;
using testing::Waves;

/// The definition, window by window, in double precision.
double SsimReference(const Image& a, const Image& b) {
  double weights[11][11], sum = 0;
  for (int i = 0; i < 11; ++i) {
    for (int j = 0; j < 11; ++j)
      sum += weights[i][j] = std::exp(-((i - 5) * (i - 5) + (j - 5) * (j - 5)) / (2 * 1.5 * 1.5));
  }
  double total = 0;
  int count = 0;
  for (int y = 0; y + 11 <= a.height(); ++y) {
    for (int x = 0; x + 11 <= a.width(); ++x, ++count) {
      double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
      for (int i = 0; i < 11; ++i) {
        for (int j = 0; j < 11; ++j) {
          const double w = weights[i][j] / sum, u = a.row(y + i)[x + j], v = b.row(y + i)[x + j];
          ma += w * u;
          mb += w * v;
          aa += w * u * u;
          bb += w * v * v;
          ab += w * u * v;
        }
      }
      const double c1 = 6.5025, c2 = 58.5225;
      total += (2 * ma * mb + c1) * (2 * (ab - ma * mb) + c2) /
               ((ma * ma + mb * mb + c1) * (aa - ma * ma + bb - mb * mb + c2));
    }
  }
  return total / count;
}

TEST(Ssim, AgreesWithTheDefinition) {
  const Image waves = Waves(60, 45, 1);
  Image noisy = waves;
  Random random(3);
  for (std::uint8_t& value : noisy.pixels()) {
    value = static_cast<std::uint8_t>(std::clamp(value + 20 * random.Normal(), 0.0, 255.0));
  }
  const auto measured = Ssim(waves, noisy);
  ASSERT_TRUE(measured.ok());
  EXPECT_NEAR(*measured, SsimReference(waves, noisy), 1e-5);
  EXPECT_NEAR(*Ssim(Noise(40, 30, 1, 1), Noise(40, 30, 1, 2)),
              SsimReference(Noise(40, 30, 1, 1), Noise(40, 30, 1, 2)), 1e-5);
}

TEST(Ssim, EqualIsOneAndNegativeIsLow) {
  const Image image = Noise(50, 50, 3, 1);
  EXPECT_NEAR(*Ssim(image, image), 1.0, 1e-6);
  Image inverse = image;
  for (std::uint8_t& value : inverse.pixels()) value = static_cast<std::uint8_t>(255 - value);
  EXPECT_LT(*Ssim(image, inverse), -0.8);
}

TEST(Ssim, RefusesOtherSizes) {
  EXPECT_EQ(Ssim(Image(20, 20, 1), Image(20, 21, 1)).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(Ssim(Image(10, 20, 1), Image(10, 20, 1)).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(Ssim(Image(), Image()).error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(Ssim(Image(11, 11, 1), Image(11, 11, 3)).ok());
}

TEST(Psnr, IsKnownForAConstantError) {
  Image a(16, 16, 3), b(16, 16, 3);
  for (std::uint8_t& value : b.pixels()) value = 5;
  EXPECT_NEAR(*Psnr(a, b), 20 * std::log10(255.0 / 5), 1e-9);
  EXPECT_TRUE(std::isinf(*Psnr(a, a)));
  EXPECT_FALSE(Psnr(a, Image(16, 16, 1)).ok());
}

}  // namespace
}  // namespace kantei::image
