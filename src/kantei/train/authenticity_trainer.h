// Trains the forensic network: was it made or changed, and where?
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/dataset/authenticity_samples.h"
#include "kantei/dataset/authenticity_view.h"
#include "kantei/train/training_schedule.h"

namespace kantei::train {

struct AuthenticityTrainingOptions {
  int stem = 32;                              ///< channels at half resolution, 8..512
  std::vector<int> widths{48, 96, 160, 224};  ///< of the four stages, 8..1024
  std::vector<int> depths{1, 2, 2, 2};        ///< residual blocks of each, 0..8
  int decoder = 48;                           ///< channels of the map's decoder, 8..512
  int contrast = 32;                          ///< features compared with their surroundings, 0 or 8..512
  std::string init;  ///< exported model to begin with, perhaps one without contrast; empty: from scratch
  dataset::AuthenticityViewOptions view;  ///< its side must be a multiple of 32, from 64 on
  int views_per_step = 16;                ///< 2..4096
  /// What a view is drawn as; the rest are authentic. Within a class each engine (or source, if authentic) is drawn in
  /// proportion to the root of its size, so that a small one is not drowned.
  double edited_share = 0.4, generated_share = 0.25;
  /// Chance that a reconstruction with its original at hand is laid into it through a random mask, which makes it an edit.
  double composite = 0.35;
  /// Chance that the original follows a fake with the same crop and handling, so that nothing but the fake's traces tells them
  /// apart. These originals come on top of the authentic views drawn for themselves.
  double paired = 0.8;
  double dice_weight = 0.5, verdict_weight = 1.0,
         confidence_weight = 0.2;  ///< beside the map's cross entropy
  TrainingSchedule schedule;
  Status Validate() const;
};

/// Cross entropy of the map (soft at its resolution), dice over edited views, cross entropy of the two verdicts and of the
/// confidence (is the map, cut at 0.5, right there? after 2212.10957 section 3.3). `validation` gives the log's
/// validation_loss, validation_accuracy (balanced, authentic against all else) and validation_iou (mean over edited views).
/// Writes into `directory` what RunTraining writes; model.safetensors is read by ForensicDetector::Open. Pictures are held in
/// memory as bytes. Samples that cannot be read are skipped and named in the log.
Status TrainAuthenticity(const std::vector<dataset::AuthenticitySample>& samples,
                         const std::vector<dataset::AuthenticitySample>& validation,
                         const AuthenticityTrainingOptions& options, const std::filesystem::path& directory,
                         const CancellationToken& cancellation,
                         const std::function<void(const TrainingState&)>& watch);

}  // namespace kantei::train
