#include "kantei/inspect/report_html.h"

#include <algorithm>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/image/transform.h"
#include "kantei/inspect/html_exhibit.h"
#include "kantei/inspect/html_frame.h"
#include "kantei/inspect/html_text.h"
#include "kantei/inspect/words.h"

namespace kantei::inspect {
namespace {

constexpr int kThumbSide = 184;  // twice its size on the page, for print

std::string FileName(const FileFacts& file) {
  return DisplayPath(file.path.filename());
}

/// "jpeg" -> "JPEG", "webp" -> "WebP"; escaped.
std::string FormatLabel(const std::string& format) {
  if (format == "webp") return "WebP";
  std::string label = format;
  for (char& c : label)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return Escaped(label);
}

/// A plot and the table beside it read as one.
bool BelongTogether(const std::vector<Exhibit>& exhibits) {
  return exhibits.size() <= 2 && std::any_of(exhibits.begin(), exhibits.end(), [](const Exhibit& exhibit) {
           return std::holds_alternative<Radar>(exhibit);
         });
}

void AppendFact(const Text& name, const std::string& escaped_value, Language language, std::string* out) {
  *out += "<tr><th scope=\"row\">" + name.In(language) + "</th><td>" + escaped_value + "</td></tr>";
}

void AppendFacts(const Inspection& inspection, Language language, std::string* out) {
  const FileFacts& file = inspection.file;
  *out += "<table class=\"facts\"><tbody>";
  AppendFact({"File", "ファイル"}, "<bdi>" + Escaped(DisplayPath(file.path)) + "</bdi>", language, out);
  if (!file.sha256.empty())
    AppendFact({"SHA-256", "SHA-256"}, "<span class=\"hash\">" + Escaped(file.sha256) + "</span>", language,
               out);
  if (file.bytes > 0 || !file.sha256.empty())
    AppendFact({"Length", "ファイル長"}, ByteCount(file.bytes).In(language), language, out);
  if (!file.format.empty()) {
    Text format = Same(FormatLabel(file.format));
    if (file.width > 0)
      format = Fill({"{0}, {1} × {2} pixels", "{0}、{1} × {2} 画素"},
                    {format, Same(std::to_string(file.width)), Same(std::to_string(file.height))});
    if (file.orientation != 1)
      format = Fill({"{0}; turned upright (EXIF orientation {1})", "{0}。正立に補正（EXIF 方向 {1}）"},
                    {format, Same(std::to_string(file.orientation))});
    if (file.frames > 1)
      format = Fill({"{0}; the first of {1} frames was examined", "{0}。全 {1} フレームのうち先頭のみを検査"},
                    {format, Same(std::to_string(file.frames))});
    AppendFact({"Format", "形式"}, format.In(language), language, out);
  }
  if (!file.warning.empty()) AppendFact({"Warning", "注意"}, Escaped(file.warning), language, out);
  AppendFact({"Time taken", "検査時間"}, Seconds(inspection.seconds).In(language), language, out);
  *out += "</tbody></table>";
}

void AppendVerdicts(const std::vector<CheckReport>& checks, Language language, std::string* out) {
  *out += "<div class=\"verdicts\">";
  for (const CheckReport& report : checks) {
    *out += "<div><span class=\"name\">";
    AppendEscaped(report.name.In(language), out);
    *out += "</span>";
    AppendReportChip(report, language, out);
    AppendGist(report, language, out);
    *out += "</div>";
  }
  *out += "</div>\n";
}

void AppendConflicts(const std::vector<Text>& conflicts, Language language, std::string* out) {
  if (conflicts.empty()) return;
  *out += "<div class=\"conflicts\"><h3>";
  *out += Text{"Findings that do not fit together", "互いに矛盾する所見"}.In(language);
  *out += "</h3><ul>";
  for (const Text& conflict : conflicts) {
    *out += "<li>";
    AppendEscaped(conflict.In(language), out);
    *out += "</li>";
  }
  *out += "</ul></div>\n";
}

void AppendCheck(const CheckReport& report, Language language, std::string* out) {
  *out += "<section class=\"check\"><div class=\"check-head\"><h3>";
  AppendEscaped(report.question.In(language), out);
  *out += "</h3>";
  AppendLabelledChip(report, language, out);
  *out += "</div>\n";
  if (report.error) {
    AppendError(*report.error, language, out);
  } else {
    *out += "<p class=\"headline\">";
    AppendEscaped(report.headline.In(language), out);
    *out += "</p>\n";
  }
  if (!report.grounds.empty()) {
    *out += "<ul class=\"grounds\">";
    for (const Text& ground : report.grounds) {
      *out += "<li>";
      AppendEscaped(ground.In(language), out);
      *out += "</li>\n";
    }
    *out += "</ul>\n";
  }
  if (!report.exhibits.empty()) {
    *out +=
        BelongTogether(report.exhibits) ? "<div class=\"exhibits together\">" : "<div class=\"exhibits\">";
    for (const Exhibit& exhibit : report.exhibits) AppendExhibit(exhibit, language, out);
    *out += "</div>\n";
  }
  if (!report.limits.empty()) {
    *out += "<div class=\"limits\">" + Text{"Limits", "限界"}.In(language) + "<ul>";
    for (const Text& limit : report.limits) {
      *out += "<li>";
      AppendEscaped(limit.In(language), out);
      *out += "</li>";
    }
    *out += "</ul></div>\n";
  }
  *out += "</section>\n";
}

}  // namespace

struct HtmlReport::State {
  RunFacts run;
  Language language = Language::kEnglish;
  std::vector<SummaryRow> rows;
  std::vector<std::string> hashes;  ///< one a picture, for its running foot
  std::string sections;
  double seconds = 0;
};

HtmlReport::HtmlReport(RunFacts run, Language language) : state_(std::make_unique<State>()) {
  state_->run = std::move(run);
  state_->language = language;
}

HtmlReport::~HtmlReport() = default;

void HtmlReport::Add(const Inspection& inspection) {
  State& state = *state_;
  const Language language = state.language;
  const std::string number = std::to_string(state.rows.size() + 1);
  const std::string name = FileName(inspection.file);
  state.seconds += inspection.seconds;
  state.hashes.push_back(inspection.file.sha256);

  SummaryRow row;
  if (!inspection.preview.empty())
    AppendImage(image::ResizeToFit(inspection.preview, kThumbSide), name, "thumb", &row.thumbnail);
  row.name = name;
  row.hash = inspection.file.sha256;
  row.conflicts = inspection.conflicts.size();
  if (inspection.error) row.error = Shorten(inspection.error->message, 300);
  for (const CheckReport& report : inspection.checks) {
    SummaryRow::Cell cell{report.key, report.name, {}};
    AppendReportChip(report, language, &cell.html);
    AppendGist(report, language, &cell.html);
    row.cells.push_back(std::move(cell));
  }
  state.rows.push_back(std::move(row));

  std::string& out = state.sections;
  out += "<section class=\"picture\" id=\"p" + number + "\" style=\"page:p" + number + "\">\n<h2>" + number +
         ". <bdi>";
  AppendEscaped(name, &out);
  out += "</bdi></h2>\n<div class=\"picture-head\">";
  if (!inspection.preview.empty()) {
    out += "<div class=\"preview\">";
    AppendImage(inspection.preview, name, "preview", &out);
    out += "</div>";
  }
  AppendFacts(inspection, language, &out);
  out += "</div>\n";
  if (inspection.error) {
    AppendError(*inspection.error, language, &out);
  } else {
    AppendVerdicts(inspection.checks, language, &out);
    AppendConflicts(inspection.conflicts, language, &out);
    for (const CheckReport& report : inspection.checks) AppendCheck(report, language, &out);
  }
  out += "</section>\n";
}

std::string HtmlReport::Finish() {
  State& state = *state_;
  std::string out;
  out.reserve(state.sections.size() + 16384 + 16384 * state.rows.size());
  AppendHead(state.run, state.hashes, state.language, &out);
  AppendSummary(state.run, state.rows, state.language, &out);
  out += state.sections;
  AppendAbout(state.run, state.rows.size(), state.seconds, state.language, &out);
  return out;
}

std::string RenderHtml(std::span<const Inspection> inspections, const RunFacts& run, Language language) {
  HtmlReport report(run, language);
  for (const Inspection& inspection : inspections) report.Add(inspection);
  return report.Finish();
}

}  // namespace kantei::inspect
