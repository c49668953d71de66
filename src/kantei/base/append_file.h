// A file that only grows, line by line, and keeps what was written when the program or the machine dies.
#pragma once

#include <filesystem>
#include <string_view>

#include "kantei/base/result.h"

namespace kantei {

/// Move-only; not thread-safe.
class AppendFile {
 public:
  /// Makes the file if need be. A last line that was cut off gets its end, so that the next one stands alone: who reads the file leaves
  /// out lines that are not whole. kUnavailable also when another program has the file open with this class.
  static Result<AppendFile> Open(const std::filesystem::path& path);
  AppendFile(AppendFile&& other) noexcept;
  AppendFile& operator=(AppendFile&& other) noexcept;
  ~AppendFile();

  /// The line and its end, on the disk when this returns. kInvalidArgument when the line holds a line break.
  Status AppendLine(std::string_view line);

 private:
  AppendFile(int descriptor, std::filesystem::path path) : descriptor_(descriptor), path_(std::move(path)) {}
  Status Write(std::string_view text);

  int descriptor_ = -1;
  std::filesystem::path path_;
};

}  // namespace kantei
