#include "kantei/base/logistic_fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kantei/base/random.h"

namespace kantei {
namespace {

std::vector<LabelledScore> Drawn(double slope, double intercept, int count, std::uint64_t seed) {
  Random random(seed);
  std::vector<LabelledScore> scores;
  for (int i = 0; i < count; ++i) {
    const double score = random.Uniform(-3, 3);
    scores.push_back({score, random.Chance(Logistic(slope * score + intercept))});
  }
  return scores;
}

TEST(Logistic, IsExactInTheMiddleAndHoldsAtTheEnds) {
  EXPECT_EQ(Logistic(0), 0.5);
  EXPECT_NEAR(Logistic(std::log(3.0)), 0.75, 1e-15);
  EXPECT_EQ(Logistic(1e6), 1);
  EXPECT_EQ(Logistic(-1e6), 0);
}

TEST(FitPlatt, RecoversTheCurve) {
  const auto fitted = FitPlatt(Drawn(2, -1, 20000, 5));
  ASSERT_TRUE(fitted.ok()) << fitted.error().message;
  EXPECT_NEAR(fitted->slope, 2, 0.08);
  EXPECT_NEAR(fitted->intercept, -1, 0.08);
}

TEST(FitPlatt, ShiftAndScaleOfTheScoresChangeNoProbability) {
  const std::vector<LabelledScore> scores = Drawn(2, -1, 500, 6);
  std::vector<LabelledScore> moved = scores;
  for (LabelledScore& s : moved) s.score = 1000 * s.score - 77;
  const auto a = FitPlatt(scores), b = FitPlatt(moved);
  ASSERT_TRUE(a.ok() && b.ok());
  for (double x = -3; x <= 3; x += 0.5) EXPECT_NEAR(a->Probability(x), b->Probability(1000 * x - 77), 1e-7);
}

TEST(FitTemperature, RecoversTheSlopeAndKeepsHalfAtZero) {
  const auto fitted = FitTemperature(Drawn(0.4, 0, 20000, 7));
  ASSERT_TRUE(fitted.ok()) << fitted.error().message;
  EXPECT_NEAR(fitted->slope, 0.4, 0.03);
  EXPECT_EQ(fitted->Probability(0), 0.5);
}

TEST(FitTemperature, SeparableScoresStopAtTheLimit) {
  std::vector<LabelledScore> scores;
  for (int i = 0; i < 20; ++i) scores.push_back({i < 10 ? -1.0 : 1.0, i >= 10});
  const auto fitted = FitTemperature(scores);
  ASSERT_TRUE(fitted.ok());
  EXPECT_NEAR(fitted->slope, 100, 1e-6);
}

TEST(Fits, RefuseWhatCannotBeCalibrated) {
  std::vector<LabelledScore> few = Drawn(2, 0, 12, 8);
  for (const auto& result : {FitPlatt(few, {"fakes", "authentic pictures"}),
                             FitTemperature(few, {"fakes", "authentic pictures"})}) {
    ASSERT_FALSE(result.ok());
    EXPECT_THAT(result.error().message, testing::HasSubstr("ten fakes and ten authentic pictures"));
  }
  std::vector<LabelledScore> falling = Drawn(-2, 0, 200, 9);
  EXPECT_EQ(FitPlatt(falling).error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(FitTemperature(falling).error().message, testing::HasSubstr("do not score higher"));
  std::vector<LabelledScore> infinite = Drawn(2, 0, 100, 10);
  infinite[3].score = std::numeric_limits<double>::infinity();
  EXPECT_THAT(FitPlatt(infinite).error().message, testing::HasSubstr("finite"));
}

}  // namespace
}  // namespace kantei
