#include "kantei/evaluate/copy_calibration.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "kantei/base/files.h"
#include "kantei/base/log.h"
#include "kantei/base/parallel.h"
#include "kantei/base/progress.h"
#include "kantei/copy/working_size.h"
#include "kantei/image/decode.h"
#include "kantei/image/transform.h"
#include "kantei/store/vector_index.h"

namespace kantei::evaluate {
namespace {

using copy::LabelledScore;
using copy::Normalisation;

Result<image::Image> Load(const std::filesystem::path& file) {
  image::DecodeOptions decode;
  decode.max_longer_side = copy::kWorkingSide;
  KANTEI_TRY(image::DecodedImage decoded, image::DecodeImageFile(file, decode));
  return image::ToRgb(decoded.pixels);
}

// One row a file; rows of zeros for pictures without a descriptor and for files that cannot be read (named in the log).
Result<std::vector<float>> DescribeFiles(const copy::DescriptorModel& model,
                                         const std::vector<std::filesystem::path>& files, int threads,
                                         const char* label, const CancellationToken& cancellation) {
  const auto dimension = static_cast<std::size_t>(model.dimension());
  std::vector<float> rows(files.size() * dimension);
  Progress progress(label, files.size(), "pictures");
  std::mutex mutex;
  std::optional<Error> failure;
  ParallelFor(files.size(), ThreadCount(threads), cancellation, [&](std::size_t i) {
    auto picture = Load(files[i]);
    if (!picture.ok()) {
      LogWarning(picture.error().message);
    } else {
      auto described = model.Describe({&*picture, 1});
      if (described.ok()) {
        std::copy(described->values.begin(), described->values.end(),
                  rows.begin() + static_cast<std::ptrdiff_t>(i * dimension));
      } else {
        const std::lock_guard lock(mutex);
        failure = described.error();
      }
    }
    progress.Advance();
  });
  KANTEI_RETURN_IF_ERROR(cancellation.Check());
  if (failure) return *failure;
  return rows;
}

bool IsZero(std::span<const float> row) {
  return std::all_of(row.begin(), row.end(), [](float x) { return x == 0; });
}

bool IsSource(const dataset::BenchmarkQuery& query, std::int64_t reference) {
  return std::find(query.references.begin(), query.references.end(), static_cast<std::uint32_t>(reference)) !=
         query.references.end();
}

/// The best hit of each kind of view of each query.
Result<std::vector<copy::LabelledView>> BestOfEachKind(const std::vector<copy::DescribedQuery>& queries,
                                                       const dataset::CopyBenchmark& benchmark,
                                                       const copy::DescriptorSearch& search,
                                                       const store::VectorIndex& index) {
  std::vector<copy::LabelledView> best;
  const auto dimension = static_cast<std::size_t>(search.model().dimension());
  for (std::size_t q = 0; q < queries.size(); ++q) {
    for (std::size_t k = 0; k < copy::kViewKinds; ++k) {
      const auto kind = static_cast<copy::ViewKind>(k);
      copy::DescribedQuery part;
      for (std::size_t v = 0; v < queries[q].views.size(); ++v) {
        if (queries[q].views[v].kind != kind) continue;
        part.views.push_back(queries[q].views[v]);
        const auto row = std::span(queries[q].descriptors).subspan(v * dimension, dimension);
        part.descriptors.insert(part.descriptors.end(), row.begin(), row.end());
      }
      if (part.views.empty()) continue;
      KANTEI_TRY(const copy::DescriptorAnswer answer, search.FindDescribed(part, index));
      if (answer.hits.empty()) continue;
      const copy::DescriptorHit& hit = answer.hits.front();
      best.push_back({hit.score, kind, IsSource(benchmark.queries[q], hit.picture_id)});
    }
  }
  return best;
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
  const auto dimension = static_cast<std::size_t>(model->dimension());

  std::vector<std::filesystem::path> chosen;
  const std::size_t wanted =
      std::min(background_files.size(), static_cast<std::size_t>(std::max(1, options.background)));
  for (std::size_t i = 0; i < wanted; ++i)
    chosen.push_back(background_files[i * background_files.size() / wanted]);
  KANTEI_TRY(std::vector<float> rows,
             DescribeFiles(*model, chosen, options.threads, "background", cancellation));
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const auto row = std::span(rows).subspan(i * dimension, dimension);
    if (!IsZero(row)) profile.background.insert(profile.background.end(), row.begin(), row.end());
  }

