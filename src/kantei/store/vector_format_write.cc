#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "kantei/store/vector_format.h"

namespace kantei::store {
namespace {

namespace fs = std::filesystem;

/// Written under another name, which it loses only when it is complete and on the disk. Removed when it is not finished.
class VectorFileWriter {
 public:
  explicit VectorFileWriter(const fs::path& path)
      : path_(path), temporary_(path.native() + ".tmp." + std::to_string(::getpid())) {
    buffer_.reserve(kBuffer);
  }
  ~VectorFileWriter() {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    ::unlink(temporary_.c_str());
  }
  VectorFileWriter(const VectorFileWriter&) = delete;
  VectorFileWriter& operator=(const VectorFileWriter&) = delete;

  Status Create() {
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (descriptor_ < 0) return FileError(temporary_, "cannot be created");
    return {};
  }
  Status Append(std::span<const std::byte> bytes, Sha256* digest) {
    digest->Update(bytes);
    return Put(bytes);
  }
  /// Header bytes: their digest is known only at the end.
  Status Put(std::span<const std::byte> bytes) {
    size_ += bytes.size();
    if (buffer_.size() + bytes.size() > kBuffer) KANTEI_RETURN_IF_ERROR(Flush());
    if (bytes.size() >= kBuffer) return Write(bytes);
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    return {};
  }
  Status Pad(Sha256* digest) {
    static constexpr std::byte kZeros[64] = {};
    return Append(std::span(kZeros).first((64 - size_ % 64) % 64), digest);
  }
  std::uint64_t size() const { return size_; }

  Status Finish(const VectorHeader& header) {
    KANTEI_RETURN_IF_ERROR(Flush());
    if (::lseek(descriptor_, 0, SEEK_SET) != 0) return FileError(temporary_, "cannot be rewound");
    KANTEI_RETURN_IF_ERROR(Write(std::as_bytes(std::span(&header, 1))));
    if (::fsync(descriptor_) != 0) return FileError(temporary_, "cannot be synced to disk");
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) return FileError(path_, "cannot be replaced");
    ::close(std::exchange(descriptor_, -1));
    const fs::path parent = path_.has_parent_path() ? path_.parent_path() : fs::path(".");
    const int folder = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
      (void)::fsync(folder);
      ::close(folder);
    }
    return {};
  }

 private:
  static constexpr std::size_t kBuffer = 1 << 20;
  Status Flush() {
    KANTEI_RETURN_IF_ERROR(Write(buffer_));
    buffer_.clear();
    return {};
  }
  Status Write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t put = ::write(descriptor_, bytes.data(), bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return FileError(temporary_, "cannot be written");
      bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
    return {};
  }

  fs::path path_, temporary_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  Bytes buffer_;
};

/// Calls use(run, begin, end) for every stretch of rows that are kept.
template <typename Use>
Status ForEachKept(std::span<const SavedRows> runs, std::span<const std::uint64_t> dead, const Use& use) {
  const auto kept = [&](std::size_t row) {
    return row / 64 >= dead.size() || (dead[row / 64] >> (row % 64) & 1) == 0;
  };
  for (const SavedRows& run : runs) {
    std::size_t begin = 0;
    while (begin < run.ids.size()) {
      while (begin < run.ids.size() && !kept(run.first + begin)) ++begin;
      std::size_t end = begin;
      while (end < run.ids.size() && kept(run.first + end)) ++end;
      if (end > begin) KANTEI_RETURN_IF_ERROR(use(run, begin, end));
      begin = end;
    }
  }
  return {};
}

}  // namespace

Status WriteVectorFile(const fs::path& path, VectorHeader header, std::string_view tag,
                       std::span<const SavedRows> runs, std::span<const std::uint64_t> dead,
                       std::span<const LayerView> layers) {
  if (tag.size() > kMaxVectorTagBytes) {
    return Error{ErrorCode::kInvalidArgument,
                 "the tag of a vector index has at most " + std::to_string(kMaxVectorTagBytes) + " bytes"};
  }
  header.tag_bytes = static_cast<std::uint32_t>(tag.size());
  KANTEI_TRY(const VectorLayout layout, VectorLayout::Of(header, DisplayPath(path)));
  header.file_bytes = layout.file_bytes;
  const auto backend = static_cast<VectorBackend>(header.backend);
  const std::size_t stride = RowStride(CodeOf(backend), static_cast<int>(header.dimension));

  VectorFileWriter file(path);
  KANTEI_RETURN_IF_ERROR(file.Create());
  Sha256 directory, codes;
  KANTEI_RETURN_IF_ERROR(file.Put(std::as_bytes(std::span(&header, 1))));
  KANTEI_RETURN_IF_ERROR(file.Append(std::as_bytes(std::span(tag)), &directory));
  KANTEI_RETURN_IF_ERROR(file.Pad(&directory));
  const auto put_ids = [&](const SavedRows& run, std::size_t begin, std::size_t end) {
    return file.Append(std::as_bytes(run.ids.subspan(begin, end - begin)), &directory);
  };
  KANTEI_RETURN_IF_ERROR(ForEachKept(runs, dead, put_ids));
  KANTEI_RETURN_IF_ERROR(file.Pad(&directory));
  if (CodeOf(backend) == VectorCode::kInt8) {
    const auto put_scales = [&](const SavedRows& run, std::size_t begin, std::size_t end) {
      return file.Append(std::as_bytes(run.scales.subspan(begin, end - begin)), &directory);
    };
    KANTEI_RETURN_IF_ERROR(ForEachKept(runs, dead, put_scales));
    KANTEI_RETURN_IF_ERROR(file.Pad(&directory));
  }
  for (const LayerView& layer : layers) {
    KANTEI_RETURN_IF_ERROR(file.Append(std::as_bytes(layer.below), &directory));
    KANTEI_RETURN_IF_ERROR(file.Pad(&directory));
    KANTEI_RETURN_IF_ERROR(file.Append(std::as_bytes(layer.links), &directory));
    KANTEI_RETURN_IF_ERROR(file.Pad(&directory));
  }
  KANTEI_CHECK(file.size() == layout.codes);
  const auto put_codes = [&](const SavedRows& run, std::size_t begin, std::size_t end) {
    return file.Append({run.codes + begin * stride, (end - begin) * stride}, &codes);
  };
  KANTEI_RETURN_IF_ERROR(ForEachKept(runs, dead, put_codes));
  KANTEI_CHECK(file.size() == header.file_bytes);
  header.codes_digest = DigestOf(&codes);
  directory.Update(std::as_bytes(std::span(&header, 1)).first(kVectorDigestOffset));
  header.digest = DigestOf(&directory);
  return file.Finish(header);
}

}  // namespace kantei::store
