// A strict reader of uncompressed Windows and OS/2 bitmaps, since libvips has none of its own.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "kantei/image/decode_internal.h"
#include "kantei/image/row_resizer.h"
#include "kantei/image/transform.h"

namespace kantei::image {
namespace {

/// One channel of BI_BITFIELDS as 8 bits: position and width of its mask.
struct ChannelMask {
  std::uint32_t mask = 0;
  int shift = 0;
  std::uint32_t most = 0;

  explicit ChannelMask(std::uint32_t bits = 0)
      : mask(bits), shift(bits == 0 ? 0 : std::countr_zero(bits)), most(bits >> shift) {}
  bool contiguous() const { return (most & (most + 1)) == 0; }
  std::uint32_t Get(std::uint32_t pixel) const {
    if (most == 0) return 0;
    const std::uint64_t value = (pixel & mask) >> shift;
    return static_cast<std::uint32_t>((value * 255 + most / 2) / most);
  }
};

struct BmpHeader {
  int width = 0, height = 0, bits = 0;
  bool top_down = false;
  std::size_t pixels_at = 0, row_bytes = 0;
  std::vector<std::array<std::uint8_t, 3>> palette;  // RGB
  ChannelMask red, green, blue, alpha;
};

class BmpReader {
 public:
  explicit BmpReader(const DecodeJob& job) : job_(job) {}
  Result<Raster> Read();

 private:
  std::uint32_t Get(std::size_t at, int bytes) const {
    std::uint32_t value = 0;
    for (int i = 0; i < bytes; ++i)
      value |= static_cast<std::uint32_t>(job_.data()[at + static_cast<std::size_t>(i)]) << 8 * i;
    return value;
  }
  Status ReadHeader();
  Status ReadMasks(std::size_t at, std::uint32_t compression, std::uint32_t header_size);
  Status ReadPalette(std::size_t at, std::uint32_t entries, std::size_t entry_bytes);
  void ReadRow(const unsigned char* from, std::uint8_t* rgb) const;
  bool HasAlpha(int rows_there) const;
  const unsigned char* StoredRow(int stored) const {
    return job_.data() + header_.pixels_at + static_cast<std::size_t>(stored) * header_.row_bytes;
  }

