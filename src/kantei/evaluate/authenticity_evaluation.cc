#include "kantei/evaluate/authenticity_evaluation.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <set>

#include "kantei/base/parallel.h"
#include "kantei/base/random.h"
#include "kantei/evaluate/authenticity_examples.h"

namespace kantei::evaluate {
namespace {

using authenticity::AuthenticityQuestion;
using dataset::AuthenticitySample;
using dataset::History;

constexpr std::size_t kCurvePoints = 200;
constexpr std::array kAllQuestions = {AuthenticityQuestion::kManipulated, AuthenticityQuestion::kAiMade,
                                      AuthenticityQuestion::kEdited};

AuthenticityQuestion QuestionOf(History history) {
  return history == History::kGenerated ? AuthenticityQuestion::kAiMade
         : history == History::kEdited  ? AuthenticityQuestion::kEdited
                                        : AuthenticityQuestion::kManipulated;
}

ShareInterval Bootstrap(const std::vector<LabelledScore>& scores, int samples, std::uint64_t seed) {
  std::vector<LabelledScore> kinds[2];
  for (const LabelledScore& s : scores) kinds[s.positive].push_back(s);
  Random random(seed);
  std::vector<double> areas;
  std::vector<LabelledScore> drawn(scores.size());
  for (int i = 0; i < samples; ++i) {
    std::size_t at = 0;
    for (const auto& kind : kinds)
      for (std::size_t k = 0; k < kind.size(); ++k) drawn[at++] = kind[random.Below(kind.size())];
    areas.push_back(*AreaUnderRoc(drawn));
  }
  std::sort(areas.begin(), areas.end());
  const auto at = [&](double share) {
    return areas[static_cast<std::size_t>(share * static_cast<double>(areas.size() - 1) + 0.5)];
  };
  return {at(0.025), at(0.975)};
}

class Evaluator {
 public:
  Evaluator(const std::vector<AuthenticitySample>& samples,
            const authenticity::ManipulationDetector& detector, const AuthenticityEvaluationOptions& options,
            const CancellationToken& cancellation)
      : samples_(samples), detector_(detector), options_(options) {
    context_.cache = options.cache;
    context_.threads = ThreadCount(options.threads);
    context_.cancellation = cancellation;
    context_.seed = options.seed;
  }

  Result<AuthenticityEvaluation> Run(const std::string& set) {
    result_.set = set;
    result_.detector = detector_.id();
    result_.equalised = options_.equalise;
    result_.seed = options_.seed;
    if (options_.profile) result_.profile_data = options_.profile->data;
    for (const AuthenticitySample& sample : samples_)
      ++(sample.history == History::kAuthentic ? result_.authentic
         : sample.history == History::kEdited  ? result_.edited
                                               : result_.generated);
    for (const AuthenticityQuestion question : kAllQuestions)
      result_.thresholds[static_cast<std::size_t>(question)] = ThresholdOf(question);

    const auto start = std::chrono::steady_clock::now();
    KANTEI_TRY(const std::vector<SamplePrediction> headline, Predict(options_.equalise, {}));
    if (std::none_of(headline.begin(), headline.end(), [](const SamplePrediction& p) { return p.present; }))
      return Error{ErrorCode::kNotFound,
                   "not one picture of " + set + " could be judged" +
                       (context_.problems.empty() ? "" : "; the first: " + context_.problems[0])};
    result_.conditions.push_back(FiguresOf(options_.equalise ? "equalised" : "plain", headline));
    if (options_.equalise) {
      KANTEI_TRY(const std::vector<SamplePrediction> plain, Predict(false, {}));
      result_.conditions.push_back(FiguresOf("plain", plain));
    }
    for (const PictureCondition& condition : options_.conditions) {
      KANTEI_TRY(const std::vector<SamplePrediction> worn, Predict(options_.equalise, condition));
      result_.conditions.push_back(FiguresOf(condition.Name(), worn));
    }
    result_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    AddEngines(headline);
    AddSources(headline);
    KANTEI_RETURN_IF_ERROR(AddExamples(headline));
    result_.unreadable = static_cast<std::int64_t>(context_.unreadable.size());
    result_.problems = context_.problems;
    AddWarnings();
    return std::move(result_);
  }

 private:
  Result<std::vector<SamplePrediction>> Predict(bool equalise, const PictureCondition& condition) {
    context_.equalise = equalise;
    return PredictSamples(samples_, detector_, condition, &context_);
  }

