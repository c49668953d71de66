// Edited pictures as files, with a manifest: what `kantei dataset edits` does.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/dataset/edits.h"

namespace kantei::dataset {

struct EditFilesOptions {
  std::filesystem::path directory;  ///< made if need be
  std::vector<EditLevel> levels = {EditLevel::kEasy, EditLevel::kMedium, EditLevel::kHard};
  std::vector<std::string> edits;  ///< each is made of each picture at each level; empty: one drawn at random
  bool chain = false;              ///< chains of edits instead of single ones; excludes `edits`
  int count = 1;                   ///< results per picture, level and edit, 1..10000
  std::vector<std::filesystem::path> others;  ///< unrelated pictures; empty: the other sources
  std::uint64_t seed = 1;
  std::string format = "jpeg";  ///< "jpeg" or "png"
  int quality = 90;             ///< of JPEG, 1..100
  int side = 1024;              ///< longer side to which a source is shrunk before it is edited, 64..8192
  int threads = 0;              ///< 0: all cores
  Status Validate() const;      ///< names the first bad field
};

struct EditFilesOutcome {
  std::int64_t written = 0;
  std::int64_t kept = 0;    ///< were there already, from an earlier run
  std::int64_t failed = 0;  ///< sources that could not be read
  bool finished = true;     ///< false when it was cancelled
};

struct EditFilesReport {
  std::function<void(const std::string& problem)> bad_file;  ///< a source or other that could not be read
  std::function<void()> source_done;
};

/// The name of the manifest in the directory; columns query, source, source_sha256, level, edits (joined by '+'), seed.
constexpr const char* kEditManifest = "manifest.csv";

/// True for a file name as WriteEditedFiles makes it.
bool IsEditedName(std::string_view name);

/// Writes directory/NAME-DIGEST-LEVEL-EDIT-K.jpg for each source and adds a row to the manifest. What the manifest names
/// and the disk has is kept. The pixels depend on the source's bytes, the options and the others only, not on the order
/// or the number of threads. kInvalidArgument when the manifest is of another seed, or an edit that was named needs others
/// and there are fewer than three; kUnavailable when the directory cannot be written.
Result<EditFilesOutcome> WriteEditedFiles(const std::vector<std::filesystem::path>& sources,
                                          const EditFilesOptions& options,
                                          const CancellationToken& cancellation,
                                          const EditFilesReport& report);

}  // namespace kantei::dataset
