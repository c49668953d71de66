#include "kantei/image/jpeg_header.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace kantei::image {
namespace {

using Segment = std::span<const std::uint8_t>;

bool StartsWith(Segment segment, std::string_view magic) {
  return segment.size() >= magic.size() && std::memcmp(segment.data(), magic.data(), magic.size()) == 0;
}

int Word(Segment segment, std::size_t at) {
  return segment[at] << 8 | segment[at + 1];
}

struct IccChunks {
  std::array<Segment, 256> chunks;
  int total = 0, seen = 0;
  std::size_t bytes = 0;

  void Add(Segment segment) {
    constexpr std::size_t kHead = 14;  // "ICC_PROFILE\0", number, count
    if (segment.size() < kHead) return;
    const int number = segment[12];
    total = std::max<int>(total, segment[13]);
    if (number == 0 || !chunks[static_cast<std::size_t>(number)].empty()) return;
    chunks[static_cast<std::size_t>(number)] = segment.subspan(kHead);
    bytes += segment.size() - kHead;
    ++seen;
  }
};

void ReadFrame(Segment segment, JpegHeader* header) {
  if (segment.size() < 6 || header->frame_marker == 0) return;
  header->precision = segment[0];
  header->height = Word(segment, 1);
  header->width = Word(segment, 3);
  header->components = segment[5];
  if (segment.size() < 6 + 3 * static_cast<std::size_t>(header->components)) return;
  int most_across = 1, most_down = 1;
  for (std::size_t c = 0; c < static_cast<std::size_t>(header->components); ++c) {
    most_across = std::max(most_across, segment[7 + 3 * c] >> 4);
    most_down = std::max(most_down, segment[7 + 3 * c] & 15);
  }
  for (std::size_t c = 0; c < static_cast<std::size_t>(header->components); ++c) {
    const auto across = static_cast<std::uint64_t>(segment[7 + 3 * c] >> 4);
    const auto down = static_cast<std::uint64_t>(segment[7 + 3 * c] & 15);
    const std::uint64_t columns =
        (static_cast<std::uint64_t>(header->width) * across / static_cast<std::uint64_t>(most_across) + 7) /
        8;
    const std::uint64_t rows =
        (static_cast<std::uint64_t>(header->height) * down / static_cast<std::uint64_t>(most_down) + 7) / 8;
    header->blocks += columns * rows;
  }
}

bool IsFrame(int marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

/// The next marker that is not part of entropy-coded data, from `at`; the size of the file when there is
/// none.
std::size_t NextMarker(const std::uint8_t* data, std::size_t size, std::size_t at) {
  while (at + 1 < size) {
    const void* found = std::memchr(data + at, 0xFF, size - at - 1);
    if (found == nullptr) return size;
    at = static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - data);
    const int code = data[at + 1];
    if (code == 0xFF) {
      ++at;
    } else if (code == 0 || (code >= 0xD0 && code <= 0xD7) || code == 1) {
      at += 2;
    } else {
      return at;
    }
  }
  return size;
}

}  // namespace

int ExifOrientation(std::span<const std::uint8_t> tiff) {
  if (tiff.size() < 8) return 1;
  const bool little = tiff[0] == 'I' && tiff[1] == 'I';
  if (!little && !(tiff[0] == 'M' && tiff[1] == 'M')) return 1;
  const auto word = [&](std::size_t at) {
    return little ? tiff[at] | tiff[at + 1] << 8 : tiff[at] << 8 | tiff[at + 1];
  };
  std::size_t at = 0;
  for (std::size_t i = 0; i < 4; ++i) at |= static_cast<std::size_t>(tiff[4 + i]) << 8 * (little ? i : 3 - i);
  if (at > tiff.size() - 2) return 1;
  const int entries = word(at);
  at += 2;
  for (int i = 0; i < entries && at + 12 <= tiff.size(); ++i, at += 12) {
    constexpr int kOrientationTag = 0x0112, kShort = 3;
    if (word(at) != kOrientationTag) continue;
    if (word(at + 2) != kShort) return 1;
    const int value = word(at + 8);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

JpegHeader ReadJpegHeader(std::span<const std::byte> bytes) {
  JpegHeader header;
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const std::size_t size = bytes.size();
  IccChunks icc;
  bool exif_seen = false;
  std::size_t at = 2;
  while ((at = NextMarker(data, size, at)) < size) {
    const int marker = data[at + 1];
    at += 2;
    if (marker == 0xD8) continue;
    if (marker == 0xD9) break;
    if (size - at < 2) break;
    const std::size_t length = static_cast<std::size_t>(data[at] << 8 | data[at + 1]);
    if (length < 2 || length > size - at) break;
    const Segment segment(data + at + 2, length - 2);
    at += length;
    if (IsFrame(marker) && header.frame_marker == 0) {
      header.frame_marker = marker;
      ReadFrame(segment, &header);
    } else if (marker == 0xDA) {
      if (header.scans++ == 0) {
        header.scan_bytes = size - at;
        header.held_whole = header.frame_marker == 0xC2 || header.frame_marker == 0xCA ||
                            (!segment.empty() && segment[0] < header.components);
        // One scan holds everything: there is nothing further to learn from the rest of the file.
        if (!header.held_whole) break;
      }
    } else if (marker == 0xE1 && !exif_seen && StartsWith(segment, "Exif") && segment.size() > 6) {
      exif_seen = true;
      header.orientation = ExifOrientation(segment.subspan(6));
    } else if (marker == 0xE2 && StartsWith(segment, "ICC_PROFILE")) {
      icc.Add(segment);
    } else if (marker == 0xEE && StartsWith(segment, "Adobe") && segment.size() >= 12) {
      header.adobe_transform = segment[11];
    }
  }
  header.valid = header.scans > 0 && header.blocks > 0;
  header.icc_incomplete = icc.total != icc.seen;
  if (icc.total > 0 && !header.icc_incomplete) {
    header.icc_profile.reserve(icc.bytes);
    for (const Segment& chunk : icc.chunks)
      header.icc_profile.insert(header.icc_profile.end(), chunk.begin(), chunk.end());
  }
  return header;
}

}  // namespace kantei::image
