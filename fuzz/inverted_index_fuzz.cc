// Any bytes as an index file, as they are and with the checksum made right, so that the checks behind it are
// reached too; what loads must bear a query, an addition and a save.
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "kantei/base/files.h"
#include "kantei/store/inverted_format.h"
#include "kantei/store/inverted_index.h"

namespace {

using namespace kantei;
using namespace kantei::store;

const std::filesystem::path& Scratch() {
  static const std::filesystem::path path = [] {
    const std::filesystem::path memory = "/dev/shm";
    const std::filesystem::path place =
        std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
    return place / ("kantei_inverted_fuzz_" + std::to_string(::getpid()));
  }();
  static const int at_exit = std::atexit([] { ::unlink(Scratch().c_str()); });
  (void)at_exit;
  return path;
}

void Put(const std::vector<std::byte>& bytes) {
  FILE* file = std::fopen(Scratch().c_str(), "wb");
  if (file == nullptr || std::fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size()) std::abort();
  std::fclose(file);
}

void LoadAndUse(const std::vector<std::byte>& bytes) {
  Put(bytes);
  std::string tag;
  auto index = InvertedIndex::Load(Scratch(), &tag);
  if (!index.ok()) return;
  std::array<Posting, 64> query;
  for (std::size_t i = 0; i < query.size(); ++i) {
    query[i] = {.word = static_cast<std::uint32_t>(i / 2),
                .angle = static_cast<std::uint8_t>(7 * i),
                .log_scale = static_cast<std::uint8_t>(3 * i),
                .reserved = 0,
                .signature = i % 2 == 0 ? 0 : ~std::uint64_t{0}};
  }
  (void)index->Query(query, {.signature_radius = 64, .max_hits = 100});
  index->MarkRemoved(index->last_picture_id());
  (void)index->Query(query, {});
  (void)index->Save(Scratch(), tag);
}

/// Sets the length and the checksum of the header to what the bytes call for, where its counts allow.
bool Seal(std::vector<std::byte>* bytes) {
  InvertedHeader header;
  if (bytes->size() < sizeof header) return false;
  std::memcpy(&header, bytes->data(), sizeof header);
  header.magic = kInvertedMagic;
  header.version = kInvertedVersion;
  const auto layout = InvertedLayout::Of(header, "fuzz");
  if (!layout.ok() || layout->file_bytes > (1 << 20)) return false;
  bytes->resize(layout->file_bytes);
  header.file_bytes = layout->file_bytes;
  std::memcpy(bytes->data(), &header, sizeof header);
  header.checksum = DirectoryChecksum(*bytes, *layout);
  std::memcpy(bytes->data(), &header, sizeof header);
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::byte> bytes(size);
  if (size > 0) std::memcpy(bytes.data(), data, size);
  LoadAndUse(bytes);
  if (Seal(&bytes)) LoadAndUse(bytes);
  return 0;
}
