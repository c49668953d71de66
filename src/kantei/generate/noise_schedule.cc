#include "kantei/generate/noise_schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

namespace kantei::generate {
namespace {

Error Unsupported(const std::string& what) {
  return {ErrorCode::kUnsupported,
          "the model's scheduler_config.json asks for " + what + ", which is not supported"};
}

Result<std::vector<double>> Betas(const SchedulerConfig& config) {
  const int steps = config.num_train_timesteps;
  std::vector<double> betas;
  if (config.beta_schedule == "squaredcos_cap_v2") {  // 2102.09672 eq. 17
    const auto left = [steps](int t) {
      const double angle = (static_cast<double>(t) / steps + 0.008) / 1.008 * std::numbers::pi / 2;
      return std::cos(angle) * std::cos(angle);
    };
    for (int t = 0; t < steps; ++t) betas.push_back(std::min(1 - left(t + 1) / left(t), 0.999));
    return betas;
  }
  const bool scaled = config.beta_schedule == "scaled_linear";
  if (!scaled && config.beta_schedule != "linear")
    return Unsupported("beta_schedule " + config.beta_schedule);
  const double from = scaled ? std::sqrt(config.beta_start) : config.beta_start,
               to = scaled ? std::sqrt(config.beta_end) : config.beta_end;
  for (int t = 0; t < steps; ++t) {
    const double value = from + (to - from) * t / std::max(1, steps - 1);
    betas.push_back(scaled ? value * value : value);
  }
  return betas;
}

}  // namespace

Result<NoiseSchedule> MakeNoiseSchedule(const SchedulerConfig& config) {
  KANTEI_RETURN_IF_ERROR(config.Validate());
  if (config.rescale_betas_zero_snr) return Unsupported("rescale_betas_zero_snr");
  if (config.clip_sample) return Unsupported("clip_sample");
  NoiseSchedule schedule;
  if (config.prediction_type == "v_prediction")
    schedule.prediction = Prediction::kVelocity;
  else if (config.prediction_type == "sample")
    schedule.prediction = Prediction::kSample;
  else if (config.prediction_type != "epsilon")
    return Unsupported("prediction_type " + config.prediction_type);
  if (config.timestep_spacing == "trailing")
    schedule.spacing = TimestepSpacing::kTrailing;
  else if (config.timestep_spacing == "linspace")
    schedule.spacing = TimestepSpacing::kLinspace;
  else if (config.timestep_spacing != "leading")
    return Unsupported("timestep_spacing " + config.timestep_spacing);
  schedule.steps_offset = config.steps_offset;
  schedule.set_alpha_to_one = config.set_alpha_to_one;
  KANTEI_TRY(const std::vector<double> betas, Betas(config));
  double product = 1;
  for (const double beta : betas) schedule.alphas.push_back(product *= 1 - beta);
  return schedule;
}

}  // namespace kantei::generate
