#include "kantei/evaluate/authenticity_metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kantei/base/random.h"
#include "kantei/evaluate/authenticity_pixel_metrics.h"

namespace kantei::evaluate {
namespace {

std::vector<LabelledScore> Scores(std::initializer_list<double> positives,
                                  std::initializer_list<double> negatives) {
  std::vector<LabelledScore> scores;
  for (const double score : positives) scores.push_back({score, true});
  for (const double score : negatives) scores.push_back({score, false});
  return scores;
}

std::vector<LabelledScore> RandomScores(std::uint64_t seed, std::size_t count) {
  Random random(seed);
  std::vector<LabelledScore> scores;
  for (std::size_t i = 0; i < count; ++i)
    scores.push_back({static_cast<double>(random.Below(20)) / 19, i % 2 == 0 || random.Chance(0.3)});
  return scores;
}

void Shuffle(std::vector<LabelledScore>* scores, std::uint64_t seed) {
  Random random(seed);
  for (std::size_t i = scores->size(); i > 1; --i) std::swap((*scores)[i - 1], (*scores)[random.Below(i)]);
}

TEST(AreaUnderRoc, HandWorked) {
  EXPECT_EQ(AreaUnderRoc(Scores({3, 4}, {1, 2})), 1.0);
  EXPECT_EQ(AreaUnderRoc(Scores({1, 2}, {3, 4})), 0.0);
  EXPECT_EQ(AreaUnderRoc(Scores({1, 1}, {1, 1, 1})), 0.5);
  // Pairs: (2>1) 1, (2=2) 1/2, (3>1) 1, (3>2) 1 of 4.
  EXPECT_EQ(AreaUnderRoc(Scores({2, 3}, {1, 2})), 0.875);
  EXPECT_EQ(AreaUnderRoc(Scores({1}, {})), std::nullopt);
  EXPECT_EQ(AreaUnderRoc({}), std::nullopt);
}

TEST(AreaUnderRoc, IsTheShareOfOrderedPairs) {
  const std::vector<LabelledScore> scores = RandomScores(3, 101);
  double won = 0, pairs = 0;
  for (const auto& a : scores)
    for (const auto& b : scores)
      if (a.positive && !b.positive) pairs += 1, won += a.score > b.score ? 1 : a.score == b.score ? 0.5 : 0;
  EXPECT_NEAR(*AreaUnderRoc(scores), won / pairs, 1e-12);
}

TEST(RocCurve, StepsAndRates) {
  const auto curve = RocCurve(Scores({0.9, 0.8, 0.3}, {0.7, 0.3, 0.2, 0.1}));
  ASSERT_EQ(curve.size(), 7u);
  EXPECT_TRUE(std::isinf(curve[0].threshold));
  EXPECT_EQ(curve[2].hits, 2.0 / 3);
  EXPECT_EQ(curve[3].false_alarms, 0.25);
  EXPECT_EQ(curve[4].hits, 1);  // the tie at 0.3 takes one of each
  EXPECT_EQ(curve[4].false_alarms, 0.5);
  EXPECT_EQ(HitsAtFalseAlarms(curve, 0), 2.0 / 3);
  EXPECT_EQ(HitsAtFalseAlarms(curve, 0.49), 2.0 / 3);
  EXPECT_EQ(HitsAtFalseAlarms(curve, 0.5), 1);
  const auto thin = Thinned(curve, 3);
  EXPECT_EQ(thin.size(), 3u);
  EXPECT_EQ(thin.back().hits, 1);
}

TEST(Decide, HandWorked) {
  const Decisions d = Decide(Scores({0.9, 0.5, 0.6}, {0.5, 0.7}), 0.5);
  EXPECT_EQ(d.hits, 2);
  EXPECT_EQ(d.misses, 1);  // 0.5 is not above 0.5
  EXPECT_EQ(d.false_alarms, 1);
  EXPECT_EQ(d.Accuracy(), 0.6);
  EXPECT_NEAR(d.F1(), 4.0 / 6, 1e-15);
  EXPECT_NEAR(*d.BalancedAccuracy(), (2.0 / 3 + 0.5) / 2, 1e-15);
  EXPECT_EQ(Decide(Scores({}, {0.1}), 0.5).BalancedAccuracy(), std::nullopt);
  EXPECT_EQ(Decide({}, 0.5).Accuracy(), 0);
}

TEST(Reliability, HandWorked) {
  const auto r = MeasureReliability(Scores({1.0, 0.95}, {0.05, 0.9}), 10);
  EXPECT_EQ(r.bins[9].count, 3);
  EXPECT_NEAR(r.bins[9].claimed, 2.85 / 3, 1e-12);
  EXPECT_NEAR(r.bins[9].positive, 2.0 / 3, 1e-12);
  // Three in the last bin, off by 2.85 - 2; one in the first, off by 0.05.
  EXPECT_NEAR(r.expected_error, (0.85 + 0.05) / 4, 1e-12);
  EXPECT_EQ(MeasureReliability({}).expected_error, 0);
}

TEST(RiskCoverage, HandWorked) {
  // By sureness: 0.95 right, 0.1 right, 0.8 wrong, 0.45 wrong.
  const auto r = MeasureRiskCoverage(Scores({0.95, 0.45}, {0.1, 0.8}));
  ASSERT_EQ(r.curve.size(), 4u);
  EXPECT_EQ(r.curve[1].risk, 0);
  EXPECT_NEAR(r.curve[2].risk, 1.0 / 3, 1e-15);
  EXPECT_EQ(r.curve[3].risk, 0.5);
  EXPECT_EQ(r.curve[3].coverage, 1);
  EXPECT_NEAR(r.area, (0 + 0 + 1.0 / 3 + 0.5) / 4, 1e-15);
  // Equally sure, one of two wrong: half a wrong answer is expected at every coverage.
  EXPECT_NEAR(MeasureRiskCoverage(Scores({0.75, 0.25}, {})).area, 0.5, 1e-15);
}

TEST(ClopperPearsonInterval, KnownEnds) {
  // No success of n: the upper limit p has (1-p)^n = 0.025.
  EXPECT_NEAR(ClopperPearson(0, 30).high, 1 - std::pow(0.025, 1.0 / 30), 1e-9);
  EXPECT_EQ(ClopperPearson(0, 30).low, 0);
  EXPECT_EQ(ClopperPearson(30, 30).high, 1);
  EXPECT_EQ(ClopperPearson(0, 0).high, 1);
}

TEST(ImageMeasures, StayInRangeAndDoNotDependOnTheOrder) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::vector<LabelledScore> scores = RandomScores(seed, 30 + seed * 7);
    const double auc = *AreaUnderRoc(scores), ece = MeasureReliability(scores).expected_error,
                 aurc = MeasureRiskCoverage(scores).area, f1 = Decide(scores, 0.5).F1();
    for (const double value : {auc, ece, aurc, f1}) {
      EXPECT_GE(value, 0);
      EXPECT_LE(value, 1);
    }
    Shuffle(&scores, seed);
    EXPECT_EQ(*AreaUnderRoc(scores), auc);
    EXPECT_NEAR(MeasureReliability(scores).expected_error, ece, 1e-12);
    EXPECT_NEAR(MeasureRiskCoverage(scores).area, aurc, 1e-12);
    // Turning both sides round changes nothing.
    std::vector<LabelledScore> turned = scores;
    for (LabelledScore& s : turned) s = {-s.score, !s.positive};
    EXPECT_NEAR(*AreaUnderRoc(turned), auc, 1e-12);
    const auto curve = RocCurve(scores);
    for (std::size_t i = 1; i < curve.size(); ++i) {
      EXPECT_GE(curve[i].hits, curve[i - 1].hits);
      EXPECT_GE(curve[i].false_alarms, curve[i - 1].false_alarms);
    }
  }
}

