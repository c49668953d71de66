#include "kantei/evaluate/authenticity_plots.h"

#include <algorithm>
#include <cmath>

#include "kantei/evaluate/html_page.h"

namespace kantei::evaluate {
namespace {

constexpr double kLeft = 56, kTop = 16, kWidth = 360, kHeight = 280;

/// The frame of a plot: grid, ticks and labels.
class Frame {
 public:
  Frame(double x_most, double y_most) : x_most_(x_most), y_most_(y_most) {}
  double X(double x) const { return kLeft + std::clamp(x / x_most_, 0.0, 1.0) * kWidth; }
  double Y(double y) const { return kTop + (1 - std::clamp(y / y_most_, 0.0, 1.0)) * kHeight; }
  std::string At(double x, double y) const { return Fixed(X(x), 1) + "," + Fixed(Y(y), 1); }

  std::string Grid(const CurvePlot& plot) const {
    std::string svg;
    const int decimals = y_most_ < 0.5 ? 2 : 1;
    for (int i = 0; i <= 5; ++i) {
      const double y = y_most_ * i / 5;
      svg += "<path class=\"grid\" d=\"M" + At(0, y) + "H" + Fixed(kLeft + kWidth, 1) + "\"/><text x=\"" +
             Fixed(kLeft - 8, 1) + "\" y=\"" + Fixed(Y(y) + 4, 1) + "\" text-anchor=\"end\">" +
             Fixed(y, decimals) + "</text>\n";
      if (!plot.x_names.empty()) continue;
      const double x = x_most_ * i / 5;
      svg += "<path class=\"grid\" d=\"M" + At(x, 0) + "V" + Fixed(kTop, 1) + "\"/><text x=\"" +
             Fixed(X(x), 1) + "\" y=\"" + Fixed(kTop + kHeight + 18, 1) + "\" text-anchor=\"middle\">" +
             Fixed(x, 1) + "</text>\n";
    }
    for (std::size_t i = 0; i < plot.x_names.size(); ++i)
      svg += "<path class=\"grid\" d=\"M" + At(static_cast<double>(i), 0) + "V" + Fixed(kTop, 1) +
             "\"/><text x=\"" + Fixed(X(static_cast<double>(i)), 1) + "\" y=\"" +
             Fixed(kTop + kHeight + 18, 1) + "\" text-anchor=\"middle\">" + Html(plot.x_names[i]) +
             "</text>\n";
    svg += "<text x=\"" + Fixed(kLeft + kWidth / 2, 0) + "\" y=\"" + Fixed(kTop + kHeight + 38, 0) +
           "\" text-anchor=\"middle\" class=\"axis\">" + Html(plot.x_label) +
           "</text><text transform=\"translate(14," + Fixed(kTop + kHeight / 2, 0) +
           ") rotate(-90)\" text-anchor=\"middle\" class=\"axis\">" + Html(plot.y_label) + "</text>\n";
    return svg;
  }

