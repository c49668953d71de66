// The log of a build: one line of JSON for each step of each picture, written so that nothing is lost when the program dies.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "kantei/base/json.h"
#include "kantei/base/result.h"

namespace kantei::dataset {

inline constexpr std::string_view kManifestFile = "manifest.jsonl";

/// Every row has "picture" (its key), "step" (objects, mask, idea, inpaint, quality, annotation) and "status": ok, refused (a limit of
/// the plan), fruitless (nothing came of it) or failed (broken input). A picture's rows stand together; the last one is "annotation" or
/// has another status than ok, and then the picture is finished.
class BuildManifest {
 public:
  /// Reads what is there. Rows of unfinished pictures and half a line at the end are dropped, from the file too. kCorrupt for other
  /// faults, with the line.
  static Result<std::unique_ptr<BuildManifest>> Open(const std::filesystem::path& file);
  ~BuildManifest();
  BuildManifest(const BuildManifest&) = delete;
  BuildManifest& operator=(const BuildManifest&) = delete;

  bool Finished(const std::string& picture) const;
  /// All rows of one picture in one write, then fsync. Thread-safe.
  Status Append(const std::string& picture, std::span<const Json> rows);
  /// Puts the pictures in the order of their keys, so that the file does not tell in which order they were made. The manifest takes no
  /// more rows then.
  Status Sort();

 private:
  explicit BuildManifest(std::filesystem::path file) : file_(std::move(file)) {}
  struct Place {
    std::uint64_t offset = 0, size = 0;
  };
  std::filesystem::path file_;
  int descriptor_ = -1;
  mutable std::mutex mutex_;
  std::map<std::string, Place> pictures_;
  std::uint64_t end_ = 0;
};

/// Every row in order. kNotFound, kCorrupt with the line; what `row` returns ends it.
Status ReadManifest(const std::filesystem::path& file, const std::function<Status(const Json& row)>& row);

}  // namespace kantei::dataset