struct Example {
  image::Plane map;
  image::Image mask;
};

Example MakeExample(int width, int height, std::uint64_t seed, double noise) {
  Example example{image::Plane(width, height), image::Image(width, height, 1)};
  Random random(seed);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const bool changed = x >= width / 4 && x < 3 * width / 4 && y >= height / 4 && y < 3 * height / 4;
      example.mask.row(y)[x] = changed ? 255 : 0;
      example.map.row(y)[x] =
          static_cast<float>(std::clamp((changed ? 0.8 : 0.2) + random.Uniform(-noise, noise), 0.0, 1.0));
    }
  return example;
}

TEST(ScorePixels, PerfectInvertedAndHandWorked) {
  const Example e = MakeExample(80, 80, 1, 0);
  PixelScores s = ScorePixels(e.map, e.mask);
  EXPECT_NEAR(s.f1, 1, 1e-7);
  EXPECT_NEAR(s.iou, 1, 1e-7);
  EXPECT_EQ(s.auc, 1.0);
  EXPECT_NEAR(ScorePixels(e.map, e.mask, MapReading::kReverse).f1, 0, 1e-7);
  EXPECT_NEAR(ScorePixels(e.map, e.mask, MapReading::kDouble).iou, 1, 1e-7);

  image::Plane map(4, 1);
  map.values = {0.9f, 0.6f, 0.5f, 0.1f};
  const image::Image mask(4, 1, 1, {255, 0, 255, 0});
  s = ScorePixels(map, mask);  // tp 1, fp 1, fn 1
  EXPECT_NEAR(s.f1, 0.5, 1e-7);
  EXPECT_NEAR(s.iou, 1.0 / 3, 1e-7);
  EXPECT_EQ(s.auc, 0.75);
  const PixelScores r = ScorePixels(map, mask, MapReading::kReverse);
  EXPECT_NEAR(r.f1, 0.5, 1e-7);  // 0.5 counts as changed: tp 1, fp 1, fn 1
  EXPECT_NEAR(r.iou, 0, 1e-7);   // 1 - 0.5 is not above 0.5: tp 0
}

