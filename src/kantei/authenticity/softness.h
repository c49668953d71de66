// How soft a picture is at the level of single pixels: enlarged and blurred pictures have lost what detectors go by.
#pragma once

#include "kantei/image/image.h"

namespace kantei::authenticity {

/// Mean square of second differences of the luma two pixels apart, over that of neighbours. About 1 for noise, 2 to 4 for pictures at their
/// native size, 4.5 to 7 enlarged by half, 6 and more at twice the size, 8 and more after a blur of one pixel; at most 16 (a smooth
/// surface). A measure of our own. `picture`: any channels, sides of at least 5; 0 for a flat one.
double Softness(const image::Image& picture);

}  // namespace kantei::authenticity
