// Which picture plays which part in a benchmark. Private to dataset.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kantei/dataset/copy_benchmark.h"
#include "kantei/dataset/picture_survey.h"

namespace kantei::dataset {

/// Pictures pasted into queries.
inline constexpr std::size_t kMaterial = 64;

struct Candidate {
  std::filesystem::path file;
  std::string source;   ///< name of the set: the first folder below the root, or the root's own
  std::string subject;  ///< folder that holds it: the group of its look-alikes
  bool from_sources = false, from_distractors = false, from_lookalikes = false;
};

struct PlannedQuery {
  std::uint32_t picture = 0;           ///< position among the candidates
  std::string kind;                    ///< "copy", "stranger", "look-alike"
  EditLevel level = EditLevel::kHard;  ///< of copies and strangers
};

/// Positions among the candidates; every one stands in one list only, save that a copy's picture is a reference too.
struct BenchmarkPlan {
  std::vector<std::uint32_t> references;
  std::vector<PlannedQuery> queries;  ///< shuffled, so that an id tells nothing
  std::vector<std::uint32_t> background, material;
};

/// The files of all folders, each once, sorted by path.
Result<std::vector<Candidate>> ListCandidates(const CopyBenchmarkOptions& options);
/// kInvalidArgument when there are too few usable pictures. Fills the counts of `summary` that concern the choice.
Result<BenchmarkPlan> PlanBenchmark(const CopyBenchmarkOptions& options,
                                    const std::vector<Candidate>& candidates,
                                    const std::vector<SurveyedPicture>& survey,
                                    const std::vector<std::uint32_t>& groups, CopyBenchmarkSummary* summary);

}  // namespace kantei::dataset
