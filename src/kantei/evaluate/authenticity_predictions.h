// What a detector says about many pictures, kept on disk so that a rerun is quick and a stopped run goes on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "kantei/authenticity/manipulation_detector.h"
#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/dataset/authenticity_samples.h"
#include "kantei/evaluate/authenticity_pixel_metrics.h"
#include "kantei/evaluate/picture_conditions.h"

namespace kantei::evaluate {

/// What is kept of one picture: the map itself is not.
struct SamplePrediction {
  bool present = false;  ///< false: it could not be read or judged
  double ai_made_logit = 0, edited_logit = 0;
  double changed_share = 0;  ///< of the pixels, map > 0.5
  double softness = 0;       ///< of the picture as the detector saw it (authenticity/softness.h)
  /// Against the mask, or against an all-one mask for a generated picture; none for authentic ones and where there is no mask.
  std::optional<PixelScores> origin, reverse;
  std::optional<TruForPixelScores> trufor;  ///< of edited pictures
};

struct PredictionContext {
  std::filesystem::path cache;  ///< folder, made if need be; empty: nothing is kept
  int threads = 1;
  CancellationToken cancellation;
  std::uint64_t seed = 1;
  bool equalise = true;                        ///< before the condition
  std::set<std::filesystem::path> unreadable;  ///< pictures that could not be read or judged, added to
  std::vector<std::string> problems;           ///< what was wrong with them; at most 100
};

/// Seed of what is drawn for a sample: equal for an authentic picture and what was made from it, independent of where the set lies.
std::uint64_t SampleSeed(const dataset::AuthenticitySample& sample, std::uint64_t seed);

/// The sample's picture and mask as the detector sees them. Errors: those of DecodeImageFile; kCorrupt: the mask has another size;
/// kInvalidArgument: smaller than 64 × 64; those of ApplyCondition.
Result<MaskedPicture> LoadSample(const dataset::AuthenticitySample& sample, const PictureCondition& condition,
                                 bool equalise, std::uint64_t seed);

/// In the order of the samples. Errors: kCancelled, kUnavailable (disk).
Result<std::vector<SamplePrediction>> PredictSamples(std::span<const dataset::AuthenticitySample> samples,
                                                     const authenticity::ManipulationDetector& detector,
                                                     const PictureCondition& condition,
                                                     PredictionContext* context);

}  // namespace kantei::evaluate
