#include "kantei/dataset/mask_maker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "kantei/dataset/edit_test_pictures.h"
#include "kantei/dataset/segments.h"

namespace kantei::dataset {
namespace {

using image::Image;

constexpr MaskKind kAll[] = {MaskKind::kStrokes, MaskKind::kBlob, MaskKind::kRectangle, MaskKind::kPolygon,
                             MaskKind::kSegment};

TEST(MaskMakerTest, MasksAreBinaryOfTheWishedShareAndFollowTheSeed) {
  const Image picture = testing_pictures::Scene(160, 120, 3);
  for (const MaskKind kind : kAll) {
    int made = 0;
    for (std::uint64_t seed = 0; seed < 24; ++seed) {
      Random random(seed), again(seed);
      MaskOptions options;
      options.least_share = 0.05;
      options.most_share = 0.3;
      const auto mask = MakeMask(picture, kind, options, random);
      const auto same = MakeMask(picture, kind, options, again);
      ASSERT_EQ(mask.has_value(), same.has_value());
      if (!mask) continue;
      ++made;
      EXPECT_TRUE(std::ranges::equal(mask->pixels(), same->pixels()));
      EXPECT_EQ(mask->width(), 160);
      EXPECT_EQ(mask->channels(), 1);
      for (const std::uint8_t value : mask->pixels()) ASSERT_TRUE(value == 0 || value == 255);
      // Shapes may overlap each other or the edge of the picture.
      EXPECT_GT(MaskShare(*mask), 0.01) << MaskKindName(kind) << seed;
      EXPECT_LT(MaskShare(*mask), 0.5) << MaskKindName(kind) << seed;
    }
    EXPECT_GE(made, 12) << MaskKindName(kind);
  }
}

TEST(MaskMakerTest, SegmentMasksFollowTheEdgesOfAnObject) {
  // One even square on another ground: whatever is chosen keeps to its border.
  Image picture(120, 120, 3);
  std::fill(picture.pixels().begin(), picture.pixels().end(), 40);
  for (int y = 40; y < 80; ++y) std::fill_n(picture.row(y) + 3 * 40, 3 * 40, 220);
  MaskOptions options;
  options.least_share = options.most_share = 0.11;
  Random random(1);
  const auto mask = MakeMask(picture, MaskKind::kSegment, options, random);
  ASSERT_TRUE(mask.has_value());
  const image::Rect box = MaskBox(*mask);
  EXPECT_NEAR(box.x, 40, 2);
  EXPECT_NEAR(box.y, 40, 2);
  EXPECT_NEAR(box.width, 40, 4);
  EXPECT_EQ(mask->row(60)[60], 255);
}

TEST(MaskMakerTest, ABlankPictureHasNoSegmentsAndATinyOneNoMask) {
  Random random(1);
  EXPECT_FALSE(MakeMask(Image(64, 64, 3), MaskKind::kSegment, {}, random).has_value());
  for (const MaskKind kind : kAll) EXPECT_FALSE(MakeMask(Image(8, 64, 3), kind, {}, random).has_value());
}

TEST(MaskMakerTest, DilateGrowsByADisc) {
  Image mask(21, 21, 1);
  mask.row(10)[10] = 255;
  const Image grown = Dilate(mask, 3);
  EXPECT_EQ(std::count(grown.pixels().begin(), grown.pixels().end(), 255),
            29);  // lattice points with x² + y² <= 9
  EXPECT_EQ(grown.row(10)[13], 255);
  EXPECT_EQ(grown.row(13)[13], 0);
}

TEST(MaskMakerTest, OptionsAreChecked) {
  MaskOptions options;
  EXPECT_TRUE(options.Validate().ok());
  options.least_share = 0.5;
  EXPECT_FALSE(options.Validate().ok());
  options = {};
  options.dilation = 65;
  EXPECT_FALSE(options.Validate().ok());
}

TEST(SegmentsTest, SegmentsCoverThePictureAreConnectedAndCounted) {
  const Image picture = testing_pictures::Scene(90, 70, 5);
  const Segments segments = SegmentPicture(picture, 200, 20);
  ASSERT_EQ(segments.label.size(), 90u * 70u);
  std::vector<std::int32_t> counted(segments.sizes.size(), 0);
  for (const std::int32_t label : segments.label) {
    ASSERT_GE(label, 0);
    ASSERT_LT(static_cast<std::size_t>(label), segments.sizes.size());
    ++counted[static_cast<std::size_t>(label)];
  }
  EXPECT_EQ(counted, segments.sizes);
  EXPECT_GE(*std::min_element(counted.begin(), counted.end()), 20);
  // A flood over equal labels meets each label once only.
  std::vector<bool> seen(segments.label.size(), false);
  std::set<std::int32_t> floods;
  for (std::size_t start = 0; start < seen.size(); ++start) {
    if (seen[start]) continue;
    EXPECT_TRUE(floods.insert(segments.label[start]).second);
    std::vector<std::size_t> open{start};
    seen[start] = true;
    while (!open.empty()) {
      const std::size_t at = open.back();
      open.pop_back();
      const std::size_t x = at % 90, y = at / 90;
      for (const auto& [u, v] : {std::pair{x - 1, y}, {x + 1, y}, {x, y - 1}, {x, y + 1}}) {
        if (u >= 90 || v >= 70 || seen[v * 90 + u] || segments.label[v * 90 + u] != segments.label[at])
          continue;
        seen[v * 90 + u] = true;
        open.push_back(v * 90 + u);
      }
    }
  }
}

}  // namespace
}  // namespace kantei::dataset
