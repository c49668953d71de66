// The smoothest filling: each missing pixel is the mean of its neighbours. Private to generate/.
#pragma once

#include <memory>

#include "kantei/generate/inpaint_engine.h"

namespace kantei::generate {

std::unique_ptr<InpaintEngine> MakeDiffuseEngine();

/// `rgb` with harmonic values (Laplace's equation, the rim as boundary, free at the edge of the picture) where `mask` is
/// set: from coarse to fine, a few sweeps of successive over-relaxation a level. At least one pixel must be known.
image::Image HarmonicFill(const image::Image& rgb, const image::Image& mask);

}  // namespace kantei::generate
