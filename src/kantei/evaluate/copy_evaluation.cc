#include "kantei/evaluate/copy_evaluation.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <set>

#include "kantei/base/files.h"
#include "kantei/base/parallel.h"
#include "kantei/copy/descriptor_file.h"
#include "kantei/copy/descriptor_profile.h"
#include "kantei/evaluate/picture_features.h"

namespace kantei::evaluate {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using copy::Normalisation;

constexpr std::size_t kCurvePoints = 2000;

double Seconds(Clock::time_point since) {
  return std::chrono::duration<double>(Clock::now() - since).count();
}

/// Log-odds for scores of a network without a calibration, and of hashes: from the figures of DISC-like sets, where a cosine of
/// 0.65, a ratio test of 1 and a distance of 31 divide copies from strangers.
LogOdds DefaultLogOdds(Normalisation normalisation) {
  switch (normalisation) {
    case Normalisation::kStretching:
      return {10, 8};
    case Normalisation::kAdditive:
      return {16, -4};
    case Normalisation::kNone:
    case Normalisation::kNegatives:
      break;
  }
  return {16, -10.4};
}
constexpr LogOdds kHashLogOdds{0.15, 31 * 0.15};

class Evaluator {
 public:
  Evaluator(const dataset::CopyBenchmark& benchmark, std::shared_ptr<const copy::DescriptorModel> model,
            const CopyEvaluationOptions& options, const CancellationToken& cancellation)
      : benchmark_(benchmark), model_(std::move(model)), options_(options) {
    context_.cache = options.cache.empty() ? benchmark.directory / "kantei-cache" : options.cache;
    context_.threads = ThreadCount(options.threads);
    context_.cancellation = cancellation;
    for (const dataset::BenchmarkQuery& query : benchmark.queries) query_files_.push_back(query.file);
  }

  Result<CopyEvaluation> Run() {
    result_.benchmark = benchmark_.name;
    result_.identity = benchmark_.identity;
    result_.queries = static_cast<std::int64_t>(benchmark_.queries.size());
    for (const auto& query : benchmark_.queries) result_.queries_with_source += !query.references.empty();
    result_.references = static_cast<std::int64_t>(benchmark_.references.size());
    result_.background = static_cast<std::int64_t>(benchmark_.background.size());
    result_.same_pairs = benchmark_.same_pairs;
    result_.warnings = benchmark_.warnings;
    result_.candidates = options_.candidates;
    result_.bootstrap = options_.bootstrap;
    result_.seed = options_.seed;
    if (model_ != nullptr) {
      result_.model = model_->info().name;
      result_.model_sha256 = model_->info().sha256;
      result_.model_id = model_->id();
      result_.dimension = model_->dimension();
    }
    for (const CopySystem& system : options_.systems) {
      KANTEI_TRY(SystemReport report, Measure(system));
      result_.systems.push_back(std::move(report));
    }
    result_.unreadable = static_cast<std::int64_t>(context_.unreadable.size());
    result_.undescribed = context_.undescribed;
    result_.problems = context_.problems;
    return std::move(result_);
  }

 private:
  Result<SystemReport> Measure(const CopySystem& system) {
    std::string detail;
    KANTEI_TRY(std::vector<ScoredPair> pairs, system.base == CopySystem::Base::kDescriptor
                                                  ? RankByDescriptor(system, &detail)
                                                  : RankByHash(system, &detail));
    if (system.verify) {
      const Clock::time_point start = Clock::now();
      KANTEI_TRY(const std::vector<VerifiedPair> verified,
                 VerifyPairs(benchmark_, pairs, options_.verify, &context_));
      pairs =
          MergeVerified(pairs, verified, system.base == CopySystem::Base::kDescriptor ? odds_ : kHashLogOdds);
      rank_seconds_ += Seconds(start);
      detail += ", best " + std::to_string(options_.verify.per_query) + " a query verified";
    }
    SystemReport report = ReportPairs(benchmark_, system.Name(), std::move(pairs), options_);
    report.detail = std::move(detail);
    report.seconds = rank_seconds_;
    return report;
  }

  Result<std::vector<ScoredPair>> RankByHash(const CopySystem& system, std::string* detail) {
    const Clock::time_point start = Clock::now();
    if (!hashed_) {
      KANTEI_TRY(query_hashes_, HashPictures(query_files_, &context_));
      KANTEI_TRY(reference_hashes_, HashPictures(benchmark_.references.files, &context_));
      hashed_ = true;
      result_.describe_seconds += Seconds(start);
    }
    const Clock::time_point rank_start = Clock::now();
    const int variants = system.base == CopySystem::Base::kPdq ? 8 : 1;
    CandidateOptions candidates = options_.candidates;
    candidates.threads = context_.threads;
    auto ranked = RankHashes(query_hashes_, reference_hashes_, options_.pdq_radius, variants, candidates,
                             context_.cancellation);
    rank_seconds_ = Seconds(rank_start);
    *detail = variants == 8 ? "256 bits, the best of eight turns and flips" : "256 bits";
    *detail += ", distance up to " + std::to_string(options_.pdq_radius);
    return ranked;
  }

