#include "kantei/evaluate/copy_calibration.h"

#include <algorithm>
#include <cmath>

#include "kantei/base/log.h"
#include "kantei/base/parallel.h"
#include "kantei/evaluate/copy_protocol.h"
#include "kantei/evaluate/picture_features.h"

namespace kantei::evaluate {
namespace {

using copy::LabelledScore;
using copy::Normalisation;

bool Contains(const std::vector<std::uint32_t>& references, std::uint32_t reference) {
  return std::find(references.begin(), references.end(), reference) != references.end();
}

/// The views of one kind; queries without such a view keep no row.
QueryRows RowsOfKind(const QueryRows& all, copy::ViewKind kind) {
  QueryRows part;
  part.dimension = all.dimension;
  const auto d = static_cast<std::ptrdiff_t>(all.dimension);
  for (std::size_t q = 0; q < all.queries(); ++q) {
    for (std::uint32_t row = all.first[q]; row < all.first[q + 1]; ++row) {
      if (all.kinds[row] != kind) continue;
      const auto begin = all.values.begin() + static_cast<std::ptrdiff_t>(row) * d;
      part.values.insert(part.values.end(), begin, begin + d);
      part.kinds.push_back(kind);
    }
    part.first.push_back(static_cast<std::uint32_t>(part.kinds.size()));
  }
  return part;
}

double ExpectedError(const std::vector<LabelledScore>& best, const copy::ScoreCalibration& calibration) {
  double count[10] = {}, claimed[10] = {}, right[10] = {}, error = 0;
  for (const LabelledScore& s : best) {
    const double probability = calibration.Probability(s.score);
    const int bin = std::min(9, static_cast<int>(probability * 10));
    count[bin] += 1, claimed[bin] += probability, right[bin] += s.copy;
  }
  for (int bin = 0; bin < 10; ++bin)
    error += std::abs(claimed[bin] - right[bin]) / static_cast<double>(best.size());
  return error;
}

/// What is described once and then scored under each normalisation.
class Calibrator {
 public:
  Calibrator(const dataset::CopyBenchmark& benchmark, const CopyCalibrationOptions& options,
             const CancellationToken& cancellation)
      : benchmark_(benchmark), options_(options) {
    context_.threads = ThreadCount(options.threads);
    context_.cancellation = cancellation;
  }

  Status Describe(const copy::DescriptorModel& model,
                  const std::vector<std::filesystem::path>& background_files,
                  std::vector<float>* background) {
    KANTEI_TRY(const std::vector<float> rows, DescribePictures(background_files, model, &context_));
    const auto d = static_cast<std::size_t>(model.dimension());
    for (std::size_t begin = 0; begin < rows.size(); begin += d) {
      const auto row = std::span(rows).subspan(begin, d);
      if (std::any_of(row.begin(), row.end(), [](float x) { return x != 0; }))
        background->insert(background->end(), row.begin(), row.end());
    }
    KANTEI_TRY(references_, DescribePictures(benchmark_.references.files, model, &context_));
    std::vector<std::filesystem::path> files;
    for (const dataset::BenchmarkQuery& query : benchmark_.queries) files.push_back(query.file);
    if (options_.search.only_whole) {
      KANTEI_TRY(queries_.values, DescribePictures(files, model, &context_));
      queries_.dimension = model.dimension();
      for (std::uint32_t q = 1; q <= files.size(); ++q) queries_.first.push_back(q);
      queries_.kinds.assign(files.size(), copy::ViewKind::kWhole);
    } else {
      KANTEI_TRY(queries_, DescribeViews(files, model, options_.search.views, &context_));
    }
    for (const std::string& problem : context_.problems) LogWarning(problem);
    return {};
  }

