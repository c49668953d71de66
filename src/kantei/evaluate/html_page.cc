#include "kantei/evaluate/html_page.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

#include "kantei/base/base64.h"
#include "kantei/image/decode.h"
#include "kantei/image/encode.h"
#include "kantei/image/transform.h"

namespace kantei::evaluate {
namespace {

/// Length of the UTF-8 character at the front, 0 when it is none.
std::size_t CharacterLength(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0x80                   ? 1
                             : lead >= 0xC2 && lead < 0xE0 ? 2
                             : lead >= 0xE0 && lead < 0xF0 ? 3
                             : lead >= 0xF0 && lead < 0xF5 ? 4
                                                           : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return 0;
  }
  return length;
}

std::string Coordinates(double x, double y) {
  return Fixed(x, 1) + "," + Fixed(y, 1);
}

}  // namespace

std::string Html(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = CharacterLength(text);
    const char c = text.front();
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else if (length > 1) {
      // Bidirectional controls (U+202A..E, U+2066..9, U+200E, U+200F) would reorder what stands beside them.
      const std::string_view character = text.substr(0, length);
      const bool reorders =
          character.starts_with("\xE2\x80") && (character[2] == '\x8E' || character[2] == '\x8F' ||
                                                (character[2] >= '\xAA' && character[2] <= '\xAE'));
      const bool isolates =
          character.starts_with("\xE2\x81") && character[2] >= '\xA6' && character[2] <= '\xA9';
      out += reorders || isolates ? std::string_view("\xEF\xBF\xBD") : character;
    } else {
      switch (c) {
        case '&':
          out += "&amp;";
          break;
        case '<':
          out += "&lt;";
          break;
        case '>':
          out += "&gt;";
          break;
        case '"':
          out += "&quot;";
          break;
        case '\'':
          out += "&#39;";
          break;
        default:
          out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
      }
    }
    text.remove_prefix(std::max<std::size_t>(1, length));
  }
  return out;
}

std::string Fixed(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

std::string Percent(double share, int decimals) {
  return Fixed(100 * share, decimals) + " %";
}

std::string Count(std::int64_t value) {
  std::string text = std::to_string(value);
  for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > (value < 0 ? 1 : 0); at -= 3)
    text.insert(static_cast<std::size_t>(at), ",");
  return text;
}

std::string Thumbnail(const std::optional<image::Image>& picture, int side, std::string_view alternative) {
  if (picture) {
    if (const auto jpeg = image::EncodeJpeg(image::ResizeToFit(*picture, side), 80); jpeg.ok()) {
      std::string tag = "<img alt=\"" + Html(alternative) + "\" src=\"data:image/jpeg;base64,";
      AppendBase64(*jpeg, &tag);
      return tag + "\">";
    }
  }
  return "<span class=\"gone\">not readable</span>";
}

std::string Thumbnail(const std::filesystem::path& file, int side, std::string_view alternative) {
  image::DecodeOptions options;
  options.max_longer_side = side;
  auto decoded = image::DecodeImageFile(file, options);
  if (!decoded.ok()) return Thumbnail(std::optional<image::Image>(), side, alternative);
  return Thumbnail(std::optional<image::Image>(std::move(decoded->pixels)), side, alternative);
}

std::string_view SeriesColour(std::size_t n) {
  static constexpr std::array<std::string_view, 7> kColours = {"#8a93a0", "#24407a", "#c2570c", "#1c7c6b",
                                                               "#8f2d6b", "#5b4bb5", "#6b5d1e"};
  return kColours[n % kColours.size()];
}

