#include "kantei/evaluate/authenticity_examples.h"

#include <algorithm>
#include <array>

#include "kantei/image/transform.h"

namespace kantei::evaluate {
namespace {

using image::Image;

/// Black-body like: also readable in grey and with the common forms of colour blindness.
constexpr std::array<std::array<int, 3>, 5> kHeat = {
    {{40, 10, 90}, {130, 20, 110}, {215, 60, 60}, {250, 150, 30}, {252, 245, 120}}};

std::uint8_t HeatChannel(float value, std::size_t channel) {
  const float at = std::clamp(value, 0.0f, 1.0f) * (kHeat.size() - 1);
  const auto low = std::min(static_cast<std::size_t>(at), kHeat.size() - 2);
  const float part = at - static_cast<float>(low);
  return static_cast<std::uint8_t>(static_cast<float>(kHeat[low][channel]) * (1 - part) +
                                   static_cast<float>(kHeat[low + 1][channel]) * part + 0.5f);
}

/// The map as a one-channel picture of the size of `small`.
image::Plane Shrunk(const image::Plane& map, const Image& small) {
  Image grey(map.width, map.height, 1);
  for (std::size_t i = 0; i < map.values.size(); ++i)
    grey.pixels()[i] = static_cast<std::uint8_t>(std::clamp(map.values[i], 0.0f, 1.0f) * 255 + 0.5f);
  const Image resized = image::Resize(grey, small.width(), small.height());
  image::Plane plane(small.width(), small.height());
  for (std::size_t i = 0; i < plane.values.size(); ++i)
    plane.values[i] = static_cast<float>(resized.pixels()[i]) / 255;
  return plane;
}

}  // namespace

Image HeatOverlay(const Image& picture, const image::Plane& map) {
  const Image grey = image::ToGrey(picture);
  Image out(picture.width(), picture.height(), 3);
  for (std::size_t i = 0; i < map.values.size(); ++i) {
    const float value = map.values[i], opacity = value < 0.1f ? 0.0f : 0.35f + 0.45f * value;
    for (std::size_t c = 0; c < 3; ++c)
      out.pixels()[3 * i + c] =
          static_cast<std::uint8_t>(static_cast<float>(grey.pixels()[i]) * (1 - opacity) +
                                    static_cast<float>(HeatChannel(value, c)) * opacity + 0.5f);
  }
  return out;
}

Image OutlineOverlay(const Image& picture, const Image& mask) {
  Image out = image::ToRgb(picture);
  const int w = mask.width(), h = mask.height();
  const auto inside = [&](int x, int y) {
    return x >= 0 && y >= 0 && x < w && y < h && mask.row(y)[x] >= 128;
  };
  for (int y = 0; y < h; ++y) {
    for (int x = 0; x < w; ++x) {
      if (!inside(x, y)) continue;
      bool edge = false;
      for (int d = 1; d <= 2; ++d)
        edge |= !inside(x - d, y) || !inside(x + d, y) || !inside(x, y - d) || !inside(x, y + d);
      if (!edge) continue;
      std::uint8_t* pixel = out.row(y) + 3 * x;
      pixel[0] = 0, pixel[1] = 230, pixel[2] = 118;
    }
  }
  return out;
}

Status DrawExample(const dataset::AuthenticitySample& sample,
                   const authenticity::ManipulationDetector& detector, bool equalise, std::uint64_t seed,
                   const CancellationToken& cancellation, AuthenticityExample* example) {
  KANTEI_TRY(const MaskedPicture loaded, LoadSample(sample, {}, equalise, SampleSeed(sample, seed)));
  KANTEI_TRY(const authenticity::PixelFindings findings, detector.Analyse(loaded.picture, cancellation));
  example->picture = image::ResizeToFit(loaded.picture, kExampleSide);
  example->heat = HeatOverlay(example->picture, Shrunk(findings.map, example->picture));
  if (!loaded.mask.empty())
    example->truth = OutlineOverlay(
        example->picture, image::Resize(loaded.mask, example->picture.width(), example->picture.height()));
  return {};
}

}  // namespace kantei::evaluate
