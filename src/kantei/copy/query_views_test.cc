#include "kantei/copy/query_views.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "kantei/copy/pasted_rectangles.h"
#include "kantei/copy/test_pictures.h"
#include "kantei/copy/view_test_pictures.h"

namespace kantei::copy {
namespace {

using image::Image;
using image::Rect;

std::map<ViewKind, int> Counts(const std::vector<QueryView>& views) {
  std::map<ViewKind, int> counts;
  for (const auto& view : views) ++counts[view.kind];
  return counts;
}

TEST(QueryViews, AllKindsOnOneQuery) {
  Image query = Flat(800, 800, {255, 255, 255});
  Image inner = Texture(1, 800, 600);
  Paste(&inner, TestPicture(2, 300, 250), 100, 120);
  Paste(&query, inner, 0, 100);
  const auto views = MakeQueryViews(query, {});
  ASSERT_FALSE(views.empty());
  EXPECT_EQ(views[0].kind, ViewKind::kWhole);
  EXPECT_TRUE(std::equal(query.pixels().begin(), query.pixels().end(), views[0].picture.pixels().begin()));
  const auto counts = Counts(views);
  for (int kind = 0; kind < 8; ++kind) EXPECT_GE(counts.count(static_cast<ViewKind>(kind)), 1u) << kind;
  EXPECT_EQ(counts.at(ViewKind::kTurned), 3);
  EXPECT_EQ(counts.at(ViewKind::kQuadrant), 8);
  EXPECT_EQ(counts.at(ViewKind::kCrop), 5);
  EXPECT_LE(views.size(), 24u);
  for (const auto& view : views) {
    EXPECT_EQ(view.picture.channels(), 3);
    const bool sideways = view.quarters % 2 != 0;
    EXPECT_EQ(view.picture.width(), sideways ? view.region.height : view.region.width);
    EXPECT_EQ(view.picture.height(), sideways ? view.region.width : view.region.height);
    if (view.kind == ViewKind::kSurround || view.quarters != 0 || view.mirrored) continue;
    const Image part = image::Crop(query, view.region);
    EXPECT_TRUE(std::equal(part.pixels().begin(), part.pixels().end(), view.picture.pixels().begin()));
  }
}

TEST(QueryViews, NoTwoAreNearlyTheSame) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    Image query = Flat(500, 460, {0, 0, 0});
    Paste(&query, TestPicture(seed, 500, 430), 0, 15);
    const auto views = MakeQueryViews(query, {});
    for (std::size_t i = 0; i < views.size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        if (views[i].quarters != views[k].quarters || views[i].mirrored != views[k].mirrored) continue;
        if (views[i].kind == ViewKind::kSurround) continue;
        EXPECT_LE(IntersectionOverUnion(views[i].region, views[k].region), 0.85)
            << ViewKindName(views[i].kind) << " and " << ViewKindName(views[k].kind);
      }
    }
  }
}

TEST(QueryViews, EachStepCanBeLeftOut) {
  Image query = Flat(800, 800, {255, 255, 255});
  Image inner = Texture(1, 800, 600);
  Paste(&inner, TestPicture(2, 300, 250), 100, 120);
  Paste(&query, inner, 0, 100);
  const std::vector<std::pair<bool QueryViewOptions::*, ViewKind>> steps{
      {&QueryViewOptions::trim, ViewKind::kTrimmed},      {&QueryViewOptions::overlays, ViewKind::kOverlay},
      {&QueryViewOptions::surround, ViewKind::kSurround}, {&QueryViewOptions::quadrants, ViewKind::kQuadrant},
      {&QueryViewOptions::crops, ViewKind::kCrop},        {&QueryViewOptions::turns, ViewKind::kTurned},
      {&QueryViewOptions::mirror, ViewKind::kMirrored}};
  QueryViewOptions none;
  for (const auto& [member, kind] : steps) none.*member = false;
  EXPECT_EQ(MakeQueryViews(query, none).size(), 1u);
  for (const auto& [member, kind] : steps) {
    QueryViewOptions without, only = none;
    without.*member = false;
    only.*member = true;
    EXPECT_EQ(Counts(MakeQueryViews(query, without)).count(kind), 0u) << ViewKindName(kind);
    const auto counts = Counts(MakeQueryViews(query, only));
    EXPECT_EQ(counts.size(), 2u) << ViewKindName(kind);
    EXPECT_GE(counts.count(kind), 1u) << ViewKindName(kind);
  }
  QueryViewOptions two;
  two.max_overlays = 2;
  EXPECT_LE(Counts(MakeQueryViews(query, two))[ViewKind::kOverlay], 2);
}

