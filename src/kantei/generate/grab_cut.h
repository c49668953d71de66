// A rough mask of an object drawn to its edges.
#pragma once

#include <cstdint>

#include "kantei/base/result.h"
#include "kantei/image/image.h"

namespace kantei::generate {

/// GrabCut (Rother et al., SIGGRAPH 2004; OpenCV): colour models of what lies in and out of `mask` and a graph cut between, in a band
/// around its rim; deep inside and far outside it stays as it is. Works at 256 px of the longer side at most; about 0.1 s. 1 channel
/// of the picture's size, 0 and 255; `mask` itself when it is too small or too large to learn colours from. kInvalidArgument when the
/// sizes or channels do not fit.
Result<image::Image> RefineByGrabCut(const image::Image& rgb, const image::Image& mask, std::uint64_t seed);

}  // namespace kantei::generate
