// Pictures for the examples of a report: what was judged, what was true, what was marked. Private to evaluate.
#pragma once

#include "kantei/evaluate/authenticity_evaluation.h"

namespace kantei::evaluate {

inline constexpr int kExampleSide = 260;  ///< longer side of the pictures that are kept

/// Judges the sample again under the headline condition and fills in picture, truth and heat.
Status DrawExample(const dataset::AuthenticitySample& sample,
                   const authenticity::ManipulationDetector& detector, bool equalise, std::uint64_t seed,
                   const CancellationToken& cancellation, AuthenticityExample* example);

/// `picture` in grey under colours of `map` (0..1): dark violet, red, orange, yellow; nothing below 0.1.
image::Image HeatOverlay(const image::Image& picture, const image::Plane& map);
/// `picture` with a line of two pixels along the inner edge of `mask`.
image::Image OutlineOverlay(const image::Image& picture, const image::Image& mask);

}  // namespace kantei::evaluate
