#include "kantei/copy/descriptor_search.h"

#include <algorithm>
#include <chrono>
#include <map>

namespace kantei::copy {
namespace {

using Clock = std::chrono::steady_clock;
double Seconds(Clock::time_point since) {
  return std::chrono::duration<double>(Clock::now() - since).count();
}

}  // namespace

Result<std::unique_ptr<DescriptorSearch>> DescriptorSearch::Create(
    std::shared_ptr<const DescriptorModel> model, const DescriptorSearchOptions& options,
    std::span<const float> extra_negatives, int threads) {
  const DescriptorProfile* profile = model->profile();
  const Normalisation normalisation = options.normalisation.value_or(
      profile != nullptr && !profile->background.empty() ? profile->normalisation : Normalisation::kNone);
  std::vector<float> background;
  if (profile != nullptr) background = profile->background;
  background.insert(background.end(), extra_negatives.begin(), extra_negatives.end());
  if (normalisation != Normalisation::kNone && background.empty())
    return Error{ErrorCode::kInvalidArgument,
                 "the model " + model->info().name +
                     " has no profile, so scores cannot be normalised; use --normalisation "
                     "none, or make a profile with kantei models profile"};
  if (normalisation == Normalisation::kNone) background.clear();
  KANTEI_TRY(ScoreNormaliser normaliser,
             ScoreNormaliser::Create(normalisation, {}, std::move(background), model->dimension(), threads));
  return std::unique_ptr<DescriptorSearch>(
      new DescriptorSearch(std::move(model), options, std::move(normaliser)));
}

const ScoreCalibration* DescriptorSearch::Calibration() const {
  const DescriptorProfile* profile = model_->profile();
  if (profile == nullptr) return nullptr;
  const auto found = profile->calibrations.find(normaliser_.normalisation());
  return found == profile->calibrations.end() ? nullptr : &found->second;
}

std::optional<double> DescriptorSearch::Threshold() const {
  const ScoreCalibration* calibration = Calibration();
  return calibration != nullptr ? std::optional(calibration->threshold) : std::nullopt;
}

void DescriptorSearch::AdjustKnown(std::span<float> descriptors) const {
  normaliser_.Adjust(descriptors, 1);
}

Result<std::vector<float>> DescriptorSearch::DescribeViewsOf(const image::Image& query,
                                                             std::vector<ViewFacts>* views) const {
  std::vector<image::Image> pictures;
  if (options_.only_whole) {
    views->push_back({ViewKind::kWhole, {0, 0, query.width(), query.height()}, 0, false, false});
    pictures.push_back(query);
  } else {
    for (QueryView& view : MakeQueryViews(query, options_.views)) {
      views->push_back({view.kind, view.region, view.quarters, view.mirrored, false});
      pictures.push_back(std::move(view.picture));
    }
  }
  KANTEI_TRY(nn::Descriptors rows, model_->Describe(pictures));
  for (std::size_t v = 0; v < views->size(); ++v) {
    const std::span<const float> row = rows.row(v);
    (*views)[v].blank = std::all_of(row.begin(), row.end(), [](float x) { return x == 0; });
  }
  return std::move(rows.values);
}

Result<DescriptorAnswer> DescriptorSearch::Find(const image::Image& query,
                                                const store::VectorIndex& index) const {
  DescriptorAnswer answer;
  const Clock::time_point start = Clock::now();
  KANTEI_TRY(std::vector<float> descriptors, DescribeViewsOf(query, &answer.views));
  answer.describe_seconds = Seconds(start);
  const Clock::time_point search_start = Clock::now();
  const auto dimension = static_cast<std::size_t>(model_->dimension());
  const std::vector<ScoreLaw> laws = normaliser_.Laws(descriptors, 1);
  normaliser_.Adjust(descriptors, 1);
  std::vector<float> rows;
  std::vector<std::size_t> view_of;
  for (std::size_t v = 0; v < answer.views.size(); ++v) {
    if (answer.views[v].blank) continue;
    const auto row = std::span(descriptors).subspan(v * dimension, dimension);
    rows.insert(rows.end(), row.begin(), row.end());
    view_of.push_back(v);
  }
  if (rows.empty() || index.size() == 0) return answer;
  KANTEI_CHECK(rows.size() == view_of.size() * dimension);
  KANTEI_TRY(const auto neighbours, index.Search(rows, options_.per_view, options_.recall, 1));
  const ScoreCalibration* calibration = Calibration();
  std::map<std::int64_t, DescriptorHit> best;
  for (std::size_t r = 0; r < view_of.size(); ++r) {
    ScoreLaw law = laws[view_of[r]];
    if (calibration != nullptr)
      law.offset += calibration->view_offsets[static_cast<std::size_t>(answer.views[view_of[r]].kind)];
    for (const store::VectorHit& hit : neighbours[r]) {
      const float score = law.Score(hit.similarity);
      const auto [entry, added] = best.try_emplace(hit.vector_id);
      if (!added && entry->second.score >= score) continue;
      entry->second = {hit.vector_id, hit.similarity, score, std::nullopt, view_of[r]};
    }
  }
  for (const auto& [id, hit] : best) answer.hits.push_back(hit);
  std::sort(answer.hits.begin(), answer.hits.end(), [](const DescriptorHit& a, const DescriptorHit& b) {
    return a.score != b.score ? a.score > b.score : a.picture_id < b.picture_id;
  });
  if (answer.hits.size() > static_cast<std::size_t>(options_.most))
    answer.hits.resize(static_cast<std::size_t>(options_.most));
  if (calibration != nullptr)
    for (DescriptorHit& hit : answer.hits) hit.probability = calibration->Probability(hit.score);
  answer.search_seconds = Seconds(search_start);
  return answer;
}

}  // namespace kantei::copy
