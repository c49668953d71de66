// How much noise a diffusion model was trained with at each of its timesteps, and what its network predicts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/result.h"

namespace kantei::generate {

enum class BetaSchedule { kLinear, kScaledLinear };  ///< linear in beta, or in its square root
/// Of the network's output: the noise, or v = sqrt(abar) noise - sqrt(1 - abar) clean (2202.00512).
enum class Prediction { kEpsilon, kVelocity };
/// Which of the training's timesteps a run of fewer steps visits (2305.08891, table 2).
enum class TimestepSpacing { kLeading, kTrailing, kLinspace };

/// What a diffusers folder keeps in scheduler/scheduler_config.json. Defaults: Stable Diffusion 1.x.
struct NoiseScheduleOptions {
  int train_steps = 1000;     ///< 2..10000
  double beta_start = 85e-5;  ///< 0 < beta_start <= beta_end < 1
  double beta_end = 0.012;
  BetaSchedule beta_schedule = BetaSchedule::kScaledLinear;
  Prediction prediction = Prediction::kEpsilon;
  TimestepSpacing spacing = TimestepSpacing::kLeading;
  int steps_offset = 1;  ///< added to leading timesteps, 0..train_steps - 1
  bool set_alpha_to_one =
      false;  ///< DDIM's last step ends without any noise; else at the noise of timestep 0
  Status Validate() const;
};

/// Reads scheduler_config.json; keys that are not there have diffusers' defaults for their scheduler. kUnsupported names what this
/// program cannot do (other beta schedules, predictions, rescaled betas).
Result<NoiseScheduleOptions> ParseSchedulerConfig(std::string_view json, std::string_view source_name);
/// The JSON that ParseSchedulerConfig and diffusers (as a DDIMScheduler) read.
std::string SchedulerConfig(const NoiseScheduleOptions& options);

/// abar(t), the share of the clean picture's energy left at timestep t; falls from t = 0 on. `options` are valid.
std::vector<double> CumulativeAlphas(const NoiseScheduleOptions& options);

}  // namespace kantei::generate
