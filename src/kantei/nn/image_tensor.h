// From a picture to a network's input: resized, normalised, channels last.
#pragma once

#include <array>
#include <utility>

#include "kantei/image/image.h"
#include "kantei/nn/embedding_network.h"

namespace kantei::nn {

struct InputFormat {
  int side = 224;
  InputMode mode = InputMode::kSquash;
  std::array<float, 3> mean{}, std{1, 1, 1};  ///< of values 0..1, RGB
};

/// Width and height of the input. A picture longer than 4:1 is squashed to 4:1 in kShortSide, so that a thin strip does
/// not become an input of millions of pixels.
std::pair<int, int> InputSize(const image::Image& picture, InputMode mode, int side);

/// Resizes (area averaging) and writes height x width x 3 floats (value / 255 - mean) / std; grey fills three channels.
void FillInput(const image::Image& picture, int width, int height, const InputFormat& format, float* out);

}  // namespace kantei::nn
