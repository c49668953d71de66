// Square parts of pictures as networks that draw are trained on them.
#pragma once

#include "kantei/base/random.h"
#include "kantei/image/image.h"

namespace kantei::train {

/// A square of `from` pixels a side (at most the shorter side of the picture) at a random place, scaled to `side`, mirrored half of
/// the time.
image::Image RandomSquare(const image::Image& picture, int from, int side, Random& random);
/// The same of `smallest` to 1 of the shorter side, drawn anew each time.
image::Image RandomSquareOf(const image::Image& picture, double smallest, int side, Random& random);

}  // namespace kantei::train
