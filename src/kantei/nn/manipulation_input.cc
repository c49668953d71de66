#include "kantei/nn/manipulation_input.h"

#include <algorithm>
#include <cmath>

#include "kantei/image/transform.h"
#include "kantei/nn/frequency_planes.h"

namespace kantei::nn {
namespace {

// Two samples a direction whatever the factor: shrinking aliases, and the released weights know pictures so.
image::Image PlainBilinear(const image::Image& in, int width, int height) {
  struct Place {
    int low = 0, high = 0;
    float part = 0;
  };
  const auto places = [](int from, int to) {
    std::vector<Place> all;
    for (int i = 0; i < to; ++i) {
      const double at = std::clamp((i + 0.5) * from / to - 0.5, 0.0, from - 1.0);
      const int low = static_cast<int>(at);
      all.push_back({low, std::min(low + 1, from - 1), static_cast<float>(at - low)});
    }
    return all;
  };
  const auto across = places(in.width(), width), down = places(in.height(), height);
  image::Image out(width, height, 3);
  for (int y = 0; y < height; ++y) {
    const Place& v = down[static_cast<std::size_t>(y)];
    const std::uint8_t *above = in.row(v.low), *below = in.row(v.high);
    std::uint8_t* row = out.row(y);
    for (const Place& h : across) {
      for (int c = 0; c < 3; ++c) {
        const float top = static_cast<float>(above[3 * h.low + c]) * (1 - h.part) +
                          static_cast<float>(above[3 * h.high + c]) * h.part;
        const float bottom = static_cast<float>(below[3 * h.low + c]) * (1 - h.part) +
                             static_cast<float>(below[3 * h.high + c]) * h.part;
        *row++ = static_cast<std::uint8_t>(top * (1 - v.part) + bottom * v.part + 0.5f);
      }
    }
  }
  return out;
}

}  // namespace

image::Image SizedForNetwork(const image::Image& rgb, const ManipulationDescription& description) {
  const int side = description.side;
  if (rgb.width() == side && rgb.height() == side) return rgb;
  if (description.input == ManipulationInput::kSquash)
    return description.released_quirks ? PlainBilinear(rgb, side, side) : image::Resize(rgb, side, side);
  image::Image padded(side, side, 3);  // black, which is not zero once normalised
  const int width = std::min(rgb.width(), side), height = std::min(rgb.height(), side);
  for (int y = 0; y < height; ++y) std::copy_n(rgb.row(y), 3 * width, padded.row(y));
  return padded;
}

ManipulationInputs MakeManipulationInputs(const image::Image& picture,
                                          const ManipulationDescription& description, int threads) {
  const image::Image rgb = image::ToRgb(picture);
  const image::Image sized = SizedForNetwork(rgb, description);
  Planes planes(3, description.side, description.side);
  const std::size_t size = planes.plane_size();
  const auto pixels = sized.pixels();
  for (std::size_t c = 0; c < 3; ++c) {
    const float scale = 1.0f / (255.0f * description.std[c]),
                shift = -description.mean[c] / description.std[c];
    for (std::size_t i = 0; i < size; ++i)
      planes.values[c * size + i] = static_cast<float>(pixels[3 * i + c]) * scale + shift;
  }
  const FrequencyPictures pictures = MakeFrequencyPictures(planes, description.released_quirks, threads);
  ManipulationInputs inputs;
  const auto interleave = [&](const Planes& extra) {
    std::vector<float> out(6 * size);
    for (std::size_t c = 0; c < 6; ++c) {
      const float* from = (c < 3 ? planes : extra).values.data() + (c % 3) * size;
      for (std::size_t i = 0; i < size; ++i) out[6 * i + c] = from[i];
    }
    return out;
  };
  inputs.high = interleave(pictures.high);
  inputs.low = interleave(pictures.low);
  const bool padded = description.input == ManipulationInput::kPad;
  inputs.width = padded ? std::min(rgb.width(), description.side) : description.side;
  inputs.height = padded ? std::min(rgb.height(), description.side) : description.side;
  return inputs;
}

}  // namespace kantei::nn
