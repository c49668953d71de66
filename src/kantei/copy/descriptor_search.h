// From a query picture to the known pictures whose descriptors are near one of its views, with comparable scores.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/copy/descriptor_model.h"
#include "kantei/copy/query_views.h"
#include "kantei/copy/score_normalisation.h"
#include "kantei/image/image.h"
#include "kantei/store/vector_index.h"

namespace kantei::copy {

/// A known picture near a view of the query.
struct DescriptorHit {
  std::int64_t picture_id = 0;
  float cosine = 0;  ///< of the view and the known picture, -1..1
  float score = 0;   ///< normalised: comparable between queries; more is a surer copy
  std::optional<double>
      probability;       ///< calibrated on the pairs that the model's profile names; none without a profile
  std::size_t view = 0;  ///< index into DescriptorAnswer::views
};

struct ViewFacts {
  ViewKind kind = ViewKind::kWhole;
  image::Rect region;
  int quarters = 0;
  bool mirrored = false;
  bool blank = false;  ///< had no descriptor
};

struct DescriptorAnswer {
  std::vector<DescriptorHit> hits;  ///< best first, one a picture
  std::vector<ViewFacts> views;
  double describe_seconds = 0, search_seconds = 0;
};

struct DescriptorSearchOptions {
  QueryViewOptions views;
  bool only_whole = false;  ///< the query alone, no other view
  int per_view = 20;        ///< neighbours that are looked at for each view
  int most = 60;            ///< hits in the answer
  store::Recall recall = store::Recall::kBalanced;
  std::optional<Normalisation> normalisation;  ///< none: the profile's
};

/// Immutable after Create; Find is thread-safe. The index holds descriptors of the same model, already adjusted for kNegatives.
class DescriptorSearch {
 public:
  /// `extra_negatives`: rows x dimension, descriptors that are to count as background too (those of ignore banks).
  static Result<std::unique_ptr<DescriptorSearch>> Create(std::shared_ptr<const DescriptorModel> model,
                                                          const DescriptorSearchOptions& options,
                                                          std::span<const float> extra_negatives,
                                                          int threads);
  Result<DescriptorAnswer> Find(const image::Image& query, const store::VectorIndex& index) const;

  const DescriptorModel& model() const { return *model_; }
  /// For descriptors of known pictures before they are put into the index.
  void AdjustKnown(std::span<float> descriptors) const;
  /// Score at which 90 % of the calibration's pairs are right; none without a profile.
  std::optional<double> Threshold() const;
  /// Of the scores that Find gives; null without a profile.
  const ScoreCalibration* Calibration() const;
  Normalisation normalisation() const { return normaliser_.normalisation(); }

 private:
  DescriptorSearch(std::shared_ptr<const DescriptorModel> model, const DescriptorSearchOptions& options,
                   ScoreNormaliser normaliser)
      : model_(std::move(model)), options_(options), normaliser_(std::move(normaliser)) {}
  /// views x dimension; rows of zeros for blank views.
  Result<std::vector<float>> DescribeViewsOf(const image::Image& query, std::vector<ViewFacts>* views) const;

  std::shared_ptr<const DescriptorModel> model_;
  DescriptorSearchOptions options_;
  ScoreNormaliser normaliser_;
};

}  // namespace kantei::copy
