// Maps of 0..1 made visible. Private to inspect.
#pragma once

#include "kantei/image/image.h"

namespace kantei::inspect {

/// 0..1 as 0..255, clamped.
image::Image GreyOf(const image::Plane& plane);
/// The map's colours over the greyed picture; `map` is grey and of the picture's size.
image::Image HeatOver(const image::Image& picture, const image::Image& map);

}  // namespace kantei::inspect
