// Masks as run lengths, the way COCO writes them: column by column from the top left, zeros first.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/image/image.h"

namespace kantei::dataset {

struct CocoRle {
  int height = 0, width = 0;
  std::vector<std::uint32_t>
      counts;  ///< pixels that are not set, then set, and so on; their sum is height x width
};

/// `mask`: 1 channel, anything but 0 is set.
CocoRle EncodeRle(const image::Image& mask);
/// 1 channel, 0 and 255. kCorrupt when the counts do not sum up to the size; kTooLarge above 268 megapixels.
Result<image::Image> DecodeRle(const CocoRle& rle);
/// Pixels that are set.
std::uint64_t RleArea(const CocoRle& rle);

/// COCO's compressed counts: numbers of 5 bits a character ('0'..'o'), lowest first, from the fourth on as differences to the
/// one before the last.
std::string RleString(const std::vector<std::uint32_t>& counts);
/// kCorrupt for other characters, a number that breaks off, is negative or above 2^32.
Result<std::vector<std::uint32_t>> ParseRleString(std::string_view text);

}  // namespace kantei::dataset
