// Generated pictures against the pictures they must not copy and the real ones they should resemble.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kantei/authenticity/realism.h"
#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/copy/descriptor_model.h"
#include "kantei/evaluate/authenticity_metrics.h"
#include "kantei/nn/lpips.h"

namespace kantei::evaluate {

/// Pictures that one way of generating made, with the records beside them.
struct GeneratedSet {
  std::string name;
  std::vector<std::filesystem::path> files;
};

struct GenerationEvaluationOptions {
  std::vector<std::filesystem::path> known;  ///< must not be copied: what the model was trained on, a library
  /// Real pictures of the same kind that the model has not seen, at least 100: they say how near strangers come to the known ones.
  std::vector<std::filesystem::path> real;
  /// Of the real pictures so many come nearer to a known one than the line beyond which a generated one counts as copied.
  double false_alarms = 0.01;
  std::string realism_reference = "photo";
  std::shared_ptr<const nn::Lpips> lpips;  ///< null: no LPIPS
  std::filesystem::path cache;             ///< for descriptors and hashes; empty: none
  int threads = 1;
  Status Validate() const;
};

/// A generated picture beside the known one that is nearest to it.
struct NearestKnown {
  std::filesystem::path file, known;
  std::string prompt;           ///< of its record; empty without one
  double similarity = 0;        ///< cosine of descriptors
  double ssim = 0;              ///< grey, both shrunk to 128 x 128
  std::optional<double> lpips;  ///< both at 128 x 128
  int hash_distance = 256;      ///< PDQ, to the nearest by hash
};

struct GenerationFigures {
  std::string name;
  std::int64_t pictures = 0;
  std::int64_t copied = 0;  ///< nearer to a known picture than the line
  BinomialInterval copied_95;
  std::int64_t hash_copied = 0;                    ///< PDQ distance of at most 31
  double mean_similarity = 0, top_similarity = 0;  ///< to the nearest known picture; mean of the top 5 %
  double mean_ssim = 0;                            ///< to that picture
  std::optional<double> mean_lpips;                ///< to that picture
  double feature_distance =
      0;  ///< Fréchet distance to the real pictures, on as many pictures of each set as the smallest has
  double robust_realism = 0;  ///< mean over pictures, 0..1
  authenticity::RealismMeasures
      measure_ratio{};  ///< median of each measure, as a multiple of that of the real pictures
  /// Share whose words are those of the class (folder) of known pictures whose mean descriptor is nearest; none without records.
  std::optional<double> agreement;
  std::optional<double> passes;       ///< through the network a picture, mean; none where no record says it
  std::vector<NearestKnown> nearest;  ///< most similar first
};

struct GenerationEvaluation {
  std::vector<GenerationFigures> systems;             ///< the real pictures first, as "real"
  double line = 0;                                    ///< similarity beyond which a picture counts as copied
  std::int64_t known = 0, classes = 0, compared = 0;  ///< `compared`: pictures a set in feature_distance
  std::string model, model_sha256;
  std::vector<std::string> problems;  ///< files that could not be read
};

/// kInvalidArgument: an empty set, too few real pictures; kCancelled.
Result<GenerationEvaluation> EvaluateGeneration(const std::vector<GeneratedSet>& sets,
                                                const copy::DescriptorModel& model,
                                                const GenerationEvaluationOptions& options,
                                                const CancellationToken& cancellation);

}  // namespace kantei::evaluate
