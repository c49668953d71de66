#include "kantei/authenticity/map_regions.h"

#include <gtest/gtest.h>

namespace kantei::authenticity {
namespace {

void Paint(image::Plane* map, image::Rect box, float value) {
  for (int y = box.y; y < box.y + box.height; ++y)
    for (int x = box.x; x < box.x + box.width; ++x) map->row(y)[x] = value;
}

TEST(MapRegions, FindsEachPartWithItsShareLargestFirst) {
  image::Plane map(200, 100), confidence(200, 100);
  Paint(&map, {20, 20, 20, 20}, 0.9f);
  Paint(&map, {120, 40, 40, 40}, 0.7f);
  Paint(&confidence, {0, 0, 200, 100}, 0.25f);
  const auto regions = FindMapRegions(map, confidence, {});
  ASSERT_EQ(regions.size(), 2u);
  EXPECT_EQ(regions[0].box.x, 120);
  EXPECT_EQ(regions[0].box.width, 40);
  EXPECT_NEAR(regions[0].share, 1600.0 / 20000, 1e-9);
  EXPECT_NEAR(regions[0].map, 0.7, 1e-6);
  EXPECT_NEAR(regions[0].confidence, 0.25, 1e-6);
  EXPECT_NEAR(regions[1].share, 400.0 / 20000, 1e-9);
}

TEST(MapRegions, LeavesOutSpecksAndQuietMaps) {
  image::Plane map(400, 400);
  EXPECT_TRUE(FindMapRegions(map, {}, {}).empty());
  Paint(&map, {100, 100, 12, 12}, 1.0f);  // 0.09 % of the area
  EXPECT_TRUE(FindMapRegions(map, {}, {}).empty());
  EXPECT_EQ(FindMapRegions(map, {}, {0.5f, 0.0005, 10}).size(), 1u);
}

TEST(MapRegions, TouchingByACornerIsNoConnection) {
  image::Plane map(80, 80);
  Paint(&map, {0, 0, 40, 40}, 1.0f);
  Paint(&map, {40, 40, 40, 40}, 1.0f);
  EXPECT_EQ(FindMapRegions(map, {}, {}).size(), 2u);
}

TEST(MapRegions, BoxesStayInsidePicturesOfOddSizes) {
  image::Plane map(101, 67);
  Paint(&map, {0, 0, 101, 67}, 1.0f);
  const auto regions = FindMapRegions(map, {}, {});
  ASSERT_EQ(regions.size(), 1u);
  EXPECT_EQ(regions[0].box.width, 101);
  EXPECT_EQ(regions[0].box.height, 67);
  EXPECT_NEAR(regions[0].share, 1.0, 1e-9);
}

}  // namespace
}  // namespace kantei::authenticity