  const DecodeJob& job_;
  BmpHeader header_;
  bool blend_ = false;
};

Status BmpReader::ReadHeader() {
  if (job_.size() < 26)
    return job_.Fail(ErrorCode::kCorrupt, "ends inside its BMP header; get a complete copy");
  const std::uint32_t header_size = Get(14, 4);
  if (job_.size() < 14 + std::size_t{header_size})
    return job_.Fail(ErrorCode::kCorrupt, "ends inside its BMP header; get a complete copy");
  const bool core = header_size == 12;
  std::int64_t width = 0, height = 0;
  std::uint32_t compression = 0, colours = 0;
  if (core) {
    width = Get(18, 2);
    height = Get(20, 2);
    header_.bits = static_cast<int>(Get(24, 2));
  } else {
    width = static_cast<std::int32_t>(Get(18, 4));
    height = static_cast<std::int32_t>(Get(22, 4));
    header_.bits = static_cast<int>(Get(28, 2));
    compression = Get(30, 4);
    colours = Get(46, 4);
  }
  header_.top_down = height < 0;
  height = height < 0 ? -height : height;
  if (width < 0) return job_.Fail(ErrorCode::kCorrupt, "has a negative width");
  KANTEI_RETURN_IF_ERROR(
      job_.CheckSize(static_cast<std::uint64_t>(width), static_cast<std::uint64_t>(height), false));
  header_.width = static_cast<int>(width);
  header_.height = static_cast<int>(height);

  constexpr std::array<int, 6> kDepths{1, 4, 8, 16, 24, 32};
  if (std::find(kDepths.begin(), kDepths.end(), header_.bits) == kDepths.end()) {
    return job_.Fail(ErrorCode::kUnsupported, "is a BMP with " + std::to_string(header_.bits) +
                                                  " bits a pixel; 1, 4, 8, 16, 24 and 32 are read");
  }
  constexpr std::uint32_t kPlain = 0, kBitfields = 3, kAlphaBitfields = 6;
  if (compression != kPlain && compression != kBitfields && compression != kAlphaBitfields) {
    return job_.Fail(ErrorCode::kUnsupported, "is a compressed BMP (kind " + std::to_string(compression) +
                                                  "); only uncompressed ones are read, convert it first");
  }
  if (compression != kPlain && header_.bits != 16 && header_.bits != 32) {
    return job_.Fail(ErrorCode::kCorrupt,
                     "has colour masks for " + std::to_string(header_.bits) + " bits a pixel");
  }
  std::size_t at = 14 + std::size_t{header_size};
  KANTEI_RETURN_IF_ERROR(ReadMasks(header_size == 40 ? at : 54, compression, header_size));
  if (compression != kPlain && header_size == 40) at += compression == kAlphaBitfields ? 16 : 12;
  if (header_.bits <= 8) {
    const std::uint32_t most = 1u << header_.bits;
    KANTEI_RETURN_IF_ERROR(ReadPalette(at, colours == 0 || colours > most ? most : colours, core ? 3 : 4));
  }
  header_.row_bytes =
      (static_cast<std::size_t>(header_.width) * static_cast<std::size_t>(header_.bits) + 31) / 32 * 4;
  header_.pixels_at = Get(10, 4);
  if (header_.pixels_at < 14 + std::size_t{header_size} || header_.pixels_at > job_.size()) {
    return job_.Fail(ErrorCode::kCorrupt, "points outside itself for its pixels");
  }
  return {};
}

Status BmpReader::ReadMasks(std::size_t at, std::uint32_t compression, std::uint32_t header_size) {
  if (compression == 0) {
    if (header_.bits == 16) {
      header_.red = ChannelMask(0x7C00);
      header_.green = ChannelMask(0x03E0);
      header_.blue = ChannelMask(0x001F);
    }
    if (header_.bits == 32) {
      header_.red = ChannelMask(0xFF0000);
      header_.green = ChannelMask(0xFF00);
      header_.blue = ChannelMask(0xFF);
    }
    return {};
  }
  const bool alpha = compression == 6 || header_size >= 56;
  if (job_.size() < at + (alpha ? 16 : 12))
    return job_.Fail(ErrorCode::kCorrupt, "ends inside its colour masks; get a complete copy");
  header_.red = ChannelMask(Get(at, 4));
  header_.green = ChannelMask(Get(at + 4, 4));
  header_.blue = ChannelMask(Get(at + 8, 4));
  if (alpha) header_.alpha = ChannelMask(Get(at + 12, 4));
  const auto& h = header_;
  const bool overlap = (h.red.mask & h.green.mask) | (h.red.mask & h.blue.mask) |
                       (h.green.mask & h.blue.mask) |
                       (h.alpha.mask & (h.red.mask | h.green.mask | h.blue.mask));
  const bool contiguous =
      h.red.contiguous() && h.green.contiguous() && h.blue.contiguous() && h.alpha.contiguous();
  if (overlap || !contiguous)
    return job_.Fail(ErrorCode::kCorrupt, "has colour masks that overlap or have holes");
  return {};
}

Status BmpReader::ReadPalette(std::size_t at, std::uint32_t entries, std::size_t entry_bytes) {
  if (at + entries * entry_bytes > job_.size())
    return job_.Fail(ErrorCode::kCorrupt, "ends inside its palette; get a complete copy");
  // 256 entries, the missing ones black, so that every index can be looked up.
  header_.palette.assign(256, {0, 0, 0});
  for (std::uint32_t i = 0; i < entries; ++i) {
    const unsigned char* entry = job_.data() + at + i * entry_bytes;
    header_.palette[i] = {entry[2], entry[1], entry[0]};
  }
  return {};
}

/// Many programs leave the alpha byte zero and mean an opaque picture: alpha counts only when some pixel is
/// not clear.
bool BmpReader::HasAlpha(int rows_there) const {
  if (header_.alpha.mask == 0) return false;
  const int bytes = header_.bits / 8;
  for (int y = 0; y < rows_there; ++y) {
    const auto at = static_cast<std::size_t>(StoredRow(y) - job_.data());
    for (int x = 0; x < header_.width; ++x) {
      if (Get(at + static_cast<std::size_t>(x) * static_cast<std::size_t>(bytes), bytes) & header_.alpha.mask)
        return true;
    }
  }
  return false;
}

void BmpReader::ReadRow(const unsigned char* from, std::uint8_t* rgb) const {
  const int bits = header_.bits;
  if (bits == 24) {
    for (int x = 0; x < header_.width; ++x, from += 3, rgb += 3) {
      rgb[0] = from[2];
      rgb[1] = from[1];
      rgb[2] = from[0];
    }
    return;
  }
  if (bits <= 8) {
    const int per_byte = 8 / bits;
    for (int x = 0; x < header_.width; ++x, rgb += 3) {
      const int index = (from[x / per_byte] >> (8 - bits * (x % per_byte + 1))) & ((1 << bits) - 1);
      std::memcpy(rgb, header_.palette[static_cast<std::size_t>(index)].data(), 3);
    }
    return;
  }
  for (int x = 0; x < header_.width; ++x, from += bits / 8, rgb += 3) {
    std::uint32_t pixel = static_cast<std::uint32_t>(from[0]) | static_cast<std::uint32_t>(from[1]) << 8;
    if (bits == 32)
      pixel |= static_cast<std::uint32_t>(from[2]) << 16 | static_cast<std::uint32_t>(from[3]) << 24;
    const std::uint32_t alpha = blend_ ? header_.alpha.Get(pixel) : 255;
    const std::array<std::uint32_t, 3> values{header_.red.Get(pixel), header_.green.Get(pixel),
                                              header_.blue.Get(pixel)};
    for (std::size_t c = 0; c < 3; ++c)
      rgb[c] = static_cast<std::uint8_t>((values[c] * alpha + 255 * (255 - alpha) + 127) / 255);
  }
}

Result<Raster> BmpReader::Read() {
  KANTEI_RETURN_IF_ERROR(ReadHeader());
  const std::size_t there = (job_.size() - header_.pixels_at) / header_.row_bytes;
  const int rows_there =
      static_cast<int>(std::min<std::size_t>(there, static_cast<std::size_t>(header_.height)));
  // Uncompressed pixels: what is missing is known before any memory is taken.
  if (rows_there < (header_.height + 3) / 4) {
    return job_.Fail(ErrorCode::kCorrupt, "holds " + std::to_string(rows_there) + " of the " +
                                              std::to_string(header_.height) +
                                              " rows that it promises; get a complete copy");
  }
  Raster raster;
  raster.original_width = header_.width;
  raster.original_height = header_.height;
  raster.channels = 3;
  blend_ = raster.had_alpha = HasAlpha(rows_there);
  if (rows_there < header_.height) raster.Warn("the file is cut off, the missing rows are grey");
  const auto [width, height] = FitSize(header_.width, header_.height, job_.options.max_longer_side);
  raster.width = width;
  raster.height = height;
  raster.pixels.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
  const bool shrinks = width != header_.width || height != header_.height;
  std::unique_ptr<RowResizer> resizer;
  if (shrinks) resizer = std::make_unique<RowResizer>(header_.width, header_.height, 3, width, height);

  const std::size_t stride = static_cast<std::size_t>(header_.width) * 3;
  std::vector<std::uint8_t> line(stride);
  for (int y = 0; y < header_.height; ++y) {
    if (y % 256 == 0) KANTEI_RETURN_IF_ERROR(job_.CheckTime());
    const int stored = header_.top_down ? y : header_.height - 1 - y;
    std::uint8_t* row = shrinks ? line.data() : raster.pixels.data() + static_cast<std::size_t>(y) * stride;
    if (stored < rows_there) {
      ReadRow(StoredRow(stored), row);
    } else {
      std::memset(row, 128, stride);
    }
    if (shrinks) resizer->PushRow(row, raster.pixels.data());
  }
  return raster;
}

}  // namespace

Result<Raster> DecodeBmpFile(const DecodeJob& job) {
  return BmpReader(job).Read();
}

}  // namespace kantei::image
