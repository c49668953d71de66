// Pieces of a self-contained report page. Private to evaluate.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/evaluate/copy_metrics.h"
#include "kantei/image/image.h"

namespace kantei::evaluate {

/// Text fit for element content and quoted attributes: markup escaped, invalid UTF-8 as U+FFFD, control characters as blanks.
std::string Html(std::string_view text);
std::string Fixed(double value, int decimals);
std::string Percent(double share, int decimals = 1);  ///< "61.3 %"
std::string Count(std::int64_t value);                ///< "12,345"

/// <img> with a JPEG inside, longer side at most `side`; a dashed box when there is no picture.
std::string Thumbnail(const std::optional<image::Image>& picture, int side, std::string_view alternative);
/// The same of a file; a box when it cannot be read.
std::string Thumbnail(const std::filesystem::path& file, int side, std::string_view alternative);

/// A colour for the n-th line or bar; distinguishable with the common forms of colour blindness, and by lightness.
std::string_view SeriesColour(std::size_t n);

struct PlotLine {
  std::string name;
  std::vector<PrecisionRecallPoint> points;
  double recall_at_p90 = 0;
  double micro_average_precision = 0;
};
/// Precision over recall as inline SVG, with the line of 90 % precision and a mark where each system leaves it.
std::string PrecisionRecallSvg(const std::vector<PlotLine>& lines);

/// A bar of `share` (0..1) of the cell, with its number.
std::string BarCell(double share, std::string_view colour, const std::string& title);

std::string_view PageStyle();

}  // namespace kantei::evaluate
