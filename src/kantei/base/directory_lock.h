// The exclusive right to write into a directory.
#pragma once

#include <filesystem>
#include <string>

#include "kantei/base/result.h"

namespace kantei {

/// A lock on a file in the directory, which the kernel drops when the process ends, however it ends. Movable.
class DirectoryLock {
 public:
  DirectoryLock() = default;
  /// Makes `file` in the directory if need be; it stays there. kUnavailable: "WHAT is being written by another process (ID)",
  /// or the file cannot be opened. `what` names the directory for people, e.g. "the library known/".
  static Result<DirectoryLock> Take(const std::filesystem::path& directory, const char* file,
                                    const std::string& what);
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&& other) noexcept;
  ~DirectoryLock();

 private:
  int descriptor_ = -1;
};

}  // namespace kantei
