#include "kantei/dataset/edit_coding.h"

#include <utility>

#include "kantei/image/decode.h"
#include "kantei/image/encode.h"

namespace kantei::dataset {
namespace {

Image Decoded(const Result<Bytes>& bytes) {
  KANTEI_CHECK(bytes.ok());
  Result<image::DecodedImage> decoded = image::DecodeImage(*bytes, "an edited picture");
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