  KANTEI_TRY(const std::vector<float> references,
             DescribeFiles(*model, benchmark.references.files, options.threads, "references", cancellation));
  // The views of every query are described once: 24 views of 256 numbers are 25 kB a query.
  std::vector<copy::DescribedQuery> queries(benchmark.queries.size());
  {
    copy::DescriptorSearchOptions plain = options.search;
    plain.normalisation = Normalisation::kNone;
    KANTEI_TRY(const auto search, copy::DescriptorSearch::Create(model, plain, {}, 1));
    std::mutex mutex;
    std::optional<Error> failure;
    Progress progress("queries", queries.size(), "queries");
    ParallelFor(queries.size(), ThreadCount(options.threads), cancellation, [&](std::size_t q) {
      auto picture = Load(benchmark.queries[q].file);
      auto described =
          picture.ok() ? search->Describe(*picture) : Result<copy::DescribedQuery>(picture.error());
      progress.Advance();
      if (described.ok()) {
        queries[q] = std::move(*described);
      } else {
        const std::lock_guard lock(mutex);
        failure = described.error();
      }
    });
    KANTEI_RETURN_IF_ERROR(cancellation.Check());
    if (failure) return *failure;
  }
  for (const Normalisation normalisation : {Normalisation::kStretching, Normalisation::kAdditive,
                                            Normalisation::kNegatives, Normalisation::kNone}) {
    copy::DescriptorSearchOptions search_options = options.search;
    search_options.normalisation = normalisation;
    const auto make_search = [&] {
      return copy::DescriptorSearch::Create(model->WithProfile(profile), search_options, {}, 1);
    };
    KANTEI_TRY(auto search, make_search());
    store::VectorIndexOptions index_options;
    index_options.backend = store::VectorBackend::kFlatFloat16;
    index_options.dimension = model->dimension();
    KANTEI_TRY(const auto index, store::VectorIndex::Create(index_options));
    std::vector<float> known;
    std::vector<std::int64_t> ids;
    for (std::size_t i = 0; i < benchmark.references.size(); ++i) {
      const auto row = std::span(references).subspan(i * dimension, dimension);
      if (IsZero(row)) continue;
      ids.push_back(static_cast<std::int64_t>(i));
      known.insert(known.end(), row.begin(), row.end());
    }
    search->AdjustKnown(known);
    KANTEI_RETURN_IF_ERROR(index->Add(ids, known, options.threads));

    KANTEI_TRY(const auto of_kind, BestOfEachKind(queries, benchmark, *search, *index));
    const copy::ViewOffsets offsets = copy::FitViewOffsets(of_kind);
    profile.calibrations[normalisation].view_offsets = offsets;
    KANTEI_TRY(search, make_search());

    std::vector<LabelledScore> best, all;
    for (std::size_t q = 0; q < queries.size(); ++q) {
      KANTEI_TRY(const copy::DescriptorAnswer answer, search->FindDescribed(queries[q], *index));
      bool first = true;
      for (const copy::DescriptorHit& hit : answer.hits) {
        const auto& same = benchmark.queries[q].same;
        // Neither right nor wrong.
        if (std::binary_search(same.begin(), same.end(), static_cast<std::uint32_t>(hit.picture_id)))
          continue;
        all.push_back({hit.score, IsSource(benchmark.queries[q], hit.picture_id)});
        if (first) best.push_back(all.back());
        first = false;
      }
    }
    KANTEI_RETURN_IF_ERROR(cancellation.Check());
    KANTEI_TRY(copy::ScoreCalibration calibration, copy::FitCalibration(best));
    calibration.view_offsets = offsets;
    const auto threshold = copy::ThresholdAtPrecision(all, 0.9);
    if (!threshold)
      return Error{ErrorCode::kInvalidArgument,
                   "no score reaches 90 % precision on this benchmark: the network does not tell "
                   "copies from strangers"};
    calibration.threshold = *threshold;
    CopyCalibrationFigures figures;
    figures.normalisation = copy::NormalisationName(normalisation);
    for (const dataset::BenchmarkQuery& query : benchmark.queries)
      ++(query.references.empty() ? figures.queries_without : figures.queries_with_source);
    double found = 0;
    for (const LabelledScore& s : all) found += s.copy && s.score >= *threshold;
    figures.recall_at_threshold =
        benchmark.true_pairs > 0 ? found / static_cast<double>(benchmark.true_pairs) : 0;
    figures.expected_error = ExpectedError(best, calibration);
    calibration.source = benchmark.name + " (" + benchmark.identity.substr(0, 12) +
                         "): " + std::to_string(figures.queries_with_source) + " queries with a source, " +
                         std::to_string(figures.queries_without) + " without, " +
                         std::to_string(benchmark.references.size()) + " references";
    profile.calibrations[normalisation] = calibration;
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
