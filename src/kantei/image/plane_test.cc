#include "kantei/image/plane.h"

#include <gtest/gtest.h>

namespace kantei::image {
namespace {

Plane Ramp(int width, int height) {
  Plane plane(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) plane.row(y)[x] = static_cast<float>(2 * x + 3 * y);
  }
  return plane;
}

TEST(PlaneResize, KeepsValuesAtTheSameSize) {
  const Plane plane = Ramp(7, 5);
  EXPECT_EQ(ResizeBilinear(plane, 7, 5).values, plane.values);
}

TEST(PlaneResize, InterpolatesBetweenCentresAndRepeatsEdges) {
  const Plane twice = ResizeBilinear(Ramp(2, 1), 4, 1);
  EXPECT_EQ(twice.values, (std::vector<float>{0, 0.5f, 1.5f, 2}));
  const Plane tall = ResizeBilinear(Ramp(1, 2), 1, 4);
  EXPECT_EQ(tall.values, (std::vector<float>{0, 0.75f, 2.25f, 3}));
}

TEST(PlaneResize, StaysWithinTheRange) {
  const Plane plane = Ramp(9, 4);
  for (const float value : ResizeBilinear(plane, 31, 3).values) {
    EXPECT_GE(value, 0);
    EXPECT_LE(value, 2 * 8 + 3 * 3);
  }
}

}  // namespace
}  // namespace kantei::image
