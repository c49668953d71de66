// What the readers of the single formats share. Private to image/.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/image/decode.h"

namespace kantei::image {

/// One file on its way to pixels.
struct DecodeJob {
  std::span<const std::byte> bytes;
  std::string name;  ///< as shown to people
  Format format = Format::kUnknown;
  DecodeOptions options;
  std::chrono::steady_clock::time_point deadline;
  /// What transparent pixels are blended over: white, or black for cut-outs.
  std::uint8_t ground = 255;

  const unsigned char* data() const { return reinterpret_cast<const unsigned char*>(bytes.data()); }
  std::size_t size() const { return bytes.size(); }

  /// "NAME TEXT" as an Error.
  Error Fail(ErrorCode code, std::string_view text) const;
  /// kTooLarge or kCorrupt unless width and height are within the limits; whole_frame: the decoder holds all
  /// of it.
  Status CheckSize(std::uint64_t width, std::uint64_t height, bool whole_frame) const;
  /// kTooLarge once the time is up.
  Status CheckTime() const;
};

/// Decoded rows before colour management: 1 grey, 3 RGB or 4 CMYK (0 = no ink) channels, in the order of the
/// file.
struct Raster {
  int width = 0, height = 0, channels = 0;
  std::vector<std::uint8_t> pixels;
  std::vector<std::uint8_t> icc_profile;        ///< still to be applied; empty when there is none
  int original_width = 0, original_height = 0;  ///< as stored, before orientation
  int orientation = 1;
  int frames = 1;
  bool had_alpha = false;
  bool had_icc_profile = false;
  std::string warning;

  void Warn(std::string_view text);
};

Result<Raster> DecodeJpegFile(const DecodeJob& job);
Result<Raster> DecodeBmpFile(const DecodeJob& job);
/// PNG, WebP, GIF, TIFF, AVIF, HEIC, and the JPEG variants that TurboJPEG does not know.
Result<Raster> DecodeThroughVips(const DecodeJob& job);

/// Refuses by the header alone what libvips would take memory for. PNG, GIF, WebP, TIFF, AVIF and HEIC.
Status CheckHeader(const DecodeJob& job);
/// Whether the chunks of a PNG run through to its end chunk.
bool PngHasEnd(const DecodeJob& job);

/// True when the profile says that it is (non-linear) sRGB, so that nothing is to be converted.
bool IsSrgbProfile(std::span<const std::uint8_t> profile);
/// CMYK and tagged pixels to 3-channel sRGB (1-channel pixels may stay grey). A bad profile is a warning.
Status ConvertToSrgb(const DecodeJob& job, Raster* raster);

}  // namespace kantei::image
