// Scores that mean the same for every query: known negatives (the background) tell how near a stranger comes to it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"

namespace kantei::copy {

enum class Normalisation {
  kNone,
  kStretching,  ///< the query is scaled by its nearness to the background, scores are squared distances (2111.08004)
  kAdditive,   ///< that nearness is taken off the inner product (SSCD, 2202.10261)
  kNegatives,  ///< the nearest negatives are taken off the descriptors of both sides (lyakaap, 2112.04323)
};
std::string_view NormalisationName(
    Normalisation normalisation);  ///< "none", "stretching", "additive", "negatives"
Result<Normalisation> ParseNormalisation(std::string_view name);

struct NormalisationOptions {
  double stretching_alpha = 2.5;  ///< factor of the mean similarity
  int stretching_nearest = 5;     ///< negatives in the mean
  /// Least mean similarity in stretching: nearer to 0 the score would hardly depend on the similarity, below 0 its order would
  /// turn round. Queries of that kind have nothing like them in the background.
  double stretching_least_mean = 0.02;
  double additive_beta = 1.0;      ///< factor of the mean similarity
  int additive_nearest = 3;        ///< negatives in the mean
  double negatives_beta = 0.35;    ///< factor of the mean of the nearest negatives
  int negatives_nearest = 10;      ///< negatives in the mean
  bool negatives_smoothed = true;  ///< each negative is first replaced by its neighbourhood (smoothing_*)
  int smoothing_nearest = 10;  ///< neighbours of a negative, itself among them, weighted by similarity cubed
  Status Validate() const;
};

/// score = offset + slope · cosine, slope > 0. Higher is surer; comparable between queries of one normalisation.
struct ScoreLaw {
  float slope = 1, offset = 0;
  float Score(float cosine) const { return offset + slope * cosine; }
};

/// Immutable after Create, thread-safe. Descriptors are unit rows; rows of zeros (pictures without one) stay as they are.
class ScoreNormaliser {
 public:
  /// `background`: unit descriptors of pictures that are no copies of anything known; may be empty for kNone only.
  /// kInvalidArgument: too few of them for the options, no whole rows, a value that is not finite.
  static Result<ScoreNormaliser> Create(Normalisation normalisation, const NormalisationOptions& options,
                                        std::vector<float> background, int dimension, int threads);

  Normalisation normalisation() const { return normalisation_; }
  int dimension() const { return dimension_; }
  std::size_t background_rows() const { return background_.size() / static_cast<std::size_t>(dimension_); }

  /// The law of each query, from its original descriptors. For kNegatives it is the identity: see Adjust.
  std::vector<ScoreLaw> Laws(std::span<const float> queries, int threads,
                             const CancellationToken& cancellation = {}) const;
  /// kNegatives: x <- unit(x - beta · mean of its nearest negatives), for queries and for references; else nothing happens.
  void Adjust(std::span<float> descriptors, int threads, const CancellationToken& cancellation = {}) const;

 private:
  ScoreNormaliser() = default;
  Normalisation normalisation_ = Normalisation::kNone;
  NormalisationOptions options_;
  std::vector<float> background_;
  int dimension_ = 0;
};

}  // namespace kantei::copy
