#include "kantei/evaluate/authenticity_metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace kantei::evaluate {
namespace {

std::vector<LabelledScore> Sorted(std::span<const LabelledScore> scores) {
  std::vector<LabelledScore> sorted(scores.begin(), scores.end());
  std::sort(sorted.begin(), sorted.end(),
            [](const LabelledScore& a, const LabelledScore& b) { return a.score > b.score; });
  return sorted;
}

/// log of the binomial probability of exactly k of n.
double LogBinomial(std::int64_t n, std::int64_t k, double p) {
  const auto x = static_cast<double>(k), m = static_cast<double>(n);
  return std::lgamma(m + 1) - std::lgamma(x + 1) - std::lgamma(m - x + 1) + (k > 0 ? x * std::log(p) : 0) +
         (k < n ? (m - x) * std::log1p(-p) : 0);
}

/// P(X <= k) of n trials.
double BinomialCdf(std::int64_t n, std::int64_t k, double p) {
  double sum = 0;
  for (std::int64_t i = 0; i <= k; ++i) sum += std::exp(LogBinomial(n, i, p));
  return std::min(1.0, sum);
}

}  // namespace

std::vector<RocPoint> RocCurve(std::span<const LabelledScore> scores) {
  const auto positives =
      std::count_if(scores.begin(), scores.end(), [](const auto& s) { return s.positive; });
  const auto negatives = static_cast<std::ptrdiff_t>(scores.size()) - positives;
  if (positives == 0 || negatives == 0) return {};
  std::vector<RocPoint> curve = {{std::numeric_limits<double>::infinity(), 0, 0}};
  const std::vector<LabelledScore> sorted = Sorted(scores);
  std::int64_t hits = 0, alarms = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    ++(sorted[i].positive ? hits : alarms);
    if (i + 1 < sorted.size() && sorted[i + 1].score == sorted[i].score) continue;
    curve.push_back({sorted[i].score, static_cast<double>(alarms) / static_cast<double>(negatives),
                     static_cast<double>(hits) / static_cast<double>(positives)});
  }
  return curve;
}

std::optional<double> AreaUnderRoc(std::span<const LabelledScore> scores) {
  const std::vector<RocPoint> curve = RocCurve(scores);
  if (curve.empty()) return std::nullopt;
  // A tie is a slanted step of the curve; half of it lies below, which is what midranks count.
  double area = 0;
  for (std::size_t i = 1; i < curve.size(); ++i)
    area += (curve[i].false_alarms - curve[i - 1].false_alarms) * (curve[i].hits + curve[i - 1].hits) / 2;
  return area;
}

double HitsAtFalseAlarms(std::span<const RocPoint> curve, double false_alarms) {
  double hits = 0;
  for (const RocPoint& point : curve)
    if (point.false_alarms <= false_alarms) hits = std::max(hits, point.hits);
  return hits;
}

std::vector<RocPoint> Thinned(std::span<const RocPoint> curve, std::size_t points) {
  if (curve.size() <= points || points < 2) return {curve.begin(), curve.end()};
  std::vector<RocPoint> thinned;
  for (std::size_t i = 0; i < points; ++i) thinned.push_back(curve[i * (curve.size() - 1) / (points - 1)]);
  return thinned;
}

Decisions Decide(std::span<const LabelledScore> scores, double threshold) {
  Decisions decisions;
  for (const LabelledScore& s : scores) {
    const bool called = s.score > threshold;
    ++(s.positive ? (called ? decisions.hits : decisions.misses)
                  : (called ? decisions.false_alarms : decisions.rejections));
  }
  return decisions;
}

double Decisions::Accuracy() const {
  return count() == 0 ? 0 : static_cast<double>(hits + rejections) / static_cast<double>(count());
}

double Decisions::F1() const {
  const std::int64_t total = 2 * hits + misses + false_alarms;
  return total == 0 ? 0 : static_cast<double>(2 * hits) / static_cast<double>(total);
}

