#include "kantei/dataset/copy_folder.h"

#include <algorithm>
#include <array>
#include <map>
#include <span>

#include "kantei/base/files.h"
#include "kantei/base/sha256.h"

namespace kantei::dataset {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 3> kReferenceFolders = {"references", "reference_images", "reference"};
constexpr std::array<std::string_view, 4> kQueryFolders = {"queries", "query_images", "dev_queries", "query"};
constexpr std::array<std::string_view, 4> kTrainingFolders = {"training", "train", "training_images",
                                                              "background"};

bool IsDirectory(const fs::path& path) {
  std::error_code failure;
  return fs::is_directory(path, failure);
}

/// The first of the names that is a folder in `directory` or in its images/; empty when there is none.
fs::path FindFolder(const fs::path& directory, std::span<const std::string_view> names) {
  for (const fs::path& base : {directory, directory / "images"}) {
    for (const std::string_view name : names) {
      if (IsDirectory(base / name)) return base / name;
    }
  }
  return {};
}

Result<PictureSet> ListPictures(const fs::path& folder, char letter, bool disc,
                                std::vector<std::string>* warnings) {
  KANTEI_TRY(const std::vector<fs::path> files, ListFiles(std::array{folder}));
  std::map<std::string, fs::path> by_id;
  std::size_t unfit = 0;
  for (const fs::path& file : files) {
    if (!HasImageExtension(file)) continue;
    const std::string id = file.stem().native();
    if (disc ? !IsDiscId(id, letter) : !IsPictureId(id)) {
      ++unfit;
      continue;
    }
    if (const auto [known, is_new] = by_id.try_emplace(id, file); !is_new) {
      return Error{ErrorCode::kInvalidArgument, "two pictures have the id " + DisplayPath(id) + ": " +
                                                    DisplayPath(known->second) + " and " + DisplayPath(file) +
                                                    "; file names without extension must differ"};
    }
  }
  if (unfit > 0) {
    warnings->push_back(std::to_string(unfit) + " pictures in " + DisplayPath(folder) +
                        " were left out: their names are no ids" +
                        (disc ? std::string(" of DISC21 (") + letter + " and six digits)" : std::string()));
  }
  PictureSet set;
  for (auto& [id, file] : by_id) {
    set.ids.push_back(id);
    set.files.push_back(std::move(file));
  }
  return set;
}

Result<fs::path> FindGroundTruth(const fs::path& directory) {
  std::vector<fs::path> found;
  for (const fs::path& base : {directory, directory / "list_files"}) {
    std::error_code failure;
    for (fs::directory_iterator entry(base, failure), end; !failure && entry != end;
         entry.increment(failure)) {
      const std::string name = entry->path().filename().native();
      if (name.ends_with(".csv") && name.find("ground_truth") != std::string::npos)
        found.push_back(entry->path());
    }
  }
  std::sort(found.begin(), found.end());
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    return Error{ErrorCode::kNotFound, DisplayPath(directory) +
                                           " has no ground truth; expected ground_truth.csv or, from DISC21, "
                                           "public_ground_truth.csv there or in list_files/"};
  }
  return Error{ErrorCode::kInvalidArgument,
               DisplayPath(directory) + " has several ground truths (" + DisplayPath(found[0].filename()) +
                   ", " + DisplayPath(found[1].filename()) + "); choose one with --ground-truth"};
}

struct Missing {
  std::size_t count = 0;
  std::string first;
  void Note(const std::string& id) {
    if (count++ == 0) first = id;
  }
};

}  // namespace

std::size_t PictureSet::Find(std::string_view id) const {
  const auto found = std::lower_bound(ids.begin(), ids.end(), id);
  return found != ids.end() && *found == id ? static_cast<std::size_t>(found - ids.begin()) : ids.size();
}

