// Planes of floats: maps and masks.
#pragma once

#include "kantei/image/image.h"

namespace kantei::image {

/// Bilinear, half-pixel centres, edges repeated; not anti-aliased. width, height >= 1.
Plane ResizeBilinear(const Plane& plane, int width, int height);

}  // namespace kantei::image
