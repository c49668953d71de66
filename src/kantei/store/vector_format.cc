#include "kantei/store/vector_format.h"

#include <cstring>

namespace kantei::store {
namespace {

Error Damaged(std::string_view name, std::string_view what) {
  return {ErrorCode::kCorrupt, std::string(name) + " is a damaged vector index (" + std::string(what) +
                                   "); restore it from a copy or build it again"};
}

constexpr std::uint64_t RoundUp(std::uint64_t value) {
  return (value + 63) / 64 * 64;
}

template <typename T>
std::span<const T> Part(std::span<const std::byte> bytes, std::uint64_t offset, std::uint64_t count) {
  return {reinterpret_cast<const T*>(bytes.data() + offset), static_cast<std::size_t>(count)};
}

Result<VectorIndexOptions> OptionsOf(const VectorHeader& header, std::string_view name) {
  VectorIndexOptions options;
  if (header.backend > 2) return Damaged(name, "unknown kind of index");
  options.backend = static_cast<VectorBackend>(header.backend);
  if (header.dimension > 4096 || header.hnsw_links > 64 || header.hnsw_effort > 10'000)
    return Damaged(name, "impossible options");
  options.dimension = static_cast<int>(header.dimension);
  options.hnsw_links = static_cast<int>(header.hnsw_links);
  options.hnsw_effort = static_cast<int>(header.hnsw_effort);
  options.seed = header.seed;
  if (!options.Validate().ok()) return Damaged(name, "impossible options");
  return options;
}

Status CheckGraph(const VectorFileView& view, std::string_view name) {
  for (std::size_t l = 0; l < view.layers.size(); ++l) {
    const LayerView& layer = view.layers[l];
    const std::size_t slots = LayerSlots(view.options.hnsw_links, l);
    const std::size_t size = layer.links.size() / slots;
    for (const std::uint32_t link : layer.links) {
      if (link >= size && link != kNoLink) return Damaged(name, "a link to a node that is not there");
    }
    if (l == 0) continue;
    const std::size_t size_below =
        view.layers[l - 1].links.size() / LayerSlots(view.options.hnsw_links, l - 1);
    std::int64_t last = -1;
    for (const std::uint32_t node : layer.below) {
      if (node >= size_below || node <= last) return Damaged(name, "layers that do not stand on each other");
      last = node;
    }
  }
  return {};
}

}  // namespace

std::array<std::uint8_t, 32> DigestOf(Sha256* sha) {
  const std::string hex = sha->FinishHex();
  const auto digit = [](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); };
  std::array<std::uint8_t, 32> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::uint8_t>(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
  return bytes;
}

Result<VectorLayout> VectorLayout::Of(const VectorHeader& header, std::string_view name) {
  if (header.rows > kMaxVectorRows) return Damaged(name, "impossible number of vectors");
  if (header.tag_bytes > kMaxVectorTagBytes) return Damaged(name, "impossible length of its tag");
  KANTEI_TRY(const VectorIndexOptions options, OptionsOf(header, name));
  const bool graph = options.backend == VectorBackend::kHnsw;
  if (header.layers > kMaxLayers || (header.layers > 0) != (graph && header.rows > 0))
    return Damaged(name, "impossible number of layers");
  for (std::size_t l = 0; l < kMaxLayers; ++l) {
    const std::uint32_t size = header.layer_sizes[l];
    const bool right = l >= header.layers ? size == 0
                       : l == 0           ? size == header.rows
                                          : size > 0 && size <= header.layer_sizes[l - 1];
    if (!right) return Damaged(name, "impossible size of a layer");
  }
  if (header.layers > 0 ? header.entry >= header.layer_sizes[header.layers - 1] : header.entry != 0)
    return Damaged(name, "its entry is not there");

  // None of these sums can wrap: 2^31 rows of at most 8 KiB, at most 16 layers of 2^31 nodes of at most 516 bytes.
  VectorLayout layout;
  layout.tag = sizeof(VectorHeader);
  layout.ids = layout.tag + RoundUp(header.tag_bytes);
  layout.scales = layout.ids + RoundUp(8 * header.rows);
  const bool scaled = CodeOf(options.backend) == VectorCode::kInt8;
  std::uint64_t at = layout.scales + (scaled ? RoundUp(4 * header.rows) : 0);
  for (std::size_t l = 0; l < header.layers; ++l) {
    const std::uint64_t size = header.layer_sizes[l];
    layout.below[l] = at;
    if (l > 0) at += RoundUp(4 * size);
    layout.links[l] = at;
    at += RoundUp(4 * size * LayerSlots(options.hnsw_links, l));
  }
  layout.codes = at;
  layout.file_bytes = at + header.rows * RowStride(CodeOf(options.backend), options.dimension);
  return layout;
}

std::array<std::uint8_t, 32> VectorDirectoryDigest(std::span<const std::byte> bytes,
                                                   const VectorLayout& layout) {
  Sha256 sha;
  sha.Update(bytes.subspan(layout.tag, layout.codes - layout.tag));
  sha.Update(bytes.first(kVectorDigestOffset));
  return DigestOf(&sha);
}

Result<VectorFileView> ReadVectorFile(std::span<const std::byte> bytes, std::string_view name) {
  VectorHeader header;
  if (bytes.size() < sizeof header) return Damaged(name, "shorter than its header");
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != kVectorMagic) {
    return Error{ErrorCode::kCorrupt, std::string(name) + " is no vector index: it does not start like one"};
  }
  if (header.version != kVectorVersion) {
    return Error{ErrorCode::kUnsupported, std::string(name) + " is a vector index of version " +
                                              std::to_string(header.version) + ", version " +
                                              std::to_string(kVectorVersion) + " is read; build it again"};
  }
  KANTEI_TRY(const VectorLayout layout, VectorLayout::Of(header, name));
  if (layout.file_bytes != bytes.size() || header.file_bytes != bytes.size())
    return Damaged(name, "its length is not what its header says");
  if (VectorDirectoryDigest(bytes, layout) != header.digest) return Damaged(name, "wrong checksum");

  VectorFileView view;
  KANTEI_TRY(view.options, OptionsOf(header, name));
  view.code = CodeOf(view.options.backend);
  view.tag = std::string(reinterpret_cast<const char*>(bytes.data() + layout.tag), header.tag_bytes);
  view.ids = Part<std::int64_t>(bytes, layout.ids, header.rows);
  if (view.code == VectorCode::kInt8) view.scales = Part<float>(bytes, layout.scales, header.rows);
  // One over the length of codes of which one is 127 or -127.
  for (const float scale : view.scales) {
    if (!(scale > 0.0f && scale <= 1.0f / 126.0f)) return Damaged(name, "an impossible scale");
  }
  for (std::size_t l = 0; l < header.layers; ++l) {
    LayerView layer;
    const std::uint64_t size = header.layer_sizes[l];
    if (l > 0) layer.below = Part<std::uint32_t>(bytes, layout.below[l], size);
    layer.links = Part<std::uint32_t>(bytes, layout.links[l], size * LayerSlots(view.options.hnsw_links, l));
    view.layers.push_back(layer);
  }
  view.entry = header.entry;
  view.serial = header.serial;
  view.codes_digest = header.codes_digest;
  view.codes = bytes.subspan(layout.codes);
  KANTEI_RETURN_IF_ERROR(CheckGraph(view, name));
  return view;
}

Status CheckVectorCodes(const VectorFileView& view, std::string_view name) {
  Sha256 sha;
  sha.Update(view.codes);
  if (DigestOf(&sha) != view.codes_digest) return Damaged(name, "wrong checksum of the codes");
  return {};
}

}  // namespace kantei::store