  Result<std::vector<ScoredPair>> RankByDescriptor(const CopySystem& system, std::string* detail) {
    if (model_ == nullptr)
      return Error{ErrorCode::kInvalidArgument,
                   "the system \"" + system.Name() + "\" wants a descriptor network"};
    const Clock::time_point start = Clock::now();
    if (!normaliser_) {
      KANTEI_TRY(reference_rows_, DescribePictures(benchmark_.references.files, *model_, &context_));
      KANTEI_RETURN_IF_ERROR(MakeNormaliser());
    }
    QueryRows queries;
    if (system.views) {
      KANTEI_TRY(queries, DescribeViews(query_files_, *model_, options_.views, &context_));
    } else {
      if (query_rows_.empty()) {
        KANTEI_TRY(query_rows_, DescribePictures(query_files_, *model_, &context_));
      }
      queries.dimension = model_->dimension();
      queries.values = query_rows_;
      for (std::uint32_t q = 1; q <= query_files_.size(); ++q) queries.first.push_back(q);
    }
    result_.describe_seconds += Seconds(start);
    const Clock::time_point rank_start = Clock::now();
    *detail = std::to_string(model_->dimension()) + " values, ";
    *detail += normaliser_->normalisation() == Normalisation::kNone
                   ? std::string("plain cosine")
                   : result_.normalisation + " over " + std::to_string(result_.negatives) + " negatives";
    if (system.views) {
      const double each = static_cast<double>(queries.first.back()) /
                          static_cast<double>(std::max<std::size_t>(1, queries.queries()));
      *detail += ", " + std::to_string(each).substr(0, 4) + " views a query";
    }
    CandidateOptions candidates = options_.candidates;
    candidates.threads = context_.threads;
    auto ranked = RankDescriptors(std::move(queries), reference_rows_, *normaliser_, view_offsets_,
                                  candidates, context_.cancellation);
    rank_seconds_ = Seconds(rank_start);
    return ranked;
  }

  /// A folder of pictures, a file of descriptors, or the profile of a model.
  Result<std::vector<float>> ReadBackground(const fs::path& path) {
    std::error_code failure;
    if (fs::is_directory(path, failure)) {
      KANTEI_TRY(std::vector<fs::path> files, ListFiles(std::array{path}));
      std::erase_if(files, [](const fs::path& file) { return !HasImageExtension(file); });
      return DescribePictures(files, *model_, &context_);
    }
    const std::string& weights = model_->info().sha256;
    int dimension = 0;
    std::vector<float> values;
    if (auto profile = copy::LoadDescriptorProfile(path); profile.ok()) {
      if (profile->weights_sha256 != weights)
        return Error{ErrorCode::kInvalidArgument,
                     DisplayPath(path) + " is the profile of other weights than those in use"};
      dimension = profile->dimension;
      values = std::move(profile->background);
    } else {
      KANTEI_TRY(copy::DescriptorSet set, copy::ReadDescriptorFile(path, weights));
      dimension = set.dimension;
      values = std::move(set.values);
    }
    if (dimension != model_->dimension())
      return Error{ErrorCode::kInvalidArgument,
                   DisplayPath(path) + " holds descriptors of " + std::to_string(dimension) +
                       " values, the network makes " + std::to_string(model_->dimension())};
    return values;
  }

  Status MakeNormaliser() {
    const copy::DescriptorProfile* profile = model_->profile();
    const Normalisation normalisation =
        options_.normalisation.value_or(profile != nullptr ? profile->normalisation : Normalisation::kNone);
    result_.normalisation = copy::NormalisationName(normalisation);
    std::vector<float> background;
    odds_ = DefaultLogOdds(normalisation);
    if (normalisation != Normalisation::kNone) {
      if (!options_.background.empty()) {
        KANTEI_TRY(background, ReadBackground(options_.background));
        result_.negatives_from = DisplayPath(options_.background.filename());
      } else if (benchmark_.background.size() > 0) {
        KANTEI_TRY(background, DescribePictures(benchmark_.background.files, *model_, &context_));
        result_.negatives_from = "the benchmark's training/";
      } else if (profile != nullptr) {
        background = profile->background;
        result_.negatives_from = profile->background_source;
      } else {
        return Error{ErrorCode::kInvalidArgument,
                     "the normalisation \"" + result_.normalisation +
                         "\" wants known negatives: give --background, a benchmark with "
                         "training/, or choose --normalisation none"};
      }
    }
    if (profile != nullptr) {
      if (const auto known = profile->calibrations.find(normalisation);
          known != profile->calibrations.end()) {
        odds_ = {known->second.slope, known->second.intercept};
        view_offsets_ = known->second.view_offsets;
      }
    }
    KANTEI_TRY(copy::ScoreNormaliser made,
               copy::ScoreNormaliser::Create(normalisation, options_.normalisation_options,
                                             std::move(background), model_->dimension(), context_.threads));
    result_.negatives =
        normalisation == Normalisation::kNone ? 0 : static_cast<std::int64_t>(made.background_rows());
    normaliser_ = std::move(made);
    return {};
  }

