#include "kantei/image/image.h"

#include <utility>

namespace kantei::image {

Image::Image(int width, int height, int channels) : width_(width), height_(height), channels_(channels) {
  KANTEI_CHECK(width >= 1 && height >= 1);
  KANTEI_CHECK(channels == 1 || channels == 3);
  pixels_.resize(stride() * static_cast<std::size_t>(height));
}

Image::Image(int width, int height, int channels, std::vector<std::uint8_t> pixels)
    : width_(width), height_(height), channels_(channels), pixels_(std::move(pixels)) {
  KANTEI_CHECK(width >= 1 && height >= 1);
  KANTEI_CHECK(channels == 1 || channels == 3);
  KANTEI_CHECK(pixels_.size() == stride() * static_cast<std::size_t>(height));
}

}  // namespace kantei::image
