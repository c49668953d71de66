// Noise that differs from what brightness and texture let expect. Private to authenticity.
#pragma once

#include "kantei/authenticity/traces.h"
#include "kantei/base/cancellation.h"
#include "kantei/image/image.h"

namespace kantei::authenticity::trace {

/// kNoise. Cells of 16×16 pixels; each gives the level of its high-pass residual (in its calmer half), the level at half the
/// size and of the colour differences against it, and how residuals of neighbours go together (the co-occurrence idea of
/// Splicebuster, Cozzolino, Poggi and Verdoliva 2015, in two numbers). A robust quadratic fit over brightness and texture is
/// taken off; windows of cells are measured against the spread of all windows.
Status FindNoise(const image::Image& picture, int threads, const CancellationToken& cancellation,
                 Trace* trace);

}  // namespace kantei::authenticity::trace
