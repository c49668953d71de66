// Extrema of the difference of Gaussians, refined to sub-pixel and sub-scale (Lowe 2004, sections 3.1 and 4).
#pragma once

#include <vector>

#include "kantei/copy/sift_scale_space.h"

namespace kantei::copy::sift {

struct Extremum {
  float x = 0, y = 0;  ///< pixel indices of its octave (pixel centres are whole numbers)
  float level = 0;     ///< refined level; the blur is kBaseSigma·2^(level / 3) pixels of the octave
  int octave = 0;
  int gaussian_level = 1;  ///< the level of the pyramid that lies closest, 1..3
  float response = 0;      ///< |DoG| at the refined place, grey 0..1
};

/// All extrema with response >= `contrast` and a ratio of principal curvatures below `edge_ratio`, in scan
/// order.
std::vector<Extremum> FindExtrema(const ScaleSpace& space, float contrast, float edge_ratio);

}  // namespace kantei::copy::sift
