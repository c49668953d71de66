// From scores to probabilities: a logistic curve fitted on labelled scores.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>
#include <vector>

#include "kantei/base/result.h"

namespace kantei {

struct LabelledScore {
  double score = 0;
  bool positive = false;
};

/// Mean and standard deviation of scores, so that a fit is well conditioned whatever their unit.
struct ScoreScale {
  double mean = 0, spread = 1;
  double Standard(double score) const { return (score - mean) / spread; }

  template <typename Scored>  ///< anything with a `score`
  static ScoreScale Of(const std::vector<Scored>& scored) {
    return Of(std::span<const Scored>(scored));
  }
  template <typename Scored>
  static ScoreScale Of(std::span<const Scored> scored) {
    ScoreScale scale;
    for (const Scored& s : scored) scale.mean += s.score / static_cast<double>(scored.size());
    double square = 0;
    for (const Scored& s : scored) square += (s.score - scale.mean) * (s.score - scale.mean);
    scale.spread = std::max(std::sqrt(square / static_cast<double>(scored.size())), 1e-12);
    return scale;
  }
};

/// 1 / (1 + exp(-x)) without overflow.
double Logistic(double x);

/// probability = Logistic(slope * score + intercept); a fitted one rises.
struct LogisticCurve {
  double slope = 1, intercept = 0;
  double Probability(double score) const { return Logistic(slope * score + intercept); }
};

/// What the two kinds are called in messages, in the plural.
struct LabelNames {
  std::string_view positives = "positives", negatives = "negatives";
};

/// Logistic regression with Platt's prior-corrected targets (Platt 1999, section 2.2), Newton steps. kInvalidArgument: fewer than
/// ten of a kind, or positives that do not score higher.
Result<LogisticCurve> FitPlatt(std::span<const LabelledScore> scores, const LabelNames& names = {});

/// Temperature scaling (Guo et al. 2017): the slope alone, intercept 0, for scores that are logits; the maximum of the likelihood.
/// The slope is held within [1/100, 100], where a separable set would let it grow without end. Same errors as FitPlatt.
Result<LogisticCurve> FitTemperature(std::span<const LabelledScore> scores, const LabelNames& names = {});

}  // namespace kantei
