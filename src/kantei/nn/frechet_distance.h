// How far two sets of features lie apart as normal distributions.
#pragma once

#include <span>

#include "kantei/base/result.h"

namespace kantei::nn {

/// |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) of rows x dimension matrices (Fréchet distance as in FID, 1706.08500 section 3). Few rows
/// make it too large: compare only figures of sets of equal size. kInvalidArgument below two rows or for values that are not finite.
Result<double> FrechetDistance(std::span<const float> a, std::span<const float> b, int dimension);

}  // namespace kantei::nn