  const authenticity::QuestionCalibration* CalibrationOf(AuthenticityQuestion question) const {
    if (!options_.profile) return nullptr;
    const auto found = options_.profile->questions.find(question);
    return found == options_.profile->questions.end() ? nullptr : &found->second;
  }
  double ThresholdOf(AuthenticityQuestion question) const {
    const auto* calibration = CalibrationOf(question);
    return calibration != nullptr ? calibration->threshold : 0.5;
  }
  /// The logit that pictures are ranked by: without what softness alone brings, where a profile knows that.
  double ScoreOf(AuthenticityQuestion question, const SamplePrediction& p) const {
    const double logit = QuestionLogit(question, p.ai_made_logit, p.edited_logit);
    const auto* calibration = CalibrationOf(question);
    return calibration != nullptr ? calibration->Adjusted(logit, p.softness) : logit;
  }
  double ProbabilityOf(AuthenticityQuestion question, const SamplePrediction& p) const {
    const auto* calibration = CalibrationOf(question);
    const double score = ScoreOf(question, p);
    return calibration != nullptr ? calibration->curve.Probability(score) : Logistic(score);
  }

  using Takes = std::function<bool(const AuthenticitySample&)>;

  QuestionFigures Question(AuthenticityQuestion question, const std::vector<SamplePrediction>& predictions,
                           const Takes& takes, bool intervals) const {
    std::vector<LabelledScore> logits, probabilities, called;
    QuestionFigures figures;
    for (std::size_t i = 0; i < samples_.size(); ++i) {
      if (!predictions[i].present || !takes(samples_[i])) continue;
      const bool fake = samples_[i].history != History::kAuthentic;
      // Ranked by logit: far out, probabilities round to 1 and would tie.
      logits.push_back({ScoreOf(question, predictions[i]), fake});
      probabilities.push_back({ProbabilityOf(question, predictions[i]), fake});
      called.push_back(probabilities.back());
      if (options_.profile && options_.profile->TooSoft(predictions[i].softness)) {
        ++(fake ? figures.too_soft_fake : figures.too_soft_authentic);
        called.back().score = 0;
      }
    }
    figures.fake =
        std::count_if(logits.begin(), logits.end(), [](const LabelledScore& s) { return s.positive; });
    figures.authentic = static_cast<std::int64_t>(logits.size()) - figures.fake;
    figures.auc = AreaUnderRoc(logits);
    if (figures.auc) {
      const std::vector<RocPoint> curve = RocCurve(logits);
      figures.hits_at_1 = HitsAtFalseAlarms(curve, 0.01);
      figures.hits_at_5 = HitsAtFalseAlarms(curve, 0.05);
      figures.roc = Thinned(curve, kCurvePoints);
      if (intervals && options_.bootstrap > 0)
        figures.auc_95 = Bootstrap(logits, options_.bootstrap, options_.seed);
    }
    figures.decisions = Decide(called, ThresholdOf(question));
    figures.reliability = MeasureReliability(probabilities);
    const RiskCoverage risk = MeasureRiskCoverage(probabilities);
    figures.risk_area = risk.area;
    const std::size_t points = std::min(kCurvePoints, risk.curve.size());
    for (std::size_t i = 0; i < points; ++i)
      figures.risk_coverage.push_back(
          risk.curve[points < 2 ? i : i * (risk.curve.size() - 1) / (points - 1)]);
    return figures;
  }

  PixelFigures Pixels(const std::vector<SamplePrediction>& predictions, const Takes& takes) const {
    PixelFigures figures;
    double auc_pictures = 0;
    PixelScores* const sums[3] = {&figures.origin, &figures.reverse, &figures.both};
    for (PixelScores* sum : sums) sum->auc = 0;
    TruForPixelScores trufor;
    for (std::size_t i = 0; i < samples_.size(); ++i) {
      const SamplePrediction& p = predictions[i];
      if (!p.present || !p.origin || !p.reverse || !takes(samples_[i])) continue;
      ++figures.pictures;
      const PixelScores both{std::max(p.origin->f1, p.reverse->f1), std::max(p.origin->iou, p.reverse->iou),
                             std::nullopt};
      const PixelScores* const each[3] = {&*p.origin, &*p.reverse, &both};
      for (std::size_t k = 0; k < 3; ++k) sums[k]->f1 += each[k]->f1, sums[k]->iou += each[k]->iou;
      if (p.origin->auc && p.reverse->auc) {
        ++auc_pictures;
        *figures.origin.auc += *p.origin->auc;
        *figures.reverse.auc += *p.reverse->auc;
        *figures.both.auc += std::max(*p.origin->auc, *p.reverse->auc);
      }
      if (p.trufor) {
        ++figures.trufor_pictures;
        trufor.f1 += p.trufor->f1;
        trufor.best_f1 += p.trufor->best_f1;
      }
    }
    const auto count = static_cast<double>(std::max<std::int64_t>(1, figures.pictures));
    for (PixelScores* sum : sums) {
      sum->f1 /= count;
      sum->iou /= count;
      sum->auc = auc_pictures > 0 ? std::optional(*sum->auc / auc_pictures) : std::nullopt;
    }
    if (figures.trufor_pictures > 0) {
      const auto with = static_cast<double>(figures.trufor_pictures);
      figures.trufor = TruForPixelScores{trufor.f1 / with, trufor.best_f1 / with};
    }
    return figures;
  }

