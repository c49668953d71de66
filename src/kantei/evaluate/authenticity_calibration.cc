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

Result<LogisticCurve> Fit(const std::vector<LabelledScore>& scores, bool temperature) {
  return temperature ? FitTemperature(scores, kNames) : FitPlatt(scores, kNames);
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
    std::vector<LabelledScore> rest;
    for (const CalibrationSample& sample : samples)
      if (fold_of(sample) != fold) rest.push_back({sample.logit, sample.fake});
    if (rest.size() == samples.size()) continue;  // nothing fell into this fold
    const auto curve = Fit(rest, options.temperature);
    if (!curve.ok())
      return Error{curve.error().code, curve.error().message + " (outside one of the " +
                                           std::to_string(options.folds) +
                                           " folds of the cross-validation; give more pictures)"};
    for (const CalibrationSample& sample : samples)
      if (fold_of(sample) == fold) probabilities.push_back({curve->Probability(sample.logit), sample.fake});
  }
  return probabilities;
}

/// The share of `count` as a number of pictures, without the rounding of 0.05 × 100.
std::size_t Allowed(double share, std::size_t count) {
  return static_cast<std::size_t>(std::floor(share * static_cast<double>(count) + 1e-9));
}

}  // namespace

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
  std::vector<LabelledScore> scores;
  std::vector<double> authentic, fake;
  for (const CalibrationSample& sample : samples) {
    scores.push_back({sample.logit, sample.fake});
    (sample.fake ? fake : authentic).push_back(sample.logit);
  }
  const std::int64_t least = LeastAuthentic(options.false_alarm_rate);
  if (static_cast<std::int64_t>(authentic.size()) < least) {
    char rate[32];
    std::snprintf(rate, sizeof rate, "%.4g", 100 * options.false_alarm_rate);
    return Error{ErrorCode::kInvalidArgument,
                 "a threshold for " + std::string(rate) + " % false alarms needs at least " +
                     std::to_string(least) + " authentic pictures; there are " +
                     std::to_string(authentic.size()) + "; give more, or wish for a higher rate"};
  }
  QuestionCalibration calibration;
  KANTEI_TRY(calibration.curve, Fit(scores, options.temperature));
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
  KANTEI_TRY(const std::vector<SamplePrediction> predictions,
             PredictSamples(samples, detector, {}, &context));

  AuthenticityCalibration result;
  result.profile.detector = detector.id();
  result.profile.equalised = options.equalise;
  std::int64_t counts[3] = {};
  for (std::size_t i = 0; i < samples.size(); ++i)
    if (predictions[i].present) ++counts[static_cast<std::size_t>(samples[i].history)];
  result.profile.data = set + ": " + std::to_string(counts[0]) + " authentic, " + std::to_string(counts[1]) +
                        " edited, " + std::to_string(counts[2]) + " generated pictures";
  if (options.soft_rate > 0) {
    std::vector<double> softness;
    for (std::size_t i = 0; i < samples.size(); ++i)
      if (predictions[i].present && samples[i].history == History::kAuthentic)
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
    for (std::size_t i = 0; i < samples.size(); ++i) {
      if (!predictions[i].present || !of_question(question, samples[i].history) ||
          result.profile.TooSoft(predictions[i].softness))
        continue;
      const bool fake = samples[i].history != History::kAuthentic;
      fakes += fake;
      of_it.push_back({QuestionLogit(question, predictions[i].ai_made_logit, predictions[i].edited_logit),
                       fake, SampleSeed(samples[i], options.seed)});
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
