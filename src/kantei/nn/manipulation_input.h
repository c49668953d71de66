// From a picture to what a manipulation network sees: sized, normalised, with its frequency pictures.
#pragma once

#include <vector>

#include "kantei/image/image.h"
#include "kantei/nn/manipulation_file.h"

namespace kantei::nn {

struct ManipulationInputs {
  std::vector<float> high, low;  ///< side x side x 6: colours, frequencies
  int width = 0, height = 0;     ///< of the input's part that shows the picture
};

/// RGB, side x side. For kSquash with released_quirks the resize is bilinear without anti-aliasing, as OpenCV's in training.
image::Image SizedForNetwork(const image::Image& rgb, const ManipulationDescription& description);

/// 1 or 3 channels; sized by SizedForNetwork first.
ManipulationInputs MakeManipulationInputs(const image::Image& picture,
                                          const ManipulationDescription& description, int threads);

}  // namespace kantei::nn
