// Reading, writing and finding files. Paths are bytes: any name the file system allows is fine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/result.h"

namespace kantei {

using Bytes = std::vector<std::byte>;

/// The Error for a failed system call on `path`, from errno: kNotFound when it does not exist, else kUnavailable.
Error FileError(const std::filesystem::path& path, std::string_view what);

/// Whole file in memory. kTooLarge above max_bytes (checked before allocation), kInvalidArgument for a directory.
Result<Bytes> ReadFile(const std::filesystem::path& path, std::uint64_t max_bytes);
Result<std::string> ReadTextFile(const std::filesystem::path& path, std::uint64_t max_bytes);

/// Writes beside the target, syncs, then renames: a reader sees the old file or the new one, never half of one.
Status WriteFileAtomic(const std::filesystem::path& path, std::span<const std::byte> bytes);
Status WriteFileAtomic(const std::filesystem::path& path, std::string_view text);

/// Regular files below `roots` (a file stands for itself), depth first, each directory sorted by name bytes, hidden
/// entries (leading dot) left out. Symbolic links are followed; a directory reached twice is visited once.
Result<std::vector<std::filesystem::path>> ListFiles(std::span<const std::filesystem::path> roots);

/// True when the extension (any case) is one that image/ reads: jpg jpeg jfif png webp gif tif tiff bmp avif heic heif.
bool HasImageExtension(const std::filesystem::path& path);

/// The file name or path as valid UTF-8: invalid bytes become U+FFFD. For display and JSON, never for opening.
std::string DisplayPath(const std::filesystem::path& path);

/// XDG_DATA_HOME/kantei, or ~/.local/share/kantei.
std::filesystem::path DataHome();

/// A shipped model or table by file name: in KANTEI_MODEL_DIR, else beside the program (build tree, install tree).
/// kNotFound names the places that were searched.
Result<std::filesystem::path> FindModel(std::string_view file_name);

/// A read-only memory map. Move-only.
class MappedFile {
 public:
  static Result<MappedFile> Open(const std::filesystem::path& path);
  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();
  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace kantei