std::string PrecisionRecallSvg(const std::vector<PlotLine>& lines) {
  constexpr double kLeft = 56, kTop = 16, kWidth = 560, kHeight = 380;
  const auto x = [](double recall) { return kLeft + recall * kWidth; };
  const auto y = [](double precision) { return kTop + (1 - precision) * kHeight; };
  const double legend_top = kTop + kHeight + 62;
  const double total = legend_top + 24 * static_cast<double>(lines.size());
  std::string svg = "<svg class=\"plot\" viewBox=\"0 0 640 " + Fixed(total, 0) +
                    "\" role=\"img\" aria-label=\"Precision over recall\">\n";
  for (int i = 0; i <= 5; ++i) {
    const double at = i / 5.0;
    svg += "<path class=\"grid\" d=\"M" + Coordinates(x(at), y(0)) + "V" + Fixed(y(1), 1) + "M" +
           Coordinates(x(0), y(at)) + "H" + Fixed(x(1), 1) + "\"/>";
    svg += "<text x=\"" + Fixed(x(at), 1) + "\" y=\"" + Fixed(y(0) + 20, 1) + "\" text-anchor=\"middle\">" +
           Fixed(at, 1) + "</text><text x=\"" + Fixed(kLeft - 10, 1) + "\" y=\"" + Fixed(y(at) + 4, 1) +
           "\" text-anchor=\"end\">" + Fixed(at, 1) + "</text>\n";
  }
  svg += "<path class=\"ninety\" d=\"M" + Coordinates(x(0), y(0.9)) + "H" + Fixed(x(1), 1) +
         "\"/><text x=\"" + Fixed(x(1), 1) + "\" y=\"" + Fixed(y(0.9) - 5, 1) +
         "\" text-anchor=\"end\">90 % precision</text>\n";
  svg += "<text x=\"" + Fixed(kLeft + kWidth / 2, 0) + "\" y=\"" + Fixed(y(0) + 42, 0) +
         "\" text-anchor=\"middle\" class=\"axis\">recall: share of all true pairs</text><text "
         "transform=\"translate(14," +
         Fixed(kTop + kHeight / 2, 0) +
         ") rotate(-90)\" text-anchor=\"middle\" class=\"axis\">precision</text>\n";
  for (std::size_t n = 0; n < lines.size(); ++n) {
    const PlotLine& line = lines[n];
    const std::string colour(SeriesColour(n));
    std::string path;
    double last_x = -1e9, last_y = -1e9;
    for (std::size_t i = 0; i < line.points.size(); ++i) {
      const double px = x(line.points[i].recall), py = y(line.points[i].precision);
      // Steps below a third of a pixel only make the file larger.
      if (i > 0 && i + 1 < line.points.size() && std::abs(px - last_x) + std::abs(py - last_y) < 0.35)
        continue;
      path += (path.empty() ? "M" : "L") + Coordinates(px, py);
      last_x = px;
      last_y = py;
    }
    if (!path.empty())
      svg += "<path fill=\"none\" stroke=\"" + colour + "\" stroke-width=\"2\" d=\"" + path + "\"/>\n";
    if (line.recall_at_p90 > 0) {
      svg += "<circle r=\"4.5\" fill=\"#fff\" stroke=\"" + colour + "\" stroke-width=\"2\" cx=\"" +
             Fixed(x(line.recall_at_p90), 1) + "\" cy=\"" + Fixed(y(0.9), 1) + "\"/>";
    }
    const double at = legend_top + 24 * static_cast<double>(n);
    svg += "<path stroke=\"" + colour + "\" stroke-width=\"3\" d=\"M" + Coordinates(kLeft, at - 4) +
           "h28\"/><text x=\"" + Fixed(kLeft + 36, 0) + "\" y=\"" + Fixed(at, 0) + "\" class=\"name\">" +
           Html(line.name) + "</text><text x=\"" + Fixed(kLeft + kWidth, 0) + "\" y=\"" + Fixed(at, 0) +
           "\" text-anchor=\"end\">µAP " + Fixed(100 * line.micro_average_precision, 1) + " · R@P90 " +
           Fixed(100 * line.recall_at_p90, 1) + "</text>\n";
  }
  return svg + "</svg>\n";
}

std::string BarCell(double share, std::string_view colour, const std::string& title) {
  return "<td class=\"bar\" title=\"" + Html(title) +
         "\"><span class=\"track\"><span style=\"width:" + Fixed(100 * std::clamp(share, 0.0, 1.0), 1) +
         "%;background:" + std::string(colour) + "\"></span></span><b>" + Fixed(100 * share, 0) + "</b></td>";
}

