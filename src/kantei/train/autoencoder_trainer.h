// Trains the autoencoders whose reconstructions teach a detector what a decoder leaves behind.
#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/generate/autoencoder.h"
#include "kantei/train/training_schedule.h"

namespace kantei::train {

struct AutoencoderTrainingOptions {
  generate::AutoencoderShape shape;
  int side = 128;                ///< of a training crop, 32..512, a multiple of the shape's factor
  int crops_per_step = 16;       ///< 1..4096
  double gradient_weight = 0.5;  ///< L1 of horizontal and vertical differences, against blur
  /// L1 of the local energy of the high-pass residual: a reconstruction must not be told by being smooth.
  double energy_weight = 1.0;
  TrainingSchedule schedule;
  Status Validate() const;
};

/// Minimises L1 of pixels, of gradients and of residual energy over random crops (flipped, scaled 0.5 to 1). `validation` pictures
/// give the log's psnr_db. Writes into `directory` what RunTraining writes; model.safetensors is read by Autoencoder::Open.
Status TrainAutoencoder(const std::vector<std::filesystem::path>& pictures,
                        const std::vector<std::filesystem::path>& validation,
                        const AutoencoderTrainingOptions& options, const std::filesystem::path& directory,
                        const CancellationToken& cancellation,
                        const std::function<void(const TrainingState&)>& watch);

}  // namespace kantei::train
