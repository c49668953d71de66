#include "kantei/inspect/heat_picture.h"

#include <algorithm>
#include <cmath>

#include "kantei/image/draw.h"
#include "kantei/image/transform.h"

namespace kantei::inspect {
namespace {

/// Black through violet and orange to pale yellow, rising in lightness, so that it also reads without colour.
image::Colour Heat(double value) {
  constexpr double kStops[5][3] = {{0, 0, 4}, {87, 16, 110}, {188, 55, 84}, {249, 142, 9}, {252, 255, 164}};
  const double at = std::clamp(value, 0.0, 1.0) * 4;
  const int low = std::min(3, static_cast<int>(at));
  const double share = at - low;
  const auto mix = [&](int c) {
    return static_cast<std::uint8_t>(std::lround(kStops[low][c] * (1 - share) + kStops[low + 1][c] * share));
  };
  return {mix(0), mix(1), mix(2)};
}

}  // namespace

image::Image GreyOf(const image::Plane& plane) {
  image::Image grey(plane.width, plane.height, 1);
  for (std::size_t i = 0; i < plane.values.size(); ++i)
    grey.pixels()[i] = static_cast<std::uint8_t>(std::lround(255 * std::clamp(plane.values[i], 0.0f, 1.0f)));
  return grey;
}

image::Image HeatOver(const image::Image& picture, const image::Image& map) {
  const image::Image grey = image::ToRgb(image::ToGrey(picture));
  image::Image out = grey;
  for (std::size_t i = 0; i < map.pixels().size(); ++i) {
    const double value = map.pixels()[i] / 255.0;
    const image::Colour heat = Heat(value);
    const double weight = 0.25 + 0.5 * value;
    std::uint8_t* pixel = out.pixels().data() + 3 * i;
    const std::uint8_t colour[3] = {heat.r, heat.g, heat.b};
    for (int c = 0; c < 3; ++c)
      pixel[c] = static_cast<std::uint8_t>(std::lround(pixel[c] * (1 - weight) + colour[c] * weight));
  }
  return out;
}

}  // namespace kantei::inspect
