// The file of known hashes beside a catalogue: codes and picture ids, memory-mapped for scanning (docs/formats.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "kantei/base/code256.h"
#include "kantei/base/files.h"
#include "kantei/base/result.h"
#include "kantei/store/catalog.h"

namespace kantei::store {

/// Codes and ids of one file; the memory belongs to the map. Move-only.
class HashFile {
 public:
  /// kCorrupt when the file is not one, is damaged (its digest is checked) or its ids do not ascend; kNotFound.
  static Result<HashFile> Open(const std::filesystem::path& path);
  HashFile() = default;

  std::span<const Code256> codes() const { return codes_; }
  std::span<const std::int64_t> picture_ids() const {
    return picture_ids_;
  }  ///< one for each code, ascending
  const Checkpoint& checkpoint() const { return checkpoint_; }

 private:
  MappedFile file_;
  std::span<const Code256> codes_;
  std::span<const std::int64_t> picture_ids_;
  Checkpoint checkpoint_;
};

/// Written atomically. codes and picture_ids have one size; the UUID of the checkpoint has at most 64 bytes.
Status SaveHashFile(const std::filesystem::path& path, std::span<const Code256> codes,
                    std::span<const std::int64_t> picture_ids, const Checkpoint& checkpoint);

}  // namespace kantei::store
