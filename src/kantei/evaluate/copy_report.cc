#include "kantei/evaluate/copy_report.h"

#include <cmath>

namespace kantei::evaluate {
namespace {

Json Number(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}
Json IntervalJson(const Interval& interval) {
  return Json::array({interval.low, interval.high});
}

Json GroupsJson(const std::vector<GroupFigures>& groups) {
  Json rows = Json::array();
  for (const GroupFigures& group : groups) {
    rows.push_back({{"name", group.name},
                    {"queries", group.queries},
                    {"recall_at_threshold", group.recall},
                    {"micro_average_precision", group.micro_average_precision}});
  }
  return rows;
}

Json ExamplesJson(const dataset::CopyBenchmark& benchmark, const std::vector<CopyExample>& examples) {
  Json rows = Json::array();
  for (const CopyExample& example : examples) {
    const dataset::BenchmarkQuery& query = benchmark.queries[example.query];
    rows.push_back({{"query", query.id},
                    {"reference", benchmark.references.ids[example.reference]},
                    {"score", example.score ? Number(*example.score) : Json(nullptr)},
                    {"kind", query.kind},
                    {"edits", query.edits}});
  }
  return rows;
}

}  // namespace

Json CopyReportJson(const dataset::CopyBenchmark& benchmark, const CopyEvaluation& evaluation,
                    std::string_view version) {
  Json report{{"schema", kCopyReportSchema},
              {"tool", {{"name", "kantei"}, {"version", version}}},
              {"benchmark",
               {{"name", evaluation.benchmark},
                {"identity", evaluation.identity},
                {"queries", evaluation.queries},
                {"queries_with_source", evaluation.queries_with_source},
                {"references", evaluation.references},
                {"background", evaluation.background},
                {"same_pairs", evaluation.same_pairs},
                {"warnings", evaluation.warnings}}}};
  if (!evaluation.model.empty()) {
    report["model"] = {{"name", evaluation.model},
                       {"sha256", evaluation.model_sha256},
                       {"id", evaluation.model_id},
                       {"dimension", evaluation.dimension}};
    report["normalisation"] = {{"name", evaluation.normalisation},
                               {"negatives", evaluation.negatives},
                               {"from", evaluation.negatives_from}};
  }
  report["protocol"] = {
      {"candidates",
       evaluation.candidates.per_query > 0 ? Json(nullptr) : Json(evaluation.candidates.global)},
      {"candidates_per_query", evaluation.candidates.per_query},
      {"bootstrap", evaluation.bootstrap},
      {"seed", evaluation.seed}};
  report["files"] = {{"unreadable", evaluation.unreadable},
                     {"without_descriptor", evaluation.undescribed},
                     {"problems", evaluation.problems}};
  Json systems = Json::array();
  for (const SystemReport& system : evaluation.systems) {
    Json alarms = Json::array();
    for (const FalseAlarmFigures& figures : system.false_alarms)
      alarms.push_back({{"kind", figures.kind}, {"queries", figures.queries}, {"named", figures.named}});
    Json curve = Json::array();
    for (const PrecisionRecallPoint& point : system.score.curve)
      curve.push_back(Json::array({Number(point.threshold), point.precision, point.recall}));
    systems.push_back({{"name", system.name},
                       {"detail", system.detail},
                       {"micro_average_precision", system.score.micro_average_precision},
                       {"micro_average_precision_95", IntervalJson(system.micro_average_precision)},
                       {"recall_at_p90", system.score.recall_at_p90},
                       {"recall_at_p90_95", IntervalJson(system.recall_at_p90)},
                       {"threshold_at_p90", Number(system.score.threshold_at_p90)},
                       {"predictions", system.score.predictions},
                       {"true_pairs", system.score.true_pairs},
                       {"found_pairs", system.score.found_pairs},
                       {"seconds", system.seconds},
                       {"edits", GroupsJson(system.edits)},
                       {"levels", GroupsJson(system.levels)},
                       {"sources", GroupsJson(system.sources)},
                       {"false_alarms", alarms},
                       {"misses", ExamplesJson(benchmark, system.misses)},
                       {"alarms", ExamplesJson(benchmark, system.alarms)},
                       {"curve", curve}});
  }
  report["systems"] = std::move(systems);
  return report;
}

}  // namespace kantei::evaluate
