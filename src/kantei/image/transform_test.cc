#include "kantei/image/transform.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "kantei/image/row_resizer.h"
#include "kantei/image/test_pictures.h"

namespace kantei::image {
namespace {

using testing::LargestDifference;
using testing::Noise;
using testing::Waves;

/// Area averaging as the definition says, in double precision.
Image AreaReference(const Image& in, int width, int height) {
  Image out(width, height, in.channels());
  const double sx = static_cast<double>(in.width()) / width, sy = static_cast<double>(in.height()) / height;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < in.channels(); ++c) {
        double sum = 0, area = 0;
        for (int v = static_cast<int>(y * sy); v < std::min<double>(in.height(), (y + 1) * sy); ++v) {
          for (int u = static_cast<int>(x * sx); u < std::min<double>(in.width(), (x + 1) * sx); ++u) {
            const double w = std::min<double>(u + 1, (x + 1) * sx) - std::max<double>(u, x * sx);
            const double h = std::min<double>(v + 1, (y + 1) * sy) - std::max<double>(v, y * sy);
            if (w <= 0 || h <= 0) continue;
            sum += w * h * in.row(v)[u * in.channels() + c];
            area += w * h;
          }
        }
        out.row(y)[x * in.channels() + c] = static_cast<std::uint8_t>(std::lround(sum / area));
      }
    }
  }
  return out;
}

TEST(Resize, ShrinkingIsAreaAveraging) {
  for (const int channels : {1, 3}) {
    const Image in = Noise(101, 67, channels, 1);
    for (const auto& [width, height] : {std::pair{100, 66}, {50, 33}, {37, 20}, {13, 67}, {101, 9}, {1, 1}}) {
      EXPECT_LE(LargestDifference(Resize(in, width, height), AreaReference(in, width, height)), 1)
          << width << "x" << height << " of " << channels;
    }
  }
}

TEST(Resize, FlatStaysExactlyFlatAtEveryScale) {
  for (const int level : {0, 1, 127, 254, 255}) {
    Image in(97, 53, 3);
    std::fill(in.pixels().begin(), in.pixels().end(), static_cast<std::uint8_t>(level));
    for (const auto& [width, height] : {std::pair{96, 52}, {7, 5}, {200, 130}, {97, 200}, {31, 53}}) {
      const Image out = Resize(in, width, height);
      for (const std::uint8_t value : out.pixels()) ASSERT_EQ(value, level) << width << "x" << height;
    }
  }
}