  const dataset::CopyBenchmark& benchmark_;
  std::shared_ptr<const copy::DescriptorModel> model_;
  const CopyEvaluationOptions& options_;
  FeatureContext context_;
  std::vector<fs::path> query_files_;
  CopyEvaluation result_;
  bool hashed_ = false;
  std::vector<PictureHash> query_hashes_, reference_hashes_;
  std::vector<float> query_rows_, reference_rows_;
  std::optional<copy::ScoreNormaliser> normaliser_;
  LogOdds odds_;
  copy::ViewOffsets view_offsets_{};
  double rank_seconds_ = 0;
};

/// Weight 1 for the group's queries and for all without a source.
std::vector<std::uint32_t> GroupWeights(const dataset::CopyBenchmark& benchmark,
                                        const std::vector<std::uint32_t>& members) {
  std::vector<std::uint32_t> weights(benchmark.queries.size());
  for (std::size_t q = 0; q < weights.size(); ++q) weights[q] = benchmark.queries[q].references.empty();
  for (const std::uint32_t q : members) weights[q] = 1;
  return weights;
}

using Groups = std::map<std::string, std::vector<std::uint32_t>>;

std::vector<GroupFigures> Figures(const dataset::CopyBenchmark& benchmark, const RankedList& list,
                                  double threshold, const Groups& groups) {
  std::vector<GroupFigures> figures;
  for (const auto& [name, members] : groups) {
    const auto weights = GroupWeights(benchmark, members);
    figures.push_back({name, static_cast<std::int64_t>(members.size()), RecallAt(list, threshold, weights),
                       ScoreList(list, weights).micro_average_precision});
  }
  std::stable_sort(figures.begin(), figures.end(), [](const GroupFigures& a, const GroupFigures& b) {
    return a.micro_average_precision < b.micro_average_precision;
  });
  return figures;
}

}  // namespace

std::string CopySystem::Name() const {
  std::string name = base == Base::kPdq ? "pdq" : base == Base::kPdqPlain ? "pdq-plain" : "descriptor";
  if (views) name += "+views";
  if (verify) name += "+verify";
  return name;
}

Result<CopySystem> ParseCopySystem(std::string_view name) {
  CopySystem system;
  std::string_view rest = name;
  const auto take = [&](std::string_view word) {
    if (!rest.starts_with(word)) return false;
    rest.remove_prefix(word.size());
    return true;
  };
  bool known = true;
  if (take("pdq-plain")) {
    system.base = CopySystem::Base::kPdqPlain;
  } else if (take("pdq")) {
    system.base = CopySystem::Base::kPdq;
  } else if (take("descriptor")) {
    system.base = CopySystem::Base::kDescriptor;
    system.views = take("+views");
  } else {
    known = false;
  }
  system.verify = known && take("+verify");
  if (known && rest.empty()) return system;
  return Error{ErrorCode::kInvalidArgument,
               "the system \"" + std::string(name) +
                   "\" is not known; choose pdq, pdq-plain or descriptor, with +views "
                   "(descriptor only) and +verify"};
}

Status CopyEvaluationOptions::Validate() const {
  const auto bad = [](const char* what) { return Error{ErrorCode::kInvalidArgument, what}; };
  if (systems.empty()) return bad("at least one system must be named");
  std::set<std::string> names;
  for (const CopySystem& system : systems) {
    if (!names.insert(system.Name()).second) return bad("each system may be named once");
  }
  KANTEI_RETURN_IF_ERROR(normalisation_options.Validate());
  KANTEI_RETURN_IF_ERROR(candidates.Validate());
  if (pdq_radius < 0 || pdq_radius > 256) return bad("pdq_radius must be 0 to 256");
  if (verify.per_query < 1) return bad("at least one candidate a query must be verified");
  if (bootstrap < 1) return bad("bootstrap must be at least 1");
  if (examples < 0) return bad("examples must be 0 or more");
  if (threads < 0) return bad("threads must be 0 (all cores) or more");
  return {};
}

