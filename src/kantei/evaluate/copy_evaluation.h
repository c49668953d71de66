// One evaluation of copy detection: several systems on one benchmark, with tables, intervals and examples.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/copy/descriptor_model.h"
#include "kantei/copy/query_views.h"
#include "kantei/copy/score_normalisation.h"
#include "kantei/dataset/copy_folder.h"
#include "kantei/evaluate/copy_metrics.h"
#include "kantei/evaluate/copy_protocol.h"
#include "kantei/evaluate/verified_pairs.h"

namespace kantei::evaluate {

/// A way to rank pairs: a description, and what is done beyond it.
struct CopySystem {
  enum class Base { kPdq, kPdqPlain, kDescriptor };
  Base base = Base::
      kPdq;  ///< "pdq" takes the best of the query's eight turns and flips, "pdq-plain" its own hash only
  bool views = false;   ///< "+views": parts and turns of the query too
  bool verify = false;  ///< "+verify": local verification of the best candidates
  std::string Name() const;
};
/// "pdq", "pdq-plain", "pdq+verify", "descriptor", "descriptor+views", "descriptor+verify", "descriptor+views+verify".
Result<CopySystem> ParseCopySystem(std::string_view name);

struct CopyEvaluationOptions {
  std::vector<CopySystem> systems;
  std::optional<copy::Normalisation> normalisation;  ///< none: the model's own
  copy::NormalisationOptions normalisation_options;
  std::filesystem::path
      background;  ///< descriptors of known negatives; empty: the benchmark's own, else the model's
  CandidateOptions candidates;
  copy::QueryViewOptions views;
  int pdq_radius = 90;  ///< beyond it pairs of strangers are the rule, 0..256
  VerifyOptions verify;
  int bootstrap = 500;  ///< samples for the intervals, >= 1
  std::uint64_t seed = 1;
  int examples = 12;            ///< misses and false alarms that are kept, each
  std::filesystem::path cache;  ///< empty: kantei-cache/ in the benchmark's folder
  int threads = 0;              ///< 0: all cores
  Status Validate() const;
};

/// A part of the queries: those of one edit, level or source.
struct GroupFigures {
  std::string name;
  std::int64_t queries = 0;            ///< with a source
  double recall = 0;                   ///< at the threshold of 90 % precision over all queries
  double micro_average_precision = 0;  ///< of these queries and all without a source
};

/// Rows with fewer queries say nothing alone: tables for people leave them out, the JSON has them.
inline constexpr std::int64_t kLeastGroup = 5;

struct FalseAlarmFigures {
  std::string kind;  ///< of queries without a source: "stranger", "look-alike", "distractor"
  std::int64_t queries = 0;
  std::int64_t named = 0;  ///< with a pair at or above the threshold of 90 % precision
};

struct CopyExample {
  std::uint32_t query = 0,
                reference = 0;  ///< positions in the benchmark; misses: the source that was not found
  std::optional<double> score;  ///< none: the pair is not in the list at all
};

struct SystemReport {
  std::string name;
  std::string detail;  ///< e.g. "256-D, stretching over 10,000 negatives"
  CopyScore score;
  Interval micro_average_precision, recall_at_p90;  ///< 95 %
  std::vector<GroupFigures> edits, levels, sources;
  std::vector<FalseAlarmFigures> false_alarms;
  std::vector<CopyExample> misses;  ///< right pairs that come last, or not at all
  std::vector<CopyExample> alarms;  ///< wrong pairs that come first
  double seconds = 0;               ///< ranking and verification; descriptions are counted apart
  std::vector<ScoredPair> pairs;    ///< the list itself, best first
};

struct CopyEvaluation {
  std::string benchmark, identity;
  std::int64_t queries = 0, queries_with_source = 0, references = 0, background = 0;
  std::int64_t same_pairs = 0;  ///< pairs of the benchmark that count neither as right nor as wrong
  std::vector<std::string> warnings;
  std::string model, model_sha256, model_id;  ///< empty without a network
  int dimension = 0;
  std::string normalisation;
  std::int64_t negatives = 0;  ///< background descriptors of the normalisation
  std::string negatives_from;  ///< where they come from
  CandidateOptions candidates;
  int bootstrap = 0;
  std::uint64_t seed = 0;
  double describe_seconds = 0;  ///< hashing and describing, what was not in the cache
  std::int64_t unreadable = 0, undescribed = 0;
  std::vector<std::string> problems;
  std::vector<SystemReport> systems;
};

/// `model` may be null when no system wants one. kInvalidArgument: options that make no sense, a system without its model, no
/// background for the normalisation.
Result<CopyEvaluation> EvaluateCopy(const dataset::CopyBenchmark& benchmark,
                                    std::shared_ptr<const copy::DescriptorModel> model,
                                    const CopyEvaluationOptions& options,
                                    const CancellationToken& cancellation);

/// The tables of one system from its list; what EvaluateCopy does for each, and for predictions that come as a file.
SystemReport ReportPairs(const dataset::CopyBenchmark& benchmark, std::string name,
                         std::vector<ScoredPair> pairs, const CopyEvaluationOptions& options);

}  // namespace kantei::evaluate
