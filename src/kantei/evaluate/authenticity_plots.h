// Line plots of an authenticity report as inline SVG. Private to evaluate.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "kantei/evaluate/authenticity_metrics.h"

namespace kantei::evaluate {

struct CurveLine {
  std::string name;   ///< legend
  std::string value;  ///< at the right of the legend, e.g. "AUC 0.93"; may be empty
  std::vector<std::pair<double, double>> points;
  bool marks = false;      ///< a dot at each point
  std::size_t colour = 1;  ///< as in SeriesColour
};

struct CurvePlot {
  std::string title, x_label, y_label;  ///< the title is for screen readers
  double x_most = 1, y_most = 1;        ///< both axes begin at 0
  bool diagonal = false;                ///< a dashed line from (0, 0) to the top right
  std::vector<std::string> x_names;  ///< when not empty: points stand at 0, 1, 2, ... and are named by these
  std::vector<CurveLine> lines;
};
std::string CurveSvg(const CurvePlot& plot);

/// Claimed against measured share as dots whose size says how many pictures, over a histogram of the probabilities.
std::string ReliabilitySvg(const Reliability& reliability, const std::string& title);

}  // namespace kantei::evaluate
