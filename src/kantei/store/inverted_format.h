// The file of an inverted index (docs/formats.md), and the views of it that queries read. Private to store/.
//
// Little-endian. Everything before the signatures is the directory, which the checksum covers:
//   header (96 bytes) | tag, zero-padded to 8 | picture ids i64[P] | word ends u64[W + 1] | picture posting
//   counts u32[P] | word picture counts u32[W] | zero-padding to 8 | signatures u64[N] | ordinals u32[N] |
//   geometry u16[N]
// The postings of word w are [word_ends[w], word_ends[w + 1]) of the last three, ascending by ordinal; an
// ordinal is a position in the picture ids; geometry is angle | log_scale << 8.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "kantei/base/result.h"

namespace kantei::store {

static_assert(std::endian::native == std::endian::little, "the index file is mapped as it stands");

constexpr std::array<char, 8> kInvertedMagic = {'K', 'A', 'N', 'T', 'E', 'I', 'I', 'V'};
constexpr std::uint32_t kInvertedVersion = 1;
constexpr std::uint32_t kMaxWords = 1u << 24;
constexpr std::uint64_t kMaxTagBytes = 4096;

struct InvertedHeader {
  std::array<char, 8> magic = kInvertedMagic;
  std::uint32_t version = kInvertedVersion;
  std::uint32_t words = 0;
  std::uint64_t pictures = 0;
  std::uint64_t postings = 0;
  std::int64_t last_picture_id = 0;  ///< also of a picture that was removed since
  std::uint64_t tag_bytes = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t reserved = 0;
  std::array<std::uint8_t, 32> checksum{};  ///< SHA-256 of the directory with these 32 bytes left out
};
static_assert(sizeof(InvertedHeader) == 96);
constexpr std::size_t kChecksumOffset = 64;

/// Byte positions of the parts, from the counts in a header.
struct InvertedLayout {
  std::uint64_t tag = 0, picture_ids = 0, word_ends = 0, picture_postings = 0, word_pictures = 0,
                signatures = 0, ordinals = 0, geometry = 0, file_bytes = 0;
  /// kCorrupt when the counts are beyond any file.
  static Result<InvertedLayout> Of(const InvertedHeader& header, std::string_view name);
};

/// What a query reads; the memory belongs to a mapped file.
struct InvertedView {
  std::span<const std::int64_t> picture_ids;
  std::span<const std::uint32_t> picture_postings;
  std::span<const std::uint64_t> word_ends;
  std::span<const std::uint32_t> word_pictures;
  std::span<const std::uint64_t> signatures;
  std::span<const std::uint32_t> ordinals;
  std::span<const std::uint16_t> geometry;
  std::int64_t last_picture_id = 0;
  std::string tag;
};

/// Checks every count, offset and order of the directory, so that reading by the view stays inside `bytes`.
/// Only the ordinals of postings are left unchecked (the file would have to be read whole); a reader compares
/// each with the count. `bytes` must be 8-aligned. `name` is for messages.
Result<InvertedView> ReadInverted(std::span<const std::byte> bytes, std::string_view name);

/// The checksum that the directory of `bytes` should carry; the header must hold a layout that fits `bytes`.
std::array<std::uint8_t, 32> DirectoryChecksum(std::span<const std::byte> bytes,
                                               const InvertedLayout& layout);
/// The bytes of a hexadecimal SHA-256.
std::array<std::uint8_t, 32> DigestBytes(std::string_view hex);

}  // namespace kantei::store
