// Pictures as ControlNets want them.
#pragma once

#include "kantei/base/result.h"
#include "kantei/image/image.h"

namespace kantei::generate {

struct EdgeOptions {
  double
      low = 100,
      high =
          200;  ///< of the L1 gradient, 0 <= low <= high; those that ControlNets for edges were trained with
  Status Validate() const;
};

/// White edges on black, RGB, the size of the picture: Canny's detector (1986) as OpenCV has it, what "canny" ControlNets are
/// conditioned on. `picture`: grey or RGB.
Result<image::Image> EdgePicture(const image::Image& picture, const EdgeOptions& options = {});

}  // namespace kantei::generate
