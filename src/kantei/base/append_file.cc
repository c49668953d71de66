#include "kantei/base/append_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "kantei/base/files.h"

namespace kantei {

AppendFile::AppendFile(AppendFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

AppendFile& AppendFile::operator=(AppendFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  return *this;
}

AppendFile::~AppendFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<AppendFile> AppendFile::Open(const std::filesystem::path& path) {
  AppendFile file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644), path);
  if (file.descriptor_ < 0) return FileError(path, "cannot be opened");
  if (::flock(file.descriptor_, LOCK_EX | LOCK_NB) != 0)
    return Error{ErrorCode::kUnavailable,
                 DisplayPath(path) + " is being written by another program; wait until it ends"};
  struct stat info {};
  if (::fstat(file.descriptor_, &info) != 0) return FileError(path, "cannot be examined");
  char last = '\n';
  if (info.st_size > 0 && ::pread(file.descriptor_, &last, 1, info.st_size - 1) != 1)
    return FileError(path, "cannot be read");
  if (last != '\n') KANTEI_RETURN_IF_ERROR(file.Write("\n"));
  return file;
}

Status AppendFile::AppendLine(std::string_view line) {
  if (line.find('\n') != line.npos)
    return Error{ErrorCode::kInvalidArgument, "a line for " + DisplayPath(path_) + " holds a line break"};
  return Write(std::string(line) + '\n');
}

Status AppendFile::Write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(descriptor_, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return FileError(path_, "cannot be written");
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  if (::fdatasync(descriptor_) != 0) return FileError(path_, "cannot be synced to disk");
  return {};
}

}  // namespace kantei
