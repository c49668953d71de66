// What makes the numbers of one descriptor network comparable and readable: background descriptors, calibration, threshold.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/copy/score_normalisation.h"
#include "kantei/copy/view_offsets.h"

namespace kantei::copy {

/// From a normalised score to the probability that a pair is a copy: 1 / (1 + exp(-(slope * score + intercept))), fitted on
/// named pairs.
struct ScoreCalibration {
  double slope = 0, intercept = 0;
  double threshold = 0;        ///< the score at which 90 % of the named pairs are right
  std::string source;          ///< on which pairs, e.g. "4,000 queries of ..., seed 3"
  ViewOffsets view_offsets{};  ///< belong to the score before it is compared with anything
  double Probability(double score) const;
};

/// A safetensors file beside the weights: tensor "background" (rows x dimension, F16) and metadata (docs/formats.md).
struct DescriptorProfile {
  std::string weights_sha256;  ///< of the network it belongs to
  std::vector<int> scales;     ///< input sides whose descriptors are averaged; the network's own when empty
  int dimension = 0;
  std::vector<float> background;  ///< unit rows
  std::string background_source;
  Normalisation normalisation = Normalisation::kStretching;  ///< the one to use unless asked otherwise
  std::map<Normalisation, ScoreCalibration> calibrations;
};

Result<DescriptorProfile> LoadDescriptorProfile(const std::filesystem::path& path);
Status SaveDescriptorProfile(const std::filesystem::path& path, const DescriptorProfile& profile);
/// x.safetensors -> x.profile.safetensors
std::filesystem::path ProfilePath(const std::filesystem::path& weights);

struct LabelledScore {
  double score = 0;
  bool copy = false;
};
/// Logistic regression with Platt's prior-corrected targets (Platt 1999, section 2.2), Newton steps. Needs both kinds.
Result<ScoreCalibration> FitCalibration(const std::vector<LabelledScore>& scores);
/// The lowest score from which on (all scores at least it) the share of copies is at least `precision`, strangers first among
/// equals; nothing when there is none.
std::optional<double> ThresholdAtPrecision(std::vector<LabelledScore> scores, double precision);

}  // namespace kantei::copy
