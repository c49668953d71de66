#include "kantei/image/plane.h"

#include <algorithm>

namespace kantei::image {
namespace {

struct Place {
  std::size_t low = 0, high = 0;
  float part = 0;  // of `high`
};

std::vector<Place> Places(int from, int to) {
  std::vector<Place> places(static_cast<std::size_t>(to));
  for (int i = 0; i < to; ++i) {
    const double at = std::clamp((i + 0.5) * from / to - 0.5, 0.0, from - 1.0);
    const auto low = static_cast<std::size_t>(at);
    places[static_cast<std::size_t>(i)] = {low, std::min(low + 1, static_cast<std::size_t>(from - 1)),
                                           static_cast<float>(at - static_cast<double>(low))};
  }
  return places;
}

}  // namespace

Plane ResizeBilinear(const Plane& plane, int width, int height) {
  KANTEI_CHECK(width >= 1 && height >= 1 && !plane.values.empty());
  Plane out(width, height);
  const auto across = Places(plane.width, width), down = Places(plane.height, height);
  std::vector<float> between(static_cast<std::size_t>(plane.width));
  for (int y = 0; y < height; ++y) {
    const Place& v = down[static_cast<std::size_t>(y)];
    const float *above = plane.row(static_cast<int>(v.low)), *below = plane.row(static_cast<int>(v.high));
    for (std::size_t x = 0; x < between.size(); ++x) between[x] = above[x] + v.part * (below[x] - above[x]);
    float* row = out.row(y);
    for (std::size_t x = 0; x < across.size(); ++x) {
      const Place& h = across[x];
      row[x] = between[h.low] + h.part * (between[h.high] - between[h.low]);
    }
  }
  return out;
}

}  // namespace kantei::image