SystemReport ReportPairs(const dataset::CopyBenchmark& benchmark, std::string name,
                         std::vector<ScoredPair> pairs, const CopyEvaluationOptions& options) {
  SystemReport report;
  report.name = std::move(name);
  std::vector<std::vector<std::uint32_t>> truths;
  for (const dataset::BenchmarkQuery& query : benchmark.queries) truths.push_back(query.references);
  std::erase_if(pairs, [&](const ScoredPair& pair) {
    const auto& same = benchmark.queries[pair.query].same;
    return std::binary_search(same.begin(), same.end(), pair.reference);
  });
  const RankedList list = RankPairs(pairs, truths);
  const ListScore score = ScoreList(list);
  report.score.micro_average_precision = score.micro_average_precision;
  report.score.recall_at_p90 = score.recall_at_p90;
  report.score.threshold_at_p90 = score.threshold_at_p90;
  report.score.predictions = score.predictions;
  report.score.true_pairs = score.true_pairs;
  report.score.found_pairs = score.found_pairs;
  report.score.curve = PrecisionRecallCurve(list, kCurvePoints);
  const BootstrapIntervals intervals = Bootstrap(list, options.bootstrap, options.seed);
  report.micro_average_precision = intervals.micro_average_precision;
  report.recall_at_p90 = intervals.recall_at_p90;

  Groups edits, levels, sources;
  for (std::uint32_t q = 0; q < benchmark.queries.size(); ++q) {
    const dataset::BenchmarkQuery& query = benchmark.queries[q];
    if (query.references.empty()) continue;
    for (const std::string& edit : std::set<std::string>(query.edits.begin(), query.edits.end()))
      edits[edit].push_back(q);
    if (!query.level.empty()) levels[query.level].push_back(q);
    if (!query.source.empty()) sources[query.source].push_back(q);
  }
  const double threshold = score.threshold_at_p90;
  report.edits = Figures(benchmark, list, threshold, edits);
  report.levels = Figures(benchmark, list, threshold, levels);
  report.sources = Figures(benchmark, list, threshold, sources);

  // Queries without a source that are named all the same, and where the true pairs of the others stand.
  std::set<std::uint32_t> named;
  std::map<std::pair<std::uint32_t, std::uint32_t>, double> true_scores;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list.correct[i] != 0) true_scores[{list.query[i], list.reference[i]}] = list.score[i];
    if (list.score[i] >= threshold) named.insert(list.query[i]);
    if (list.correct[i] == 0 && report.alarms.size() < static_cast<std::size_t>(options.examples))
      report.alarms.push_back({list.query[i], list.reference[i], list.score[i]});
  }
  std::map<std::string, FalseAlarmFigures> alarms;
  for (std::uint32_t q = 0; q < benchmark.queries.size(); ++q) {
    const dataset::BenchmarkQuery& query = benchmark.queries[q];
    if (query.references.empty()) {
      FalseAlarmFigures& figures = alarms[query.kind];
      figures.kind = query.kind;
      ++figures.queries;
      figures.named += static_cast<std::int64_t>(named.count(q));
    }
    for (const std::uint32_t reference : query.references) {
      const auto found = true_scores.find({q, reference});
      if (found == true_scores.end()) {
        report.misses.push_back({q, reference, std::nullopt});
      } else if (!(found->second >= threshold)) {
        report.misses.push_back({q, reference, found->second});
      }
    }
  }
  for (const auto& [kind, figures] : alarms) report.false_alarms.push_back(figures);
  // The worst first: what is not in the list at all, then the lowest score. Of many that are missing a spread is shown.
  std::stable_sort(report.misses.begin(), report.misses.end(),
                   [](const CopyExample& a, const CopyExample& b) {
                     if (a.score.has_value() != b.score.has_value()) return b.score.has_value();
                     return a.score.has_value() && *a.score < *b.score;
                   });
  const auto most = static_cast<std::size_t>(options.examples);
  const auto missing = static_cast<std::size_t>(std::count_if(report.misses.begin(), report.misses.end(),
                                                              [](const CopyExample& e) { return !e.score; }));
  if (most > 0 && missing > most) {
    for (std::size_t i = 0; i < most; ++i) report.misses[i] = report.misses[i * missing / most];
  }
  if (report.misses.size() > most) report.misses.resize(most);
  report.pairs = std::move(pairs);
  return report;
}

Result<CopyEvaluation> EvaluateCopy(const dataset::CopyBenchmark& benchmark,
                                    std::shared_ptr<const copy::DescriptorModel> model,
                                    const CopyEvaluationOptions& options,
                                    const CancellationToken& cancellation) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  return Evaluator(benchmark, std::move(model), options, cancellation).Run();
}

}  // namespace kantei::evaluate
