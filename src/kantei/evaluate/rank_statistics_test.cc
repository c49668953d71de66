#include "kantei/evaluate/rank_statistics.h"

#include <gtest/gtest.h>

#include <string>

namespace kantei::evaluate {
namespace {

/// One string a rater, one character a unit, '.' for none.
std::vector<Rating> Ratings(const std::vector<std::string>& raters) {
  std::vector<Rating> ratings;
  for (const std::string& rater : raters)
    for (std::size_t unit = 0; unit < rater.size(); ++unit)
      if (rater[unit] != '.') ratings.push_back({unit, rater[unit]});
  return ratings;
}

TEST(RankStatistics, AlphaOfThePublishedExamples) {
  // Krippendorff (2011), "Computing Krippendorff's alpha-reliability", examples A, B and C.
  EXPECT_NEAR(*KrippendorffAlpha(Ratings({"0100000010", "1110010000"})), 0.095, 0.0005);
  EXPECT_NEAR(*KrippendorffAlpha(Ratings({"aabbdcccedda", "babbbccceddd"})), 0.692, 0.0005);
  EXPECT_NEAR(*KrippendorffAlpha(Ratings({"123321412...", "1233224125.3", ".3332342251.", "12332441251."})),
              0.743, 0.0005);
}

TEST(RankStatistics, AlphaByHand) {
  // Two units, two raters: one agreement, one disagreement. Values 0 0, 0 1: n = 4, observed disagreement 2 of 4 pairs; by chance
  // (3·1 + 1·3) / 3 = 2. So 1 - 2 / 2 = 0.
  EXPECT_NEAR(*KrippendorffAlpha(Ratings({"00", "01"})), 0, 1e-12);
  EXPECT_NEAR(*KrippendorffAlpha(Ratings({"01", "01"})), 1, 1e-12);
  EXPECT_LT(*KrippendorffAlpha(Ratings({"01", "10"})), 0);
  EXPECT_FALSE(KrippendorffAlpha(Ratings({"00", "00"})).has_value());
  EXPECT_FALSE(KrippendorffAlpha(Ratings({"01"})).has_value());
  EXPECT_FALSE(KrippendorffAlpha({}).has_value());
}

TEST(RankStatistics, WilsonIntervals) {
  // By hand: p = 0.8, n = 10: centre (0.8 + 0.19207) / 1.38415, half 1.95996 / 1.38415 · √(0.016 + 0.0096036).
  const Interval interval = Wilson(8, 10);
  EXPECT_NEAR(interval.low, 0.4902, 0.0001);
  EXPECT_NEAR(interval.high, 0.9433, 0.0001);
  EXPECT_EQ(Wilson(0, 10).low, 0);
  EXPECT_NEAR(Wilson(0, 10).high, 0.2775, 0.0001);
  EXPECT_EQ(Wilson(10, 10).high, 1);
  EXPECT_EQ(Wilson(0, 0).low, 0);
  EXPECT_EQ(Wilson(0, 0).high, 1);
}

TEST(RankStatistics, Correlations) {
  const std::vector<double> x = {1, 2, 3, 4, 5}, y = {2, 1, 4, 3, 5};
  EXPECT_NEAR(*Correlation(x, y), 0.8, 1e-12);
  EXPECT_NEAR(*RankCorrelation(x, std::vector<double>{1, 10, 100, 1000, 10000}), 1, 1e-12);
  EXPECT_NEAR(*RankCorrelation(x, std::vector<double>{5, 4, 3, 2, 1}), -1, 1e-12);
  // Ties by midranks: ranks 1.5 1.5 3.5 3.5 against 1 2 3 4: 4 / √(4 · 5).
  EXPECT_NEAR(*RankCorrelation(std::vector<double>{0, 0, 1, 1}, std::vector<double>{1, 2, 3, 4}), 0.894427,
              1e-6);
  EXPECT_FALSE(Correlation(std::vector<double>{1, 1, 1}, std::vector<double>{1, 2, 3}).has_value());
  EXPECT_FALSE(Correlation(std::vector<double>(19, 0.8),
                           std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1}));
  EXPECT_FALSE(Correlation(std::vector<double>{1, 2}, std::vector<double>{1, 2}).has_value());
  const auto interval = RankCorrelationInterval(0.5, 28);
  EXPECT_NEAR(interval->low, 0.14453, 0.0001);
  EXPECT_NEAR(interval->high, 0.74116, 0.0001);
  EXPECT_FALSE(RankCorrelationInterval(0.5, 3).has_value());
}

TEST(RankStatistics, Quantiles) {
  EXPECT_EQ(Quantile({4, 1, 3, 2}, 0.5), 2.5);
  EXPECT_EQ(Quantile({4, 1, 3, 2}, 0), 1);
  EXPECT_EQ(Quantile({4, 1, 3, 2}, 1), 4);
  EXPECT_EQ(Quantile({}, 0.5), 0);
}

}  // namespace
}  // namespace kantei::evaluate
