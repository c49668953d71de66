// The file of a vector index (docs/formats.md), and the views of it that an index reads. Private to store/.
//
// Little-endian; every part starts at a multiple of 64 bytes. Everything before the codes is the directory:
//   header (256 bytes) | tag | ids i64[R] | scales f32[R], int8 codes only | of each layer of a graph: below u32[S], not of
//   layer 0; links u32[S * slots] | codes, R rows of the padded dimension
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/files.h"
#include "kantei/base/result.h"
#include "kantei/base/sha256.h"
#include "kantei/store/vector_codes.h"
#include "kantei/store/vector_index.h"

namespace kantei::store {

static_assert(std::endian::native == std::endian::little, "the file is mapped as it stands");

constexpr std::array<char, 8> kVectorMagic = {'K', 'T', 'V', 'E', 'C', 'I', 'X', '\0'};
constexpr std::uint32_t kVectorVersion = 1;
constexpr std::uint64_t kMaxVectorRows = (std::uint64_t{1} << 31) - 2;
constexpr std::uint64_t kMaxVectorTagBytes = 4096;
constexpr std::size_t kMaxLayers = 16;
constexpr std::uint32_t kNoLink = 0xFFFFFFFF;  ///< ends a list of links that is not full

struct VectorHeader {
  std::array<char, 8> magic = kVectorMagic;
  std::uint32_t version = kVectorVersion;
  std::uint32_t backend = 0;  ///< 0 float16, 1 int8, 2 int8 with a graph
  std::uint32_t dimension = 0;
  std::uint32_t tag_bytes = 0;
  std::uint64_t rows = 0;
  std::uint64_t seed = 0;
  std::uint32_t hnsw_links = 0;
  std::uint32_t hnsw_effort = 0;
  std::uint64_t serial = 0;  ///< vectors ever added to the graph: the levels of later ones depend on it
  std::uint32_t layers = 0;  ///< of the graph; 0 when it has no node
  std::uint32_t entry = 0;   ///< node of the top layer at which a search starts
  std::array<std::uint32_t, kMaxLayers> layer_sizes{};
  std::uint64_t file_bytes = 0;
  std::array<std::uint64_t, 7> reserved{};
  std::array<std::uint8_t, 32> codes_digest{};  ///< SHA-256 of the codes
  std::array<std::uint8_t, 32>
      digest{};  ///< SHA-256 of the rest of the directory, then of the header before this field
};
static_assert(sizeof(VectorHeader) == 256);
constexpr std::size_t kVectorDigestOffset = 224;

/// One layer of a graph as a file holds it.
struct LayerView {
  std::span<const std::uint32_t>
      below;  ///< node of the layer below; empty in layer 0, whose nodes are the rows
  std::span<const std::uint32_t> links;  ///< LayerSlots a node
};
/// Links that a node has room for: twice as many in layer 0 as above.
constexpr std::size_t LayerSlots(int hnsw_links, std::size_t layer) {
  return static_cast<std::size_t>(hnsw_links) * (layer == 0 ? 2 : 1);
}

/// The parts of a file; the memory belongs to a map.
struct VectorFileView {
  VectorIndexOptions options;
  VectorCode code = VectorCode::kInt8;
  std::string tag;
  std::span<const std::int64_t> ids;
  std::span<const float> scales;
  std::span<const std::byte> codes;
  std::vector<LayerView> layers;
  std::uint32_t entry = 0;
  std::uint64_t serial = 0;
  std::array<std::uint8_t, 32> codes_digest{};
};

constexpr VectorCode CodeOf(VectorBackend backend) {
  return backend == VectorBackend::kFlatFloat16 ? VectorCode::kFloat16 : VectorCode::kInt8;
}

/// Byte positions of the parts, from the counts in a header.
struct VectorLayout {
  std::uint64_t tag = 0, ids = 0, scales = 0;
  std::array<std::uint64_t, kMaxLayers> below{}, links{};
  std::uint64_t codes = 0, file_bytes = 0;
  /// kCorrupt when the counts make no sense.
  static Result<VectorLayout> Of(const VectorHeader& header, std::string_view name);
};

/// Checks the digest of the directory and every count, scale and link, so that an index can trust the view. The codes are
/// not read: any bytes are codes (CheckVectorCodes compares them). `bytes` must be 64-byte aligned; `name` is for messages.
Result<VectorFileView> ReadVectorFile(std::span<const std::byte> bytes, std::string_view name);
/// kCorrupt when the codes are not those that were saved. Reads them all.
Status CheckVectorCodes(const VectorFileView& view, std::string_view name);
/// Finishes the sum.
std::array<std::uint8_t, 32> DigestOf(Sha256* sha);
/// What header.digest should be; the layout must fit `bytes`.
std::array<std::uint8_t, 32> VectorDirectoryDigest(std::span<const std::byte> bytes,
                                                   const VectorLayout& layout);

/// A run of rows to be saved: bit i of `dead` (64 a word, may be shorter) leaves row i out.
struct SavedRows {
  std::span<const std::int64_t> ids;
  std::span<const float> scales;
  const std::byte* codes = nullptr;
  std::size_t first = 0;  ///< position of its first row among the bits of `dead`
};

/// Atomically. `header` has the options, the number of rows that are kept and the counts of the graph; the rest is filled in.
Status WriteVectorFile(const std::filesystem::path& path, VectorHeader header, std::string_view tag,
                       std::span<const SavedRows> runs, std::span<const std::uint64_t> dead,
                       std::span<const LayerView> layers);

}  // namespace kantei::store
