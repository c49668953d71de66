#include "kantei/evaluate/html_page.h"
#include "kantei/evaluate/survey_report.h"

namespace kantei::evaluate {
namespace {

void AppendGroups(const std::string& title, const std::string& first, const std::vector<SurveyGroup>& groups,
                  std::string* page) {
  if (groups.empty()) return;
  *page +=
      "<h2>" + Html(title) + "</h2><div class=\"scroll\"><table><thead><tr><th>" + Html(first) +
      "</th><th class=\"n\">answers</th><th class=\"n\">right</th><th>accuracy, %</th><th class=\"n\">95 % "
      "interval</th><th class=\"n\">"
      "median s</th><th class=\"n\">quartiles s</th><th class=\"n\">confidence</th></tr></thead><tbody>\n";
  for (const SurveyGroup& group : groups) {
    const std::string range = Percent(group.interval.low) + " to " + Percent(group.interval.high);
    *page += "<tr><td>" + Html(group.name) + "</td><td class=\"n\">" + Count(group.answers) +
             "</td><td class=\"n\">" + Count(group.correct) + "</td>" +
             BarCell(group.accuracy, SeriesColour(1), range) + "<td class=\"n\">" + range +
             "</td><td class=\"n\">" + Fixed(group.median_ms / 1000, 1) + "</td><td class=\"n\">" +
             Fixed(group.lower_ms / 1000, 1) + " – " + Fixed(group.upper_ms / 1000, 1) +
             "</td><td class=\"n\">" + Fixed(group.mean_confidence, 2) + "</td></tr>\n";
  }
  *page += "</tbody></table></div>\n";
}

std::string Coefficient(const std::optional<double>& value) {
  return value ? Fixed(*value, 3) : "–";
}

}  // namespace

std::string SurveyReportHtml(const SurveyReport& report, std::string_view version) {
  std::string page =
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta "
      "http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; style-src 'unsafe-inline'\"><meta name=\"viewport\" "
      "content=\"width=device-width\"><title>What "
      "people saw</title><style>" +
      std::string(PageStyle()) +
      "</style></head><body><main><div class=\"masthead\"><div><h1>What people saw</h1><p class=\"lead\">" +
      Count(report.overall.answers) + " answers of " +
      Count(static_cast<std::int64_t>(report.participants.size())) +
      " participants: " + Percent(report.overall.accuracy) + " right, 95 % interval " +
      Percent(report.overall.interval.low) + " to " + Percent(report.overall.interval.high) +
      "</p></div><span class=\"mark\">KANTEI</span></div>\n";
  if (report.overall.answers == 0) page += "<p class=\"warning\">Nobody has answered yet.</p>";
  page += "<dl><dt>Agreement (Krippendorff's alpha, nominal)</dt><dd>" + Coefficient(report.alpha) +
          " over " + Count(static_cast<std::int64_t>(report.alpha_units)) +
          " pictures with two answers or more</dd><dt>Participants who began</dt><dd>" +
          Count(report.started) + "</dd><dt>Answers after a reload</dt><dd>" + Count(report.reloaded) +
          (report.without_reloaded ? ", left out" : ", counted") + "</dd><dt>Unreadable lines</dt><dd>" +
          Count(report.unreadable) + "</dd></dl>\n";
  AppendGroups("By kind", "shown", report.kinds, &page);
  AppendGroups("By engine", "engine", report.engines, &page);
  AppendGroups("By participant", "code", report.participants, &page);
  AppendGroups("By confidence", "confidence", report.confidences, &page);
  if (!report.measures.empty()) {
    page +=
        "<h2>Automatic measures</h2><p class=\"note\">Over edited pictures: Spearman's correlation of a "
        "picture's share of deceived people "
        "with the measure, and the point-biserial correlation of single wrong answers with it. Many measures "
        "on few pictures find "
        "correlations by chance.</p><div class=\"scroll\"><table><thead><tr><th>measure</th><th "
        "class=\"n\">pictures</th><th class=\"n\">"
        "answers</th><th class=\"n\">Spearman</th><th class=\"n\">95 % interval</th><th "
        "class=\"n\">point-biserial</th></tr></thead><tbody>\n";
    for (const MeasureCorrelation& one : report.measures)
      page += "<tr><td>" + Html(one.column) + "<span class=\"detail\">" + Html(one.table) +
              "</span></td><td class=\"n\">" + Count(static_cast<std::int64_t>(one.pictures)) +
              "</td><td class=\"n\">" + Count(static_cast<std::int64_t>(one.answers)) +
              "</td><td class=\"n\">" + Coefficient(one.spearman) + "</td><td class=\"n\">" +
              (one.spearman_interval
                   ? Fixed(one.spearman_interval->low, 2) + " to " + Fixed(one.spearman_interval->high, 2)
                   : std::string("–")) +
              "</td><td class=\"n\">" + Coefficient(one.point_biserial) + "</td></tr>\n";
    page += "</tbody></table></div>\n";
  }
  return page +
         "<p class=\"note\">Intervals of accuracy are Wilson's and take answers for independent; answers of "
         "one participant are not "
         "quite. Times run from the first showing to the answer, by the server's clock. Kantei " +
         Html(version) + "</p></main></body></html>\n";
}

}  // namespace kantei::evaluate
