// Makes a benchmark of copy detection from folders of pictures: references, disguised copies, strangers, look-alikes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/progress.h"
#include "kantei/base/result.h"
#include "kantei/dataset/edits.h"

namespace kantei::dataset {

struct CopyBenchmarkOptions {
  std::vector<std::filesystem::path>
      sources;  ///< folders of pictures; each sub-folder directly below is a source by name
  std::vector<std::filesystem::path> distractors;  ///< more references, never edited
  std::vector<std::filesystem::path>
      lookalikes;             ///< folders whose pictures resemble each other folder by folder
  std::filesystem::path out;  ///< the benchmark's folder, made if need be
  int references = 10'000;
  int queries = 2'000;             ///< with a source
  int distractor_queries = 2'000;  ///< edited pictures that are not among the references
  int lookalike_queries = 200;     ///< at most; another picture of a reference's folder, not edited
  int background = 0;              ///< pictures in neither, as known negatives (training/)
  std::vector<EditLevel> levels = {EditLevel::kHard};  ///< taken in turn
  std::uint64_t seed = 1;
  int picture_side = 800;  ///< longer side at which pictures are edited, 64..4096
  int least_side = 100;    ///< smaller pictures (shorter side) take no part
  int least_quality =
      10;  ///< PDQ quality, 0..100: below it a picture is all but blank, and equal to others without being a copy
  int same_distance = 31;  ///< PDQ distance up to which two pictures count as the same, 0..128
  bool check_truth =
      false;        ///< also look for references that show a query's picture by local features (slow)
  int threads = 0;  ///< 0: all cores
  Status Validate() const;
};

struct CopyBenchmarkSummary {
  std::int64_t references = 0, copies = 0, strangers = 0, lookalikes = 0, background = 0;
  std::int64_t surveyed = 0, unusable = 0;  ///< pictures looked at; of them unreadable, too small or blank
  std::int64_t same = 0;                    ///< left out as the same as another
  std::int64_t same_pairs = -1;             ///< pairs in same_pairs.csv; -1: not looked for
  std::vector<std::string> problems;        ///< unreadable files, at most 100
};

/// Writes out/references/R000000.ext (hard links where the file system can, else copies), out/queries/Q00000.jpg,
/// out/training/T000000.ext, out/references.csv, out/ground_truth.csv and out/manifest.json. The same options and files give the
/// same benchmark. A stopped run goes on when called again; an `out` that holds another benchmark is refused
/// (kInvalidArgument), also too few usable pictures (the message counts them).
///
/// So that the truth is right, of pictures that are the same (equal digest, or near PDQ hashes, also mirrored) only one takes
/// part at all, and what is pasted into queries as overlay, background or collage is among neither references nor queries. With
/// check_truth, what a hash cannot see is looked for too: out/same_pairs.csv names, for every query, references other than its
/// source that show its picture, a part of it, or something pasted into it. May be asked for later, for a benchmark that is there.
Result<CopyBenchmarkSummary> MakeCopyBenchmark(const CopyBenchmarkOptions& options,
                                               const CancellationToken& cancellation);

}  // namespace kantei::dataset
