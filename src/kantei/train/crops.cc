#include "kantei/train/crops.h"

#include <algorithm>
#include <cmath>

#include "kantei/image/transform.h"

namespace kantei::train {

image::Image RandomSquare(const image::Image& picture, int from, int side, Random& random) {
  from = std::clamp(from, 1, std::min(picture.width(), picture.height()));
  const auto place = [&](int length) {
    return static_cast<int>(random.Below(static_cast<std::uint64_t>(length - from) + 1));
  };
  const int x = place(picture.width()), y = place(picture.height());
  image::Image crop = image::Crop(picture, {x, y, from, from});
  if (from != side) crop = image::Resize(crop, side, side);
  return random.Chance(0.5) ? image::FlipHorizontal(crop) : crop;
}

image::Image RandomSquareOf(const image::Image& picture, double smallest, int side, Random& random) {
  const int shorter = std::min(picture.width(), picture.height());
  const int from = static_cast<int>(std::lround(shorter * random.Uniform(smallest, 1.0)));
  return RandomSquare(picture, from, side, random);
}

}  // namespace kantei::train
