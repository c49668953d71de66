// From bytes of a hostile file to pixels, with limits before allocation.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "kantei/base/files.h"
#include "kantei/base/result.h"
#include "kantei/image/image.h"

namespace kantei::image {

enum class Format { kUnknown, kJpeg, kPng, kWebp, kGif, kTiff, kBmp, kAvif, kHeic };
/// "jpeg", "png", "webp", "gif", "tiff", "bmp", "avif", "heic", "unknown".
std::string_view FormatName(Format format);
/// From the first bytes of a file (never from its name).
Format SniffFormat(std::span<const std::byte> bytes);

/// What is refused before memory is taken. All limits are inclusive.
struct DecodeLimits {
  std::uint64_t max_file_bytes = 256ull << 20;
  /// Width × height as the header states it.
  std::uint64_t max_pixels = 268'000'000;
  /// The same for what a decoder must hold whole: progressive JPEG, interlaced PNG (which may also have no
  /// more than twice as many bytes), GIF, WebP, AVIF, HEIC, one strip of a TIFF, one row of its tiles.
  std::uint64_t max_pixels_whole_frame = 64'000'000;
  int max_side = 65'535;
  /// Looked at between strips of rows. A codec that cannot be interrupted (whole frames, JPEG) is bounded by
  /// its pixels, and for progressive JPEG by pixels × scans.
  double max_seconds = 20;
};

struct DecodeOptions {
  DecodeLimits limits;
  /// When positive: the decoder may shrink while reading (JPEG by DCT scaling, others by streaming
  /// averaging), and the result is then resized with an anti-aliasing filter so that its longer side is
  /// exactly this, if the picture was larger. Pictures that are smaller keep their size. 0 keeps the native
  /// size.
  int max_longer_side = 0;
};

struct DecodedImage {
  Image pixels;  ///< sRGB, 3 channels; alpha composited on white; orientation applied; first frame only
  Format format = Format::kUnknown;
  int original_width = 0;  ///< full size after orientation
  int original_height = 0;
  int orientation = 1;  ///< EXIF orientation 1..8 that was applied
  int frames = 1;       ///< pages or animation frames in the file
  bool had_alpha = false;
  bool had_icc_profile = false;
  std::string warning;  ///< e.g. the file is truncated and the missing part is grey; empty when clean
};

/// Errors: kCorrupt, kTooLarge, kUnsupported (not one of the eight formats), kInvalidArgument (empty file).
/// `name` is used in messages only. Thread-safe.
/// A file that lost its tail: JPEG, PNG and BMP give their top and grey rows, GIF what it has drawn, with a
/// warning, as long as some rows are there and at least a quarter of the picture can be; interlaced PNG and
/// the other formats are kCorrupt.
Result<DecodedImage> DecodeImage(std::span<const std::byte> bytes, std::string_view name,
                                 const DecodeOptions& options = {});
/// ReadFile with the byte limit, then DecodeImage.
Result<DecodedImage> DecodeImageFile(const std::filesystem::path& path, const DecodeOptions& options = {});

}  // namespace kantei::image
