// Image file directories of TIFF 6.0, as EXIF and TIFF files use them.
#pragma once

#include <cstdint>
#include <vector>

#include "kantei/authenticity/metadata_bytes.h"

namespace kantei::authenticity::origin {

struct IfdEntry {
  std::uint16_t tag = 0;
  std::uint16_t format = 0;  ///< 1 BYTE, 2 ASCII, 3 SHORT, 4 LONG, 5 RATIONAL, 7 UNDEFINED ...
  std::uint32_t count = 0;
  ByteSpan value;  ///< count × size of format bytes, in the byte order of the file
};

struct Ifd {
  std::vector<IfdEntry> entries;
  std::uint32_t next = 0;
  int damaged = 0;  ///< entries whose value lies outside the block, or of unknown format
  bool truncated = false;

  const IfdEntry* Find(std::uint16_t tag) const;
};

class TiffView {
 public:
  /// False when there is no TIFF header with version 42.
  bool Open(ByteSpan bytes);
  bool little_endian() const { return little_; }
  std::uint32_t first() const { return first_; }
  ByteSpan bytes() const { return bytes_; }
  /// At most 1024 entries. A directory outside the block is empty and truncated.
  Ifd ReadIfd(std::uint32_t offset) const;
  /// The first number of a SHORT or LONG entry; 0 for anything else.
  std::uint32_t Number(const IfdEntry* entry) const;

 private:
  ByteSpan bytes_;
  bool little_ = false;
  std::uint32_t first_ = 0;
};

}  // namespace kantei::authenticity::origin
