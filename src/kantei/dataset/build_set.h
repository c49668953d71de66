// A set of manipulated pictures from folders of authentic ones, after a plan: what `kantei dataset build` does.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/progress.h"
#include "kantei/base/result.h"
#include "kantei/dataset/build_plan.h"
#include "kantei/dataset/replacement.h"

namespace kantei::dataset {

struct BuildSetOptions {
  std::vector<std::filesystem::path>
      sources;                ///< folders; each folder directly below one is a source by name
  std::filesystem::path out;  ///< made if need be
  BuildPlan plan;
  std::vector<std::filesystem::path> annotations;  ///< COCO's JSON
  std::vector<std::filesystem::path> cutouts;      ///< folders of pictures with transparency, for copy-paste
  ReplacementSource* ideas = nullptr;              ///< null: MakeCaptionSource
  int threads = 0;                                 ///< 0: all cores
  Status Validate() const;
};

struct BuildSetSummary {
  std::int64_t authentic = 0, edited = 0, generated = 0;  ///< in the set
  std::int64_t kept = 0;                                  ///< pictures that an earlier run had finished
  std::int64_t refused = 0, fruitless = 0;                ///< by a limit of the plan; nothing came of it
  std::int64_t duplicates = 0;                            ///< files that are equal to another
  std::int64_t failed = 0;                                ///< files that could not be read
  std::map<std::string, std::int64_t> engines, splits;    ///< pictures in the set
  std::int64_t leaks =
      0;                 ///< near duplicates across splits that were found at the end; leaks.json names them
  bool finished = true;  ///< false when it was cancelled
};

struct BuildSetReport {
  std::function<void(const std::string& problem)> bad_file;
  /// Once, with the number of source files; what it returns is advanced while they are looked at, and may be null.
  std::function<Progress*(std::size_t total)> survey;
  std::function<void(std::size_t total)> begin;  ///< once, with the number of pictures to be made
  std::function<void()> done;
};

/// Writes out/SPLIT/{authentic,edited,generated,masks}/SOURCE/..., out/SPLIT/samples.tsv, the plan's annotations there, and out/
/// {plan.json, sources.tsv, manifest.jsonl, samples.tsv, leaks.json, SHA256SUMS, README.md}; docs/formats.md describes them. Sources are
/// never written to. Equal plan, seed and files give equal files, however many threads there are.
///
/// A run that was stopped or killed goes on when it is started again: at most one picture for each thread is made twice.
/// kInvalidArgument when `out` holds a set of another plan or other sources; kNotFound when there is no usable picture.
Result<BuildSetSummary> BuildSet(const BuildSetOptions& options, const CancellationToken& cancellation,
                                 const BuildSetReport& report);

}  // namespace kantei::dataset
