// From five measures to scores. Private to authenticity.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "kantei/authenticity/realism.h"

namespace kantei::authenticity::internal {

/// Smaller values count as this one where a logarithm or a reciprocal is taken, so that a blank picture has
/// finite scores: about two edge pixels, and for the others far below anything but a blank picture.
inline constexpr RealismMeasures kMeasureFloor = {1e-5, 1e-3, 1e-6, 1e-3, 1e-3};
/// GLCME, VBM and MS enter the pentagon as reciprocals.
inline constexpr std::array<bool, 5> kInverted = {false, false, true, true, true};

/// Percentile 0..100 by linear interpolation between the quantiles; 0 below the first, 100 above the last.
double PercentileIn(const std::array<double, 101>& quantiles, double value);
RealismMeasures PublishedRadii(const RealismMeasures& measures, const RealismMeasures& mean);
/// Eq. 8-9: ½ sin 72° Σ r_k r_{k+1}.
double PentagonArea(const RealismMeasures& radii);
/// Mean of exp(-z²/2) over the measures; z = log-ratio to the median in units of half the log of q84/q16,
/// clipped to ±3.
double RobustScore(const RealismMeasures& measures, const std::array<std::array<double, 101>, 5>& quantiles);

/// LoadRealismReference on text in memory; `file` is used in messages only.
Result<RealismReference> ParseRealismReference(std::string_view text, const std::string& file);

}  // namespace kantei::authenticity::internal
