#include "kantei/dataset/build_manifest.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "kantei/base/files.h"

namespace kantei::dataset {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostLine = 64 << 20;

std::string_view Text(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

Result<MappedFile> OpenMapped(const fs::path& path) {
  std::error_code failure;
  if (fs::exists(path, failure) && fs::file_size(path, failure) == 0) return MappedFile();
  return MappedFile::Open(path);
}

Result<Json> ParseRow(std::string_view line, const fs::path& file, std::size_t number) {
  const std::string place = DisplayPath(file) + ", line " + std::to_string(number);
  if (line.size() > kMostLine) return Error{ErrorCode::kTooLarge, place + " is longer than 64 MB"};
  KANTEI_TRY(Json row, ParseJson(line, place));
  for (const char* key : {"picture", "step", "status"})
    if (!row.is_object() || !row.contains(key) || !row.at(key).is_string())
      return Error{ErrorCode::kCorrupt, place + ": expected an object with \"" + key + "\""};
  return row;
}

/// `each(row, offset, size)` for every whole line; gives the offset behind the last one.
template <typename Each>
Result<std::size_t> WalkLines(std::string_view text, const fs::path& file, const Each& each) {
  std::size_t at = 0;
  for (std::size_t number = 1; at < text.size(); ++number) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos) break;
    KANTEI_TRY(const Json row, ParseRow(text.substr(at, end - at), file, number));
    KANTEI_RETURN_IF_ERROR(each(row, at, end + 1 - at));
    at = end + 1;
  }
  return at;
}

Status WriteAll(int descriptor, std::string_view text, const fs::path& file) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FileError(file, "cannot be written");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

BuildManifest::~BuildManifest() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<std::unique_ptr<BuildManifest>> BuildManifest::Open(const fs::path& file) {
  std::unique_ptr<BuildManifest> manifest(new BuildManifest(file));
  std::error_code ignored;
  if (fs::exists(file, ignored)) {
    KANTEI_TRY(const MappedFile mapped, OpenMapped(file));
    const std::string_view text = Text(mapped);
    struct Run {
      std::string picture;
      Place place;
      bool finished = false;
    };
    std::vector<Run> runs;
    KANTEI_TRY(const std::size_t end,
               WalkLines(text, file, [&](const Json& row, std::size_t offset, std::size_t size) -> Status {
                 const std::string picture = row.at("picture").get<std::string>();
                 if (runs.empty() || runs.back().picture != picture)
                   runs.push_back({picture, {offset, 0}, false});
                 runs.back().place.size += size;
                 runs.back().finished = row.at("step") == "annotation" || row.at("status") != "ok";
                 return {};
               }));
    std::string kept;
    bool whole = end == text.size();
    for (const Run& run : runs) whole = whole && run.finished;
    for (Run& run : runs) {
      if (!run.finished) continue;
      if (!whole) {
        const std::uint64_t offset = kept.size();
        kept += text.substr(run.place.offset, run.place.size);
        run.place.offset = offset;
      }
      if (!manifest->pictures_.emplace(run.picture, run.place).second)
        return Error{ErrorCode::kCorrupt,
                     DisplayPath(file) + " has the rows of " + run.picture + " in two places"};
    }
    if (!whole) KANTEI_RETURN_IF_ERROR(WriteFileAtomic(file, kept));
    manifest->end_ = whole ? text.size() : kept.size();
  }
  manifest->descriptor_ = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (manifest->descriptor_ < 0) return FileError(file, "cannot be opened");
  return manifest;
}

bool BuildManifest::Finished(const std::string& picture) const {
  const std::lock_guard lock(mutex_);
  return pictures_.contains(picture);
}

Status BuildManifest::Append(const std::string& picture, std::span<const Json> rows) {
  std::string text;
  for (const Json& row : rows) text += DumpJson(row) + "\n";
  const std::lock_guard lock(mutex_);
  KANTEI_CHECK(!pictures_.contains(picture));
  KANTEI_RETURN_IF_ERROR(WriteAll(descriptor_, text, file_));
  if (::fsync(descriptor_) != 0) return FileError(file_, "cannot be synced");
  pictures_[picture] = {end_, text.size()};
  end_ += text.size();
  return {};
}

Status BuildManifest::Sort() {
  const std::lock_guard lock(mutex_);
  KANTEI_TRY(const MappedFile mapped, OpenMapped(file_));
  const std::string_view text = Text(mapped);
  std::string sorted;
  sorted.reserve(text.size());
  for (const auto& [picture, place] : pictures_) sorted += text.substr(place.offset, place.size);
  ::close(std::exchange(descriptor_, -1));
  if (sorted == text) return {};
  return WriteFileAtomic(file_, sorted);
}

Status ReadManifest(const fs::path& file, const std::function<Status(const Json& row)>& row) {
  KANTEI_TRY(const MappedFile mapped, OpenMapped(file));
  const auto walked =
      WalkLines(Text(mapped), file, [&](const Json& line, std::size_t, std::size_t) { return row(line); });
  if (!walked.ok()) return walked.error();
  return {};
}

}  // namespace kantei::dataset
