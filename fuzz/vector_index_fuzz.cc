// Any bytes as the file of a vector index, as they are and with the digests made right, so that the checks behind them are
// reached too; what opens must bear searches, an addition, a removal and a save.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "kantei/store/hnsw_graph.h"
#include "kantei/store/vector_format.h"
#include "kantei/store/vector_index.h"

namespace {

using namespace kantei;
using namespace kantei::store;

const std::filesystem::path& Scratch() {
  static const std::filesystem::path path = [] {
    const std::filesystem::path memory = "/dev/shm";
    const std::filesystem::path place =
        std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
    return place / ("kantei_vector_fuzz_" + std::to_string(::getpid()));
  }();
  static const int at_exit = std::atexit([] { ::unlink(Scratch().c_str()); });
  (void)at_exit;
  return path;
}

void Put(const std::vector<std::byte>& bytes) {
  std::FILE* file = std::fopen(Scratch().c_str(), "wb");
  if (file == nullptr || std::fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size()) std::abort();
  std::fclose(file);
}

void OpenAndUse(const std::vector<std::byte>& bytes, bool save) {
  VectorHeader header;
  std::string tag;
  if (bytes.size() >= sizeof header) {
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.tag_bytes <= bytes.size() - sizeof header)
      tag.assign(reinterpret_cast<const char*>(bytes.data()) + sizeof header, header.tag_bytes);
  }
  Put(bytes);
  auto opened = VectorIndex::Open(Scratch(), tag);
  if (!opened.ok()) return;
  VectorIndex& index = **opened;
  const auto width = static_cast<std::size_t>(index.options().dimension);
  std::vector<float> queries(9 * width, 0.0f);
  for (std::size_t q = 0; q < 9; ++q) {
    const float x = q % 2 == 0 ? 0.6f : -0.6f;
    queries[q * width + q % width] = x;
    queries[q * width + (q + 1) % width] = 0.8f;
  }
  for (const Recall recall : {Recall::kFast, Recall::kBalanced, Recall::kExact}) {
    const auto hits = index.Search(queries, 5, recall);
    if (!hits.ok()) std::abort();
    for (const auto& list : *hits) {
      for (std::size_t i = 0; i < list.size(); ++i) {
        if (!std::isfinite(list[i].similarity)) std::abort();
        if (i > 0 && list[i].similarity > list[i - 1].similarity) std::abort();
      }
    }
  }
  (void)index.SearchRadius(queries, 0.2f, 20);
  const std::array<std::int64_t, 2> ids = {7, 7};
  if (!index.Add(ids, std::span(queries).first(2 * width)).ok()) std::abort();
  if (!index.Remove(7) || index.Remove(7)) std::abort();
  (void)index.Remove(0);
  (void)index.Search(queries, 3);
  if (!save) return;
  if (!index.Save(Scratch(), tag).ok() || !VectorIndex::Open(Scratch(), tag).ok()) std::abort();
}

/// Sets the length and both digests to what the bytes call for, where the counts of the header allow.
bool Seal(std::vector<std::byte>* bytes) {
  VectorHeader header;
  if (bytes->size() < sizeof header) return false;
  std::memcpy(&header, bytes->data(), sizeof header);
  header.magic = kVectorMagic;
  header.version = kVectorVersion;
  const auto layout = VectorLayout::Of(header, "fuzz");
  if (!layout.ok() || layout->file_bytes > (1 << 17)) return false;
  bytes->resize(layout->file_bytes);
  header.file_bytes = layout->file_bytes;
  Sha256 codes;
  codes.Update(std::span(*bytes).subspan(layout->codes));
  header.codes_digest = DigestOf(&codes);
  std::memcpy(bytes->data(), &header, sizeof header);
  // A scale out of range would end most attempts here: move them into it, as one bit decides.
  if (CodeOf(static_cast<VectorBackend>(header.backend)) == VectorCode::kInt8 && (header.seed & 1) == 0) {
    for (std::size_t i = 0; i < header.rows; ++i) {
      const float scale = 0.001f;
      std::memcpy(bytes->data() + layout->scales + 4 * i, &scale, sizeof scale);
    }
  }
  // Likewise links beyond the nodes, as another bit decides.
  for (std::size_t l = 0; (header.seed & 2) == 0 && l < header.layers; ++l) {
    const std::size_t count = header.layer_sizes[l] * LayerSlots(static_cast<int>(header.hnsw_links), l);
    for (std::size_t i = 0; i < count; ++i) {
      std::uint32_t link;
      std::memcpy(&link, bytes->data() + layout->links[l] + 4 * i, sizeof link);
      if (link != kNoLink) link %= header.layer_sizes[l];
      std::memcpy(bytes->data() + layout->links[l] + 4 * i, &link, sizeof link);
    }
  }
  header.digest = VectorDirectoryDigest(*bytes, *layout);
  std::memcpy(bytes->data(), &header, sizeof header);
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::byte> bytes(size);
  if (size > 0) std::memcpy(bytes.data(), data, size);
  OpenAndUse(bytes, false);
  if (!Seal(&bytes)) return 0;
  // A save syncs to the disk: not every time.
  OpenAndUse(bytes, size % 16 == 0);
  return 0;
}
