#include "kantei/inspect/html_exhibit.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string_view>

#include "kantei/inspect/html_text.h"
#include "kantei/inspect/words.h"

namespace kantei::inspect {
namespace {

constexpr std::size_t kWideColumns = 5;
constexpr std::size_t kShortCell = 16;  // bytes

/// How a table uses the page: beside others, over the whole width, or its rows in two columns.
std::string_view TableLayout(const Table& table, Language language) {
  constexpr std::size_t kBriefRows = 14, kBriefBytes = 2000;
  if (table.header.size() >= kWideColumns) return "wide";
  if (table.rows.size() > kBriefRows) return table.header.size() == 2 ? "flow" : "wide";
  std::size_t bytes = 0;
  for (const auto& row : table.rows)
    for (const Text& cell : row) bytes += cell.In(language).size();
  return bytes <= kBriefBytes ? "brief" : "wide";
}

void AppendTable(const Table& table, Language language, std::string* out) {
  *out += "<div class=\"exhibit table ";
  *out += TableLayout(table, language);
  if (table.header.size() == 2) *out += " pairs";
  *out += "\"><h4>";
  AppendEscaped(table.title.In(language), out);
  *out += "</h4><div class=\"rows\"><table><thead><tr>";
  for (const Text& head : table.header) {
    *out += "<th scope=\"col\">";
    AppendEscaped(head.In(language), out);
    *out += "</th>";
  }
  *out += "</tr></thead><tbody>";
  for (const auto& row : table.rows) {
    *out += "<tr>";
    for (const Text& cell : row) {
      const std::string& words = cell.In(language);
      // Short values never break inside; long ones may break anywhere.
      *out += words.size() <= kShortCell ? "<td class=\"short\"><bdi>" : "<td class=\"value\"><bdi>";
      AppendEscaped(words, out);
      *out += "</bdi></td>";
    }
    *out += "</tr>\n";
  }
  *out += "</tbody></table></div></div>\n";
}

void AppendFigure(const Figure& figure, Language language, std::string* out) {
  const std::size_t panels = figure.panels.size();
  *out += "<div class=\"exhibit figure ";
  *out += panels == 1 ? "one" : panels == 2 ? "two" : "three";
  *out += "\"><h4>";
  AppendEscaped(figure.title.In(language), out);
  *out += "</h4><div class=\"panels\">";
  for (const Figure::Panel& panel : figure.panels) {
    const std::string& caption = panel.caption.In(language);
    *out += "<figure>";
    AppendImage(panel.picture, caption, "panel", out);
    *out += "<figcaption>";
    AppendEscaped(caption, out);
    *out += "</figcaption></figure>\n";
  }
  *out += "</div></div>\n";
}

constexpr double kWidth = 360, kHeight = 282, kCentreX = 180, kCentreY = 148, kRadius = 88;

struct Spot {
  double x, y;
};

/// Position at `radius` on axis `index` of `count`, the first one upwards, clockwise.
Spot OnAxis(std::size_t index, std::size_t count, double radius) {
  const double angle = 2 * std::numbers::pi * static_cast<double>(index) /
                       static_cast<double>(std::max<std::size_t>(1, count));
  return {kCentreX + radius * std::sin(angle), kCentreY - radius * std::cos(angle)};
}

std::string At(Spot spot) {
  return Fixed(spot.x, 1) + "," + Fixed(spot.y, 1);
}

template <typename RadiusOf>
std::string Points(std::size_t count, RadiusOf radius_of) {
  std::string points;
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) points += ' ';
    points += At(OnAxis(i, count, radius_of(i)));
  }
  return points;
}

void AppendLabel(const Radar::Axis& axis, std::size_t index, std::size_t count, Language language,
                 std::string* out) {
  const Spot spot = OnAxis(index, count, kRadius + 14);
  const double side = spot.x - kCentreX;
  const char* anchor = std::abs(side) < 8 ? "middle" : side > 0 ? "start" : "end";
  // Labels at the top stand above their point, those at the bottom below it.
  const double lift = spot.y < kCentreY - kRadius ? -16 : spot.y > kCentreY + 40 ? 10 : -4;
  const std::string x = Fixed(spot.x, 1);
  *out += "<text x=\"" + x + "\" y=\"" + Fixed(spot.y + lift, 1) + "\" text-anchor=\"";
  *out += anchor;
  *out += "\" font-size=\"12\" font-weight=\"600\" fill=\"#1c2127\">";
  AppendEscaped(axis.name.In(language), out);
  *out += "</text><text x=\"" + x + "\" y=\"" + Fixed(spot.y + lift + 14, 1) + "\" text-anchor=\"";
  *out += anchor;
  *out += "\" font-size=\"11\" fill=\"#59636e\">P" + Fixed(axis.percentile, 0) + " · ";
  AppendEscaped(axis.value, out);
  *out += "</text>";
}

