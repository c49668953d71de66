#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "kantei/base/sha256.h"
#include "kantei/store/inverted_state.h"

namespace kantei::store {
namespace {

namespace fs = std::filesystem;

/// A file that takes its final name only when it is complete and on the disk. Removed again when it is not
/// finished.
class NewFile {
 public:
  static Result<std::unique_ptr<NewFile>> Create(const fs::path& path) {
    std::unique_ptr<NewFile> file(new NewFile(path));
    file->descriptor_ = ::open(file->temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file->descriptor_ < 0) return FileError(file->temporary_, "cannot be created");
    return file;
  }
  ~NewFile() {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    ::unlink(temporary_.c_str());
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  template <typename T>
  Status Append(std::span<const T> values) {
    return AppendBytes(std::as_bytes(values));
  }
  template <typename T>
  Status AppendOne(T value) {
    return AppendBytes(std::as_bytes(std::span<const T>(&value, 1)));
  }
  Status PadTo8() {
    static constexpr std::byte kZeros[8] = {};
    return AppendBytes(std::span(kZeros).first((8 - size_ % 8) % 8));
  }
  std::uint64_t size() const { return size_; }
  /// What Append is given while it is set also goes into the checksum.
  void set_checksum(Sha256* checksum) { checksum_ = checksum; }

  /// Writes `header` over the start, syncs and renames.
  Status Finish(const InvertedHeader& header) {
    KANTEI_RETURN_IF_ERROR(Flush());
    if (::lseek(descriptor_, 0, SEEK_SET) != 0) return FileError(temporary_, "cannot be rewound");
    KANTEI_RETURN_IF_ERROR(Write(std::as_bytes(std::span(&header, 1))));
    if (::fsync(descriptor_) != 0) return FileError(temporary_, "cannot be synced to disk");
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) return FileError(path_, "cannot be replaced");
    ::close(std::exchange(descriptor_, -1));
    const fs::path parent = path_.has_parent_path() ? path_.parent_path() : fs::path(".");
    const int directory = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0) {
      (void)::fsync(directory);
      ::close(directory);
    }
    return {};
  }

 private:
  static constexpr std::size_t kBuffer = 1 << 20;
  explicit NewFile(const fs::path& path)
      : path_(path), temporary_(path.native() + ".tmp." + std::to_string(::getpid())) {
    buffer_.reserve(kBuffer);
  }

  Status AppendBytes(std::span<const std::byte> bytes) {
    if (checksum_ != nullptr) checksum_->Update(bytes);
    size_ += bytes.size();
    if (buffer_.size() + bytes.size() > kBuffer) KANTEI_RETURN_IF_ERROR(Flush());
    if (bytes.size() >= kBuffer) return Write(bytes);
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    return {};
  }
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
  Sha256* checksum_ = nullptr;
};

}  // namespace

