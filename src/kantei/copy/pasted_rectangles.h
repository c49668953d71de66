// How FindPastedRectangles weighs a rectangle: measures of its four sides and the logistic score on them. Private to copy/ and
// the trial that fits the weights (bench/query_views_trial.cc).
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "kantei/image/image.h"

namespace kantei::copy {

/// Longer side of the copy that rectangles are sought on.
inline constexpr int kRectangleSide = 400;

/// What the score is made of; the names are those of the columns that the trial writes.
inline constexpr std::array<std::string_view, 12> kRectangleMeasures{
    "weakest",  ///< mean evidence of the weakest side that is not the picture's own
    "total",    ///< log of the evidence of all those sides, summed over their pixels
    "covered",  ///< share of their eighths with evidence
    "shorter",  ///< the rectangle's shorter side, in units of the working side
    "ends",     ///< how far the sides go on beyond the corners: 0 for a picture on another; times 1 - grid
    "tees",  ///< of how many corners only one side goes on, as where objects hide each other; times 1 - grid
    "grid",  ///< how much of all its sides' evidence is there across the whole picture: 1 for cells of a collage
    "inside",    ///< strongest seam that cuts the rectangle in two
    "unlike",    ///< difference of colour and contrast inside and outside, 0..1
    "border1",   ///< 1 when one side lies on the picture's border
    "border2",   ///< two
    "border3"};  ///< three
using RectangleMeasures = std::array<float, kRectangleMeasures.size()>;

struct MeasuredRectangle {
  image::Rect region;  ///< in pixels of the picture that was given
  RectangleMeasures measures{};
  double confidence = 0;
};

/// Of the measures, 0..1.
double RectangleConfidence(const RectangleMeasures& measures);

/// All that are worth measuring, best first, overlapping ones included.
std::vector<MeasuredRectangle> MeasureRectangles(const image::Image& picture);

/// Shared area over joint area.
double IntersectionOverUnion(const image::Rect& a, const image::Rect& b);

}  // namespace kantei::copy
