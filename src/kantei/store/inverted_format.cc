#include "kantei/store/inverted_format.h"

#include <cstring>
#include <limits>

#include "kantei/base/sha256.h"

namespace kantei::store {
namespace {

Error Damaged(std::string_view name, std::string_view what) {
  return {ErrorCode::kCorrupt, std::string(name) + " is a damaged index (" + std::string(what) +
                                   "); delete it, it is rebuilt from the catalogue"};
}

constexpr std::uint64_t RoundUp(std::uint64_t value) {
  return (value + 7) / 8 * 8;
}

template <typename T>
std::span<const T> Part(std::span<const std::byte> bytes, std::uint64_t offset, std::uint64_t count) {
  return {reinterpret_cast<const T*>(bytes.data() + offset), static_cast<std::size_t>(count)};
}

}  // namespace

std::array<std::uint8_t, 32> DigestBytes(std::string_view hex) {
  const auto digit = [](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); };
  std::array<std::uint8_t, 32> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
  }
  return bytes;
}

Result<InvertedLayout> InvertedLayout::Of(const InvertedHeader& header, std::string_view name) {
  // Far above any disk, and low enough that none of the sums below can wrap.
  constexpr std::uint64_t kMaxCount = std::uint64_t{1} << 48;
  if (header.words == 0 || header.words > kMaxWords) return Damaged(name, "impossible number of words");
  if (header.pictures > std::numeric_limits<std::uint32_t>::max())
    return Damaged(name, "impossible number of pictures");
  if (header.postings > kMaxCount) return Damaged(name, "impossible number of postings");
  if (header.tag_bytes > kMaxTagBytes) return Damaged(name, "impossible length of its tag");
  InvertedLayout layout;
  layout.tag = sizeof(InvertedHeader);
  layout.picture_ids = layout.tag + RoundUp(header.tag_bytes);
  layout.word_ends = layout.picture_ids + 8 * header.pictures;
  layout.picture_postings = layout.word_ends + 8 * (std::uint64_t{header.words} + 1);
  layout.word_pictures = layout.picture_postings + 4 * header.pictures;
  layout.signatures = RoundUp(layout.word_pictures + 4 * std::uint64_t{header.words});
  layout.ordinals = layout.signatures + 8 * header.postings;
  layout.geometry = layout.ordinals + 4 * header.postings;
  layout.file_bytes = layout.geometry + 2 * header.postings;
  return layout;
}

std::array<std::uint8_t, 32> DirectoryChecksum(std::span<const std::byte> bytes,
                                               const InvertedLayout& layout) {
  Sha256 sha;
  sha.Update(bytes.first(kChecksumOffset));
  sha.Update(bytes.subspan(layout.tag, layout.signatures - layout.tag));
  return DigestBytes(sha.FinishHex());
}

Result<InvertedView> ReadInverted(std::span<const std::byte> bytes, std::string_view name) {
  InvertedHeader header;
  if (bytes.size() < sizeof header) return Damaged(name, "shorter than its header");
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != kInvertedMagic) return Damaged(name, "it does not start like one");
  if (header.version != kInvertedVersion) {
    return Error{ErrorCode::kUnsupported, std::string(name) + " is an index of version " +
                                              std::to_string(header.version) + ", version " +
                                              std::to_string(kInvertedVersion) +
                                              " is read; delete it, it is rebuilt from the catalogue"};
  }
  KANTEI_TRY(const InvertedLayout layout, InvertedLayout::Of(header, name));
  if (layout.file_bytes != bytes.size() || header.file_bytes != bytes.size()) {
    return Damaged(name, "its length is not what its header says");
  }
  if (DirectoryChecksum(bytes, layout) != header.checksum) return Damaged(name, "wrong checksum");

  InvertedView view;
  view.tag = std::string(reinterpret_cast<const char*>(bytes.data() + layout.tag), header.tag_bytes);
  view.picture_ids = Part<std::int64_t>(bytes, layout.picture_ids, header.pictures);
  view.word_ends = Part<std::uint64_t>(bytes, layout.word_ends, std::uint64_t{header.words} + 1);
  view.picture_postings = Part<std::uint32_t>(bytes, layout.picture_postings, header.pictures);
  view.word_pictures = Part<std::uint32_t>(bytes, layout.word_pictures, header.words);
  view.signatures = Part<std::uint64_t>(bytes, layout.signatures, header.postings);
  view.ordinals = Part<std::uint32_t>(bytes, layout.ordinals, header.postings);
  view.geometry = Part<std::uint16_t>(bytes, layout.geometry, header.postings);
  view.last_picture_id = header.last_picture_id;

  if (view.word_ends.front() != 0 || view.word_ends.back() != header.postings)
    return Damaged(name, "wrong word ends");
  for (std::size_t word = 0; word < header.words; ++word) {
    if (view.word_ends[word] > view.word_ends[word + 1]) return Damaged(name, "words out of order");
    const std::uint64_t postings = view.word_ends[word + 1] - view.word_ends[word];
    const std::uint64_t pictures = view.word_pictures[word];
    if (pictures > postings || pictures > header.pictures || (pictures == 0) != (postings == 0)) {
      return Damaged(name, "a word's picture count does not fit its postings");
    }
  }
  std::int64_t last = 0;
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < header.pictures; ++i) {
    if (view.picture_ids[i] <= last) return Damaged(name, "pictures out of order");
    last = view.picture_ids[i];
    total += view.picture_postings[i];
  }
  if (last > header.last_picture_id) return Damaged(name, "a picture beyond the last one");
  if (total != header.postings) return Damaged(name, "picture counts do not add up to its postings");
  return view;
}

}  // namespace kantei::store