void AppendRadar(const Radar& radar, Language language, std::string* out) {
  const std::size_t count = radar.axes.size();
  const std::string& title = radar.title.In(language);
  *out += "<div class=\"exhibit radar\"><h4>";
  AppendEscaped(title, out);
  *out += "</h4><svg viewBox=\"0 0 " + Fixed(kWidth, 0) + " " + Fixed(kHeight, 0) +
          "\" role=\"img\" aria-label=\"";
  AppendEscaped(title, out);
  *out += "\">";
  for (const int ring : {25, 50, 75, 100}) {
    const double radius = kRadius * ring / 100;
    *out += "<polygon fill=\"none\" stroke=\"";
    *out += ring == 50 ? "#7f8b98\" stroke-dasharray=\"3 3" : "#d5dae0";
    *out += "\" stroke-width=\"1\" points=\"" + Points(count, [&](std::size_t) { return radius; }) + "\"/>";
  }
  for (std::size_t i = 0; i < count; ++i) {
    const Spot end = OnAxis(i, count, kRadius);
    *out += "<line x1=\"" + Fixed(kCentreX, 1) + "\" y1=\"" + Fixed(kCentreY, 1) + "\" x2=\"" +
            Fixed(end.x, 1) + "\" y2=\"" + Fixed(end.y, 1) + "\" stroke=\"#d5dae0\"/>";
  }
  const auto radius_of = [&](std::size_t i) {
    return kRadius * std::clamp(radar.axes[i].percentile, 0.0, 100.0) / 100;
  };
  *out +=
      "<polygon fill=\"#24407a\" fill-opacity=\".16\" stroke=\"#24407a\" stroke-width=\"2\" "
      "stroke-linejoin=\"round\" points=\"" +
      Points(count, radius_of) + "\"/>";
  for (std::size_t i = 0; i < count; ++i) {
    const Spot spot = OnAxis(i, count, radius_of(i));
    *out +=
        "<circle cx=\"" + Fixed(spot.x, 1) + "\" cy=\"" + Fixed(spot.y, 1) + "\" r=\"3\" fill=\"#24407a\"/>";
  }
  for (const int ring : {50, 100})
    *out += "<text x=\"" + Fixed(kCentreX + 4, 1) + "\" y=\"" +
            Fixed(kCentreY - kRadius * ring / 100 + 10, 1) + "\" font-size=\"9\" fill=\"#59636e\">" +
            std::to_string(ring) + "</text>";
  for (std::size_t i = 0; i < count; ++i) AppendLabel(radar.axes[i], i, count, language, out);
  *out += "</svg><p class=\"note\">";
  *out += Text{"P: percentile in the reference; beside it the measured value. Dashed: the median (50).",
               "P は基準におけるパーセンタイル、右は測定値。破線は中央値（50）。"}
              .In(language);
  *out += "</p></div>\n";
}

/// Three bars, as many filled as the band has steps.
void AppendMeter(int filled, std::string* out) {
  *out += "<svg width=\"15\" height=\"11\" viewBox=\"0 0 15 11\" aria-hidden=\"true\">";
  for (int i = 0; i < 3; ++i) {
    const int height = 5 + 3 * i;
    *out += "<rect x=\"" + std::to_string(5 * i) + ".5\" y=\"" +
            Fixed(10.5 - height + 0.5 * (i == 2 ? 1 : 0), 1) + "\" width=\"3\" height=\"" +
            Fixed(height - (i == 2 ? 1.0 : 0.5), 1) + "\" stroke=\"currentColor\" stroke-width=\"1\" fill=\"";
    *out += i < filled ? "currentColor" : "none";
    *out += "\"/>";
  }
  *out += "</svg>";
}

}  // namespace

void AppendExhibit(const Exhibit& exhibit, Language language, std::string* out) {
  if (const auto* table = std::get_if<Table>(&exhibit)) AppendTable(*table, language, out);
  if (const auto* figure = std::get_if<Figure>(&exhibit)) AppendFigure(*figure, language, out);
  if (const auto* radar = std::get_if<Radar>(&exhibit)) AppendRadar(*radar, language, out);
}

void AppendBandChip(Band band, Language language, std::string* out) {
  *out += "<span class=\"chip ";
  *out += BandName(band);
  *out += "\">";
  AppendMeter(static_cast<int>(band), out);
  *out += BandText(band).In(language) + "</span>";
}

void AppendLabelledChip(const CheckReport& report, Language language, std::string* out) {
  *out += "<span class=\"labelled\">";
  if (report.gives_verdict && !report.error) *out += Text{"Evidence:", "証拠の強さ:"}.In(language) + " ";
  AppendReportChip(report, language, out);
  *out += "</span>";
}

void AppendReportChip(const CheckReport& report, Language language, std::string* out) {
  if (report.error) {
    *out += "<span class=\"chip failed\">" + Text{"not examined", "検査できず"}.In(language) + "</span>";
  } else if (!report.gives_verdict) {
    *out += "<span class=\"chip info\">" + Text{"information only", "参考情報"}.In(language) + "</span>";
  } else {
    AppendBandChip(report.band, language, out);
  }
}

}  // namespace kantei::inspect
