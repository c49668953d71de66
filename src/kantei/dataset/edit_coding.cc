#include "kantei/dataset/edit_coding.h"

#include <limits>
#include <utility>

#include "kantei/image/decode.h"
#include "kantei/image/encode.h"

namespace kantei::dataset {
namespace {

Image Decoded(const Result<Bytes>& bytes) {
  KANTEI_CHECK(bytes.ok());
  // Our own bytes are no threat, and a machine that was asleep in between must not end a long training run.
  image::DecodeOptions trusted;
  trusted.limits.max_seconds = std::numeric_limits<double>::infinity();
  Result<image::DecodedImage> decoded = image::DecodeImage(*bytes, "an edited picture", trusted);
  KANTEI_CHECK(decoded.ok());
  return std::move(decoded->pixels);
}

}  // namespace

Image ThroughJpeg(const Image& picture, int quality) {
  return Decoded(image::EncodeJpeg(picture, quality));
}

Image ThroughWebp(const Image& picture, int quality) {
  return Decoded(image::EncodeWebp(picture, quality));
}

}  // namespace kantei::dataset