Result<CopyBenchmark> OpenCopyFolder(const fs::path& directory, const CopyFolderOptions& options) {
  if (!IsDirectory(directory)) {
    return Error{ErrorCode::kNotFound,
                 DisplayPath(directory) +
                     " is no folder; expected a benchmark of kantei dataset copy-benchmark or DISC21"};
  }
  CopyBenchmark benchmark;
  benchmark.directory = directory;
  benchmark.name =
      DisplayPath(directory.filename().empty() ? directory.parent_path().filename() : directory.filename());
  const fs::path references = FindFolder(directory, kReferenceFolders),
                 queries = FindFolder(directory, kQueryFolders);
  const fs::path training = FindFolder(directory, kTrainingFolders);
  if (references.empty() || queries.empty()) {
    return Error{ErrorCode::kNotFound, DisplayPath(directory) + " has no folder " +
                                           (references.empty() ? "references/" : "queries/") +
                                           "; expected references/ and queries/ as DISC21 has them"};
  }
  fs::path truth_file = options.ground_truth;
  if (truth_file.empty()) {
    KANTEI_TRY(truth_file, FindGroundTruth(directory));
  }
  KANTEI_TRY(const std::vector<TruthRow> truth, ReadGroundTruth(truth_file));
  if (truth.empty()) return Error{ErrorCode::kCorrupt, DisplayPath(truth_file) + " lists no queries"};
  KANTEI_TRY(benchmark.references, ListPictures(references, 'R', options.disc, &benchmark.warnings));
  KANTEI_TRY(const PictureSet pictures, ListPictures(queries, 'Q', options.disc, &benchmark.warnings));
  if (!training.empty()) {
    KANTEI_TRY(benchmark.background, ListPictures(training, 'T', options.disc, &benchmark.warnings));
  }
  if (benchmark.references.size() == 0) {
    return Error{ErrorCode::kNotFound, DisplayPath(references) + " holds no pictures with fit names"};
  }

  std::map<std::string, BenchmarkQuery> by_id;
  Missing missing_queries, missing_references;
  std::map<std::string, bool> left_out;
  for (const TruthRow& row : truth) {
    const std::size_t at = pictures.Find(row.query_id);
    if (at == pictures.size()) {
      if (left_out.try_emplace(row.query_id).second) missing_queries.Note(row.query_id);
      continue;
    }
    BenchmarkQuery& query = by_id[row.query_id];
    query.id = row.query_id;
    query.file = pictures.files[at];
    query.kind = row.kind;
    query.level = row.level;
    query.source = row.source;
    query.edits = row.edits;
    if (row.reference_id.empty()) continue;
    const std::size_t reference = benchmark.references.Find(row.reference_id);
    if (reference == benchmark.references.size()) {
      missing_references.Note(row.reference_id);
      left_out.try_emplace(row.query_id);
      continue;
    }
    query.references.push_back(static_cast<std::uint32_t>(reference));
  }
  if (missing_queries.count + missing_references.count > 0) {
    const std::string what =
        missing_queries.count > 0
            ? std::to_string(missing_queries.count) +
                  " queries of the ground truth have no picture, the first is " + missing_queries.first
            : std::to_string(missing_references.count) +
                  " sources of the ground truth have no picture, the first is " + missing_references.first;
    if (!options.partial) {
      return Error{ErrorCode::kNotFound, DisplayPath(directory) + ": " + what +
                                             "; fetch them, or use --partial to leave those queries out (not "
                                             "comparable with published figures)"};
    }
    for (const auto& [id, unused] : left_out) by_id.erase(id);
    benchmark.warnings.push_back(std::to_string(left_out.size()) + " queries were left out: " + what);
  }
  if (by_id.empty())
    return Error{ErrorCode::kNotFound,
                 DisplayPath(directory) + " has none of the queries of the ground truth"};

  const fs::path same_file = truth_file.parent_path() / kSamePairsFile;
  std::error_code failure;
  if (fs::exists(same_file, failure)) {
    KANTEI_TRY(const std::vector<TruthRow> rows, ReadGroundTruth(same_file));
    for (const TruthRow& row : rows) {
      const auto query = by_id.find(row.query_id);
      const std::size_t reference = benchmark.references.Find(row.reference_id);
      if (query == by_id.end() || reference == benchmark.references.size()) {
        if (left_out.count(row.query_id) > 0) continue;
        return Error{ErrorCode::kCorrupt, DisplayPath(same_file) + " names the pair (" + row.query_id + ", " +
                                              row.reference_id + "), which the benchmark does not have"};
      }
      const auto position = static_cast<std::uint32_t>(reference);
      const auto& right = query->second.references;
      if (std::find(right.begin(), right.end(), position) != right.end())
        return Error{ErrorCode::kCorrupt, DisplayPath(same_file) + " names the pair (" + row.query_id + ", " +
                                              row.reference_id + "), which the ground truth lists as right"};
      query->second.same.push_back(position);
      ++benchmark.same_pairs;
    }
  }

  Sha256 digest;
  const auto feed = [&](std::string_view text) { digest.Update(std::as_bytes(std::span(text))); };
  for (const std::string& id : benchmark.references.ids) feed(id + '\n');
  for (auto& [id, query] : by_id) {
    if (query.kind.empty()) query.kind = query.references.empty() ? "distractor" : "copy";
    std::sort(query.references.begin(), query.references.end());
    benchmark.true_pairs += static_cast<std::int64_t>(query.references.size());
    feed("q " + id);
    for (const std::uint32_t reference : query.references) feed(" " + benchmark.references.ids[reference]);
    std::sort(query.same.begin(), query.same.end());
    for (const std::uint32_t reference : query.same) feed(" same " + benchmark.references.ids[reference]);
    feed("\n");
    benchmark.queries.push_back(std::move(query));
  }
  benchmark.identity = digest.FinishHex();
  return benchmark;
}

}  // namespace kantei::dataset