Status InvertedIndex::Save(const fs::path& path, const std::string& tag) const {
  const State& state = *state_;
  if (tag.size() > kMaxTagBytes) {
    return Error{ErrorCode::kInvalidArgument,
                 "the tag of an index has at most " + std::to_string(kMaxTagBytes) + " bytes"};
  }
  // Removed pictures are left out, so the ordinals of those after them move down.
  const bool compact = state.removed_count > 0;
  std::vector<std::uint32_t> moved(compact ? state.Ordinals() : 0);
  std::uint32_t next = 0;
  for (std::size_t ordinal = 0; ordinal < moved.size(); ++ordinal) {
    moved[ordinal] = next;
    next += state.removed[ordinal] ? 0 : 1;
  }
  const auto keep = [&](std::uint32_t ordinal) {
    return !compact || (ordinal < state.removed.size() && !state.removed[ordinal]);
  };
  // Calls `part(run, i)` for every posting that is kept, in the order of the file.
  const auto for_each_run = [&](std::uint32_t word, const auto& use) -> Status {
    KANTEI_RETURN_IF_ERROR(use(state.BaseRun(word)));
    return use(state.TailRun(word));
  };

  InvertedHeader header;
  header.words = state.words;
  header.pictures = picture_count();
  header.last_picture_id = state.last_picture_id;
  header.tag_bytes = tag.size();

  std::vector<std::uint64_t> word_ends(std::size_t{state.words} + 1, 0);
  std::vector<std::uint32_t> word_pictures(state.words, 0);
  for (std::uint32_t word = 0; word < state.words; ++word) {
    std::uint64_t postings = 0;
    if (!compact) {
      postings = state.BaseRun(word).ordinals.size() + state.TailRun(word).ordinals.size();
      word_pictures[word] = state.WordPictures(word);
    } else {
      std::uint64_t last = ~std::uint64_t{0};
      const auto count = [&](const PostingRun& run) -> Status {
        for (const std::uint32_t ordinal : run.ordinals) {
          if (!keep(ordinal)) continue;
          ++postings;
          word_pictures[word] += ordinal != last ? 1 : 0;
          last = ordinal;
        }
        return {};
      };
      KANTEI_RETURN_IF_ERROR(for_each_run(word, count));
    }
    word_ends[word + 1] = word_ends[word] + postings;
  }
  header.postings = word_ends.back();
  KANTEI_TRY(const InvertedLayout layout, InvertedLayout::Of(header, DisplayPath(path)));
  header.file_bytes = layout.file_bytes;

  KANTEI_TRY(const std::unique_ptr<NewFile> file, NewFile::Create(path));
  KANTEI_RETURN_IF_ERROR(file->AppendOne(header));
  Sha256 checksum;
  checksum.Update(std::as_bytes(std::span(&header, 1)).first(kChecksumOffset));
  file->set_checksum(&checksum);
  KANTEI_RETURN_IF_ERROR(file->Append(std::span(tag)));
  KANTEI_RETURN_IF_ERROR(file->PadTo8());
  for (std::size_t ordinal = 0; ordinal < state.Ordinals(); ++ordinal) {
    if (!state.removed[ordinal]) KANTEI_RETURN_IF_ERROR(file->AppendOne(state.PictureId(ordinal)));
  }
  KANTEI_RETURN_IF_ERROR(file->Append(std::span<const std::uint64_t>(word_ends)));
  for (std::size_t ordinal = 0; ordinal < state.Ordinals(); ++ordinal) {
    if (!state.removed[ordinal]) KANTEI_RETURN_IF_ERROR(file->AppendOne(state.PicturePostings(ordinal)));
  }
  KANTEI_RETURN_IF_ERROR(file->Append(std::span<const std::uint32_t>(word_pictures)));
  KANTEI_RETURN_IF_ERROR(file->PadTo8());
  file->set_checksum(nullptr);

  // Three passes, one a part: nothing of the size of the index is held in memory.
  const auto write_part = [&](const auto& member, const auto& value) -> Status {
    const auto write_run = [&](const PostingRun& run) -> Status {
      if (!compact) return file->Append(member(run));
      for (std::size_t i = 0; i < run.ordinals.size(); ++i) {
        if (keep(run.ordinals[i])) KANTEI_RETURN_IF_ERROR(file->AppendOne(value(member(run)[i])));
      }
      return {};
    };
    for (std::uint32_t word = 0; word < state.words; ++word)
      KANTEI_RETURN_IF_ERROR(for_each_run(word, write_run));
    return {};
  };
  const auto same = [](auto value) { return value; };
  KANTEI_RETURN_IF_ERROR(write_part([](const PostingRun& run) { return run.signatures; }, same));
  KANTEI_RETURN_IF_ERROR(write_part([](const PostingRun& run) { return run.ordinals; },
                                    [&](std::uint32_t ordinal) { return moved[ordinal]; }));
  KANTEI_RETURN_IF_ERROR(write_part([](const PostingRun& run) { return run.geometry; }, same));
  KANTEI_CHECK(file->size() == header.file_bytes);
  header.checksum = DigestBytes(checksum.FinishHex());
  return file->Finish(header);
}

}  // namespace kantei::store
