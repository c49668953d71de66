// Regions of even colour: the object-like pieces of which masks are made.
#pragma once

#include <cstdint>
#include <vector>

#include "kantei/image/image.h"

namespace kantei::dataset {

struct Segments {
  int width = 0, height = 0;
  std::vector<std::int32_t> label;  ///< of each pixel, 0 .. sizes.size() - 1
  std::vector<std::int32_t> sizes;  ///< pixels of each segment
};

/// Graph segmentation after Felzenszwalb and Huttenlocher (IJCV 2004) over the four neighbours of a smoothed picture.
/// `scale`: larger for larger segments (their k; 50..2000); `least`: segments of fewer pixels join a neighbour. Segments
/// are connected. About 30 ms for 512² pixels.
Segments SegmentPicture(const image::Image& rgb, double scale, int least);

}  // namespace kantei::dataset