  Result<CopyCalibrationFigures> Fit(Normalisation normalisation, const std::vector<float>& background,
                                     copy::ScoreCalibration* calibration) {
    KANTEI_TRY(
        const auto normaliser,
        copy::ScoreNormaliser::Create(
            normalisation, {}, normalisation == Normalisation::kNone ? std::vector<float>{} : background,
            queries_.dimension, context_.threads));
    // The best hit of each kind of view of each query tells how far that kind is to be trusted.
    std::vector<copy::LabelledView> of_kind;
    for (std::size_t k = 0; k < copy::kViewKinds; ++k) {
      const auto kind = static_cast<copy::ViewKind>(k);
      QueryRows part = RowsOfKind(queries_, kind);
      if (part.values.empty()) continue;
      KANTEI_TRY(const std::vector<ScoredPair> pairs, Rank(std::move(part), normaliser, {}));
      for (const LabelledScore& hit : BestOfQueries(pairs)) of_kind.push_back({hit.score, kind, hit.copy});
    }
    const copy::ViewOffsets offsets = copy::FitViewOffsets(of_kind);

    KANTEI_TRY(const std::vector<ScoredPair> pairs, Rank(queries_, normaliser, offsets));
    std::vector<LabelledScore> all;
    for (const ScoredPair& pair : pairs) all.push_back(Labelled(pair));
    const std::vector<LabelledScore> best = BestOfQueries(pairs);
    KANTEI_TRY(*calibration, copy::FitCalibration(best));
    calibration->view_offsets = offsets;
    const auto threshold = copy::ThresholdAtPrecision(all, 0.9);
    if (!threshold)
      return Error{ErrorCode::kInvalidArgument,
                   "no score reaches 90 % precision on this benchmark: the network does not tell "
                   "copies from strangers"};
    calibration->threshold = *threshold;

    CopyCalibrationFigures figures;
    figures.normalisation = copy::NormalisationName(normalisation);
    for (const dataset::BenchmarkQuery& query : benchmark_.queries)
      ++(query.references.empty() ? figures.queries_without : figures.queries_with_source);
    double found = 0;
    for (const LabelledScore& s : all) found += s.copy && s.score >= *threshold;
    figures.recall_at_threshold =
        benchmark_.true_pairs > 0 ? found / static_cast<double>(benchmark_.true_pairs) : 0;
    figures.expected_error = ExpectedError(best, *calibration);
    calibration->source = benchmark_.name + " (" + benchmark_.identity.substr(0, 12) +
                          "): " + std::to_string(figures.queries_with_source) + " queries with a source, " +
                          std::to_string(figures.queries_without) + " without, " +
                          std::to_string(benchmark_.references.size()) + " references";
    return figures;
  }

 private:
  /// As many pairs of each query as an inspection looks at; those that are neither right nor wrong are left out.
  Result<std::vector<ScoredPair>> Rank(QueryRows queries, const copy::ScoreNormaliser& normaliser,
                                       const copy::ViewOffsets& offsets) const {
    CandidateOptions candidates;
    candidates.per_query = options_.search.most;
    candidates.threads = context_.threads;
    KANTEI_TRY(std::vector<ScoredPair> pairs, RankDescriptors(std::move(queries), references_, normaliser,
                                                              offsets, candidates, context_.cancellation));
    std::erase_if(pairs, [&](const ScoredPair& pair) {
      return Contains(benchmark_.queries[pair.query].same, pair.reference);
    });
    return pairs;
  }

  LabelledScore Labelled(const ScoredPair& pair) const {
    return {pair.score, Contains(benchmark_.queries[pair.query].references, pair.reference)};
  }

  /// `pairs`: best first.
  std::vector<LabelledScore> BestOfQueries(const std::vector<ScoredPair>& pairs) const {
    std::vector<LabelledScore> best;
    std::vector<bool> seen(benchmark_.queries.size());
    for (const ScoredPair& pair : pairs) {
      if (!seen[pair.query]) best.push_back(Labelled(pair));
      seen[pair.query] = true;
    }
    return best;
  }

  const dataset::CopyBenchmark& benchmark_;
  const CopyCalibrationOptions& options_;
  FeatureContext context_;
  std::vector<float> references_;
  QueryRows queries_;
};

}  // namespace

Result<CopyCalibration> CalibrateDescriptor(std::shared_ptr<const copy::DescriptorModel> model,
                                            const std::vector<std::filesystem::path>& background_files,
                                            const dataset::CopyBenchmark& benchmark,
                                            const CopyCalibrationOptions& options,
                                            const CancellationToken& cancellation) {
  CopyCalibration result;
  copy::DescriptorProfile& profile = result.profile;
  profile.weights_sha256 = model->info().sha256;
  profile.scales = options.scales;
  profile.dimension = model->dimension();
  model = model->WithProfile(profile);

  std::vector<std::filesystem::path> chosen;
  const std::size_t wanted =
      std::min(background_files.size(), static_cast<std::size_t>(std::max(1, options.background)));
  for (std::size_t i = 0; i < wanted; ++i)
    chosen.push_back(background_files[i * background_files.size() / wanted]);
  Calibrator calibrator(benchmark, options, cancellation);
  KANTEI_RETURN_IF_ERROR(calibrator.Describe(*model, chosen, &profile.background));
  for (const Normalisation normalisation : {Normalisation::kStretching, Normalisation::kAdditive,
                                            Normalisation::kNegatives, Normalisation::kNone}) {
    KANTEI_TRY(const CopyCalibrationFigures figures,
               calibrator.Fit(normalisation, profile.background, &profile.calibrations[normalisation]));
    result.figures.push_back(figures);
  }
  // The one that finds most at its threshold.
  const auto better = [](const CopyCalibrationFigures& a, const CopyCalibrationFigures& b) {
    return a.recall_at_threshold < b.recall_at_threshold;
  };
  const auto top = std::max_element(result.figures.begin(), result.figures.end(), better);
  KANTEI_TRY(profile.normalisation, copy::ParseNormalisation(top->normalisation));
  return result;
}

}  // namespace kantei::evaluate
