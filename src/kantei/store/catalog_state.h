// What a Catalog holds, and how an open one is made. Private to store/.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "kantei/base/directory_lock.h"
#include "kantei/store/catalog.h"
#include "kantei/store/sqlite.h"

namespace kantei::store {

struct Catalog::State {
  std::filesystem::path directory;
  DirectoryLock lock;  ///< on writer.lock; outlives the database: declared before it
  std::unique_ptr<Database> database;
  bool writable = false;
  bool in_batch = false;    ///< between Begin and Commit or Rollback
  Checkpoint before_batch;  ///< what is committed while in_batch

  /// kInvalidArgument unless opened for writing; kUnavailable when the open batch was lost to a full disk.
  Status CheckWritable() const;
};

Result<std::unique_ptr<Database>> OpenCatalogDatabase(const std::filesystem::path& directory, OpenMode mode);

using Digest = std::array<std::byte, 32>;
/// 32 bytes in the order of the hexadecimal text, so that hex(pdq) in SQL shows what people know.
Digest ToBytes(const Code256& code);
Code256 FromBytes(std::span<const std::byte, 32> bytes);

inline std::span<const std::byte> AsBytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

Error NoPicture(const Database& database, std::int64_t picture_id);

}  // namespace kantei::store
