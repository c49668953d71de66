#include "kantei/inspect/report_json.h"

#include "kantei/base/files.h"

namespace kantei::inspect {
namespace {

Json TextJson(const Text& text) {
  return {{"en", text.en}, {"ja", text.ja}};
}

Json TextsJson(const std::vector<Text>& texts) {
  Json json = Json::array();
  for (const Text& text : texts) json.push_back(TextJson(text));
  return json;
}

Json ErrorJson(const Error& error) {
  return {{"code", ErrorCodeName(error.code)}, {"message", error.message}};
}

Json FileJson(const FileFacts& file) {
  Json json;
  json["path"] = DisplayPath(file.path);
  json["sha256"] = file.sha256;
  json["bytes"] = file.bytes;
  json["format"] = file.format.empty() ? "unknown" : file.format;
  json["width"] = file.width;
  json["height"] = file.height;
  json["orientation"] = file.orientation;
  json["frames"] = file.frames;
  if (!file.warning.empty()) json["warning"] = file.warning;
  return json;
}

/// A check that stopped has its error and no verdict: "band" would read as an answer.
Json CheckJson(const CheckReport& report) {
  Json json;
  if (report.error) {
    json["error"] = ErrorJson(*report.error);
    json["seconds"] = report.seconds;
    return json;
  }
  json["band"] = BandName(report.band);
  json["gives_verdict"] = report.gives_verdict;
  json["headline"] = TextJson(report.headline);
  json["grounds"] = TextsJson(report.grounds);
  json["limits"] = TextsJson(report.limits);
  if (report.json.is_object())
    for (const auto& [key, value] : report.json.items()) json[key] = value;
  json["seconds"] = report.seconds;
  return json;
}

}  // namespace

Json ToJson(const Inspection& inspection, const RunFacts& run) {
  Json json;
  json["schema"] = kInspectSchema;
  json["tool"] = {{"name", "kantei"}, {"version", run.tool_version}};
  json["file"] = FileJson(inspection.file);
  if (inspection.error) {
    json["error"] = ErrorJson(*inspection.error);
  } else {
    json["checks"] = Json::object();
    for (const CheckReport& report : inspection.checks) json["checks"][report.key] = CheckJson(report);
    json["conflicts"] = TextsJson(inspection.conflicts);
  }
  json["seconds"] = inspection.seconds;
  return json;
}

}  // namespace kantei::inspect
