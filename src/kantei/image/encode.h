// Pixels to JPEG, PNG or WebP bytes.
#pragma once

#include <filesystem>

#include "kantei/base/files.h"
#include "kantei/image/decode.h"
#include "kantei/image/image.h"

namespace kantei::image {

/// quality 1..100; 4:2:0 chroma below 90, 4:4:4 from 90 on. Deterministic for one build of the codec.
Result<Bytes> EncodeJpeg(const Image& image, int quality);
Result<Bytes> EncodePng(const Image& image);
Result<Bytes> EncodeWebp(const Image& image, int quality);
/// By extension (.jpg .jpeg .png .webp), written atomically.
Status WriteImage(const std::filesystem::path& path, const Image& image, int quality = 90);

}  // namespace kantei::image
