// How much noise a diffusion model was trained with at each of its timesteps, and what its network predicts.
#pragma once

#include <vector>

#include "kantei/base/result.h"
#include "kantei/generate/diffusion_config.h"

namespace kantei::generate {

/// What the network's output is: the noise, v = sqrt(abar) noise - sqrt(1 - abar) clean (2202.00512), or the clean picture.
enum class Prediction { kEpsilon, kVelocity, kSample };
/// Which of the training's timesteps a run of fewer steps visits (2305.08891, table 2).
enum class TimestepSpacing { kLeading, kTrailing, kLinspace };

struct NoiseSchedule {
  std::vector<double> alphas;  ///< abar(t), the share of the clean picture's energy left at timestep t; falls
  Prediction prediction = Prediction::kEpsilon;
  TimestepSpacing spacing = TimestepSpacing::kLeading;
  int steps_offset = 0;  ///< added to leading timesteps
  bool set_alpha_to_one =
      false;  ///< DDIM's last step ends without any noise; else at the noise of timestep 0
  int train_steps() const { return static_cast<int>(alphas.size()); }
};

/// kUnsupported names what this program cannot do (betas rescaled to no signal, clipped latents), kInvalidArgument what is out of
/// range.
Result<NoiseSchedule> MakeNoiseSchedule(const SchedulerConfig& config);

}  // namespace kantei::generate
