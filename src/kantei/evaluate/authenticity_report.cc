#include "kantei/evaluate/authenticity_report.h"

#include <cmath>

#include "kantei/base/files.h"
#include "kantei/dataset/authenticity_set.h"

namespace kantei::evaluate {
namespace {

constexpr std::array<const char*, kQuestions> kQuestionKeys = {"manipulated", "ai_made", "edited"};

Json Maybe(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

Json FiguresJson(const QuestionFigures& f, bool curves) {
  Json json{{"authentic", f.authentic},
            {"fake", f.fake},
            {"auc", Maybe(f.auc)},
            {"auc_95", f.auc_95 ? Json::array({f.auc_95->low, f.auc_95->high}) : Json(nullptr)},
            {"tpr_at_1_percent_fpr", Maybe(f.hits_at_1)},
            {"tpr_at_5_percent_fpr", Maybe(f.hits_at_5)},
            {"accuracy", f.decisions.Accuracy()},
            {"balanced_accuracy", Maybe(f.decisions.BalancedAccuracy())},
            {"f1", f.decisions.F1()},
            {"true_positive_rate", Maybe(f.decisions.HitRate())},
            {"false_positive_rate", Maybe(f.decisions.FalseAlarmRate())},
            {"too_soft_fake", f.too_soft_fake},
            {"too_soft_authentic", f.too_soft_authentic},
            {"expected_calibration_error", f.reliability.expected_error},
            {"risk_coverage_area", f.risk_area}};
  if (!curves) return json;
  Json bins = Json::array(), roc = Json::array(), risk = Json::array();
  for (const ReliabilityBin& bin : f.reliability.bins)
    bins.push_back({{"lower", bin.lower},
                    {"upper", bin.upper},
                    {"count", bin.count},
                    {"stated", bin.claimed},
                    {"fake", bin.positive}});
  for (const RocPoint& point : f.roc)
    roc.push_back(Json::array({Maybe(point.threshold), point.false_alarms, point.hits}));
  for (const RiskCoveragePoint& point : f.risk_coverage)
    risk.push_back(Json::array({point.coverage, point.risk}));
  json["reliability"] = std::move(bins);
  json["roc"] = std::move(roc);
  json["risk_coverage"] = std::move(risk);
  return json;
}

Json PixelJson(const PixelFigures& f) {
  const auto scores = [](const PixelScores& s) {
    return Json{{"f1", s.f1}, {"iou", s.iou}, {"auc", Maybe(s.auc)}};
  };
  return {{"pictures", f.pictures},
          {"origin", scores(f.origin)},
          {"reverse", scores(f.reverse)},
          {"double", scores(f.both)},
          {"trufor",
           {{"pictures", f.trufor_pictures},
            {"f1", f.trufor ? Json(f.trufor->f1) : Json(nullptr)},
            {"best_f1", f.trufor ? Json(f.trufor->best_f1) : Json(nullptr)}}}};
}

Json AreaJson(const FalsePositiveArea& area) {
  return {{"pictures", area.pictures},
          {"mean_share", area.mean_share},
          {"above_1_percent", area.above_1_percent}};
}

constexpr const char* KindName(AuthenticityExample::Kind kind) {
  return kind == AuthenticityExample::Kind::kFalseAlarm ? "false_alarm"
         : kind == AuthenticityExample::Kind::kMissed   ? "missed"
                                                        : "bad_map";
}

}  // namespace

Json AuthenticityReportJson(const std::vector<dataset::AuthenticitySample>& samples,
                            const AuthenticityEvaluation& evaluation, std::string_view version) {
  Json report{{"schema", kAuthenticityReportSchema},
              {"tool", {{"name", "kantei"}, {"version", version}}},
              {"set",
               {{"name", evaluation.set},
                {"authentic", evaluation.authentic},
                {"edited", evaluation.edited},
                {"generated", evaluation.generated},
                {"warnings", evaluation.warnings}}},
              {"detector", {{"id", evaluation.detector}, {"calibrated_on", evaluation.profile_data}}},
              {"protocol", {{"equalised", evaluation.equalised}, {"seed", evaluation.seed}}},
              {"files", {{"unreadable", evaluation.unreadable}, {"problems", evaluation.problems}}}};
  for (std::size_t q = 0; q < kQuestions; ++q)
    report["protocol"]["thresholds"][kQuestionKeys[q]] = evaluation.thresholds[q];
  Json conditions = Json::array();
  for (std::size_t c = 0; c < evaluation.conditions.size(); ++c) {
    const ConditionFigures& condition = evaluation.conditions[c];
    Json row{{"name", condition.name}};
    for (std::size_t q = 0; q < kQuestions; ++q)
      row["image"][kQuestionKeys[q]] = FiguresJson(condition.questions[q], c == 0);
    row["pixel"] = {{"edited", PixelJson(condition.edited)}, {"generated", PixelJson(condition.generated)}};
    row["false_positive_area"] = AreaJson(condition.authentic);
    row["left_out"] = condition.left_out;
    conditions.push_back(std::move(row));
  }
  report["conditions"] = std::move(conditions);
  Json engines = Json::array(), sources = Json::array(), examples = Json::array();
  for (const EngineFigures& engine : evaluation.engines)
    engines.push_back({{"engine", engine.engine},
                       {"history", dataset::HistoryName(engine.history)},
                       {"image", FiguresJson(engine.figures, false)},
                       {"pixel", PixelJson(engine.pixels)}});
  for (const SourceFigures& source : evaluation.sources)
    sources.push_back({{"source", source.source},
                       {"image", FiguresJson(source.figures, false)},
                       {"pixel", PixelJson(source.edited)},
                       {"false_positive_area", AreaJson(source.authentic)}});
  for (const AuthenticityExample& example : evaluation.examples) {
    const dataset::AuthenticitySample& sample = samples[example.sample];
    examples.push_back({{"kind", KindName(example.kind)},
                        {"picture", DisplayPath(sample.picture)},
                        {"history", dataset::HistoryName(sample.history)},
                        {"engine", sample.engine},
                        {"source", sample.source},
                        {"probability", example.probability},
                        {"f1", Maybe(example.f1)}});
  }
  report["engines"] = std::move(engines);
  report["sources"] = std::move(sources);
  report["examples"] = std::move(examples);
  return report;
}

}  // namespace kantei::evaluate
