#include "kantei/copy/view_offsets.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kantei/base/random.h"

namespace kantei::copy {
namespace {

/// Views whose truth follows 1 / (1 + exp(-(4 score - 2 - doubt))).
std::vector<LabelledView> Drawn(ViewKind kind, double doubt, int count, std::uint64_t seed) {
  Random random(seed);
  std::vector<LabelledView> views;
  for (int i = 0; i < count; ++i) {
    const double score = random.Uniform(-1, 3);
    views.push_back({score, kind, random.Chance(1 / (1 + std::exp(-(4 * score - 2 - doubt))))});
  }
  return views;
}

TEST(ViewOffsets, FindTheDoubtOfEachKind) {
  std::vector<LabelledView> views = Drawn(ViewKind::kWhole, 0, 20000, 1);
  const auto add = [&](const std::vector<LabelledView>& more) {
    views.insert(views.end(), more.begin(), more.end());
  };
  add(Drawn(ViewKind::kCrop, 2, 20000, 2));
  add(Drawn(ViewKind::kTrimmed, -1, 20000, 3));
  const ViewOffsets offsets = FitViewOffsets(views);
  // 4 to one in log-odds: a doubt of 2 costs half a point of score.
  EXPECT_EQ(offsets[static_cast<std::size_t>(ViewKind::kWhole)], 0.0f);
  EXPECT_NEAR(offsets[static_cast<std::size_t>(ViewKind::kCrop)], -0.5, 0.05);
  EXPECT_NEAR(offsets[static_cast<std::size_t>(ViewKind::kTrimmed)], 0.25, 0.05);
  EXPECT_EQ(offsets[static_cast<std::size_t>(ViewKind::kOverlay)], 0.0f);
}

TEST(ViewOffsets, AKindWithFewExamplesHardlyMoves) {
  std::vector<LabelledView> views = Drawn(ViewKind::kWhole, 0, 20000, 1);
  for (int i = 0; i < 2; ++i) views.push_back({0.5, ViewKind::kTurned, false});
  const float offset = FitViewOffsets(views)[static_cast<std::size_t>(ViewKind::kTurned)];
  EXPECT_LT(offset, 0);
  EXPECT_GT(offset, -0.1f);
}

TEST(ViewOffsets, AreZeroWithoutAnythingToLearnFrom) {
  EXPECT_EQ(FitViewOffsets({}), ViewOffsets{});
  std::vector<LabelledView> reversed;
  for (int i = 0; i < 100; ++i)
    reversed.push_back({i < 50 ? 1.0 : 0.0, i % 2 == 0 ? ViewKind::kWhole : ViewKind::kCrop, i >= 50});
  EXPECT_EQ(FitViewOffsets(reversed), ViewOffsets{});
}

}  // namespace
}  // namespace kantei::copy
