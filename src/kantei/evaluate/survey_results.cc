#include "kantei/evaluate/survey_results.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "kantei/base/csv.h"
#include "kantei/base/files.h"
#include "kantei/base/json_schema.h"

namespace kantei::evaluate {
namespace {

constexpr std::uint64_t kMaxBytes = 1ull << 30;

const SchemaCheck& Schema() {
  static const SchemaCheck check = [] {
    const auto text = [](std::size_t most) { return Json{{"type", "string"}, {"maxLength", most}}; };
    const auto count = [](std::int64_t least, std::int64_t most) {
      return Json{{"type", "integer"}, {"minimum", least}, {"maximum", most}};
    };
    const std::int64_t year = 366ll * 86'400'000;
    Json properties{{"type", {{"const", "answer"}}},
                    {"participant", text(40)},
                    {"trial", count(0, 1'000'000)},
                    {"mode", {{"enum", {"single", "pair"}}}},
                    {"picture", text(4096)},
                    {"engine", text(100)},
                    {"source", text(100)},
                    {"edited", {{"type", "boolean"}}},
                    {"answer", {{"enum", {"real", "edited", "left", "right"}}}},
                    {"correct", {{"type", "boolean"}}},
                    {"confidence", count(1, 5)},
                    {"ms", count(0, year)},
                    {"client_ms", count(-1, year)},
                    {"reloads", count(0, 1'000'000)},
                    {"language", text(10)},
                    {"time", text(40)}};
    Json required = Json::array();
    for (const auto& [name, schema] : properties.items()) required.push_back(name);
    return SchemaCheck(Json{{"type", "object"}, {"properties", properties}, {"required", required}});
  }();
  return check;
}

}  // namespace

Json SurveyAnswerJson(const SurveyAnswer& answer) {
  return Json{{"type", "answer"},
              {"participant", answer.participant},
              {"trial", answer.trial},
              {"mode", answer.pair ? "pair" : "single"},
              {"picture", answer.picture},
              {"engine", answer.engine},
              {"source", answer.source},
              {"edited", answer.edited},
              {"answer", answer.answer},
              {"correct", answer.correct},
              {"confidence", answer.confidence},
              {"ms", answer.ms},
              {"client_ms", answer.client_ms},
              {"reloads", answer.reloads},
              {"language", answer.language},
              {"time", answer.time}};
}

Result<SurveyAnswer> ParseSurveyAnswer(const Json& record) {
  if (const auto violations = Schema().Violations(record); !violations.empty())
    return Error{ErrorCode::kCorrupt, "an answer is unfit: " + violations.front()};
  SurveyAnswer answer;
  answer.participant = record["participant"];
  answer.trial = record["trial"];
  answer.pair = record["mode"] == "pair";
  answer.picture = record["picture"];
  answer.engine = record["engine"];
  answer.source = record["source"];
  answer.edited = record["edited"];
  answer.answer = record["answer"];
  answer.correct = record["correct"];
  answer.confidence = record["confidence"];
  answer.ms = record["ms"];
  answer.client_ms = record["client_ms"];
  answer.reloads = record["reloads"];
  answer.language = record["language"];
  answer.time = record["time"];
  const bool of_single = answer.answer == "real" || answer.answer == "edited";
  if (of_single == answer.pair || (answer.pair && !answer.edited) ||
      (!answer.pair && answer.correct != (answer.edited == (answer.answer == "edited"))))
    return Error{ErrorCode::kCorrupt, "an answer contradicts itself"};
  return answer;
}

Result<SurveyResults> ReadSurveyResults(const std::filesystem::path& file) {
  KANTEI_TRY(const std::string text, ReadTextFile(file, kMaxBytes));
  SurveyResults results;
  std::set<std::pair<std::string, std::int64_t>> seen;
  std::int64_t records = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.empty()) continue;
    const auto record = ParseJson(line, "a line");
    if (!record.ok() || !record->is_object() || !record->contains("type")) {
      ++results.unreadable;
      continue;
    }
    ++records;
    if (record->at("type") == "start") ++results.started;
    if (record->at("type") != "answer") continue;
    auto answer = ParseSurveyAnswer(*record);
    if (!answer.ok()) {
      ++results.unreadable;
    } else if (seen.emplace(answer->participant, answer->trial).second) {
      results.answers.push_back(std::move(*answer));
    }
  }
  if (records == 0)
    return Error{ErrorCode::kCorrupt,
                 DisplayPath(file) + " holds no records; expected the results of kantei dataset survey"};
  return results;
}

std::string SurveyCsv(std::span<const SurveyAnswer> answers) {
  std::string csv =
      "participant,trial,mode,picture,engine,source,edited,answer,correct,confidence,ms,client_ms,reloads,"
      "language,time\n";
  for (const SurveyAnswer& one : answers) {
    csv += CsvField(one.participant) + "," + std::to_string(one.trial) + "," +
           (one.pair ? "pair" : "single") + "," + CsvField(one.picture) + "," + CsvField(one.engine) + "," +
           CsvField(one.source) + "," + (one.edited ? "1" : "0") + "," + one.answer + "," +
           (one.correct ? "1" : "0") + "," + std::to_string(one.confidence) + "," + std::to_string(one.ms) +
           "," + (one.client_ms < 0 ? "" : std::to_string(one.client_ms)) + "," +
           std::to_string(one.reloads) + "," + CsvField(one.language) + "," + CsvField(one.time) + "\n";
  }
  return csv;
}

}  // namespace kantei::evaluate
