#include <algorithm>
#include <cmath>
#include <map>

#include "kantei/evaluate/copy_report.h"
#include "kantei/evaluate/html_page.h"

namespace kantei::evaluate {
namespace {

constexpr int kThumbnailSide = 220;

std::string Key(std::size_t system) {
  return "<span class=\"key\" style=\"background:" + std::string(SeriesColour(system)) + "\"></span>";
}

std::string Range(const Interval& interval) {
  return "<span class=\"range\">" + Fixed(100 * interval.low, 1) + " to " + Fixed(100 * interval.high, 1) +
         "</span>";
}

std::string Threshold(double threshold) {
  return std::isfinite(threshold) ? Fixed(threshold, 3) : "none";
}

std::string ResultTable(const CopyEvaluation& evaluation) {
  std::string html =
      "<div class=\"scroll\"><table><thead><tr><th>system</th><th class=\"n\">µAP</th><th "
      "class=\"n\">R@P90</th><th "
      "class=\"n\">threshold</th><th class=\"n\">true pairs found</th><th class=\"n\">pairs</th><th "
      "class=\"n\">ranking, "
      "s</th></tr></thead><tbody>\n";
  for (std::size_t s = 0; s < evaluation.systems.size(); ++s) {
    const SystemReport& system = evaluation.systems[s];
    html += "<tr><td>" + Key(s) + "<b>" + Html(system.name) + "</b><span class=\"detail\">" +
            Html(system.detail) + "</span></td><td class=\"big\">" +
            Fixed(100 * system.score.micro_average_precision, 1) + Range(system.micro_average_precision) +
            "</td><td class=\"big\">" + Fixed(100 * system.score.recall_at_p90, 1) +
            Range(system.recall_at_p90) + "</td><td class=\"n\">" + Threshold(system.score.threshold_at_p90) +
            "</td><td class=\"n\">" + Count(system.score.found_pairs) + " of " +
            Count(system.score.true_pairs) + "</td><td class=\"n\">" + Count(system.score.predictions) +
            "</td><td class=\"n\">" + Fixed(system.seconds, 1) + "</td></tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

/// One row a group, one bar a system; groups in the order of the last system's µAP, the weakest first.
std::string GroupTable(const CopyEvaluation& evaluation, const std::string& head,
                       const std::vector<GroupFigures> SystemReport::*groups) {
  const auto& order = evaluation.systems.back().*groups;
  if (order.empty()) return {};
  std::string html =
      "<div class=\"scroll\"><table><thead><tr><th>" + head + "</th><th class=\"n\">queries</th>";
  std::vector<std::map<std::string, const GroupFigures*>> by_name(evaluation.systems.size());
  for (std::size_t s = 0; s < evaluation.systems.size(); ++s) {
    html += "<th>" + Key(s) + Html(evaluation.systems[s].name) + "</th>";
    for (const GroupFigures& group : evaluation.systems[s].*groups) by_name[s][group.name] = &group;
  }
  html += "</tr></thead><tbody>\n";
  std::int64_t small = 0;
  for (const GroupFigures& row : order) {
    if (row.queries < kLeastGroup) {
      ++small;
      continue;
    }
    html += "<tr><td>" + Html(row.name) + "</td><td class=\"n\">" + Count(row.queries) + "</td>";
    for (std::size_t s = 0; s < evaluation.systems.size(); ++s) {
      const GroupFigures& group = *by_name[s].at(row.name);
      html += BarCell(group.micro_average_precision, SeriesColour(s),
                      "µAP " + Percent(group.micro_average_precision) + ", recall at the threshold " +
                          Percent(group.recall));
    }
    html += "</tr>\n";
  }
  html += "</tbody></table></div>\n";
  if (small > 0)
    html += "<p class=\"note\">" + Count(small) + " more rows have fewer than " + Count(kLeastGroup) +
            " queries each.</p>\n";
  return html;
}

std::string AlarmTable(const CopyEvaluation& evaluation) {
  if (evaluation.systems.back().false_alarms.empty()) return {};
  std::string html =
      "<div class=\"scroll\"><table><thead><tr><th>queries without a source</th><th class=\"n\">queries</th>";
  for (std::size_t s = 0; s < evaluation.systems.size(); ++s)
    html += "<th class=\"n\">" + Key(s) + Html(evaluation.systems[s].name) + "</th>";
  html += "</tr></thead><tbody>\n";
  const auto& kinds = evaluation.systems.back().false_alarms;
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    html += "<tr><td>" + Html(kinds[k].kind) + "</td><td class=\"n\">" + Count(kinds[k].queries) + "</td>";
    for (const SystemReport& system : evaluation.systems) {
      const FalseAlarmFigures& figures = system.false_alarms[k];
      const double share = static_cast<double>(figures.named) /
                           static_cast<double>(std::max<std::int64_t>(1, figures.queries));
      html += "<td class=\"n\">" + Count(figures.named) + " (" + Percent(share) + ")</td>";
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string Cards(const dataset::CopyBenchmark& benchmark, const std::vector<CopyExample>& examples,
                  bool miss) {
  std::string html = "<div class=\"cards\">\n";
  for (const CopyExample& example : examples) {
    const dataset::BenchmarkQuery& query = benchmark.queries[example.query];
    const std::string& reference = benchmark.references.ids[example.reference];
    std::string facts = query.kind;
    if (!query.source.empty()) facts += " from " + query.source;
    for (std::size_t i = 0; i < query.edits.size(); ++i) facts += (i == 0 ? ": " : ", ") + query.edits[i];
    html +=
        "<div class=\"card\"><div class=\"pair\"><figure>" +
        Thumbnail(query.file, kThumbnailSide, "query " + query.id) + "<figcaption>query " + Html(query.id) +
        "</figcaption></figure><figure>" +
        Thumbnail(benchmark.references.files[example.reference], kThumbnailSide, "reference " + reference) +
        "<figcaption>" + (miss ? "its source " : "named ") + Html(reference) +
        "</figcaption></figure></div><p>" + Html(facts) + "</p><p>" +
        (example.score ? "score " + Fixed(*example.score, 3) : std::string("not among the candidates")) +
        "</p></div>\n";
  }
  return html + "</div>\n";
}

std::string Examples(const dataset::CopyBenchmark& benchmark, const CopyEvaluation& evaluation) {
  std::string html;
  for (std::size_t s = evaluation.systems.size(); s-- > 0;) {
    const SystemReport& system = evaluation.systems[s];
    if (system.misses.empty() && system.alarms.empty()) continue;
    html += std::string("<details") + (s + 1 == evaluation.systems.size() ? " open" : "") + "><summary>" +
            Key(s) + Html(system.name) + "</summary>\n";
    if (!system.misses.empty())
      html += "<h3>Worst misses: copies below the threshold, the lowest first</h3>\n" +
              Cards(benchmark, system.misses, true);
    if (!system.alarms.empty())
      html += "<h3>Worst false alarms: wrong pairs with the highest scores</h3>\n" +
              Cards(benchmark, system.alarms, false);
    html += "</details>\n";
  }
  return html;
}

std::string Term(const std::string& name, const std::string& value) {
  return "<dt>" + name + "</dt><dd>" + value + "</dd>\n";
}

std::string HowMeasured(const CopyEvaluation& evaluation, std::string_view version) {
  std::string html = "<dl>\n";
  html += Term("benchmark", Html(evaluation.benchmark) + ", identity <span class=\"hash\">" +
                                Html(evaluation.identity) + "</span>");
  html += Term("queries", Count(evaluation.queries) + ", of them " + Count(evaluation.queries_with_source) +
                              " with a source");
  html += Term("references", Count(evaluation.references));
  if (evaluation.same_pairs > 0)
    html +=
        Term("same pictures",
             Count(evaluation.same_pairs) +
                 " pairs show the same picture though the truth does not list them: neither right nor wrong");
  if (!evaluation.model.empty()) {
    html += Term("network", Html(evaluation.model) + ", " + Count(evaluation.dimension) +
                                " values, weights <span class=\"hash\">" + Html(evaluation.model_sha256) +
                                "</span>");
    html += Term("normalisation",
                 Html(evaluation.normalisation) +
                     (evaluation.negatives > 0 ? " over " + Count(evaluation.negatives) +
                                                     " negatives, from " + Html(evaluation.negatives_from)
                                               : std::string()));
  }
  html +=
      Term("candidates", evaluation.candidates.per_query > 0
                             ? "the best " + Count(evaluation.candidates.per_query) + " of each query"
                             : "the best " + Count(evaluation.candidates.global) + " pairs over all queries");
  html += Term("intervals", "95 %, " + Count(evaluation.bootstrap) +
                                " bootstrap samples over queries, seed " + std::to_string(evaluation.seed));
  html += Term("files", Count(evaluation.unreadable) + " unreadable, " + Count(evaluation.undescribed) +
                            " without a descriptor");
  html += Term("program", "kantei " + Html(version));
  return html + "</dl>\n";
}

}  // namespace

std::string CopyReportHtml(const dataset::CopyBenchmark& benchmark, const CopyEvaluation& evaluation,
                           std::string_view version) {
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\"><meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src "
      "'none'; img-src data:; style-src 'unsafe-inline'\"><title>Copy detection on " +
      Html(evaluation.benchmark) + "</title><style>" + std::string(PageStyle()) +
      "</style></head><body><main>\n<header class=\"masthead\"><div><h1>Copy detection on " +
      Html(evaluation.benchmark) + "</h1><p class=\"lead\">" + Count(evaluation.queries) + " queries, " +
      Count(evaluation.queries_with_source) + " of them disguised copies, against " +
      Count(evaluation.references) + " known pictures</p></div><span class=\"mark\">鑑定</span></header>\n";
  for (const std::string& warning : evaluation.warnings)
    html += "<p class=\"warning\">" + Html(warning) + "</p>\n";
  html += ResultTable(evaluation);
  html +=
      "<p class=\"note\">All figures in percent, of one global list over all queries (ISC2021 protocol): µAP "
      "is the area under "
      "precision over recall, R@P90 the highest recall at which at least 90 % of the named pairs are right. "
      "Ranges are 95 % "
      "bootstrap intervals.</p>\n<h2>Precision over recall</h2>\n";
  std::vector<PlotLine> lines;
  for (const SystemReport& system : evaluation.systems)
    lines.push_back(
        {system.name, system.score.curve, system.score.recall_at_p90, system.score.micro_average_precision});
  html += PrecisionRecallSvg(lines);
  if (!evaluation.systems.empty()) {
    const std::string note =
        "<p class=\"note\">µAP of the queries of a row together with all queries that have no source. A "
        "query with several "
        "edits stands in several rows. Recall at the threshold of 90 % precision: point at a bar.</p>\n";
    if (const std::string table = GroupTable(evaluation, "edit", &SystemReport::edits); !table.empty())
      html += "<h2>By edit, the weakest first</h2>\n" + note + table;
    if (const std::string table = GroupTable(evaluation, "level", &SystemReport::levels); !table.empty())
      html += "<h2>By level</h2>\n" + table;
    if (const std::string table = GroupTable(evaluation, "source", &SystemReport::sources); !table.empty())
      html += "<h2>By source of the pictures</h2>\n" + table;
    if (const std::string table = AlarmTable(evaluation); !table.empty())
      html += "<h2>False alarms at the threshold</h2>\n" + table;
    html += "<h2>Examples</h2>\n" + Examples(benchmark, evaluation);
  }
  html += "<h2>How this was measured</h2>\n" + HowMeasured(evaluation, version);
  return html + "</main></body></html>\n";
}

}  // namespace kantei::evaluate
