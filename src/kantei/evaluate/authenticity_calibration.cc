#include "kantei/evaluate/authenticity_calibration.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "kantei/base/parallel.h"
#include "kantei/base/random.h"
#include "kantei/evaluate/authenticity_metrics.h"
#include "kantei/evaluate/authenticity_predictions.h"

namespace kantei::evaluate {
namespace {

using authenticity::AuthenticityQuestion;
using authenticity::QuestionCalibration;
using dataset::AuthenticitySample;
using dataset::History;

constexpr LabelNames kNames = {"fakes", "authentic pictures"};
constexpr std::int64_t kLeastFakes = 10;
constexpr std::uint64_t kHandlingStream = 0xC2B2AE3D27D4EB4Full;  // apart from what equalising draws

/// The share of `count` as a number of pictures, without the rounding of 0.05 × 100.
std::size_t Allowed(double share, std::size_t count) {
  return static_cast<std::size_t>(std::floor(share * static_cast<double>(count) + 1e-9));
}

/// Linear quantile regression (Koenker and Bassett 1978) of the authentic pictures' logits on their softness, at the wished rate of
/// false alarms: with this slope taken off, soft and sharp pictures pass one threshold equally often. Not negative.
double SoftnessSlope(const std::vector<CalibrationSample>& samples, double false_alarm_rate) {
  constexpr double kMost = 10;  // logits a unit of softness
  std::vector<std::array<double, 2>> authentic;
  bool any_soft = false;
  for (const CalibrationSample& sample : samples) {
    if (sample.fake) continue;
    const double excess = std::max(0.0, sample.softness - authenticity::kNativeSoftness);
    any_soft |= excess > 0;
    authentic.push_back({sample.logit, excess});
  }
  if (!any_soft) return 0;
  std::vector<double> rest(authentic.size());
  // The loss at the best threshold of a slope is convex in the slope.
  const auto loss_of = [&](double slope) {
    for (std::size_t i = 0; i < rest.size(); ++i) rest[i] = authentic[i][0] - slope * authentic[i][1];
    const auto at = static_cast<std::ptrdiff_t>(Allowed(false_alarm_rate, rest.size()));
    std::nth_element(rest.begin(), rest.begin() + at, rest.end(), std::greater<>());
    const double threshold = rest[static_cast<std::size_t>(at)];
    double loss = 0;
    for (const double value : rest)
      loss += value > threshold ? (1 - false_alarm_rate) * (value - threshold)
                                : false_alarm_rate * (threshold - value);
    return loss;
  };
  double low = 0, high = kMost;
  for (int i = 0; i < 60; ++i) {
    const double left = low + (high - low) / 3, right = high - (high - low) / 3;
    if (loss_of(left) <= loss_of(right)) {
      high = right;
    } else {
      low = left;
    }
  }
  return (low + high) / 2 < 1e-6 ? 0 : (low + high) / 2;
}

/// What turns a logit into a probability.
struct Fitted {
  double softness_slope = 0;
  LogisticCurve curve;
};

Result<Fitted> Fit(const std::vector<CalibrationSample>& samples,
                   const AuthenticityCalibrationOptions& options) {
  QuestionCalibration calibration;
  calibration.softness_slope = SoftnessSlope(samples, options.false_alarm_rate);
  std::vector<LabelledScore> scores;
  for (const CalibrationSample& sample : samples)
    scores.push_back({calibration.Adjusted(sample.logit, sample.softness), sample.fake});
  KANTEI_TRY(const LogisticCurve curve,
             options.temperature ? FitTemperature(scores, kNames) : FitPlatt(scores, kNames));
  return Fitted{calibration.softness_slope, curve};
}

/// Folds by pair, of nearly equal size: pairs of each make-up (fake, authentic, both) are dealt out in a random order.
std::map<std::uint64_t, int> DealFolds(const std::vector<CalibrationSample>& samples,
                                       const AuthenticityCalibrationOptions& options) {
  std::map<std::uint64_t, int> make_up;
  for (const CalibrationSample& sample : samples) make_up[sample.pair] |= sample.fake ? 1 : 2;
  std::vector<std::array<std::uint64_t, 3>> order;
  for (const auto& [pair, kinds] : make_up)
    order.push_back({static_cast<std::uint64_t>(kinds), Random(pair ^ options.seed).Next(), pair});
  std::sort(order.begin(), order.end());
  std::map<std::uint64_t, int> folds;
  for (std::size_t i = 0; i < order.size(); ++i)
    folds[order[i][2]] = static_cast<int>(i % static_cast<std::size_t>(options.folds));
  return folds;
}

/// Probabilities of pictures that the curve behind them has not seen.
Result<std::vector<LabelledScore>> HeldOut(const std::vector<CalibrationSample>& samples,
                                           const AuthenticityCalibrationOptions& options) {
  const std::map<std::uint64_t, int> folds = DealFolds(samples, options);
  const auto fold_of = [&](const CalibrationSample& sample) { return folds.at(sample.pair); };
  std::vector<LabelledScore> probabilities;
  for (int fold = 0; fold < options.folds; ++fold) {
    std::vector<CalibrationSample> rest;
    for (const CalibrationSample& sample : samples)
      if (fold_of(sample) != fold) rest.push_back(sample);
    if (rest.size() == samples.size()) continue;  // nothing fell into this fold
    const auto fitted = Fit(rest, options);
    if (!fitted.ok())
      return Error{fitted.error().code, fitted.error().message + " (outside one of the " +
                                            std::to_string(options.folds) +
                                            " folds of the cross-validation; give more pictures)"};
    QuestionCalibration calibration;
    calibration.softness_slope = fitted->softness_slope;
    calibration.curve = fitted->curve;
    for (const CalibrationSample& sample : samples)
      if (fold_of(sample) == fold)
        probabilities.push_back({calibration.Probability(sample.logit, sample.softness), sample.fake});
  }
  return probabilities;
}

/// Every sample after the handling that is drawn for it and its pair; empty when there is none to draw.
Result<std::vector<SamplePrediction>> PredictHandled(const std::vector<AuthenticitySample>& samples,
                                                     const authenticity::ManipulationDetector& detector,
                                                     const AuthenticityCalibrationOptions& options,
                                                     PredictionContext* context) {
  if (options.handling.empty()) return std::vector<SamplePrediction>{};
  std::vector<SamplePrediction> all(samples.size());
  for (std::size_t k = 0; k < options.handling.size(); ++k) {
    std::vector<std::size_t> which;
    std::vector<AuthenticitySample> those;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      Random random(SampleSeed(samples[i], options.seed) ^ kHandlingStream);
      if (random.Below(options.handling.size()) != k) continue;
      which.push_back(i);
      those.push_back(samples[i]);
    }
    KANTEI_TRY(const std::vector<SamplePrediction> predictions,
               PredictSamples(those, detector, options.handling[k], context));
    for (std::size_t i = 0; i < which.size(); ++i) all[which[i]] = predictions[i];
  }
  return all;
}

}  // namespace

