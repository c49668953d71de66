// From noise to a picture in a few steps: every sampler as one table of numbers. All of DDIM, Euler, Euler ancestral and
// DPM-Solver++ 2M are, at each step, weighted sums of what one has: so the loop that runs them (sampler.h) knows none of them.
#pragma once

#include <string_view>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/generate/noise_schedule.h"

namespace kantei::generate {

enum class SchedulerKind {
  kDdim,            ///< 2010.02502 eq. 12
  kEuler,           ///< 2206.00364, algorithm 1 without churn
  kEulerAncestral,  ///< fresh noise at every step
  kDpmPlusPlus2M    ///< 2211.01095, algorithm 2, multistep
};
std::string_view SchedulerName(SchedulerKind kind);  ///< "ddim", "euler", "euler-ancestral", "dpm++-2m"
Result<SchedulerKind> ParseScheduler(std::string_view name);

struct SchedulerOptions {
  SchedulerKind kind = SchedulerKind::kDpmPlusPlus2M;
  int steps = 30;       ///< 1..train_steps
  double eta = 0;       ///< 0..1, DDIM only: 0 adds no noise on the way, 1 as much as the training had
  bool karras = false;  ///< noise levels after 2206.00364 eq. 5 (rho 7); not for DDIM
  Status Validate(const NoiseSchedule& schedule) const;
};

/// One step from x to x'. `output` is the network's answer to (input_scale x, timestep).
///   clean = clean_from_x x + clean_from_output output
///   x'    = keep x + clean_weight clean + previous_weight (clean of the step before) + noise_weight (fresh standard normal noise)
struct SchedulerStep {
  float timestep = 0;
  float input_scale = 1;
  float clean_from_x = 0, clean_from_output = 0;
  float keep = 0, clean_weight = 0;
  float previous_weight = 0;     ///< 0 at a first step
  float noise_weight = 0;        ///< 0: draws no noise
  float noise_from_output = 1;   ///< the noise is this times the output, plus what depends on x alone
  float signal = 1, spread = 0;  ///< before the step, x = signal clean + spread noise
  float next_signal = 1, next_spread = 0;  ///< after it
};

struct SchedulerPlan {
  std::vector<SchedulerStep> steps;
  float start_scale = 1;  ///< x of the first step is this times standard normal noise
};

/// `options` are valid. `first` leaves out that many steps at the begin (picture to picture), below options.steps.
SchedulerPlan PlanSteps(const NoiseSchedule& schedule, const SchedulerOptions& options, int first = 0);

}  // namespace kantei::generate