TEST(QueryViews, SurroundHidesTheOverlay) {
  Image query = Flat(640, 480, {60, 140, 70});
  const Image ground = Texture(3, 640, 480);
  for (std::size_t i = 0; i < query.pixels().size(); ++i)
    query.pixels()[i] = static_cast<std::uint8_t>((query.pixels()[i] * 3 + ground.pixels()[i]) / 4);
  const Rect hole{180, 120, 260, 220};
  Paste(&query, TestPicture(5, hole.width, hole.height), hole.x, hole.y);
  const auto views = MakeQueryViews(query, {});
  const auto surround = std::find_if(views.begin(), views.end(),
                                     [](const auto& view) { return view.kind == ViewKind::kSurround; });
  ASSERT_NE(surround, views.end());
  const std::uint8_t* first = surround->picture.row(130) + 3 * 190;
  EXPECT_NEAR(first[0], (60 * 3 + 128) / 4, 25);
  EXPECT_NEAR(first[1], (140 * 3 + 128) / 4, 25);
  for (const auto& [x, y] : {std::pair{182, 122}, {437, 337}, {300, 230}}) {
    for (int c = 0; c < 3; ++c) EXPECT_EQ(surround->picture.row(y)[3 * x + c], first[c]);
  }
  for (int c = 0; c < 3; ++c) EXPECT_EQ(surround->picture.row(40)[3 * 50 + c], query.row(40)[3 * 50 + c]);
}

TEST(QueryViews, TurnsAndMirrorShowTheWhole) {
  const Image query = TestPicture(9, 300, 200);
  for (const auto& view : MakeQueryViews(query, {})) {
    if (view.kind == ViewKind::kMirrored) {
      const Image expected = image::FlipHorizontal(query);
      EXPECT_TRUE(
          std::equal(expected.pixels().begin(), expected.pixels().end(), view.picture.pixels().begin()));
    }
    if (view.kind == ViewKind::kTurned) {
      const Image expected = image::RotateQuarter(query, view.quarters);
      EXPECT_TRUE(
          std::equal(expected.pixels().begin(), expected.pixels().end(), view.picture.pixels().begin()));
    }
  }
}

TEST(QueryViews, StripsGiveThirds) {
  const auto views = MakeQueryViews(Texture(2, 900, 300), {});
  std::set<int> widths;
  for (const auto& view : views) {
    if (view.kind == ViewKind::kQuadrant) widths.insert(view.region.width);
  }
  EXPECT_TRUE(widths.count(300));
  EXPECT_TRUE(widths.count(450));
}

TEST(QueryViews, TinyFlatAndGreyQueries) {
  EXPECT_TRUE(MakeQueryViews(Image(), {}).empty());
  // One pixel can be turned and mirrored, no more.
  for (const auto& view : MakeQueryViews(Flat(1, 1, {4, 5, 6}), {})) {
    EXPECT_TRUE(view.kind == ViewKind::kWhole || view.kind == ViewKind::kTurned ||
                view.kind == ViewKind::kMirrored);
  }
  // Parts of a flat picture show nothing.
  EXPECT_EQ(MakeQueryViews(Flat(400, 300, {4, 5, 6}), {}).size(), 5u);
  const auto grey = MakeQueryViews(image::ToGrey(TestPicture(1)), {});
  EXPECT_GE(grey.size(), 10u);
  for (const auto& view : grey) EXPECT_EQ(view.picture.channels(), 3);
}

TEST(QueryViews, SameEveryTime) {
  Image query = Texture(21, 700, 500);
  Paste(&query, TestPicture(22, 200, 200), 300, 150);
  const auto once = MakeQueryViews(query, {}), again = MakeQueryViews(query, {});
  ASSERT_EQ(once.size(), again.size());
  for (std::size_t i = 0; i < once.size(); ++i) {
    EXPECT_EQ(once[i].kind, again[i].kind);
    EXPECT_EQ(once[i].region.x, again[i].region.x);
    EXPECT_EQ(once[i].region.width, again[i].region.width);
    EXPECT_EQ(once[i].confidence, again[i].confidence);
  }
}

TEST(QueryViews, KindsHaveNames) {
  std::set<std::string_view> names;
  for (int kind = 0; kind < 8; ++kind) names.insert(ViewKindName(static_cast<ViewKind>(kind)));
  EXPECT_EQ(names.size(), 8u);
  EXPECT_EQ(ViewKindName(ViewKind::kSurround), "surround");
}

}  // namespace
}  // namespace kantei::copy