  FalsePositiveArea Area(const std::vector<SamplePrediction>& predictions, const Takes& takes) const {
    FalsePositiveArea area;
    for (std::size_t i = 0; i < samples_.size(); ++i) {
      if (samples_[i].history != History::kAuthentic || !predictions[i].present || !takes(samples_[i]))
        continue;
      ++area.pictures;
      area.mean_share += predictions[i].changed_share;
      area.above_1_percent += predictions[i].changed_share > 0.01;
    }
    if (area.pictures > 0) area.mean_share /= static_cast<double>(area.pictures);
    return area;
  }

  ConditionFigures FiguresOf(std::string name, const std::vector<SamplePrediction>& predictions) const {
    ConditionFigures figures;
    figures.name = std::move(name);
    for (const AuthenticityQuestion question : kAllQuestions)
      figures.questions[static_cast<std::size_t>(question)] = Question(
          question, predictions,
          [question](const AuthenticitySample& sample) {
            return question == AuthenticityQuestion::kManipulated || sample.history == History::kAuthentic ||
                   QuestionOf(sample.history) == question;
          },
          result_.conditions.empty());
    figures.edited =
        Pixels(predictions, [](const AuthenticitySample& s) { return s.history == History::kEdited; });
    figures.generated =
        Pixels(predictions, [](const AuthenticitySample& s) { return s.history == History::kGenerated; });
    figures.authentic = Area(predictions, [](const AuthenticitySample&) { return true; });
    figures.left_out = std::count_if(predictions.begin(), predictions.end(),
                                     [](const SamplePrediction& p) { return !p.present; });
    return figures;
  }

  void AddEngines(const std::vector<SamplePrediction>& predictions) {
    std::set<std::pair<std::string, History>> engines;
    for (const AuthenticitySample& sample : samples_)
      if (sample.history != History::kAuthentic) engines.emplace(sample.engine, sample.history);
    for (const auto& [engine, history] : engines) {
      const auto is_its = [&, engine = engine, history = history](const AuthenticitySample& s) {
        return s.engine == engine && s.history == history;
      };
      EngineFigures figures{engine, history, {}, {}};
      figures.figures = Question(
          QuestionOf(history), predictions,
          [&](const AuthenticitySample& s) { return s.history == History::kAuthentic || is_its(s); }, true);
      figures.pixels = Pixels(predictions, is_its);
      result_.engines.push_back(std::move(figures));
    }
    std::stable_sort(result_.engines.begin(), result_.engines.end(),
                     [](const EngineFigures& a, const EngineFigures& b) {
                       return a.figures.auc.value_or(2) < b.figures.auc.value_or(2);
                     });
  }

  void AddSources(const std::vector<SamplePrediction>& predictions) {
    std::set<std::string> sources;
    for (const AuthenticitySample& sample : samples_) sources.insert(sample.source);
    for (const std::string& source : sources) {
      const Takes is_its = [&](const AuthenticitySample& s) { return s.source == source; };
      result_.sources.push_back(
          {source, Question(AuthenticityQuestion::kManipulated, predictions, is_its, false),
           Pixels(predictions,
                  [&](const AuthenticitySample& s) { return is_its(s) && s.history == History::kEdited; }),
           Area(predictions, is_its)});
    }
  }

