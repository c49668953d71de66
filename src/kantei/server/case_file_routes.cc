#include <filesystem>

#include "kantei/base/clock.h"
#include "kantei/base/files.h"
#include "kantei/base/sha256.h"
#include "kantei/base/text.h"
#include "kantei/inspect/html_text.h"
#include "kantei/server/case_json.h"
#include "kantei/server/routes.h"
#include "kantei/server/secrets.h"

namespace kantei::server {
namespace {

namespace fs = std::filesystem;
using inspect::Escaped;

constexpr std::uint64_t kMaxReport = 64 << 20;
constexpr const char* kPagePolicy =
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'";

Text VerdictText(const std::string& verdict) {
  if (verdict == "confirm") return {"confirmed", "確認"};
  if (verdict == "dismiss") return {"dismissed", "却下"};
  if (verdict == "escalate") return {"escalated", "上申"};
  return {"inconclusive", "判断保留"};
}

std::string Cell(const std::string& text) {
  return "<td>" + Escaped(text) + "</td>";
}

/// Decisions, notes, files and the state of the audit log, as a section of the evidence report.
Result<std::string> DecisionSection(Call& call, const store::Case& known, const std::string& at,
                                    Language language) {
  App& app = call.app;
  KANTEI_TRY(const People people, People::Of(app));
  const auto name = [&](std::int64_t user_id) {
    const Json ref = people.Ref(user_id);
    return ref["display_name"].get<std::string>() + " (" + ref["name"].get<std::string>() + ")";
  };
  const auto say = [&](const char* en, const char* ja) {
    return std::string(language == Language::kJapanese ? ja : en);
  };
  std::string out = "<section class=\"decisions\"><h2>" + say("Decisions and record", "判断と記録") + "</h2>";
  out += "<p>" + say("Case", "案件") + " " + std::to_string(known.inspection_id) + " · " +
         say("filed", "作成") + " " + at + " · " + Escaped(name(call.who.user.user_id)) + " · " +
         say("state", "状態") + ": " + Escaped(known.state) + "</p>";
  out += "<table><thead><tr><th>" + say("Time (UTC)", "日時（UTC）") + "</th><th>" + say("Person", "担当者") +
         "</th><th>" + say("Decision", "判断") + "</th><th>" + say("Reason", "理由") +
         "</th></tr></thead><tbody>";
  KANTEI_TRY(const auto decisions, app.review().Decisions(known.inspection_id));
  for (const store::Decision& decision : decisions) {
    std::string what = VerdictText(decision.verdict).In(language);
    if (decision.kind == "undo") what = say("taken back: ", "取消：") + what;
    if (decision.undone) what += say(" (taken back later)", "（後に取消）");
    out += "<tr>" + Cell(decision.at) + Cell(name(decision.user_id)) + Cell(what) + Cell(decision.reason) +
           "</tr>";
  }
  if (decisions.empty())
    out +=
        "<tr><td colspan=\"4\">" + say("No decision was made.", "判断はまだ行われていない。") + "</td></tr>";
  out += "</tbody></table>";
  KANTEI_TRY(const auto notes, app.review().Notes(known.inspection_id));
  if (!notes.empty()) {
    out += "<h3>" + say("Notes", "メモ") + "</h3><table><tbody>";
    for (const store::Note& note : notes)
      out += "<tr>" + Cell(note.at) + Cell(name(note.user_id)) + Cell(note.text) + "</tr>";
    out += "</tbody></table>";
  }
  out += "<h3>" + say("Files and their SHA-256", "ファイルと SHA-256") + "</h3><table><tbody>";
  KANTEI_TRY(const auto artifacts, app.cases().Artifacts(known.inspection_id));
  for (const store::Artifact& artifact : artifacts)
    out += "<tr>" + Cell(artifact.name) + "<td class=\"hash\">" + Escaped(artifact.sha256) + "</td></tr>";
  store::AuditFilter newest;
  newest.limit = 1;
  KANTEI_TRY(const auto head, app.audit().List(newest));
  if (!head.empty())
    out += "<tr>" + Cell(say("audit log, row ", "監査記録 第 ") + std::to_string(head.front().seq)) +
           "<td class=\"hash\">" + Escaped(head.front().hash) + "</td></tr>";
  out += "</tbody></table></section>";
  return out;
}

}  // namespace

Reply ListCaseFiles(Call& call) {
  KANTEI_TRY(const std::int64_t inspection_id, call.Id());
  KANTEI_TRY(const store::Case known, call.app.cases().Get(inspection_id));
  KANTEI_TRY(const auto files, call.app.review().CaseFiles(known.inspection_id));
  KANTEI_TRY(const People people, People::Of(call.app));
  Json items = Json::array();
  for (const store::CaseFile& file : files) items.push_back(CaseFileJson(file, people));
  return JsonResponse(ListJson(std::move(items)));
}

Reply FileCase(Call& call) {
  KANTEI_TRY(const std::int64_t inspection_id, call.Id());
  KANTEI_TRY(const JsonBody body, JsonBody::Of(call.request));
  KANTEI_TRY(const std::string language, body.Text("language", 8, "en"));
  if (language != "en" && language != "ja") return BadRequest("language must be en or ja");
  KANTEI_TRY(const store::Case known, call.app.cases().Get(inspection_id));
  if (known.erased) return Conflict("the picture was erased");
  KANTEI_TRY(
      std::string page,
      ReadTextFile(call.app.FilesPath() / known.folder / ("report-" + language + ".html"), kMaxReport));
  const std::string at = UtcNow();
  KANTEI_TRY(const std::string section,
             DecisionSection(call, known, at, language == "ja" ? Language::kJapanese : Language::kEnglish));
  const std::size_t end = page.rfind("</main>");
  page.insert(end == std::string::npos ? page.size() : end, section);
  store::CaseFile file;
  file.inspection_id = inspection_id;
  file.at = at;
  file.user_id = call.who.user.user_id;
  file.language = language;
  file.sha256 = Sha256Hex(std::string_view(page));
  file.bytes = static_cast<std::int64_t>(page.size());
  file.file = "case-" + std::to_string(inspection_id) + "-" + file.sha256.substr(0, 16) + ".html";
  KANTEI_RETURN_IF_ERROR(WriteFileAtomic(call.app.CaseFilesPath() / file.file, std::string_view(page)));
  KANTEI_TRY(auto change, call.app.database->Begin());
  KANTEI_TRY(const store::CaseFile filed, call.app.review().AddCaseFile(file));
  KANTEI_RETURN_IF_ERROR(call.Audit("case.file", "inspection:" + std::to_string(inspection_id),
                                    {{"case_file_id", filed.case_file_id}, {"sha256", filed.sha256}}));
  KANTEI_TRY(const People people, People::Of(call.app));
  KANTEI_RETURN_IF_ERROR(change.Commit());
  return JsonResponse(CaseFileJson(filed, people), 201);
}

Reply GetCaseFile(Call& call) {
  KANTEI_TRY(const std::int64_t case_file_id, call.Id());
  KANTEI_TRY(const store::CaseFile file, call.app.review().GetCaseFile(case_file_id));
  Response response;
  response.content_type = "text/html; charset=utf-8";
  response.file = call.app.CaseFilesPath() / file.file;
  response.headers.emplace_back("Content-Security-Policy", kPagePolicy);
  response.headers.emplace_back("X-Frame-Options", "SAMEORIGIN");
  return response;
}

Reply VerifyCaseFile(Call& call) {
  KANTEI_TRY(const JsonBody body, JsonBody::Of(call.request));
  KANTEI_TRY(const std::string sha256, body.Text("sha256", 64));
  if (sha256.size() != 64 || sha256.find_first_not_of("0123456789abcdef") != std::string::npos)
    return BadRequest("sha256 must be 64 lower-case hexadecimal digits");
  KANTEI_TRY(const auto file, call.app.review().FindCaseFile(sha256));
  KANTEI_TRY(const People people, People::Of(call.app));
  return JsonResponse(
      {{"known", file.has_value()}, {"case_file", file ? CaseFileJson(*file, people) : Json(nullptr)}});
}

}  // namespace kantei::server
