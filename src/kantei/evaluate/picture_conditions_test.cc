#include "kantei/evaluate/picture_conditions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "kantei/image/ssim.h"
#include "kantei/image/test_pictures.h"

namespace kantei::evaluate {
namespace {

using image::Image;

MaskedPicture Example(int width = 160, int height = 120) {
  MaskedPicture picture{image::testing::Waves(width, height, 3), Image(width, height, 1)};
  for (int y = height / 4; y < 3 * height / 4; ++y)
    for (int x = width / 4; x < 3 * width / 4; ++x) picture.mask.row(y)[x] = 255;
  return picture;
}

double MaskShare(const Image& mask) {
  double sum = 0;
  for (const std::uint8_t value : mask.pixels()) {
    EXPECT_TRUE(value == 0 || value == 255);
    sum += value / 255.0;
  }
  return sum / static_cast<double>(mask.pixels().size());
}

TEST(PictureConditions, NamesComeBack) {
  const auto grid = RobustnessGrid();
  EXPECT_EQ(grid.size(), 25u);
  for (const PictureCondition& condition : grid) {
    const auto parsed = ParseCondition(condition.Name());
    ASSERT_TRUE(parsed.ok()) << condition.Name();
    EXPECT_EQ(parsed->kind, condition.kind);
    EXPECT_EQ(parsed->amount, condition.amount);
  }
  EXPECT_EQ(ParseCondition("none")->Name(), "none");
  EXPECT_EQ(ParseCondition("resize-0.5")->amount, 0.5);
  for (const char* name : {"", "jpeg", "jpeg-", "jpeg-0", "jpeg-101", "jpeg-80.5", "jpeg-80x", "blur-4",
                           "blur-1", "noise--1", "noise-nan", "resize-9", "gif-3", "none-3"})
    EXPECT_EQ(ParseCondition(name).error().code, ErrorCode::kInvalidArgument) << name;
}

TEST(PictureConditions, EachDoesWhatItSays) {
  const MaskedPicture in = Example();
  for (const char* name : {"jpeg-30", "jpeg-90", "webp-60", "blur-7", "noise-19"}) {
    const auto out = ApplyCondition(in, *ParseCondition(name), 5);
    ASSERT_TRUE(out.ok()) << name;
    EXPECT_EQ(out->picture.width(), 160);
    EXPECT_GT(image::testing::LargestDifference(in.picture, out->picture), 0) << name;
    EXPECT_GT(*image::Psnr(in.picture, out->picture), 25) << name;
    EXPECT_TRUE(std::ranges::equal(out->mask.pixels(), in.mask.pixels()));
  }
  EXPECT_EQ(image::testing::LargestDifference(ApplyCondition(in, {}, 5)->picture, in.picture), 0);
  const auto twice = ApplyCondition(in, *ParseCondition("resize-2"), 5);
  EXPECT_EQ(twice->picture.width(), 320);
  EXPECT_EQ(twice->mask.height(), 240);
  EXPECT_NEAR(MaskShare(twice->mask), MaskShare(in.mask), 0.02);
}

TEST(PictureConditions, NoiseHasItsVarianceAndBlurItsKernel) {
  Image grey(200, 200, 3);
  std::fill(grey.pixels().begin(), grey.pixels().end(), std::uint8_t{128});
  const auto noised = ApplyCondition({grey, {}}, *ParseCondition("noise-23"), 9);
  double sum = 0, square = 0;
  for (const std::uint8_t value : noised->picture.pixels())
    sum += value - 128.0, square += (value - 128.0) * (value - 128.0);
  const auto n = static_cast<double>(noised->picture.pixels().size());
  EXPECT_NEAR(sum / n, 0, 0.1);
  EXPECT_NEAR(square / n, 23, 0.6);
  const auto again = ApplyCondition({grey, {}}, *ParseCondition("noise-23"), 9);
  EXPECT_EQ(image::testing::LargestDifference(noised->picture, again->picture), 0);
  EXPECT_GT(image::testing::LargestDifference(
                noised->picture, ApplyCondition({grey, {}}, *ParseCondition("noise-23"), 10)->picture),
            0);

  // A point spreads as the product of two kernels of side 3 with sigma 0.8.
  Image point(9, 9, 1);
  point.row(4)[4] = 255;
  const auto blurred = ApplyCondition({point, {}}, *ParseCondition("blur-3"), 1)->picture;
  const double edge = std::exp(-1 / (2 * 0.8 * 0.8)), middle = 1 / (1 + 2 * edge);
  EXPECT_NEAR(blurred.row(4)[4], 255 * middle * middle, 1);
  EXPECT_NEAR(blurred.row(4)[5], 255 * middle * middle * edge, 1);
  EXPECT_EQ(blurred.row(4)[6], 0);
}

TEST(PictureConditions, PicturesDoNotFallBelowTheLeastSide) {
  const auto small = ApplyCondition(Example(100, 90), *ParseCondition("resize-0.1"), 1);
  EXPECT_EQ(small->picture.height(), kLeastSide);
  EXPECT_EQ(small->mask.width(), small->picture.width());
}

TEST(Equalised, IsDrawnFromTheSeedAndKeepsTheMask) {
  const MaskedPicture in = Example();
  double least = 1e9, most = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const auto out = Equalised(in, seed);
    ASSERT_TRUE(out.ok());
    least = std::min<double>(least, out->picture.width());
    most = std::max<double>(most, out->picture.width());
    EXPECT_EQ(out->mask.width(), out->picture.width());
    EXPECT_EQ(out->mask.height(), out->picture.height());
    EXPECT_NEAR(MaskShare(out->mask), 0.25, 0.03);
  }
  EXPECT_GE(least, 160 * 0.69);
  EXPECT_LE(most, 160 * 1.31);
  EXPECT_LT(least, 160 * 0.85);
  EXPECT_GT(most, 160 * 1.15);
  EXPECT_EQ(image::testing::LargestDifference(Equalised(in, 3)->picture, Equalised(in, 3)->picture), 0);
}

}  // namespace
}  // namespace kantei::evaluate