std::optional<double> Decisions::HitRate() const {
  if (hits + misses == 0) return std::nullopt;
  return static_cast<double>(hits) / static_cast<double>(hits + misses);
}

std::optional<double> Decisions::FalseAlarmRate() const {
  if (false_alarms + rejections == 0) return std::nullopt;
  return static_cast<double>(false_alarms) / static_cast<double>(false_alarms + rejections);
}

std::optional<double> Decisions::BalancedAccuracy() const {
  const auto hit = HitRate(), alarm = FalseAlarmRate();
  if (!hit || !alarm) return std::nullopt;
  return (*hit + 1 - *alarm) / 2;
}

Reliability MeasureReliability(std::span<const LabelledScore> probabilities, int bins) {
  Reliability result;
  result.bins.resize(static_cast<std::size_t>(bins));
  for (int b = 0; b < bins; ++b) {
    result.bins[static_cast<std::size_t>(b)].lower = static_cast<double>(b) / bins;
    result.bins[static_cast<std::size_t>(b)].upper = static_cast<double>(b + 1) / bins;
  }
  for (const LabelledScore& s : probabilities) {
    const int b = std::clamp(static_cast<int>(s.score * bins), 0, bins - 1);
    ReliabilityBin& bin = result.bins[static_cast<std::size_t>(b)];
    ++bin.count;
    bin.claimed += s.score;
    bin.positive += s.positive;
  }
  for (ReliabilityBin& bin : result.bins) {
    if (bin.count == 0) continue;
    const auto count = static_cast<double>(bin.count);
    result.expected_error += std::abs(bin.claimed - bin.positive) / static_cast<double>(probabilities.size());
    bin.claimed /= count;
    bin.positive /= count;
  }
  return result;
}

RiskCoverage MeasureRiskCoverage(std::span<const LabelledScore> probabilities) {
  struct Answer {
    double sureness = 0;
    bool wrong = false;
  };
  std::vector<Answer> answers;
  answers.reserve(probabilities.size());
  for (const LabelledScore& s : probabilities)
    answers.push_back({std::abs(s.score - 0.5), (s.score > 0.5) != s.positive});
  std::sort(answers.begin(), answers.end(),
            [](const Answer& a, const Answer& b) { return a.sureness > b.sureness; });
  RiskCoverage result;
  const auto all = static_cast<double>(answers.size());
  double wrong_before = 0;
  for (std::size_t begin = 0; begin < answers.size();) {
    std::size_t end = begin;
    double wrong = 0;
    for (; end < answers.size() && answers[end].sureness == answers[begin].sureness; ++end)
      wrong += answers[end].wrong;
    const double share = wrong / static_cast<double>(end - begin);
    for (std::size_t i = begin; i < end; ++i)
      result.area +=
          (wrong_before + share * static_cast<double>(i - begin + 1)) / static_cast<double>(i + 1) / all;
    wrong_before += wrong;
    result.curve.push_back({static_cast<double>(end) / all, wrong_before / static_cast<double>(end)});
    begin = end;
  }
  return result;
}

BinomialInterval ClopperPearson(std::int64_t successes, std::int64_t trials, double confidence) {
  if (trials <= 0) return {0, 1};
  const double tail = (1 - confidence) / 2;
  // Each limit is where the tail beyond the count has that probability; the tails are monotone in p.
  const auto solve = [](const auto& above) {
    double low = 0, high = 1;
    for (int i = 0; i < 60; ++i) {
      const double middle = (low + high) / 2;
      (above(middle) ? high : low) = middle;
    }
    return (low + high) / 2;
  };
  BinomialInterval interval{0, 1};
  if (successes > 0)
    interval.low = solve([&](double p) { return 1 - BinomialCdf(trials, successes - 1, p) > tail; });
  if (successes < trials)
    interval.high = solve([&](double p) { return BinomialCdf(trials, successes, p) < tail; });
  return interval;
}

}  // namespace kantei::evaluate
