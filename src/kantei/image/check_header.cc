// Sizes read from the headers by hand, before libvips and its codecs see a byte.
#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "kantei/image/decode_internal.h"

namespace kantei::image {
namespace {

/// Numbers at positions that are checked: outside the file they are 0.
class Reader {
 public:
  Reader(const DecodeJob& job, bool big_endian) : job_(job), big_(big_endian) {}
  std::uint64_t Get(std::uint64_t at, std::size_t bytes) const {
    if (at > job_.size() || bytes > job_.size() - at) return 0;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) {
      value |= static_cast<std::uint64_t>(job_.data()[at + i]) << 8 * (big_ ? bytes - 1 - i : i);
    }
    return value;
  }
  bool Is(std::uint64_t at, std::string_view text) const {
    return at <= job_.size() && text.size() <= job_.size() - at &&
           std::memcmp(job_.data() + at, text.data(), text.size()) == 0;
  }

 private:
  const DecodeJob& job_;
  bool big_;
};

Status CheckPng(const DecodeJob& job) {
  const Reader reader(job, true);
  if (job.size() < 33 || !reader.Is(12, "IHDR"))
    return job.Fail(ErrorCode::kCorrupt, "has no complete PNG header; get a complete copy");
  const std::uint64_t width = reader.Get(16, 4), height = reader.Get(20, 4), depth = reader.Get(24, 1);
  const std::uint64_t colour = reader.Get(25, 1), interlace = reader.Get(28, 1);
  KANTEI_RETURN_IF_ERROR(job.CheckSize(width, height, interlace != 0));
  const std::uint64_t channels = colour == 2 ? 3 : colour == 4 ? 2 : colour == 6 ? 4 : 1;
  // Deflate makes at most 1032 bytes of one (a 258-byte match in 2 bits): when not even a quarter of the rows
  // can be in the file, its header lies or it has lost nearly all of itself.
  const std::uint64_t raw = (width * channels * depth + 7) / 8 * height;
  // libpng keeps all samples of an interlaced picture, whatever their width.
  const std::uint64_t most_interlaced = 2 * job.options.limits.max_pixels_whole_frame;
  if (interlace != 0 && raw > most_interlaced) {
    return job.Fail(ErrorCode::kTooLarge,
                    "is an interlaced PNG of " + std::to_string(raw) + " bytes of pixels; the limit is " +
                        std::to_string(most_interlaced) + ", save it without interlacing");
  }
  if (raw / 4 / 1032 > job.size()) {
    return job.Fail(ErrorCode::kCorrupt, "says that it is " + std::to_string(width) + "x" +
                                             std::to_string(height) +
                                             " pixels, but is too short to hold them; get a complete copy");
  }
  return {};
}

Status CheckGif(const DecodeJob& job) {
  const Reader reader(job, false);
  if (job.size() < 13)
    return job.Fail(ErrorCode::kCorrupt, "has no complete GIF header; get a complete copy");
  return job.CheckSize(reader.Get(6, 2), reader.Get(8, 2), true);
}

Status CheckWebp(const DecodeJob& job) {
  const Reader reader(job, false);
  if (reader.Is(12, "VP8X")) return job.CheckSize(reader.Get(24, 3) + 1, reader.Get(27, 3) + 1, true);
  if (reader.Is(12, "VP8L")) {
    const std::uint64_t packed = reader.Get(21, 4);
    return job.CheckSize((packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1, true);
  }
  if (reader.Is(12, "VP8 "))
    return job.CheckSize(reader.Get(26, 2) & 0x3FFF, reader.Get(28, 2) & 0x3FFF, true);
  return job.Fail(ErrorCode::kCorrupt, "has no picture in its WebP container; get a good copy");
}

/// The size that any picture property of the file states; grids of tiles state the whole, too.
Status CheckHeif(const DecodeJob& job) {
  const Reader reader(job, true);
  const std::string_view text(reinterpret_cast<const char*>(job.data()), job.size());
  for (std::size_t at = text.find("ispe"); at != std::string_view::npos; at = text.find("ispe", at + 4)) {
    // Size 20: a full box with two 32-bit numbers. The letters alone may come up in coded pixels.
    if (at < 4 || reader.Get(at - 4, 4) != 20) continue;
    KANTEI_RETURN_IF_ERROR(job.CheckSize(reader.Get(at + 8, 4), reader.Get(at + 12, 4), true));
  }
  return {};
}

Status CheckTiff(const DecodeJob& job) {
  const bool big_endian = job.data()[0] == 'M';
  const Reader reader(job, big_endian);
  const bool wide = reader.Get(2, 2) == 43;
  const std::uint64_t directory = wide ? reader.Get(8, 8) : reader.Get(4, 4);
  const std::uint64_t entries = reader.Get(directory, wide ? 8 : 2);
  const std::uint64_t first = directory + (wide ? 8 : 2), entry_size = wide ? 20 : 12;
  std::uint64_t width = 0, height = 0, tile_width = 0, tile_height = 0, rows = 0, samples = 1;
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(entries, 4096); ++i) {
    const std::uint64_t at = first + i * entry_size;
    const std::uint64_t type = reader.Get(at + 2, 2);
    const std::size_t bytes = type == 1 ? 1 : type == 3 ? 2 : type == 4 ? 4 : type == 16 ? 8 : 0;
    const std::uint64_t value = reader.Get(at + (wide ? 12 : 8), bytes);
    switch (reader.Get(at, 2)) {
      case 256:
        width = value;
        break;
      case 257:
        height = value;
        break;
      case 277:
        samples = value;
        break;
      case 278:
        rows = value;
        break;
      case 322:
        tile_width = value;
        break;
      case 323:
        tile_height = value;
        break;
      default:
        break;
    }
  }
  if (width == 0 || height == 0)
    return job.Fail(ErrorCode::kCorrupt, "has no complete TIFF header; get a complete copy");
  KANTEI_RETURN_IF_ERROR(job.CheckSize(width, height, false));
  if (samples > 16)
    return job.Fail(ErrorCode::kUnsupported,
                    "is a TIFF with " + std::to_string(samples) + " samples a pixel; at most 16 are read");
  // A strip, or a row of tiles, is held whole.
  const bool tiled = tile_width != 0 || tile_height != 0;
  if (!tiled) return job.CheckSize(width, rows == 0 ? height : std::min(rows, height), true);
  constexpr std::uint64_t kMostTileSide = 16'384, kMostTilePixels = 16'777'216;
  if (tile_width == 0 || tile_height == 0 || tile_width > kMostTileSide || tile_height > kMostTileSide ||
      tile_width * tile_height > kMostTilePixels) {
    return job.Fail(ErrorCode::kTooLarge, "has TIFF tiles of " + std::to_string(tile_width) + "x" +
                                              std::to_string(tile_height) +
                                              " pixels; convert it to tiles of at most 4096x4096");
  }
  const std::uint64_t padded = (width + tile_width - 1) / tile_width * tile_width;
  if (padded * tile_height > std::max(job.options.limits.max_pixels_whole_frame, kMostTilePixels)) {
    return job.Fail(ErrorCode::kTooLarge,
                    "has TIFF tiles too high for its width; convert it to smaller tiles");
  }
  return {};
}

}  // namespace

bool PngHasEnd(const DecodeJob& job) {
  const Reader reader(job, true);
  std::uint64_t at = 8;
  while (at + 12 <= job.size()) {
    if (reader.Is(at + 4, "IEND")) return true;
    at += 12 + reader.Get(at, 4);
  }
  return false;
}

Status CheckHeader(const DecodeJob& job) {
  switch (job.format) {
    case Format::kPng:
      return CheckPng(job);
    case Format::kGif:
      return CheckGif(job);
    case Format::kWebp:
      return CheckWebp(job);
    case Format::kTiff:
      return CheckTiff(job);
    case Format::kAvif:
    case Format::kHeic:
      return CheckHeif(job);
    default:
      return {};
  }
}

}  // namespace kantei::image
