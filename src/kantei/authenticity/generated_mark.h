// Marks a picture file as made by a model, in the way that other programs (and ReadMetadata) understand.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "kantei/base/files.h"
#include "kantei/base/result.h"

namespace kantei::authenticity {

struct GeneratedMark {
  bool composite = false;    ///< parts of the picture are another picture's (filled holes)
  std::string tool;          ///< program and version, for xmp:CreatorTool
  std::string claim_sha256;  ///< of the record of how it was made, 64 hexadecimal digits
};

/// The PNG or JPEG file with an XMP packet (ISO 16684): IPTC's digital source type trainedAlgorithmicMedia or
/// compositeWithTrainedAlgorithmicMedia, the tool and the record's hash. Pixels are untouched. kInvalidArgument for other files.
Result<Bytes> MarkAsGenerated(std::span<const std::byte> file, const GeneratedMark& mark);

}  // namespace kantei::authenticity
