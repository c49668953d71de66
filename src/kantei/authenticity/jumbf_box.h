// JUMBF superboxes (ISO 19566-5) as a tree of labels and contents.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kantei/authenticity/metadata_bytes.h"

namespace kantei::authenticity::origin {

struct JumbfContent {
  std::string type;  ///< "cbor", "json", "bfdb", "bidb", "uuid", "brob" ...
  ByteSpan bytes;
};

struct JumbfBox {
  std::string kind;   ///< first four bytes of the description's UUID: "c2pa", "c2ma", "c2cl", "c2as", "cbor",
                      ///< "json" ...
  std::string label;  ///< may be empty
  std::vector<JumbfContent> contents;
  std::vector<JumbfBox> children;

  /// The child with this label, or with this label and a "__" instance or ".v" version suffix; nullptr when
  /// there is none.
  const JumbfBox* Child(std::string_view label) const;
  const JumbfContent* Content(std::string_view type) const;
};

/// Superboxes at the top of `bytes`. `problem` gets one sentence when part of it breaks; what was sound is
/// returned.
std::vector<JumbfBox> ReadJumbf(ByteSpan bytes, std::string* problem);

}  // namespace kantei::authenticity::origin
