#include "kantei/base/files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <set>
#include <utility>

namespace kantei {
namespace fs = std::filesystem;

Error FileError(const fs::path& path, std::string_view what) {
  const int number = errno;
  const ErrorCode code =
      number == ENOENT || number == ENOTDIR ? ErrorCode::kNotFound : ErrorCode::kUnavailable;
  return {code, DisplayPath(path) + " " + std::string(what) + ": " + std::strerror(number)};
}

namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

template <typename Container>
Result<Container> ReadInto(const fs::path& path, std::uint64_t max_bytes) {
  // O_NONBLOCK so that a named pipe is refused below instead of blocking for a writer.
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return FileError(path, "cannot be opened");
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return FileError(path, "cannot be examined");
  if (!S_ISREG(info.st_mode)) {
    return Error{ErrorCode::kInvalidArgument, DisplayPath(path) + " is not a regular file; name a file"};
  }
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size > max_bytes) {
    return Error{ErrorCode::kTooLarge, DisplayPath(path) + " has " + std::to_string(size) +
                                           " bytes; the limit is " + std::to_string(max_bytes) + " bytes"};
  }
  Container content(size, {});
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::read(file.get(), content.data() + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileError(path, "cannot be read");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  content.resize(done);
  return content;
}

}  // namespace

Result<Bytes> ReadFile(const fs::path& path, std::uint64_t max_bytes) {
  return ReadInto<Bytes>(path, max_bytes);
}
Result<std::string> ReadTextFile(const fs::path& path, std::uint64_t max_bytes) {
  return ReadInto<std::string>(path, max_bytes);
}

Status WriteFileAtomic(const fs::path& path, std::span<const std::byte> bytes) {
  static std::atomic<unsigned> counter{0};  // two threads may write one target
  const fs::path temporary =
      path.string() + ".tmp." + std::to_string(::getpid()) + "." + std::to_string(counter++);
  {
    Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (file.get() < 0) return FileError(temporary, "cannot be created");
    std::size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t put = ::write(file.get(), bytes.data() + done, bytes.size() - done);
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) {
        Error error = FileError(temporary, "cannot be written");
        ::unlink(temporary.c_str());
        return error;
      }
      done += static_cast<std::size_t>(put);
    }
    if (::fsync(file.get()) != 0) {
      Error error = FileError(temporary, "cannot be synced to disk");
      ::unlink(temporary.c_str());
      return error;
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    Error error = FileError(path, "cannot be replaced");
    ::unlink(temporary.c_str());
    return error;
  }
  // The rename itself must survive a power cut.
  const fs::path parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
  Descriptor directory(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() >= 0) (void)::fsync(directory.get());
  return {};
}

Status WriteFileAtomic(const fs::path& path, std::string_view text) {
  return WriteFileAtomic(path, std::as_bytes(std::span(text)));
}

namespace {

struct Walker {
  std::vector<fs::path> files;
  std::set<std::pair<dev_t, ino_t>> visited;

  void Visit(const fs::path& directory) {
    struct stat info {};
    if (::stat(directory.c_str(), &info) != 0 || !visited.insert({info.st_dev, info.st_ino}).second) return;
    std::error_code error;
    std::vector<fs::path> entries;
    for (fs::directory_iterator it(directory, fs::directory_options::skip_permission_denied, error), end;
         !error && it != end; it.increment(error)) {
      if (!it->path().filename().native().starts_with('.')) entries.push_back(it->path());
    }
    std::sort(entries.begin(), entries.end());
    for (const fs::path& entry : entries) {
      if (fs::is_directory(entry, error)) {
        Visit(entry);
      } else if (fs::is_regular_file(entry, error)) {
        files.push_back(entry);
      }
    }
  }
};

}  // namespace

Result<std::vector<fs::path>> ListFiles(std::span<const fs::path> roots) {
  Walker walker;
  for (const fs::path& root : roots) {
    struct stat info {};
    if (::stat(root.c_str(), &info) != 0) return FileError(root, "cannot be examined");
    if (S_ISDIR(info.st_mode)) {
      walker.Visit(root);
    } else {
      walker.files.push_back(root);
    }
  }
  return std::move(walker.files);
}

bool HasImageExtension(const fs::path& path) {
  static constexpr std::array<std::string_view, 13> kExtensions = {".jpg",  ".jpeg", ".jfif", ".png", ".webp",
                                                                   ".gif",  ".tif",  ".tiff", ".bmp", ".avif",
                                                                   ".heic", ".heif", ".jpe"};
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

std::string DisplayPath(const fs::path& path) {
  const std::string& raw = path.native();
  std::string text;
  text.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size();) {
    const auto byte = static_cast<unsigned char>(raw[i]);
    std::size_t length = byte < 0x80                   ? 1
                         : byte >= 0xC2 && byte < 0xE0 ? 2
                         : byte >= 0xE0 && byte < 0xF0 ? 3
                         : byte >= 0xF0 && byte < 0xF5 ? 4
                                                       : 0;
    bool valid = length > 0 && i + length <= raw.size();
    for (std::size_t k = 1; valid && k < length; ++k)
      valid = (static_cast<unsigned char>(raw[i + k]) & 0xC0) == 0x80;
    if (valid && length >= 3) {  // overlong forms and surrogates
      const auto second = static_cast<unsigned char>(raw[i + 1]);
      valid = !(byte == 0xE0 && second < 0xA0) && !(byte == 0xED && second >= 0xA0) &&
              !(byte == 0xF0 && second < 0x90) && !(byte == 0xF4 && second >= 0x90);
    }
    if (valid) {
      text.append(raw, i, length);
      i += length;
    } else {
      text += "\xEF\xBF\xBD";
      ++i;
    }
  }
  return text;
}

fs::path DataHome() {
  if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && data[0] == '/')
    return fs::path(data) / "kantei";
  const char* home = std::getenv("HOME");
  return fs::path(home != nullptr && home[0] != '\0' ? home : ".") / ".local" / "share" / "kantei";
}

Result<fs::path> FindModel(std::string_view file_name) {
  std::vector<fs::path> places;
  if (const char* directory = std::getenv("KANTEI_MODEL_DIR"); directory != nullptr && directory[0] != '\0') {
    places.emplace_back(directory);
  } else {
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error).parent_path();
    places = {program / "../share/kantei/models", program / "../../../models",
              program / "../../../../models"};
  }
  std::string searched;
  for (const fs::path& place : places) {
    std::error_code error;
    const fs::path candidate = place / file_name;
    if (fs::is_regular_file(candidate, error)) return candidate.lexically_normal();
    searched += (searched.empty() ? "" : ", ") + DisplayPath(place.lexically_normal());
  }
  return Error{ErrorCode::kNotFound, "the model file " + std::string(file_name) + " was not found in " +
                                         searched + "; set KANTEI_MODEL_DIR to the folder that holds it"};
}

Result<MappedFile> MappedFile::Open(const fs::path& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return FileError(path, "cannot be opened");
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return FileError(path, "cannot be examined");
  if (!S_ISREG(info.st_mode)) {
    return Error{ErrorCode::kInvalidArgument, DisplayPath(path) + " is not a regular file; name a file"};
  }
  MappedFile mapped;
  mapped.size_ = static_cast<std::size_t>(info.st_size);
  if (mapped.size_ > 0) {
    void* data = ::mmap(nullptr, mapped.size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (data == MAP_FAILED) {
      mapped.size_ = 0;
      return FileError(path, "cannot be mapped into memory");
    }
    mapped.data_ = static_cast<const std::byte*>(data);
  }
  return mapped;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}
MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

}  // namespace kantei
