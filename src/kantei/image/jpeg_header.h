// The markers of a JPEG file, read without decoding. Private to image/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace kantei::image {

struct JpegHeader {
  bool valid = false;  ///< a frame header and at least one scan header were found
  int width = 0, height = 0, components = 0, precision = 0;
  int frame_marker = 0;  ///< 0xC0 baseline, 0xC1 extended, 0xC2 progressive, 0xC9 and 0xCA arithmetic, ...
  std::uint64_t blocks = 0;  ///< 8×8 blocks of all components
  int scans = 0;             ///< scan headers in the file
  bool held_whole = false;   ///< progressive, or components in separate scans: coefficients stay in memory
  int adobe_transform = -1;  ///< of the Adobe marker; -1 when there is none
  int orientation = 1;       ///< EXIF orientation 1..8
  std::vector<std::uint8_t> icc_profile;  ///< joined from its chunks; empty unless all chunks are there
  bool icc_incomplete = false;
  std::size_t scan_bytes = 0;  ///< bytes from the first scan to the end of the file
};

JpegHeader ReadJpegHeader(std::span<const std::byte> bytes);

/// The orientation tag of the first directory of an EXIF block in TIFF form; 1 when absent or senseless.
int ExifOrientation(std::span<const std::uint8_t> tiff);

}  // namespace kantei::image
