#include <algorithm>
#include <cmath>
#include <set>

#include "kantei/base/files.h"
#include "kantei/dataset/build_plan.h"
#include "kantei/evaluate/dataset_stats.h"
#include "kantei/evaluate/dataset_stats_parts.h"
#include "kantei/evaluate/html_page.h"

namespace kantei::evaluate {
namespace {

using dataset::BuiltSample;

constexpr std::size_t kSheetRows = 36, kRowsEach = 3;
constexpr int kThumbnail = 260, kBins = 20;

constexpr std::string_view kMoreStyle = R"css(
.sheet td{vertical-align:top;width:25%}.sheet img,.sheet .gone{display:block;width:100%;height:150px;object-fit:contain;background:var(--wash)}
.two{display:grid;grid-template-columns:1fr 1fr;gap:8px 28px}.two h3{margin-bottom:0}
@media (max-width:700px){.two{grid-template-columns:1fr}}
)css";

/// Bars side by side; `names` stand below every `every`-th edge.
std::string BarsSvg(const std::string& title, const std::string& axis, const std::vector<double>& counts,
                    const std::vector<std::string>& edges, std::string_view colour) {
  constexpr double kLeft = 44, kTop = 10, kWidth = 520, kHeight = 150;
  const double most = std::max(1.0, *std::max_element(counts.begin(), counts.end()));
  std::string svg =
      "<svg class=\"plot\" viewBox=\"0 0 580 215\" role=\"img\" aria-label=\"" + Html(title) + "\">";
  for (int i = 0; i <= 2; ++i) {
    const double y = kTop + kHeight * (1 - i / 2.0);
    svg += "<path class=\"grid\" d=\"M" + Fixed(kLeft, 0) + "," + Fixed(y, 1) + "h" + Fixed(kWidth, 0) +
           "\"/><text x=\"" + Fixed(kLeft - 7, 0) + "\" y=\"" + Fixed(y + 4, 1) + "\" text-anchor=\"end\">" +
           Count(std::llround(most * i / 2.0)) + "</text>";
  }
  const double step = kWidth / static_cast<double>(counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double height = kHeight * counts[i] / most, x = kLeft + step * static_cast<double>(i);
    svg += "<rect x=\"" + Fixed(x + 1, 1) + "\" y=\"" + Fixed(kTop + kHeight - height, 1) + "\" width=\"" +
           Fixed(step - 2, 1) + "\" height=\"" + Fixed(height, 1) + "\" fill=\"" + std::string(colour) +
           "\"><title>" + Count(std::llround(counts[i])) + "</title></rect>";
  }
  for (std::size_t i = 0; i < edges.size(); ++i) {
    if (edges[i].empty()) continue;
    svg += "<text x=\"" + Fixed(kLeft + step * static_cast<double>(i), 1) + "\" y=\"" +
           Fixed(kTop + kHeight + 17, 0) + "\" text-anchor=\"middle\">" + edges[i] + "</text>";
  }
  return svg + "<text class=\"axis\" x=\"" + Fixed(kLeft + kWidth / 2, 0) + "\" y=\"" +
         Fixed(kTop + kHeight + 42, 0) + "\" text-anchor=\"middle\">" + Html(axis) + "</text></svg>\n";
}

/// How many masks there are of each size, on a scale of octaves: an even law is level there.
std::string AreaSvg(const std::vector<double>& shares) {
  constexpr double kLeast = 0.0025, kMost = 0.9;
  const double octaves = std::log2(kMost / kLeast);
  std::vector<double> counts(kBins, 0);
  std::vector<std::string> edges(kBins + 1);
  for (const double share : shares) {
    const double at = std::log2(std::clamp(share, kLeast, kMost * 0.999) / kLeast) / octaves;
    counts[static_cast<std::size_t>(at * kBins)] += 1;
  }
  for (int i = 0; i <= kBins; i += 4)
    edges[std::size_t(i)] = Percent(kLeast * std::pow(2.0, octaves * i / kBins));
  return BarsSvg("Sizes of the masks", "share of the picture's area, on a scale of octaves", counts, edges,
                 SeriesColour(1));
}

std::string HistogramSvg(const std::vector<double>& values, const Measured& measured, std::size_t colour) {
  const double low = values.front(), high = values.back() > low ? values.back() : low + 1;
  std::vector<double> counts(kBins, 0);
  std::vector<std::string> edges(kBins + 1);
  for (const double value : values)
    counts[std::min<std::size_t>(kBins - 1, std::size_t((value - low) / (high - low) * kBins))] += 1;
  for (int i = 0; i <= kBins; i += 5)
    edges[std::size_t(i)] = Fixed(low + (high - low) * i / kBins, high - low < 5 ? 2 : 0);
  return BarsSvg(measured.title, measured.title, counts, edges, SeriesColour(colour));
}

std::string CrossTable(const std::vector<BuiltSample>& samples, const std::string& title,
                       const std::function<std::string(const BuiltSample&)>& row) {
  const Counted splits = CountBy(samples, [](const BuiltSample& s) { return s.split; });
  std::map<std::string, Counted> cells;
  std::int64_t most = 1;
  for (const BuiltSample& sample : samples)
    if (const std::string name = row(sample); !name.empty())
      ++cells[name][sample.split], most = std::max(most, ++cells[name]["*"]);
  std::string html = "<table><thead><tr><th>" + Html(title) + "</th>";
  for (const std::string_view split : dataset::kBuildSplits)
    if (splits.contains(std::string(split))) html += "<th class=\"n\">" + Html(split) + "</th>";
  html += "<th class=\"n\">all</th><th></th></tr></thead><tbody>\n";
  for (auto& [name, counts] : cells) {
    html += "<tr><td>" + Html(name) + "</td>";
    for (const std::string_view split : dataset::kBuildSplits)
      if (splits.contains(std::string(split)))
        html += "<td class=\"n\">" + Count(counts[std::string(split)]) + "</td>";
    const double share = double(counts["*"]) / double(most);
    html +=
        "<td class=\"n\"><b>" + Count(counts["*"]) +
        "</b></td><td style=\"width:26%\"><span class=\"track\" style=\"width:100%\"><span style=\"width:" +
        Fixed(100 * share, 1) + "%;background:" + std::string(SeriesColour(1)) +
        "\"></span></span></td></tr>\n";
  }
  return html + "</tbody></table>\n";
}

std::string MeasuredTable(const std::vector<BuiltSample>& samples) {
  std::string html =
      "<table><thead><tr><th>made by</th><th class=\"n\">PSNR outside</th><th class=\"n\">SSIM "
      "outside</th><th "
      "class=\"n\">IRS</th><th class=\"n\">robust realism</th><th class=\"n\">detector_uncertainty</th><th "
      "class=\"n\">detector_iou</th></tr></thead><tbody>\n";
  const std::vector<Measured> measured = AllMeasured();
  for (const auto& counted : CountBy(samples, MadeBy)) {
    const std::string& name = counted.first;
    html += "<tr><td>" + Html(name) + "</td>";
    for (std::size_t m = 1; m < measured.size(); ++m) {
      const auto values =
          ValuesOf(samples, measured[m], [&](const BuiltSample& s) { return MadeBy(s) == name; });
      html += values.empty() ? "<td class=\"n\">–</td>"
                             : "<td class=\"n\">" + Fixed(Quantile(values, 0.5), m == 1 ? 1 : 3) +
                                   "<span class=\"range\">" + Fixed(Quantile(values, 0.25), m == 1 ? 1 : 3) +
                                   " to " + Fixed(Quantile(values, 0.75), m == 1 ? 1 : 3) + "</span></td>";
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table>\n";
}

/// Some of each engine and kind, spread over them.
std::vector<const BuiltSample*> Sheet(const std::vector<BuiltSample>& samples) {
  std::map<std::string, std::vector<const BuiltSample*>> by_maker;
  for (const BuiltSample& sample : samples)
    if (sample.history != "authentic") by_maker[MadeBy(sample)].push_back(&sample);
  std::vector<const BuiltSample*> sheet;
  for (const auto& [maker, list] : by_maker)
    for (std::size_t i = 0; i < std::min(kRowsEach, list.size()); ++i)
      sheet.push_back(list[i * list.size() / std::min(kRowsEach, list.size())]);
  // Too many makers: every one keeps its first.
  if (sheet.size() > kSheetRows) sheet.resize(kSheetRows);
  return sheet;
}

std::string SheetHtml(const DatasetStats& stats) {
  std::string html =
      "<table "
      "class=\"sheet\"><thead><tr><th>authentic</th><th>mask</th><th>result</th><th></th></tr></"
      "thead><tbody>\n";
  for (const BuiltSample* s : Sheet(stats.samples)) {
    const auto cell = [&](const std::string& file, const char* alternative) {
      return "<td>" +
             (file.empty() ? std::string("<span class=\"gone\">none</span>")
                           : Thumbnail(stats.set / file, kThumbnail, alternative)) +
             "</td>";
    };
    html += "<tr>" + cell(s->original, "authentic") + cell(s->mask, "mask") + cell(s->picture, "result") +
            "<td><b>" + Html(s->engine) + "</b>, " + Html(s->kind) + "<span class=\"detail\">";
    if (!s->mask.empty())
      html += Html(s->mask_kind) + " (" + Html(s->mask_shape) + "), " + Percent(s->mask_share) + "<br>";
    std::string objects;
    for (const std::string& object : s->objects) objects += (objects.empty() ? "" : ", ") + object;
    if (!objects.empty()) html += "covers " + Html(objects) + "<br>";
    if (!s->replacement.empty()) html += "becomes " + Html(s->replacement) + "<br>";
    if (!s->prompt.empty()) html += "“" + Html(s->prompt) + "” (" + Html(s->idea_source) + ")<br>";
    if (!s->material.empty()) html += "from " + Html(s->material) + "<br>";
    html += Html(s->post) + " " + Html(DumpJson(s->post_steps)) + "<br>" + std::to_string(s->width) + " × " +
            std::to_string(s->height) + ", " + Html(s->split);
    if (s->detector_uncertainty) html += "<br>detector_uncertainty " + Fixed(*s->detector_uncertainty, 2);
    html += "<br><span class=\"hash\">" + Html(s->key) + "</span></span></td></tr>\n";
  }
  return html + "</tbody></table>\n";
}

}  // namespace

std::string DatasetStatsHtml(const DatasetStats& stats) {
  const std::vector<BuiltSample>& samples = stats.samples;
  const Counted history = CountBy(samples, [](const BuiltSample& s) { return s.history; });
  const auto of = [&](const char* name) { return history.contains(name) ? history.at(name) : 0; };
  std::int64_t refused = 0, fruitless = 0;
  for (const auto& [reason, count] : stats.refused) refused += count;
  for (const auto& [reason, count] : stats.fruitless) fruitless += count;
  const std::string name = DisplayPath(std::filesystem::absolute(stats.set).lexically_normal().filename());
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\"><meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\"><title>Set " +
      Html(name) + "</title><style>" + std::string(PageStyle()) + std::string(kMoreStyle) +
      "</style></head><body><main>\n<div class=\"masthead\"><div><h1>" + Html(name) +
      "</h1><p class=\"lead\">" + Count(of("authentic")) + " authentic, " + Count(of("edited")) +
      " edited, " + Count(of("generated")) + " generated pictures; " + Count(refused) +
      " refused by the plan, " + Count(fruitless) +
      " came to nothing</p></div><div class=\"mark\">Kantei</div></div>\n";
  html += "<h2>Counts</h2>\n" + CrossTable(samples, "made by", MadeBy) +
          CrossTable(samples, "source", [](const BuiltSample& s) { return s.source; }) +
          CrossTable(samples, "mask", [](const BuiltSample& s) { return s.mask_kind; }) +
          CrossTable(samples, "post-processing", [](const BuiltSample& s) { return s.post; });
  const std::vector<Measured> measured = AllMeasured();
  const auto all = [](const BuiltSample&) { return true; };
  if (const auto shares = ValuesOf(samples, measured[0], all); !shares.empty())
    html += "<h2>Sizes of the masks</h2>\n" + AreaSvg(shares) + "<p class=\"note\">Median " +
            Percent(Quantile(shares, 0.5)) + ", half of them " + Percent(Quantile(shares, 0.25)) + " to " +
            Percent(Quantile(shares, 0.75)) + ".</p>\n";
  html +=
      "<h2>Quality</h2>\n" + MeasuredTable(samples) +
      "<p class=\"note\">Medians and the middle half. PSNR and SSIM are of pictures before post-processing; "
      "spliced ones are bit-identical outside the mask. detector_uncertainty is the doubt of Kantei's own "
      "detector in bits, no measure of what people see.</p>\n<div class=\"two\">\n";
  for (std::size_t m = 1; m < measured.size(); ++m) {
    const auto values =
        ValuesOf(samples, measured[m], [](const BuiltSample& s) { return s.history != "authentic"; });
    if (!values.empty()) html += "<div>" + HistogramSvg(values, measured[m], m) + "</div>\n";
  }
  html += "</div>\n";
  if (refused + fruitless > 0) {
    html +=
        "<h2>Left out</h2>\n<table><thead><tr><th>why</th><th "
        "class=\"n\">pictures</th></tr></thead><tbody>\n";
    for (const Counted* counts : {&stats.refused, &stats.fruitless})
      for (const auto& [reason, count] : *counts)
        html += "<tr><td>" + Html(reason) + "</td><td class=\"n\">" + Count(count) + "</td></tr>\n";
    html += "</tbody></table>\n";
  }
  return html + "<h2>Samples</h2>\n" + SheetHtml(stats) + "</main></body></html>\n";
}

}  // namespace kantei::evaluate