std::string_view PageStyle() {
  return R"css(
:root{--ink:#1c2127;--soft:#59636e;--rule:#d5dae0;--wash:#f5f6f8;--accent:#24407a}
*{box-sizing:border-box}
body{margin:0;background:#fff;color:var(--ink);font:15px/1.6 "Helvetica Neue",Arial,"Noto Sans","Noto Sans CJK JP",sans-serif;
font-variant-numeric:tabular-nums;print-color-adjust:exact;-webkit-print-color-adjust:exact}
main{max-width:1000px;margin:0 auto;padding:36px 32px 64px}
.masthead{border-bottom:3px solid var(--accent);padding-bottom:16px;margin-bottom:24px;display:flex;align-items:flex-end;
justify-content:space-between;gap:24px}
.mark{font-size:26px;line-height:1;font-weight:700;color:var(--accent);letter-spacing:.08em}
h1{font-size:30px;line-height:1.25;margin:0}
h2{font-size:20px;line-height:1.35;margin:40px 0 10px;border-top:1px solid var(--rule);padding-top:22px}
h3{font-size:15.5px;margin:22px 0 8px}
.lead,.note{color:var(--soft);margin:4px 0 0;font-size:14px;overflow-wrap:anywhere}
.note{font-size:13px;margin:8px 0}
table{border-collapse:collapse;width:100%;font-size:13.5px;line-height:1.45}
th,td{text-align:left;vertical-align:middle;padding:6px 12px 6px 0;border-bottom:1px solid var(--rule)}
thead th{color:var(--soft);font-weight:600;font-size:12.5px;vertical-align:bottom;border-bottom:1.5px solid #9aa4af}
td.n,th.n{text-align:right;white-space:nowrap}
td.big{font-size:18px;font-weight:700;text-align:right;white-space:nowrap}
.range{color:var(--soft);font-size:12px;white-space:nowrap;display:block;font-weight:400}
.detail{color:var(--soft);font-size:12.5px;display:block;overflow-wrap:anywhere}
.key{display:inline-block;width:11px;height:11px;border-radius:2px;margin-right:7px;vertical-align:-1px}
.plot{display:block;width:100%;max-width:720px;height:auto;margin:6px 0}
.plot text{font-size:12.5px;fill:var(--soft)}.plot .axis{font-size:13px}.plot .name{fill:var(--ink);font-weight:600}
.plot .grid{stroke:#e6e9ed;fill:none}.plot .ninety{stroke:#7a828c;stroke-dasharray:5 4;fill:none}
td.bar{white-space:nowrap;min-width:110px}
td.bar b{display:inline-block;width:2.4em;text-align:right;font-weight:600;font-size:13px}
.track{display:inline-block;width:calc(100% - 2.6em);height:12px;background:var(--wash);vertical-align:-1px}
.track span{display:block;height:100%}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(290px,1fr));gap:14px}
.card{border:1px solid var(--rule);border-radius:3px;padding:10px;break-inside:avoid}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:8px}
.pair figure{margin:0;text-align:center}
.pair img,.gone{display:block;max-width:100%;height:130px;object-fit:contain;margin:0 auto;background:var(--wash)}
.gone{border:1px dashed var(--rule);color:var(--soft);font-size:12px;padding-top:52px}
figcaption,.card p{font-size:12px;line-height:1.4;color:var(--soft);margin:5px 0 0;overflow-wrap:anywhere}
summary{cursor:pointer;font-weight:700;font-size:15.5px;margin:18px 0 8px}
.warning{border:1px solid #d9a35a;border-left:6px solid #c77700;background:#fffaf1;border-radius:3px;padding:8px 14px;margin:0 0 12px;
overflow-wrap:anywhere}
.hash{font-family:"DejaVu Sans Mono",Menlo,Consolas,monospace;font-size:.88em;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 18px;font-size:13.5px;margin:0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
@media (max-width:700px){main{padding:20px 14px 40px}.scroll{overflow-x:auto}.masthead{flex-direction:column;align-items:flex-start}}
@page{size:A4;margin:15mm}
@media print{main{max-width:none;padding:0}body{font-size:9.6pt}table{font-size:8.4pt}h2{break-after:avoid}tr{break-inside:avoid}
.plot{max-width:150mm}}
)css";
}

}  // namespace kantei::evaluate