TEST(ScorePixels, EmptyAndFullMasks) {
  const Example e = MakeExample(40, 30, 2, 0.5);
  const image::Image none(40, 30, 1), all(40, 30, 1, std::vector<std::uint8_t>(1200, 255));
  const PixelScores empty = ScorePixels(e.map, none);
  EXPECT_EQ(empty.f1, 0);  // also for a perfect answer: authentic pictures are reported apart
  EXPECT_EQ(empty.iou, 0);
  EXPECT_EQ(empty.auc, 0.0);
  EXPECT_EQ(ScorePixels(image::Plane(40, 30), none).f1, 0);
  const PixelScores full = ScorePixels(e.map, all);
  EXPECT_EQ(full.auc, std::nullopt);
  EXPECT_NEAR(full.iou, ChangedShare(e.map), 1e-7);
  EXPECT_FALSE(ScorePixelsTruFor(e.map, none).has_value());
  EXPECT_FALSE(ScorePixelsTruFor(e.map, all).has_value());
}

TEST(ScorePixels, StaysInRangeAndHoldsItsRelations) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const Example e = MakeExample(48 + static_cast<int>(seed), 64, seed, 0.1 * static_cast<double>(seed));
    const PixelScores origin = ScorePixels(e.map, e.mask),
                      reverse = ScorePixels(e.map, e.mask, MapReading::kReverse),
                      both = ScorePixels(e.map, e.mask, MapReading::kDouble);
    for (const double value : {origin.f1, origin.iou, *origin.auc, reverse.f1, both.iou}) {
      EXPECT_GE(value, 0);
      EXPECT_LE(value, 1);
    }
    EXPECT_LE(origin.iou, origin.f1 + 1e-7);
    EXPECT_NEAR(origin.f1, 2 * origin.iou / (1 + origin.iou), 1e-6);
    EXPECT_GE(both.f1, origin.f1);
    EXPECT_NEAR(*origin.auc + *reverse.auc, 1, 1e-12);
    const auto trufor = ScorePixelsTruFor(e.map, e.mask);
    ASSERT_TRUE(trufor);
    EXPECT_GE(trufor->best_f1, trufor->f1);
    EXPECT_LE(trufor->best_f1, 1);
  }
}

TEST(ScorePixelsTruFor, TheBorderCountsForNothing) {
  Example e = MakeExample(80, 80, 3, 0);
  // Wrong within 5 pixels outside and 7 inside the edge of the square 20..59.
  for (int y = 0; y < 80; ++y)
    for (int x = 0; x < 80; ++x) {
      const int deep = std::min(std::min(x - 20, 59 - x), std::min(y - 20, 59 - y));
      if (deep >= -5 && deep < 0) e.map.row(y)[x] = 1;
      if (deep >= 0 && deep < 7) e.map.row(y)[x] = 0;
    }
  const auto s = ScorePixelsTruFor(e.map, e.mask);
  ASSERT_TRUE(s);
  EXPECT_EQ(s->f1, 1);
  EXPECT_EQ(s->best_f1, 1);
  e.map.row(20 + 7)[40] = 0;  // the first pixel that counts
  EXPECT_LT(ScorePixelsTruFor(e.map, e.mask)->f1, 1);
}

}  // namespace
}  // namespace kantei::evaluate
