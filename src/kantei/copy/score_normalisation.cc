#include "kantei/copy/score_normalisation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "kantei/copy/descriptor_math.h"

namespace kantei::copy {
namespace {

constexpr std::array<std::pair<Normalisation, std::string_view>, 4> kNames = {
    {{Normalisation::kNone, "none"},
     {Normalisation::kStretching, "stretching"},
     {Normalisation::kAdditive, "additive"},
     {Normalisation::kNegatives, "negatives"}}};

double MeanSimilarity(std::span<const Neighbour> nearest) {
  double sum = 0;
  for (const Neighbour& one : nearest) sum += one.similarity;
  return sum / static_cast<double>(nearest.size());
}

// α-weighted database augmentation with α = 3: each row becomes the weighted mean of its neighbourhood.
std::vector<float> Smoothed(std::span<const float> rows, int dimension, int nearest, int threads) {
  const auto d = static_cast<std::size_t>(dimension);
  const auto neighbours = NearestRows(rows, rows, dimension, nearest, threads, {});
  std::vector<float> smoothed(rows.begin(), rows.end());
  for (std::size_t i = 0; i < neighbours.size(); ++i) {
    std::vector<double> sum(d);
    for (const Neighbour& one : neighbours[i]) {
      const double weight = std::pow(std::max(0.0f, one.similarity), 3);
      for (std::size_t k = 0; k < d; ++k) sum[k] += weight * rows[one.row * d + k];
    }
    std::vector<float> mean(sum.begin(), sum.end());
    if (NormaliseRow(mean)) std::copy(mean.begin(), mean.end(), smoothed.begin() + static_cast<long>(i * d));
  }
  return smoothed;
}

}  // namespace

std::string_view NormalisationName(Normalisation normalisation) {
  for (const auto& [value, name] : kNames) {
    if (value == normalisation) return name;
  }
  return "none";
}

Result<Normalisation> ParseNormalisation(std::string_view name) {
  for (const auto& [value, known] : kNames) {
    if (known == name) return value;
  }
  return Error{ErrorCode::kInvalidArgument,
               "the normalisation \"" + std::string(name) +
                   "\" is not known; choose none, stretching, additive or negatives"};
}

Status NormalisationOptions::Validate() const {
  const auto bad = [](const char* what) { return Error{ErrorCode::kInvalidArgument, what}; };
  if (!(stretching_alpha > 0)) return bad("stretching_alpha must be above 0");
  if (stretching_nearest < 1) return bad("stretching_nearest must be at least 1");
  if (!(stretching_least_mean > 0 && stretching_least_mean < 1))
    return bad("stretching_least_mean must lie between 0 and 1");
  if (!(additive_beta >= 0)) return bad("additive_beta must be 0 or more");
  if (additive_nearest < 1) return bad("additive_nearest must be at least 1");
  if (!(negatives_beta >= 0 && negatives_beta < 1))
    return bad("negatives_beta must be at least 0 and below 1");
  if (negatives_nearest < 1) return bad("negatives_nearest must be at least 1");
  if (smoothing_nearest < 1) return bad("smoothing_nearest must be at least 1");
  return {};
}

Result<ScoreNormaliser> ScoreNormaliser::Create(Normalisation normalisation,
                                                const NormalisationOptions& options,
                                                std::vector<float> background, int dimension, int threads) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  const auto bad = [](std::string what) { return Error{ErrorCode::kInvalidArgument, std::move(what)}; };
  if (dimension < 1 || background.size() % static_cast<std::size_t>(dimension) != 0)
    return bad("the background is no whole number of descriptors of " + std::to_string(dimension) +
               " values");
  ScoreNormaliser normaliser;
  normaliser.normalisation_ = normalisation;
  normaliser.options_ = options;
  normaliser.dimension_ = dimension;
  if (normalisation == Normalisation::kNone) return normaliser;
  // Pictures without a descriptor are near to nothing and would only dilute the means.
  const auto d = static_cast<std::size_t>(dimension);
  const auto present = RowsPresent(background, dimension);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < present.size(); ++i) {
    const float* row = background.data() + i * d;
    if (!std::all_of(row, row + d, [](float value) { return std::isfinite(value); }))
      return bad("descriptor " + std::to_string(i) + " of the background has values that are not finite");
    if (present[i] == 0) continue;
    std::copy_n(row, d, background.data() + kept * d);
    ++kept;
  }
  background.resize(kept * d);
  const int nearest = normalisation == Normalisation::kStretching ? options.stretching_nearest
                      : normalisation == Normalisation::kAdditive ? options.additive_nearest
                                                                  : options.negatives_nearest;
  if (kept < static_cast<std::size_t>(nearest)) {
    return bad("the normalisation \"" + std::string(NormalisationName(normalisation)) + "\" wants at least " +
               std::to_string(nearest) + " background descriptors, there are " + std::to_string(kept) +
               "; give a larger background, or choose none");
  }
  normaliser.background_ = normalisation == Normalisation::kNegatives && options.negatives_smoothed
                               ? Smoothed(background, dimension, options.smoothing_nearest, threads)
                               : std::move(background);
  return normaliser;
}

std::vector<ScoreLaw> ScoreNormaliser::Laws(std::span<const float> queries, int threads,
                                            const CancellationToken& cancellation) const {
  std::vector<ScoreLaw> laws(queries.size() / static_cast<std::size_t>(dimension_));
  if (normalisation_ != Normalisation::kStretching && normalisation_ != Normalisation::kAdditive) return laws;
  const bool stretching = normalisation_ == Normalisation::kStretching;
  const int count = stretching ? options_.stretching_nearest : options_.additive_nearest;
  const auto nearest = NearestRows(queries, background_, dimension_, count, threads, cancellation);
  for (std::size_t i = 0; i < laws.size(); ++i) {
    if (nearest[i].empty()) continue;  // cancelled
    const double mean = MeanSimilarity(nearest[i]);
    if (stretching) {
      // −‖s·q − r‖² = −(1 + s²) + 2s·cos for unit q and r.
      const double s = options_.stretching_alpha * std::max(mean, options_.stretching_least_mean);
      laws[i] = {static_cast<float>(2 * s), static_cast<float>(-(1 + s * s))};
    } else {
      laws[i] = {1.0f, static_cast<float>(-options_.additive_beta * mean)};
    }
  }
  return laws;
}

void ScoreNormaliser::Adjust(std::span<float> descriptors, int threads,
                             const CancellationToken& cancellation) const {
  if (normalisation_ != Normalisation::kNegatives) return;
  const auto d = static_cast<std::size_t>(dimension_);
  const auto nearest =
      NearestRows(descriptors, background_, dimension_, options_.negatives_nearest, threads, cancellation);
  const auto present = RowsPresent(descriptors, dimension_);
  for (std::size_t i = 0; i < nearest.size(); ++i) {
    if (present[i] == 0 || nearest[i].empty()) continue;
    std::vector<float> moved(descriptors.begin() + static_cast<long>(i * d),
                             descriptors.begin() + static_cast<long>((i + 1) * d));
    const auto share = static_cast<float>(options_.negatives_beta / static_cast<double>(nearest[i].size()));
    for (const Neighbour& one : nearest[i]) {
      for (std::size_t k = 0; k < d; ++k) moved[k] -= share * background_[one.row * d + k];
    }
    // |x - beta·mean| >= 1 - beta > 0, so there is always a direction left.
    if (NormaliseRow(moved))
      std::copy(moved.begin(), moved.end(), descriptors.begin() + static_cast<long>(i * d));
  }
}

}  // namespace kantei::copy