std::vector<PictureCondition> SofteningConditions() {
  using Kind = PictureCondition::Kind;
  return {
      {Kind::kResize, 1.25}, {Kind::kResize, 1.5}, {Kind::kResize, 2}, {Kind::kBlur, 3}, {Kind::kBlur, 5}};
}

Status AuthenticityCalibrationOptions::Validate() const {
  const auto bad = [](const char* what) { return Error{ErrorCode::kInvalidArgument, what}; };
  if (!(false_alarm_rate >= 0.0001 && false_alarm_rate <= 0.5))
    return bad("the rate of false alarms must be 0.0001 to 0.5");
  if (!(miss_rate >= 0 && miss_rate <= 0.5)) return bad("the rate of misses must be 0 to 0.5");
  if (!(soft_rate >= 0 && soft_rate <= 0.5)) return bad("the share of soft pictures must be 0 to 0.5");
  if (folds < 2 || folds > 20) return bad("folds must be 2 to 20");
  if (threads < 0) return bad("threads must be 0 (all cores) or more");
  return {};
}

std::int64_t LeastAuthentic(double false_alarm_rate) {
  return static_cast<std::int64_t>(std::ceil(3 / false_alarm_rate - 1e-9));
}

Result<QuestionCalibration> CalibrateQuestion(const std::vector<CalibrationSample>& samples,
                                              const AuthenticityCalibrationOptions& options) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  const auto authentic_count = std::count_if(samples.begin(), samples.end(),
                                             [](const CalibrationSample& sample) { return !sample.fake; });
  const std::int64_t least = LeastAuthentic(options.false_alarm_rate);
  if (authentic_count < least) {
    char rate[32];
    std::snprintf(rate, sizeof rate, "%.4g", 100 * options.false_alarm_rate);
    return Error{ErrorCode::kInvalidArgument,
                 "a threshold for " + std::string(rate) + " % false alarms needs at least " +
                     std::to_string(least) + " authentic pictures; there are " +
                     std::to_string(authentic_count) + "; give more, or wish for a higher rate"};
  }
  QuestionCalibration calibration;
  KANTEI_TRY(const Fitted fitted, Fit(samples, options));
  calibration.curve = fitted.curve;
  calibration.softness_slope = fitted.softness_slope;
  std::vector<double> authentic, fake;
  for (const CalibrationSample& sample : samples)
    (sample.fake ? fake : authentic).push_back(calibration.Adjusted(sample.logit, sample.softness));
  calibration.method = options.temperature ? "temperature" : "platt";
  calibration.authentic = static_cast<std::int64_t>(authentic.size());
  calibration.fake = static_cast<std::int64_t>(fake.size());
  std::sort(authentic.begin(), authentic.end(), std::greater<>());
  std::sort(fake.begin(), fake.end());

  // A picture is called fake above the threshold, so the threshold is the score of the first authentic picture that must not be.
  const double called = authentic[Allowed(options.false_alarm_rate, authentic.size())];
  // Below this score lie no more fakes than may be missed.
  const double missed = fake[std::min(Allowed(options.miss_rate, fake.size()), fake.size() - 1)];
  const auto alarms =
      std::count_if(authentic.begin(), authentic.end(), [&](double score) { return score > called; });
  calibration.threshold = calibration.curve.Probability(called);
  const double other = calibration.curve.Probability(missed);
  // Where the kinds overlap, scores between the two are common to both; where they do not, hardly any picture was seen there. Either
  // way nothing can be said.
  calibration.lower = std::min(calibration.threshold, other);
  calibration.upper = std::max(calibration.threshold, other);
  const BinomialInterval interval = ClopperPearson(alarms, calibration.authentic);
  calibration.false_alarms_wished = options.false_alarm_rate;
  calibration.false_alarms = static_cast<double>(alarms) / static_cast<double>(authentic.size());
  calibration.false_alarms_low = interval.low;
  calibration.false_alarms_high = interval.high;
  KANTEI_TRY(const std::vector<LabelledScore> held_out, HeldOut(samples, options));
  calibration.expected_error = MeasureReliability(held_out).expected_error;
  return calibration;
}

