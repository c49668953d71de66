// A benchmark of copy detection on disk: references, queries, the truth, and pictures that are in neither.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/dataset/disc_files.h"

namespace kantei::dataset {

/// Time for one picture of a benchmark. Its files are the user's own, and a busy machine must not change a figure.
inline constexpr double kDecodeSeconds = 300;

struct PictureSet {
  std::vector<std::string> ids;  ///< sorted bytewise
  std::vector<std::filesystem::path> files;
  std::size_t size() const { return ids.size(); }
  /// Position of an id, or size().
  std::size_t Find(std::string_view id) const;
};

struct BenchmarkQuery {
  std::string id;
  std::filesystem::path file;
  std::string kind, level, source;
  std::vector<std::string> edits;
  std::vector<std::uint32_t> references;  ///< positions of its sources; empty: it has none
  std::vector<std::uint32_t> same;  ///< others that show the same picture: neither right nor wrong answers
};

struct CopyBenchmark {
  std::filesystem::path directory;
  std::string name;      ///< for reports
  std::string identity;  ///< SHA-256 over the ids and the truth: two runs with equal identity are comparable
  std::vector<BenchmarkQuery> queries;
  PictureSet references;
  PictureSet background;              ///< known negatives ("training" of DISC21); may be empty
  std::vector<std::string> warnings;  ///< what was left out, for people
  std::int64_t true_pairs = 0;
  std::int64_t same_pairs = 0;  ///< pairs that count neither as right nor as wrong
};

struct CopyFolderOptions {
  std::filesystem::path
      ground_truth;      ///< empty: the one file named *ground_truth*.csv in the folder or its list_files/
  bool disc = false;     ///< ids must have the form of DISC21 (R, Q or T and digits); others are left out
  bool partial = false;  ///< queries whose picture or source is not there are left out (else kNotFound)
};

/// Reads the layout of DISC21 and of `kantei dataset copy-benchmark`: a folder with references/, queries/, optionally
/// training/ (or reference_images/, query_images/, train/; also one level down, in images/), the file's name without its extension
/// being the id, and the ground truth. A file same_pairs.csv (query_id,reference_id) beside the ground truth names pairs that show
/// the same picture though the truth does not list them; they count neither as right nor as wrong. Only the queries that the truth lists take part. kNotFound names what is missing.
Result<CopyBenchmark> OpenCopyFolder(const std::filesystem::path& directory,
                                     const CopyFolderOptions& options);

}  // namespace kantei::dataset
