#include "kantei/evaluate/survey_report.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <set>
#include <utility>

#include "kantei/base/csv.h"
#include "kantei/base/files.h"

namespace kantei::evaluate {
namespace {

constexpr std::uint64_t kMaxTable = 1ull << 30;
constexpr std::size_t kMaxColumns = 500;

SurveyGroup Summarise(std::string name, const std::vector<const SurveyAnswer*>& answers) {
  SurveyGroup group;
  group.name = std::move(name);
  std::vector<double> times;
  double confidence = 0;
  for (const SurveyAnswer* answer : answers) {
    ++group.answers;
    group.correct += answer->correct ? 1 : 0;
    confidence += answer->confidence;
    times.push_back(static_cast<double>(answer->ms));
  }
  if (group.answers > 0) {
    group.accuracy = static_cast<double>(group.correct) / static_cast<double>(group.answers);
    group.mean_confidence = confidence / static_cast<double>(group.answers);
  }
  group.interval = Wilson(group.correct, group.answers);
  group.lower_ms = Quantile(times, 0.25);
  group.median_ms = Quantile(times, 0.5);
  group.upper_ms = Quantile(std::move(times), 0.75);
  return group;
}

/// Groups by a name; answers with an empty name take no part.
std::vector<SurveyGroup> GroupBy(const std::vector<const SurveyAnswer*>& answers,
                                 const std::function<std::string(const SurveyAnswer&)>& name) {
  std::map<std::string, std::vector<const SurveyAnswer*>> groups;
  for (const SurveyAnswer* answer : answers)
    if (std::string key = name(*answer); !key.empty()) groups[std::move(key)].push_back(answer);
  std::vector<SurveyGroup> out;
  for (const auto& [key, members] : groups) out.push_back(Summarise(key, members));
  return out;
}

void MeasureAgreement(const std::vector<const SurveyAnswer*>& answers, SurveyReport* report) {
  std::map<std::pair<bool, std::string>, std::size_t> units;
  std::vector<Rating> ratings;
  std::map<std::size_t, int> counts;
  for (const SurveyAnswer* answer : answers) {
    const std::size_t unit =
        units.emplace(std::pair(answer->pair, answer->picture), units.size()).first->second;
    ratings.push_back({unit, answer->said_edited() ? 1 : 0});
    ++counts[unit];
  }
  report->alpha = KrippendorffAlpha(ratings);
  report->alpha_units = static_cast<std::size_t>(
      std::count_if(counts.begin(), counts.end(), [](const auto& unit) { return unit.second >= 2; }));
}

MeasureCorrelation Correlate(const std::vector<const SurveyAnswer*>& answers, const std::string& table,
                             const std::string& column, const std::map<std::string, double>& values) {
  MeasureCorrelation out{table, column, 0, 0, {}, {}, {}};
  std::map<std::string, std::pair<double, double>> pictures;  // wrong answers, all answers
  std::vector<double> wrong, measure;
  for (const SurveyAnswer* answer : answers) {
    const auto value = values.find(answer->picture);
    if (!answer->edited || value == values.end()) continue;
    auto& [deceived, all] = pictures[answer->picture];
    deceived += answer->correct ? 0 : 1;
    ++all;
    wrong.push_back(answer->correct ? 0 : 1);
    measure.push_back(value->second);
  }
  out.answers = wrong.size();
  out.pictures = pictures.size();
  out.point_biserial = Correlation(wrong, measure);
  std::vector<double> share, of_picture;
  for (const auto& [picture, counts] : pictures) {
    share.push_back(counts.first / counts.second);
    of_picture.push_back(values.at(picture));
  }
  out.spearman = RankCorrelation(share, of_picture);
  if (out.spearman) out.spearman_interval = RankCorrelationInterval(*out.spearman, out.pictures);
  return out;
}

std::optional<double> OutcomeNumber(const std::string& outcome) {
  if (outcome == "deceiving") return 1;
  if (outcome == "uncertain") return 0.5;
  if (outcome == "undeceiving" || outcome == "unrealistic") return 0;
  return std::nullopt;
}

std::optional<double> Number(const std::string& text) {
  if (text == "yes") return 1;
  if (text == "no") return 0;
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

Json GroupJson(const SurveyGroup& group) {
  return Json{{"name", group.name},
              {"answers", group.answers},
              {"correct", group.correct},
              {"accuracy", group.accuracy},
              {"interval", {group.interval.low, group.interval.high}},
              {"median_ms", group.median_ms},
              {"quartiles_ms", {group.lower_ms, group.upper_ms}},
              {"mean_confidence", group.mean_confidence}};
}

Json GroupsJson(const std::vector<SurveyGroup>& groups) {
  Json list = Json::array();
  for (const SurveyGroup& group : groups) list.push_back(GroupJson(group));
  return list;
}

Json Maybe(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

}  // namespace

Result<MeasureTable> ReadMeasures(const std::filesystem::path& csv) {
  KANTEI_TRY(const std::string text, ReadTextFile(csv, kMaxTable));
  CsvReader reader(text);
  CsvRecord header;
  const auto corrupt = [&](const std::string& what) {
    return Error{ErrorCode::kCorrupt, DisplayPath(csv) + " " + what};
  };
  if (!reader.Next(&header) || !header.problem.empty()) return corrupt("has no header");
  if (header.fields.size() > kMaxColumns) return corrupt("has more than 500 columns");
  std::size_t picture = header.fields.size();
  for (const char* name : {"picture", "file_name", "file", "image"})
    if (picture == header.fields.size())
      picture = static_cast<std::size_t>(std::find(header.fields.begin(), header.fields.end(), name) -
                                         header.fields.begin());
  if (picture == header.fields.size()) return corrupt("has no column picture, file_name, file or image");
  MeasureTable table;
  table.name = DisplayPath(csv.filename());
  CsvRecord record;
  while (reader.Next(&record)) {
    if (!record.problem.empty() || record.fields.size() != header.fields.size()) continue;
    for (std::size_t i = 0; i < record.fields.size(); ++i) {
      if (i == picture) continue;
      const std::string& column = header.fields[i];
      const auto value = column == "outcome" ? OutcomeNumber(record.fields[i]) : Number(record.fields[i]);
      if (value) table.columns[column][record.fields[picture]] = *value;
    }
  }
  return table;
}

SurveyReport MakeSurveyReport(const SurveyResults& results, std::span<const MeasureTable> measures,
                              bool without_reloaded) {
  SurveyReport report;
  report.started = results.started;
  report.unreadable = results.unreadable;
  report.without_reloaded = without_reloaded;
  std::vector<const SurveyAnswer*> answers;
  for (const SurveyAnswer& answer : results.answers) {
    report.reloaded += answer.reloads > 0 ? 1 : 0;
    if (!without_reloaded || answer.reloads == 0) answers.push_back(&answer);
  }
  report.overall = Summarise("all", answers);
  report.kinds = GroupBy(answers, [](const SurveyAnswer& answer) -> std::string {
    return answer.pair ? "pairs" : answer.edited ? "edited pictures" : "real pictures";
  });
  report.engines = GroupBy(
      answers, [](const SurveyAnswer& answer) { return answer.edited ? answer.engine : std::string(); });
  report.participants = GroupBy(answers, [](const SurveyAnswer& answer) { return answer.participant; });
  report.confidences =
      GroupBy(answers, [](const SurveyAnswer& answer) { return std::to_string(answer.confidence); });
  MeasureAgreement(answers, &report);
  for (const MeasureTable& table : measures)
    for (const auto& [column, values] : table.columns)
      if (MeasureCorrelation one = Correlate(answers, table.name, column, values); one.pictures > 0)
        report.measures.push_back(std::move(one));
  return report;
}

Json SurveyReportJson(const SurveyReport& report, std::string_view version) {
  Json measures = Json::array();
  for (const MeasureCorrelation& one : report.measures)
    measures.push_back(
        {{"table", one.table},
         {"column", one.column},
         {"pictures", one.pictures},
         {"answers", one.answers},
         {"spearman", Maybe(one.spearman)},
         {"spearman_interval",
          one.spearman_interval ? Json{one.spearman_interval->low, one.spearman_interval->high} : Json()},
         {"point_biserial", Maybe(one.point_biserial)}});
  return Json{{"schema", std::string(kSurveyReportSchema)},
              {"version", std::string(version)},
              {"participants_started", report.started},
              {"answers_after_reload", report.reloaded},
              {"answers_after_reload_left_out", report.without_reloaded},
              {"unreadable_lines", report.unreadable},
              {"overall", GroupJson(report.overall)},
              {"kinds", GroupsJson(report.kinds)},
              {"engines", GroupsJson(report.engines)},
              {"participants", GroupsJson(report.participants)},
              {"confidences", GroupsJson(report.confidences)},
              {"krippendorff_alpha", Maybe(report.alpha)},
              {"alpha_units", report.alpha_units},
              {"measures", measures}};
}

}  // namespace kantei::evaluate
