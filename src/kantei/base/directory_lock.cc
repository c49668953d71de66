#include "kantei/base/directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "kantei/base/files.h"

namespace kantei {

Result<DirectoryLock> DirectoryLock::Take(const std::filesystem::path& directory, const char* file,
                                          const std::string& what) {
  const std::filesystem::path path = directory / file;
  const auto failed = [&](const char* how) {
    return Error{ErrorCode::kUnavailable, DisplayPath(path) + " " + how + ": " + std::strerror(errno)};
  };
  DirectoryLock lock;
  lock.descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock.descriptor_ < 0) return failed("cannot be opened for writing");
  if (::flock(lock.descriptor_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failed("cannot be locked");
    char holder[32] = {};
    const ssize_t size = ::pread(lock.descriptor_, holder, sizeof holder - 1, 0);
    std::string process;
    for (ssize_t i = 0; i < size && holder[i] >= '0' && holder[i] <= '9'; ++i) process += holder[i];
    return Error{ErrorCode::kUnavailable, what + " is being written by another process" +
                                              (process.empty() ? "" : " (" + process + ")") +
                                              "; wait until it ends, then try again"};
  }
  const std::string self = std::to_string(::getpid()) + "\n";
  // Only for the message above, so a full disk does not matter here.
  if (::ftruncate(lock.descriptor_, 0) == 0) (void)!::pwrite(lock.descriptor_, self.data(), self.size(), 0);
  return lock;
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}
DirectoryLock& DirectoryLock::operator=(DirectoryLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}
DirectoryLock::~DirectoryLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace kantei
