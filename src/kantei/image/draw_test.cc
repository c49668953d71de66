#include "kantei/image/draw.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "kantei/image/test_pictures.h"

namespace kantei::image {
namespace {

double RedSum(const Image& image) {
  double sum = 0;
  for (std::size_t i = 0; i < image.pixels().size(); i += 3) sum += image.pixels()[i];
  return sum / 255.0;
}

TEST(DrawLine, HasTheAreaOfItsLengthTimesItsThickness) {
  for (const float thickness : {1.0f, 3.0f, 7.5f}) {
    Image image(200, 200, 3);
    const Point a{50.3f, 60.7f}, b{150.2f, 121.4f};
    DrawLine(&image, a, b, {255, 0, 0}, thickness);
    const double length = std::hypot(b.x - a.x, b.y - a.y), radius = thickness / 2;
    EXPECT_NEAR(RedSum(image), length * thickness + 3.14159 * radius * radius, 0.04 * length * thickness);
  }
}

TEST(DrawLine, LiesWhereItShouldAndTouchesNothingElse) {
  Image image(40, 20, 3);
  DrawLine(&image, {5, 10.5f}, {35, 10.5f}, {10, 200, 30}, 1.0f);
  EXPECT_EQ(image.row(10)[3 * 20 + 1], 200);
  EXPECT_EQ(image.row(10)[3 * 20 + 0], 10);
  EXPECT_EQ(image.row(8)[3 * 20 + 1], 0);
  EXPECT_EQ(image.row(12)[3 * 20 + 1], 0);
  EXPECT_EQ(image.row(10)[3 * 2 + 1], 0);
}

TEST(DrawLine, IsClippedAndSurvivesSenselessInput) {
  Image image(16, 16, 3);
  const float huge = 1e30f, nan = std::numeric_limits<float>::quiet_NaN();
  DrawLine(&image, {-1e6f, 8}, {1e6f, 8}, {255, 0, 0}, 2);
  EXPECT_EQ(image.row(8)[0], 255);
  DrawLine(&image, {-huge, -huge}, {huge, huge}, {0, 255, 0}, 1);
  DrawLine(&image, {nan, 0}, {3, 3}, {0, 0, 255}, 1);
  DrawLine(&image, {3, 3}, {3, 3}, {255, 255, 255}, 3);
  EXPECT_EQ(image.row(2)[3 * 2 + 2], 255);
  EXPECT_EQ(image.row(12)[3 * 2 + 2], 0);
}

TEST(PolygonMask, CountsTheInsideAndHolesByEvenOdd) {
  const Image mask = PolygonMask({{2, 3}, {12, 3}, {12, 8}, {2, 8}}, 20, 20);
  EXPECT_EQ(std::accumulate(mask.pixels().begin(), mask.pixels().end(), 0) / 255, 50);
  EXPECT_EQ(mask.row(3)[2], 255);
  EXPECT_EQ(mask.row(7)[11], 255);
  EXPECT_EQ(mask.row(8)[11], 0);
  EXPECT_EQ(mask.row(3)[12], 0);
  // A square that is run through twice is outside itself.
  const Image twice = PolygonMask({{2, 2}, {8, 2}, {8, 8}, {2, 8}, {2, 2}, {8, 2}, {8, 8}, {2, 8}}, 10, 10);
  EXPECT_EQ(std::accumulate(twice.pixels().begin(), twice.pixels().end(), 0), 0);
}

TEST(PolygonMask, NeighboursShareNoPixelAndLeaveNoGap) {
  const Image left = PolygonMask({{0, 0}, {10.3f, 0}, {7.7f, 20}, {0, 20}}, 20, 20);
  const Image right = PolygonMask({{10.3f, 0}, {20, 0}, {20, 20}, {7.7f, 20}}, 20, 20);
  for (std::size_t i = 0; i < left.pixels().size(); ++i) EXPECT_EQ(left.pixels()[i] + right.pixels()[i], 255);
}

TEST(FillPolygon, MixesByOpacityAndCoverage) {
  Image image(20, 20, 3);
  FillPolygon(&image, {{2.5f, 2}, {10, 2}, {10, 10}, {2.5f, 10}}, {200, 100, 0}, 0.5f);
  EXPECT_EQ(image.row(5)[3 * 6], 100);
  EXPECT_EQ(image.row(5)[3 * 6 + 1], 50);
  EXPECT_NEAR(image.row(5)[3 * 2], 50, 1);  // half covered
  EXPECT_EQ(image.row(5)[3 * 10], 0);
  FillPolygon(&image, {{-1e9f, -1e9f}, {1e9f, -1e9f}, {0, 1e9f}}, {255, 255, 255}, 1.0f);
  EXPECT_EQ(image.row(10)[3 * 10], 255);
}

TEST(DrawPolygon, ClosesTheOutline) {
  Image image(30, 30, 3);
  DrawPolygon(&image, {{5, 5}, {25, 5}, {25, 25}, {5, 25}}, {255, 0, 0}, 2);
  EXPECT_EQ(image.row(15)[3 * 5], 255);
  EXPECT_EQ(image.row(15)[3 * 15], 0);
}

TEST(BlendMask, FollowsTheMask) {
  Image image(2, 1, 3), mask(2, 1, 1);
  mask.row(0)[1] = 128;
  BlendMask(&image, mask, {255, 255, 255}, 1.0f);
  EXPECT_EQ(image.row(0)[0], 0);
  EXPECT_NEAR(image.row(0)[3], 128, 1);
  EXPECT_THROW(BlendMask(&image, Image(3, 1, 1), {}, 1.0f), InternalError);
}

}  // namespace
}  // namespace kantei::image