Result<AuthenticityCalibration> CalibrateAuthenticity(const std::string& set,
                                                      const std::vector<AuthenticitySample>& samples,
                                                      const authenticity::ManipulationDetector& detector,
                                                      const AuthenticityCalibrationOptions& options,
                                                      const CancellationToken& cancellation) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  const auto of_question = [](AuthenticityQuestion question, History history) {
    return history == History::kAuthentic || question == AuthenticityQuestion::kManipulated ||
           (question == AuthenticityQuestion::kAiMade) == (history == History::kGenerated);
  };
  // Said before hours of judging, not after them.
  const auto authentic = std::count_if(samples.begin(), samples.end(), [](const AuthenticitySample& s) {
    return s.history == History::kAuthentic;
  });
  if (authentic < LeastAuthentic(options.false_alarm_rate))
    return CalibrateQuestion(std::vector<CalibrationSample>(static_cast<std::size_t>(authentic)), options)
        .error();

  PredictionContext context;
  context.cache = options.cache;
  context.threads = ThreadCount(options.threads);
  context.cancellation = cancellation;
  context.seed = options.seed;
  context.equalise = options.equalise;
  KANTEI_TRY(std::vector<SamplePrediction> predictions, PredictSamples(samples, detector, {}, &context));
  // The same pictures handled come behind them.
  KANTEI_TRY(const std::vector<SamplePrediction> handled,
             PredictHandled(samples, detector, options, &context));
  predictions.insert(predictions.end(), handled.begin(), handled.end());
  const auto sample_of = [&](std::size_t i) -> const AuthenticitySample& {
    return samples[i % samples.size()];
  };

  AuthenticityCalibration result;
  result.profile.detector = detector.id();
  result.profile.equalised = options.equalise;
  std::int64_t counts[3] = {};
  for (std::size_t i = 0; i < samples.size(); ++i)
    if (predictions[i].present) ++counts[static_cast<std::size_t>(samples[i].history)];
  result.profile.data = set + ": " + std::to_string(counts[0]) + " authentic, " + std::to_string(counts[1]) +
                        " edited, " + std::to_string(counts[2]) + " generated pictures";
  if (!handled.empty()) result.profile.data += ", each also once enlarged or blurred";
  if (options.soft_rate > 0) {
    std::vector<double> softness;
    for (std::size_t i = 0; i < predictions.size(); ++i)
      if (predictions[i].present && sample_of(i).history == History::kAuthentic)
        softness.push_back(predictions[i].softness);
    std::sort(softness.begin(), softness.end(), std::greater<>());
    if (!softness.empty())
      result.profile.most_softness = std::max(1.0, softness[Allowed(options.soft_rate, softness.size())]);
  }
  for (const AuthenticityQuestion question :
       {AuthenticityQuestion::kManipulated, AuthenticityQuestion::kAiMade, AuthenticityQuestion::kEdited}) {
    const std::string name(authenticity::QuestionName(question));
    if (!options.questions.empty() &&
        std::find(options.questions.begin(), options.questions.end(), question) == options.questions.end())
      continue;
    std::vector<CalibrationSample> of_it;
    std::int64_t fakes = 0;
    for (std::size_t i = 0; i < predictions.size(); ++i) {
      const SamplePrediction& p = predictions[i];
      if (!p.present || !of_question(question, sample_of(i).history) || result.profile.TooSoft(p.softness))
        continue;
      const bool fake = sample_of(i).history != History::kAuthentic;
      fakes += fake && i < samples.size();
      of_it.push_back({QuestionLogit(question, p.ai_made_logit, p.edited_logit), fake,
                       SampleSeed(sample_of(i), options.seed), p.softness});
    }
    if (fakes < kLeastFakes && options.questions.empty()) {
      result.warnings.push_back("\"" + name + "\" is not calibrated: there are " + std::to_string(fakes) +
                                " fakes of this kind, at least ten are needed");
      continue;
    }
    auto calibration = CalibrateQuestion(of_it, options);
    if (!calibration.ok())
      return Error{calibration.error().code, "\"" + name + "\": " + calibration.error().message};
    result.profile.questions[question] = *calibration;
  }
  if (result.profile.questions.empty())
    return Error{ErrorCode::kInvalidArgument,
                 "nothing was calibrated: " + set + " has fewer than ten fakes of every kind"};
  result.unreadable = static_cast<std::int64_t>(context.unreadable.size());
  result.problems = context.problems;
  return result;
}

}  // namespace kantei::evaluate