  Status AddExamples(const std::vector<SamplePrediction>& predictions) {
    using Kind = AuthenticityExample::Kind;
    for (const Kind kind : {Kind::kFalseAlarm, Kind::kMissed, Kind::kBadMap}) {
      std::vector<std::pair<double, std::size_t>> worst;  // the smaller, the worse
      for (std::size_t i = 0; i < samples_.size(); ++i) {
        const SamplePrediction& p = predictions[i];
        const History history = samples_[i].history;
        if (!p.present) continue;
        if (kind == Kind::kFalseAlarm && history == History::kAuthentic)
          worst.emplace_back(
              -QuestionLogit(AuthenticityQuestion::kManipulated, p.ai_made_logit, p.edited_logit), i);
        if (kind == Kind::kMissed && history != History::kAuthentic)
          worst.emplace_back(QuestionLogit(QuestionOf(history), p.ai_made_logit, p.edited_logit), i);
        if (kind == Kind::kBadMap && history == History::kEdited && p.origin)
          worst.emplace_back(p.origin->f1, i);
      }
      std::sort(worst.begin(), worst.end());
      worst.resize(std::min(worst.size(), static_cast<std::size_t>(options_.examples)));
      for (const auto& [order, i] : worst) {
        KANTEI_RETURN_IF_ERROR(context_.cancellation.Check());
        AuthenticityExample example;
        example.kind = kind;
        example.sample = i;
        const History history = samples_[i].history;
        example.probability = ProbabilityOf(QuestionOf(history), predictions[i]);
        if (history == History::kEdited && predictions[i].origin) example.f1 = predictions[i].origin->f1;
        // A picture that cannot be judged again (the disk changed) is shown without pixels.
        (void)DrawExample(samples_[i], detector_, options_.equalise, options_.seed, context_.cancellation,
                          &example);
        result_.examples.push_back(std::move(example));
      }
    }
    return {};
  }

  void AddWarnings() {
    const QuestionFigures& all = result_.conditions[0].questions[0];
    if (all.authentic < 100)
      result_.warnings.push_back(
          "only " + std::to_string(all.authentic) +
          " authentic pictures were judged: hits at 1 % false alarms allow not one false alarm");
    if (all.fake == 0) result_.warnings.push_back("the set has no fakes: only false alarms can be measured");
    if (result_.unreadable > 0)
      result_.warnings.push_back(std::to_string(result_.unreadable) +
                                 " pictures could not be read or judged and count nowhere");
    if (!options_.equalise)
      result_.warnings.push_back(
          "the pictures were judged as they are: where real and fake differ in format, quality or size, the "
          "figures may measure that");
    for (std::size_t q = 0; q < kQuestions; ++q)
      if (options_.profile && CalibrationOf(kAllQuestions[q]) == nullptr)
        result_.warnings.push_back("the profile has no calibration of \"" +
                                   std::string(authenticity::QuestionName(kAllQuestions[q])) +
                                   "\": raw logits are taken");
  }

  const std::vector<AuthenticitySample>& samples_;
  const authenticity::ManipulationDetector& detector_;
  const AuthenticityEvaluationOptions& options_;
  PredictionContext context_;
  AuthenticityEvaluation result_;
};

}  // namespace

Status AuthenticityEvaluationOptions::Validate() const {
  const auto bad = [](const char* what) { return Error{ErrorCode::kInvalidArgument, what}; };
  std::set<std::string> names;
  for (const PictureCondition& condition : conditions) {
    if (condition.kind == PictureCondition::Kind::kNone)
      return bad("\"none\" is no condition of a robustness grid");
    KANTEI_RETURN_IF_ERROR(ParseCondition(condition.Name()));
    if (!names.insert(condition.Name()).second) return bad("each condition may be named once");
  }
  if (bootstrap < 0 || bootstrap > 100'000) return bad("bootstrap must be 0 to 100,000");
  if (examples < 0 || examples > 1000) return bad("examples must be 0 to 1000");
  if (threads < 0) return bad("threads must be 0 (all cores) or more");
  return {};
}

Result<AuthenticityEvaluation> EvaluateAuthenticity(const std::string& set,
                                                    const std::vector<AuthenticitySample>& samples,
                                                    const authenticity::ManipulationDetector& detector,
                                                    const AuthenticityEvaluationOptions& options,
                                                    const CancellationToken& cancellation) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  if (samples.empty()) return Error{ErrorCode::kInvalidArgument, set + " has no samples to evaluate on"};
  if (options.profile && options.profile->detector != detector.id())
    return Error{ErrorCode::kInvalidArgument, "the profile was made for the detector " +
                                                  options.profile->detector + ", not for " + detector.id()};
  return Evaluator(samples, detector, options, cancellation).Run(set);
}

}  // namespace kantei::evaluate