TEST(Resize, HugeShrinkKeepsTheMean) {
  Image in(60'000, 1, 1);
  for (int x = 0; x < in.width(); ++x) in.row(0)[x] = x % 2 == 0 ? 255 : 0;
  const Image out = Resize(in, 3, 1);
  for (int x = 0; x < 3; ++x) EXPECT_NEAR(out.row(0)[x], 127.5, 1.0);
}

TEST(Resize, EnlargingIsBilinearAndKeepsTheEdges) {
  Image in(2, 1, 1);
  in.row(0)[0] = 0;
  in.row(0)[1] = 200;
  const Image out = Resize(in, 4, 1);
  EXPECT_EQ(out.row(0)[0], 0);
  EXPECT_EQ(out.row(0)[1], 50);
  EXPECT_EQ(out.row(0)[2], 150);
  EXPECT_EQ(out.row(0)[3], 200);
}

TEST(Resize, EnlargingAndShrinkingBackReturnsThePicture) {
  const Image in = Waves(64, 48, 3);
  EXPECT_LE(LargestDifference(Resize(Resize(in, 192, 144), 64, 48), in), 3);
}

TEST(Resize, StreamingGivesTheSamePixelsAsAWholePicture) {
  const Image in = Noise(131, 77, 3, 3);
  for (const auto& [width, height] : {std::pair{64, 38}, {131, 20}, {17, 76}, {1, 1}, {40, 77}}) {
    Image streamed(width, height, 3);
    RowResizer resizer(in.width(), in.height(), 3, width, height);
    for (int y = 0; y < in.height(); ++y) resizer.PushRow(in.row(y), streamed.row(0));
    EXPECT_EQ(resizer.rows_done(), height);
    EXPECT_EQ(LargestDifference(streamed, Resize(in, width, height)), 0);
  }
}

TEST(Resize, WeightsSumToOneExactly) {
  for (const auto& [from, to] : {std::pair{1000, 7}, {999, 998}, {5, 5}, {3, 1000}, {65'535, 1}, {1, 9}}) {
    const AxisTaps taps = MakeTaps(from, to);
    for (std::size_t i = 0; i < static_cast<std::size_t>(to); ++i) {
      const auto begin = taps.weights.begin() + taps.offset[i];
      EXPECT_EQ(std::accumulate(begin, begin + taps.count(i), std::uint64_t{0}), 65536u);
      EXPECT_GE(taps.first[i], 0);
      EXPECT_LE(taps.first[i] + taps.count(i), from);
    }
  }
}

TEST(ResizeToFit, KeepsTheAspectAndNeverEnlarges) {
  EXPECT_EQ(FitSize(4000, 3000, 1024), (std::pair{1024, 768}));
  EXPECT_EQ(FitSize(333, 1000, 500), (std::pair{167, 500}));
  EXPECT_EQ(FitSize(60'000, 2, 512), (std::pair{512, 1}));
  EXPECT_EQ(FitSize(100, 50, 512), (std::pair{100, 50}));
  EXPECT_EQ(FitSize(100, 50, 0), (std::pair{100, 50}));
  EXPECT_EQ(ResizeToFit(Noise(40, 20, 3, 1), 10).width(), 10);
}

TEST(Grey, IsBt601Luma) {
  Image in(4, 1, 3);
  const std::uint8_t pixels[] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 77, 77, 77};
  std::copy(std::begin(pixels), std::end(pixels), in.row(0));
  const Image grey = ToGrey(in);
  EXPECT_EQ(grey.row(0)[0], 76);
  EXPECT_EQ(grey.row(0)[1], 150);
  EXPECT_EQ(grey.row(0)[2], 29);
  EXPECT_EQ(grey.row(0)[3], 77);
  EXPECT_EQ(LargestDifference(ToGrey(grey), grey), 0);
  const Image noise = Noise(33, 9, 3, 5);
  const Image rounded = ToGrey(noise);
  const Plane luma = ToLuma(noise);
  for (std::size_t i = 0; i < luma.values.size(); ++i)
    EXPECT_NEAR(luma.values[i], rounded.pixels()[i], 0.51f);
  const Image rgb = ToRgb(grey);
  EXPECT_EQ(rgb.channels(), 3);
  EXPECT_EQ(rgb.row(0)[3], 150);
  EXPECT_EQ(rgb.row(0)[5], 150);
}

TEST(Crop, ClipsToThePicture) {
  const Image in = Noise(20, 10, 3, 2);
  const Image out = Crop(in, {15, -3, 100, 5});
  ASSERT_EQ(out.width(), 5);
  ASSERT_EQ(out.height(), 2);
  EXPECT_EQ(out.row(1)[0], in.row(1)[45]);
  EXPECT_THROW((void)Crop(in, {20, 0, 5, 5}), InternalError);
  EXPECT_EQ(Crop(in, {-5, -5, 2147483647, 2147483647}).width(), 20);
}

TEST(Turns, MoveTheCornersWhereTheyBelong) {
  for (const int channels : {1, 3}) {
    const Image in = Noise(45, 37, channels, 8);
    const auto at = [&](const Image& image, int x, int y) { return image.row(y)[x * channels]; };
    const Image once = RotateQuarter(in, 1);
    ASSERT_EQ(once.width(), 37);
    EXPECT_EQ(at(once, 36, 0), at(in, 0, 0));
    EXPECT_EQ(at(once, 36, 44), at(in, 44, 0));
    EXPECT_EQ(at(once, 0, 0), at(in, 0, 36));
    EXPECT_EQ(LargestDifference(RotateQuarter(once, 3), in), 0);
    EXPECT_EQ(LargestDifference(RotateQuarter(once, 1), RotateQuarter(in, -2)), 0);
    EXPECT_EQ(LargestDifference(RotateQuarter(in, -3), once), 0);
    EXPECT_EQ(LargestDifference(RotateQuarter(in, 2), FlipVertical(FlipHorizontal(in))), 0);
    EXPECT_EQ(at(FlipHorizontal(in), 0, 0), at(in, 44, 0));
    EXPECT_EQ(at(FlipVertical(in), 0, 0), at(in, 0, 36));
  }
}

TEST(Homography, InvertsAndComposes) {
  Homography map;
  map.m = {0.9, 0.2, 30, -0.1, 1.1, -20, 1e-4, -2e-4, 1};
  Homography inverse;
  ASSERT_TRUE(map.Invert(&inverse));
  const Point p{123, 45};
  const Point back = inverse.Apply(map.Apply(p));
  EXPECT_NEAR(back.x, p.x, 1e-3);
  EXPECT_NEAR(back.y, p.y, 1e-3);
  Homography shift;
  shift.m = {1, 0, 5, 0, 1, -7, 0, 0, 1};
  const Point both = map.Then(shift).Apply(p), steps = shift.Apply(map.Apply(p));
  EXPECT_NEAR(both.x, steps.x, 1e-3);
  EXPECT_NEAR(both.y, steps.y, 1e-3);
  Homography flat;
  flat.m = {1, 2, 3, 2, 4, 6, 0, 0, 1};
  EXPECT_FALSE(flat.Invert(&inverse));
  // A strong shrink with a far shift is regular, however small its determinant.
  Homography far;
  far.m = {1e-3, 0, 1e4, 0, 1e-3, 1e4, 0, 0, 1};
  EXPECT_TRUE(far.Invert(&inverse));
}

TEST(Warp, IdentityAndWholePixelShiftsAreExact) {
  for (const int channels : {1, 3}) {
    const Image in = Noise(50, 40, channels, 4);
    EXPECT_EQ(LargestDifference(Warp(in, Homography{}, 50, 40), in), 0);
    Homography shift;
    shift.m = {1, 0, 10, 0, 1, 5, 0, 0, 1};
    Image inside;
    const Image out = Warp(in, shift, 50, 40, 7, &inside);
    EXPECT_EQ(LargestDifference(Crop(out, {0, 0, 40, 35}), Crop(in, {10, 5, 40, 35})), 0);
    EXPECT_EQ(out.row(0)[45 * channels], 7);
    EXPECT_EQ(inside.row(0)[45], 0);
    EXPECT_EQ(inside.row(0)[39], 255);
    EXPECT_EQ(inside.row(36)[0], 0);
  }
}

TEST(Warp, HalfPixelShiftAverages) {
  Image in(2, 1, 3);
  for (int c = 0; c < 3; ++c) in.row(0)[3 + c] = static_cast<std::uint8_t>(100 + 50 * c);
  Homography shift;
  shift.m = {1, 0, 0.5, 0, 1, 0, 0, 0, 1};
  const Image out = Warp(in, shift, 1, 1);
  EXPECT_EQ(out.row(0)[0], 50);
  EXPECT_EQ(out.row(0)[1], 75);
  EXPECT_EQ(out.row(0)[2], 100);
}

TEST(Warp, ThereAndBackKeepsASmoothPicture) {
  const Image in = Waves(200, 160, 3);
  Homography map, inverse;
  map.m = {0.95, 0.1, 3, -0.08, 0.97, 12, 1e-4, 5e-5, 1};
  ASSERT_TRUE(map.Invert(&inverse));
  const Image back = Warp(Warp(in, map, 200, 160), inverse, 200, 160);
  EXPECT_LE(LargestDifference(Crop(back, {60, 50, 80, 60}), Crop(in, {60, 50, 80, 60})), 4);
}

TEST(Warp, PositionsBehindTheHorizonAndNotNumbersAreOutside) {
  const Image in = Noise(20, 20, 3, 1);
  Homography horizon;
  horizon.m = {1, 0, 0, 0, 1, 0, 0, -0.1, 1};  // w = 0 at y = 10
  Image inside;
  Image out = Warp(in, horizon, 20, 20, 9, &inside);
  EXPECT_EQ(inside.row(0)[5], 255);
  EXPECT_EQ(inside.row(15)[5], 0);
  Homography broken;
  broken.m = {std::nan(""), 0, 0, 0, 1, 0, 0, 0, 1};
  out = Warp(in, broken, 20, 20, 9, &inside);
  for (const std::uint8_t value : inside.pixels()) EXPECT_EQ(value, 0);
}

TEST(Warp, TheSignOfTheMatrixDoesNotMatter) {
  const Image in = Waves(40, 30, 3);
  Homography map;
  map.m = {0.9, 0, 2, 0, 0.9, 1, 1e-3, 0, 1};
  Homography negative = map;
  for (double& value : negative.m) value = -value;
  EXPECT_EQ(LargestDifference(Warp(in, map, 40, 30), Warp(in, negative, 40, 30)), 0);
}

}  // namespace
}  // namespace kantei::image
