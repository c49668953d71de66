// Pictures with transparency, for composing: decode.h blends alpha over white, this keeps it.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "kantei/image/decode.h"
#include "kantei/image/image.h"

namespace kantei::image {

struct Cutout {
  Image
      colour;  ///< sRGB, 3 channels, already multiplied by alpha: over a ground g it shows colour + (1 - alpha) g
  Image alpha;  ///< 1 channel, 255 opaque; empty when the file has no transparency or is opaque all over
};

/// As DecodeImage, with the same limits and errors; twice the work for a file with transparency.
Result<Cutout> DecodeCutout(std::span<const std::byte> bytes, std::string_view name,
                            const DecodeOptions& options = {});

}  // namespace kantei::image
