#include "kantei/copy/alignment.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kantei/base/random.h"
#include "kantei/copy/geometry.h"
#include "kantei/image/draw.h"

namespace kantei::copy {
namespace {

using image::Homography;
using image::Image;

// Soft random blobs and edges: detail at the scales of a photograph.
Image Texture(std::uint64_t seed, int width = 480, int height = 360) {
  Random random(seed);
  Image rgb(width, height, 3);
  for (std::uint8_t& v : rgb.pixels()) v = 110;
  for (int i = 0; i < 260; ++i) {
    const auto x = static_cast<float>(random.Uniform(0, width)),
               y = static_cast<float>(random.Uniform(0, height));
    const auto r = static_cast<float>(random.Uniform(4, 28));
    const auto g = static_cast<std::uint8_t>(random.Below(256));
    image::FillPolygon(&rgb, {{x - r, y}, {x, y - r * 0.6f}, {x + r, y + r * 0.2f}, {x, y + r}}, {g, g, g},
                       0.8f);
  }
  return image::ToGrey(rgb);
}

TEST(Alignment, SamePictureAgreesEverywhere) {
  const Image picture = Texture(1);
  const Alignment a = CompareAligned(picture, picture, Homography{});
  EXPECT_GT(a.agreement, 0.99);
  EXPECT_GT(a.agreeing_share, 0.99);
  EXPECT_TRUE(a.changed.empty());
  EXPECT_NEAR(PolygonArea(a.query_region), 480.0 * 360.0, 480 * 360 * 0.02);
}

TEST(Alignment, AnotherPictureDoesNotAgree) {
  const Alignment a = CompareAligned(Texture(1), Texture(2), Homography{});
  EXPECT_LT(a.agreeing_blocks, 20) << "of about 600";
}

TEST(Alignment, RefinesATransformThatIsAFewPixelsOff) {
  const Image known = Texture(3);
  const Homography to_known{{0.9, 0.05, 20, -0.04, 0.95, 12, 0, 0, 1}};
  const Image query = image::Warp(known, to_known, 460, 340);
  Homography off = to_known;
  off.m[2] += 3;
  off.m[5] -= 2.5;
  const Alignment a = CompareAligned(query, known, off);
  EXPECT_GT(a.agreement, 0.8);
  const image::Point p = a.query_to_known.Apply({200, 150}), truth = to_known.Apply({200, 150});
  EXPECT_NEAR(p.x, truth.x, 0.7);
  EXPECT_NEAR(p.y, truth.y, 0.7);
}

TEST(Alignment, ToneAndInversionDoNotMatter) {
  const Image known = Texture(4);
  Image query = known;
  for (std::uint8_t& v : query.pixels()) v = static_cast<std::uint8_t>(255 - (v * 3) / 4);
  EXPECT_GT(CompareAligned(query, known, Homography{}).agreement, 0.9);
}

TEST(Alignment, NamesThePartThatWasChanged) {
  const Image known = Texture(5), other = Texture(6);
  Image query = known;
  for (int y = 100; y < 200; ++y) {
    for (int x = 150; x < 270; ++x) query.row(y)[x] = other.row(y)[x];
  }
  const Alignment a = CompareAligned(query, known, Homography{});
  EXPECT_GT(a.agreeing_share, 0.8);
  ASSERT_FALSE(a.changed.empty());
  EXPECT_NEAR(a.changed_share, 100.0 * 120 / (480 * 360), 0.04);
  double cx = 0, cy = 0;
  for (const image::Point& p : a.changed[0]) {
    cx += p.x / static_cast<double>(a.changed[0].size());
    cy += p.y / static_cast<double>(a.changed[0].size());
  }
  EXPECT_NEAR(cx, 210, 25);
  EXPECT_NEAR(cy, 150, 25);
}

TEST(Alignment, APastedPartIsTheRegion) {
  const Image known = Texture(7), canvas = Texture(8, 600, 500);
  Image query = canvas;
  for (int y = 0; y < 180; ++y) {
    for (int x = 0; x < 240; ++x) query.row(y + 200)[x + 300] = known.row(y * 2)[x * 2];
  }
  const Alignment a = CompareAligned(query, known, Homography{{2, 0, -600, 0, 2, -400, 0, 0, 1}});
  EXPECT_NEAR(PolygonArea(a.query_region), 240.0 * 180, 240 * 180 * 0.15);
}

TEST(Alignment, HopelessInputIsNoEvidence) {
  const Image tiny(8, 8, 1), flat(300, 300, 1);
  EXPECT_EQ(CompareAligned(tiny, tiny, Homography{}).agreeing_blocks, 0);
  EXPECT_EQ(CompareAligned(flat, flat, Homography{}).agreeing_blocks, 0);
  EXPECT_EQ(CompareAligned(flat, flat, Homography{{0, 0, 0, 0, 0, 0, 0, 0, 0}}).agreeing_blocks, 0);
  const Image texture = Texture(9);
  EXPECT_EQ(CompareAligned(texture, texture, Homography{{1, 0, 5000, 0, 1, 0, 0, 0, 1}}).agreeing_blocks, 0)
      << "no overlap";
}

}  // namespace
}  // namespace kantei::copy
