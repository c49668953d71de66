#include "kantei/generate/avoid_masks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "kantei/generate/subject_mask.h"

namespace kantei::generate {
namespace {

using testing::ElementsAre;

image::Image Disc(int width, int height, double x, double y, double radius) {
  image::Image mask(width, height, 1);
  for (int j = 0; j < height; ++j)
    for (int i = 0; i < width; ++i)
      if (std::hypot(i + 0.5 - x, j + 0.5 - y) < radius) mask.row(j)[i] = 255;
  return mask;
}

TEST(AvoidMasks, AlteredMasksAreElsewhereAndWholeEnough) {
  struct Case {
    double x, y, radius, most_iou;
  };
  for (const Case& c : {Case{20, 24, 12, 0}, Case{48, 32, 20, 0.1}, Case{48, 32, 30, 0.4}}) {
    const image::Image mask = Disc(96, 64, c.x, c.y, c.radius);
    std::set<std::string> alterations;
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
      Random random(seed), again(seed);
      const AlteredMask altered = AlterMask(mask, random);
      EXPECT_LE(MaskIou(mask, altered.pixels), c.most_iou + 0.05) << altered.alteration;
      EXPECT_GE(MaskArea(altered.pixels), 0.85 * 0.36 * MaskArea(mask)) << altered.alteration;
      EXPECT_FALSE(altered.alteration.empty());
      EXPECT_EQ(AlterMask(mask, again).alteration, altered.alteration);
      alterations.insert(altered.alteration);
    }
    if (c.radius < 15) {
      EXPECT_GT(alterations.size(), 2u);
    }
  }
  // What stands beside the middle is mirrored away when it is too tall to be moved far.
  image::Image bar(64, 64, 1);
  for (int y = 0; y < 64; ++y) std::fill_n(bar.row(y), 30, std::uint8_t{255});
  Random random(1);
  EXPECT_EQ(MaskIou(bar, AlterMask(bar, random).pixels), 0);
}

TEST(AvoidMasks, InvertedMasksAreTheRest) {
  const image::Image mask = Disc(40, 30, 12, 15, 8);
  const image::Image inverted = InvertMask(mask);
  EXPECT_EQ(MaskIou(mask, inverted), 0);
  EXPECT_NEAR(MaskArea(mask) + MaskArea(inverted), 1, 1e-12);
}

TEST(AvoidMasks, SegmentsHaveThePalettesColours) {
  const image::Image mask = Disc(20, 20, 10, 10, 5);
  const auto centre = [&](const std::vector<std::string>& words) {
    const image::Image picture = SegmentPicture(mask, words);
    EXPECT_EQ(picture.row(0)[0], 120);
    EXPECT_EQ(picture.row(0)[2], 120);
    const std::uint8_t* at = picture.row(10) + 30;
    return std::vector<int>{at[0], at[1], at[2]};
  };
  EXPECT_THAT(centre({"red", "fox", "tree"}), ElementsAre(255, 0, 122));
  EXPECT_THAT(centre({"woman"}), ElementsAre(150, 5, 61));
  EXPECT_THAT(centre({"thing"}), ElementsAre(255, 255, 0));
}

TEST(AvoidMasks, FurtherSeedsAreOthers) {
  std::set<std::uint64_t> seeds;
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    for (int n = 0; n < 20; ++n) seeds.insert(FurtherSeed(seed, n));
  EXPECT_EQ(seeds.size(), 400u);
  EXPECT_GT(*seeds.begin(), 100u);
  EXPECT_EQ(FurtherSeed(7, 3), FurtherSeed(7, 3));
}

}  // namespace
}  // namespace kantei::generate