 private:
  double x_most_, y_most_;
};

std::string Open(const std::string& title, double height) {
  return "<svg class=\"plot\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " +
         Fixed(kLeft + kWidth + 24, 0) + " " + Fixed(height, 0) + "\" role=\"img\" aria-label=\"" +
         Html(title) + "\">\n";
}

}  // namespace

std::string CurveSvg(const CurvePlot& plot) {
  const double legend_top = kTop + kHeight + 62;
  std::string svg = Open(plot.title, legend_top + 22 * static_cast<double>(plot.lines.size()));
  const double x_most =
      plot.x_names.empty() ? plot.x_most : std::max(1.0, static_cast<double>(plot.x_names.size()) - 1);
  const Frame frame(x_most, plot.y_most);
  svg += frame.Grid(plot);
  if (plot.diagonal)
    svg += "<path class=\"ninety\" d=\"M" + frame.At(0, 0) + "L" + frame.At(x_most, plot.y_most) + "\"/>\n";
  for (std::size_t n = 0; n < plot.lines.size(); ++n) {
    const CurveLine& line = plot.lines[n];
    const std::string colour(SeriesColour(line.colour));
    std::string path, marks;
    double last_x = -1e9, last_y = -1e9;
    for (std::size_t i = 0; i < line.points.size(); ++i) {
      const double x = frame.X(line.points[i].first), y = frame.Y(line.points[i].second);
      if (!line.marks && i > 0 && i + 1 < line.points.size() &&
          std::abs(x - last_x) + std::abs(y - last_y) < 0.35)
        continue;
      path += (path.empty() ? "M" : "L") + Fixed(x, 1) + "," + Fixed(y, 1);
      last_x = x;
      last_y = y;
      if (line.marks)
        marks += "<circle r=\"3.5\" fill=\"" + colour + "\" cx=\"" + Fixed(x, 1) + "\" cy=\"" + Fixed(y, 1) +
                 "\"/>";
    }
    if (!path.empty())
      svg += "<path fill=\"none\" stroke=\"" + colour + "\" stroke-width=\"2\" d=\"" + path + "\"/>" + marks +
             "\n";
    const double at = legend_top + 22 * static_cast<double>(n);
    svg += "<path stroke=\"" + colour + "\" stroke-width=\"3\" d=\"M" + Fixed(kLeft, 0) + "," +
           Fixed(at - 4, 0) + "h24\"/><text x=\"" + Fixed(kLeft + 32, 0) + "\" y=\"" + Fixed(at, 0) +
           "\" class=\"name\">" + Html(line.name) + "</text>";
    if (!line.value.empty())
      svg += "<text x=\"" + Fixed(kLeft + kWidth, 0) + "\" y=\"" + Fixed(at, 0) + "\" text-anchor=\"end\">" +
             Html(line.value) + "</text>";
    svg += "\n";
  }
  return svg + "</svg>\n";
}

std::string ReliabilitySvg(const Reliability& reliability, const std::string& title) {
  CurvePlot plot;
  plot.x_label = "probability that was stated";
  plot.y_label = "share that was fake";
  const Frame frame(1, 1);
  std::string svg = Open(title, kTop + kHeight + 74) + frame.Grid(plot);
  std::int64_t most = 1, all = 0;
  for (const ReliabilityBin& bin : reliability.bins) most = std::max(most, bin.count), all += bin.count;
  for (const ReliabilityBin& bin : reliability.bins) {
    const double height = 0.25 * static_cast<double>(bin.count) / static_cast<double>(most);
    if (bin.count > 0)
      svg += "<rect fill=\"#dfe4ee\" x=\"" + Fixed(frame.X(bin.lower) + 1, 1) + "\" y=\"" +
             Fixed(frame.Y(height), 1) + "\" width=\"" +
             Fixed(frame.X(bin.upper) - frame.X(bin.lower) - 2, 1) + "\" height=\"" +
             Fixed(frame.Y(0) - frame.Y(height), 1) + "\"/>\n";
  }
  svg += "<path class=\"ninety\" d=\"M" + frame.At(0, 0) + "L" + frame.At(1, 1) + "\"/>\n";
  std::string path, dots;
  for (const ReliabilityBin& bin : reliability.bins) {
    if (bin.count == 0) continue;
    path += (path.empty() ? "M" : "L") + frame.At(bin.claimed, bin.positive);
    const double radius = 2.5 + 7 * std::sqrt(static_cast<double>(bin.count) / static_cast<double>(most));
    dots += "<circle r=\"" + Fixed(radius, 1) + "\" fill=\"#24407a\" fill-opacity=\".8\" cx=\"" +
            Fixed(frame.X(bin.claimed), 1) + "\" cy=\"" + Fixed(frame.Y(bin.positive), 1) + "\"><title>" +
            Count(bin.count) + " pictures</title></circle>";
  }
  svg += "<path fill=\"none\" stroke=\"#24407a\" stroke-width=\"1.5\" d=\"" + (path.empty() ? "M0,0" : path) +
         "\"/>" + dots + "\n";
  svg += "<text x=\"" + Fixed(kLeft, 0) + "\" y=\"" + Fixed(kTop + kHeight + 62, 0) +
         "\" class=\"name\">ECE " + Fixed(reliability.expected_error, 3) + "</text><text x=\"" +
         Fixed(kLeft + kWidth, 0) + "\" y=\"" + Fixed(kTop + kHeight + 62, 0) +
         "\" text-anchor=\"end\">bars and dots: how many of " + Count(all) + " pictures</text>\n";
  return svg + "</svg>\n";
}

}  // namespace kantei::evaluate
