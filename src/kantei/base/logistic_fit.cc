#include "kantei/base/logistic_fit.h"

#include <string>

namespace kantei {
namespace {

constexpr std::int64_t kLeastOfAKind = 10;

struct Counts {
  double positives = 0, negatives = 0;
};

Result<Counts> CountKinds(std::span<const LabelledScore> scores, const LabelNames& names) {
  Counts counts;
  for (const LabelledScore& s : scores) {
    if (!std::isfinite(s.score))
      return Error{ErrorCode::kInvalidArgument, "a score to calibrate is not a finite number"};
    ++(s.positive ? counts.positives : counts.negatives);
  }
  if (counts.positives < kLeastOfAKind || counts.negatives < kLeastOfAKind)
    return Error{ErrorCode::kInvalidArgument,
                 "a calibration needs at least ten " + std::string(names.positives) + " and ten " +
                     std::string(names.negatives) + "; there are " +
                     std::to_string(static_cast<std::int64_t>(counts.positives)) + " and " +
                     std::to_string(static_cast<std::int64_t>(counts.negatives))};
  return counts;
}

Error DoesNotRise(const LabelNames& names) {
  return {ErrorCode::kInvalidArgument, "the " + std::string(names.positives) +
                                           " do not score higher than the " + std::string(names.negatives) +
                                           ": nothing can be calibrated"};
}

/// log(1 + exp(x)) without overflow.
double Softplus(double x) {
  return x > 0 ? std::log1p(std::exp(-x)) + x : std::log1p(std::exp(x));
}

}  // namespace

double Logistic(double x) {
  if (x >= 0) return 1 / (1 + std::exp(-x));
  const double e = std::exp(x);
  return e / (1 + e);
}

Result<LogisticCurve> FitPlatt(std::span<const LabelledScore> scores, const LabelNames& names) {
  KANTEI_TRY(const Counts counts, CountKinds(scores, names));
  const double high = (counts.positives + 1) / (counts.positives + 2), low = 1 / (counts.negatives + 2);
  const ScoreScale scale = ScoreScale::Of(scores);
  double a = 0, b = std::log((counts.positives + 1) / (counts.negatives + 1));
  const auto loss_of = [&](double slope, double intercept) {
    double loss = 0;
    for (const LabelledScore& s : scores) {
      const double x = slope * scale.Standard(s.score) + intercept;
      loss += Softplus(x) - (s.positive ? high : low) * x;
    }
    return loss;
  };
  double loss = loss_of(a, b);
  for (int iteration = 0; iteration < 100; ++iteration) {
    double ga = 0, gb = 0, haa = 1e-9, hab = 0, hbb = 1e-9;
    for (const LabelledScore& s : scores) {
      const double z = scale.Standard(s.score), p = Logistic(a * z + b);
      const double error = p - (s.positive ? high : low), weight = p * (1 - p);
      ga += error * z, gb += error;
      haa += weight * z * z, hab += weight * z, hbb += weight;
    }
    const double determinant = haa * hbb - hab * hab;
    const double da = (hbb * ga - hab * gb) / determinant, db = (haa * gb - hab * ga) / determinant;
    double step = 1;
    while (step > 1e-10 && loss_of(a - step * da, b - step * db) > loss) step /= 2;
    a -= step * da, b -= step * db;
    const double now = loss_of(a, b);
    if (loss - now < 1e-10 * (1 + loss)) break;
    loss = now;
  }
  if (!(a > 0) || !std::isfinite(a) || !std::isfinite(b)) return DoesNotRise(names);
  return LogisticCurve{a / scale.spread, b - a * scale.mean / scale.spread};
}

Result<LogisticCurve> FitTemperature(std::span<const LabelledScore> scores, const LabelNames& names) {
  KANTEI_RETURN_IF_ERROR(CountKinds(scores, names));
  // The loss is convex in the slope, so the root of its derivative is found by halving.
  const auto derivative = [&](double slope) {
    double sum = 0;
    for (const LabelledScore& s : scores) sum += (Logistic(slope * s.score) - (s.positive ? 1 : 0)) * s.score;
    return sum;
  };
  if (!(derivative(0) < 0)) return DoesNotRise(names);
  double low = 0.01, high = 100;
  if (derivative(low) >= 0) high = low;
  if (derivative(high) <= 0) low = high;
  for (int i = 0; i < 200 && high - low > 1e-12 * high; ++i) {
    const double middle = std::sqrt(low * high);
    (derivative(middle) < 0 ? low : high) = middle;
  }
  return LogisticCurve{(low + high) / 2, 0};
}

}  // namespace kantei
