// How well one number a picture tells fakes (positive) from authentic pictures: ranking, decisions, calibration, abstention.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "kantei/base/logistic_fit.h"

namespace kantei::evaluate {

/// Probability that a random positive scores higher than a random negative, ties counting half (Mann-Whitney with midranks). None
/// when a kind is missing. Scores must not be NaN.
std::optional<double> AreaUnderRoc(std::span<const LabelledScore> scores);

struct RocPoint {
  double threshold = 0;               ///< positive from this score on; +infinity at the first point
  double false_alarms = 0, hits = 0;  ///< shares of the negatives and of the positives, 0..1
};
/// From (0, 0) to (1, 1), one point at each distinct score. Empty when a kind is missing.
std::vector<RocPoint> RocCurve(std::span<const LabelledScore> scores);
/// The largest share of hits at any threshold with a share of false alarms of at most `false_alarms`; points are not joined.
double HitsAtFalseAlarms(std::span<const RocPoint> curve, double false_alarms);
/// The curve with at most `points` points, ends kept.
std::vector<RocPoint> Thinned(std::span<const RocPoint> curve, std::size_t points);

/// One confusion matrix over all pictures.
struct Decisions {
  std::int64_t hits = 0, misses = 0, false_alarms = 0, rejections = 0;
  std::int64_t count() const { return hits + misses + false_alarms + rejections; }
  double Accuracy() const;  ///< 0 when there is nothing
  double F1() const;        ///< of the positives; 0 when nothing is positive and nothing was called so
  std::optional<double> HitRate() const, FalseAlarmRate() const,
      BalancedAccuracy() const;  ///< none when a kind is missing
};
/// Positive when score > threshold.
Decisions Decide(std::span<const LabelledScore> scores, double threshold);

struct ReliabilityBin {
  double lower = 0, upper = 0;  ///< of the claimed probability: [lower, upper), the last one closed
  std::int64_t count = 0;
  double claimed = 0;   ///< mean probability
  double positive = 0;  ///< share that is positive
};
struct Reliability {
  std::vector<ReliabilityBin> bins;
  double expected_error =
      0;  ///< ECE (Naeini et al. 2015): sum of count / all × |claimed - positive|, equal-width bins
};
/// `probabilities`: the score is a probability, 0..1. All zeros when there is none.
Reliability MeasureReliability(std::span<const LabelledScore> probabilities, int bins = 10);

struct RiskCoveragePoint {
  double coverage = 0, risk = 0;
};
/// Risk (share of wrong decisions at 0.5) of the pictures that are answered when the least sure ones are not (Chow 1970; El-Yaniv and
/// Wiener 2010). How sure: the distance of the probability from 0.5; equals are taken in random order, in expectation.
struct RiskCoverage {
  std::vector<RiskCoveragePoint> curve;  ///< one point at each distinct sureness, ending at coverage 1
  double area = 0;                       ///< mean risk over all coverages 1/n .. 1 (AURC)
};
RiskCoverage MeasureRiskCoverage(std::span<const LabelledScore> probabilities);

/// Exact binomial interval (Clopper and Pearson 1934) of `successes` of `trials`, two-sided.
struct BinomialInterval {
  double low = 0, high = 1;
};
BinomialInterval ClopperPearson(std::int64_t successes, std::int64_t trials, double confidence = 0.95);

}  // namespace kantei::evaluate
