#include "kantei/generate/scheduler.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace kantei::generate {
namespace {

constexpr std::pair<SchedulerKind, std::string_view> kNames[] = {
    {SchedulerKind::kDdim, "ddim"},
    {SchedulerKind::kEuler, "euler"},
    {SchedulerKind::kEulerAncestral, "euler-ancestral"},
    {SchedulerKind::kDpmPlusPlus2M, "dpm++-2m"}};
constexpr double kKarrasRho = 7;

/// sqrt((1 - abar) / abar): the noise over a picture that is not scaled down.
std::vector<double> Sigmas(const std::vector<double>& alphas) {
  std::vector<double> sigmas;
  for (const double alpha : alphas) sigmas.push_back(std::sqrt((1 - alpha) / alpha));
  return sigmas;
}

/// The timesteps of a run, falling. Those of Euler may lie between whole ones; DPM-Solver++ divides one step more, so that it does
/// not visit the last.
std::vector<double> Timesteps(const NoiseSchedule& schedule, SchedulerKind kind, int steps) {
  const int train = schedule.train_steps();
  const bool euler = kind == SchedulerKind::kEuler || kind == SchedulerKind::kEulerAncestral;
  const int parts = kind == SchedulerKind::kDpmPlusPlus2M ? steps + 1 : steps;
  std::vector<double> timesteps;
  for (int i = 0; i < steps; ++i) {
    double t = 0;
    switch (schedule.spacing) {
      case TimestepSpacing::kLeading:
        t = static_cast<double>(parts - 1 - i) * std::max(1, train / parts) + schedule.steps_offset;
        break;
      case TimestepSpacing::kTrailing:
        t = std::nearbyint(train - static_cast<double>(train) / steps * i) - 1;
        break;
      case TimestepSpacing::kLinspace:
        t = parts == 1 ? 0 : static_cast<double>(train - 1) * (parts - 1 - i) / (parts - 1);
        if (!euler) t = std::nearbyint(t);
        break;
    }
    timesteps.push_back(std::clamp(t, 0.0, train - 1.0));
  }
  return timesteps;
}

double Interpolate(const std::vector<double>& values, double at) {
  const auto below = std::min(static_cast<std::size_t>(at), values.size() - 1);
  const auto above = std::min(below + 1, values.size() - 1);
  const double share = at - static_cast<double>(below);
  return values[below] * (1 - share) + values[above] * share;
}

/// Where in the training's noise levels `sigma` lies, by the logarithm.
double TimestepOf(const std::vector<double>& sigmas, double sigma) {
  const auto above = std::upper_bound(sigmas.begin(), sigmas.end(), sigma);
  if (above == sigmas.begin()) return 0;
  if (above == sigmas.end()) return static_cast<double>(sigmas.size() - 1);
  const double low = std::log(*(above - 1)), high = std::log(*above);
  return static_cast<double>(above - sigmas.begin() - 1) + (std::log(sigma) - low) / (high - low);
}

std::vector<double> KarrasSigmas(double low, double high, int steps) {
  const double from = std::pow(high, 1 / kKarrasRho), to = std::pow(low, 1 / kKarrasRho);
  std::vector<double> sigmas;
  for (int i = 0; i < steps; ++i)
    sigmas.push_back(std::pow(from + (to - from) * i / std::max(1, steps - 1), kKarrasRho));
  return sigmas;
}

/// What a run visits: noise levels (one more than timesteps, the last is where it ends).
struct Levels {
  std::vector<double> timesteps, sigmas;
};

Levels LevelsOf(const NoiseSchedule& schedule, const SchedulerOptions& options,
                const std::vector<double>& alphas) {
  const std::vector<double> trained = Sigmas(alphas);
  const bool dpm = options.kind == SchedulerKind::kDpmPlusPlus2M;
  Levels levels{Timesteps(schedule, options.kind, options.steps), {}};
  for (const double t : levels.timesteps) levels.sigmas.push_back(Interpolate(trained, t));
  if (options.karras && options.kind != SchedulerKind::kDdim) {
    // DPM-Solver++ spans all noise levels of the training, Euler those it would have visited, as diffusers has it.
    levels.sigmas = dpm ? KarrasSigmas(trained.front(), trained.back(), options.steps)
                        : KarrasSigmas(levels.sigmas.back(), levels.sigmas.front(), options.steps);
    for (int i = 0; i < options.steps; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const double t = TimestepOf(trained, levels.sigmas[at]);
      levels.timesteps[at] = dpm ? std::nearbyint(t) : t;
    }
  }
  const bool ends_clean = options.kind != SchedulerKind::kDdim || schedule.set_alpha_to_one;
  levels.sigmas.push_back(ends_clean ? 0 : trained.front());
  return levels;
}

/// x = clean + sigma noise, and the network sees it scaled to unit variance.
SchedulerStep EulerStep(double sigma, double next, bool ancestral) {
  const double up =
      ancestral ? std::sqrt(std::max(0.0, next * next * (sigma * sigma - next * next) / (sigma * sigma))) : 0;
  const double down = std::sqrt(std::max(0.0, next * next - up * up));
  SchedulerStep step;
  step.keep = static_cast<float>(down / sigma);
  step.clean_weight = static_cast<float>(1 - down / sigma);
  step.noise_weight = static_cast<float>(up);
  step.spread = static_cast<float>(sigma);
  step.next_spread = static_cast<float>(next);
  return step;
}

/// x = sqrt(abar) clean + sqrt(1 - abar) noise.
struct Level {
  explicit Level(double sigma) : signal(1 / std::sqrt(1 + sigma * sigma)), spread(sigma * signal) {}
  double signal, spread;
};

SchedulerStep DdimStep(double sigma, double next_sigma, double eta) {
  const Level now(sigma), next(next_sigma);
  const double ratio = now.signal * now.signal / (next.signal * next.signal);
  // eq. 16
  const double fresh = eta * next.spread / now.spread * std::sqrt(std::max(0.0, 1 - ratio));
  const double keep = std::sqrt(std::max(0.0, next.spread * next.spread - fresh * fresh)) / now.spread;
  SchedulerStep step;
  step.keep = static_cast<float>(keep);
  step.clean_weight = static_cast<float>(next.signal - keep * now.signal);
  step.noise_weight = static_cast<float>(fresh);
  return step;
}

/// `before`: noise level of the step before; 0 for a first order step.
SchedulerStep DpmStep(double before, double sigma, double next_sigma) {
  const Level now(sigma), next(next_sigma);
  // With lambda = log(signal / spread) = -log(sigma), e^-h = next sigma / sigma.
  const double clean = next.signal * (1 - next_sigma / sigma);
  double second = 0;
  if (before > sigma && next_sigma > 0) {
    const double h = std::log(sigma / next_sigma), h_before = std::log(before / sigma);
    second = 0.5 * h / h_before;
  }
  SchedulerStep step;
  step.keep = static_cast<float>(next.spread / now.spread);
  step.clean_weight = static_cast<float>(clean * (1 + second));
  step.previous_weight = static_cast<float>(-clean * second);
  return step;
}

}  // namespace

std::string_view SchedulerName(SchedulerKind kind) {
  for (const auto& [value, name] : kNames)
    if (value == kind) return name;
  return "";
}

Result<SchedulerKind> ParseScheduler(std::string_view name) {
  for (const auto& [value, known] : kNames)
    if (known == name) return value;
  return Error{ErrorCode::kInvalidArgument, "scheduler \"" + std::string(name) +
                                                "\" is not one of ddim, euler, euler-ancestral, dpm++-2m"};
}

Status SchedulerOptions::Validate(const NoiseSchedule& schedule) const {
  if (steps < 1 || steps > schedule.train_steps())
    return Error{ErrorCode::kInvalidArgument, "steps must be 1 to " + std::to_string(schedule.train_steps()) +
                                                  ", the number the model was trained with"};
  if (!(eta >= 0 && eta <= 1)) return Error{ErrorCode::kInvalidArgument, "eta must be 0 to 1"};
  if (eta > 0 && kind != SchedulerKind::kDdim)
    return Error{ErrorCode::kInvalidArgument, "eta is for the scheduler ddim"};
  if (karras && kind == SchedulerKind::kDdim)
    return Error{ErrorCode::kInvalidArgument,
                 "Karras noise levels are for the schedulers euler, euler-ancestral and dpm++-2m"};
  return {};
}

SchedulerPlan PlanSteps(const NoiseSchedule& schedule, const SchedulerOptions& options, int first) {
  KANTEI_CHECK(first >= 0 && first < options.steps);
  const Levels levels = LevelsOf(schedule, options, schedule.alphas);
  const bool euler = options.kind == SchedulerKind::kEuler || options.kind == SchedulerKind::kEulerAncestral;
  SchedulerPlan plan;
  for (auto i = static_cast<std::size_t>(first); i < levels.timesteps.size(); ++i) {
    const double sigma = levels.sigmas[i], next = levels.sigmas[i + 1];
    const bool has_before = i > static_cast<std::size_t>(first);
    SchedulerStep step;
    if (euler)
      step = EulerStep(sigma, next, options.kind == SchedulerKind::kEulerAncestral);
    else if (options.kind == SchedulerKind::kDdim)
      step = DdimStep(sigma, next, options.eta);
    else
      step = DpmStep(has_before ? levels.sigmas[i - 1] : 0, sigma, next);
    const Level now(sigma), after(next);
    step.timestep = static_cast<float>(levels.timesteps[i]);
    // The network sees x in the scale of its training: all of it times `scale`.
    const double scale = euler ? now.signal : 1;
    step.input_scale = static_cast<float>(scale);
    if (!euler) {
      step.signal = static_cast<float>(now.signal), step.spread = static_cast<float>(now.spread);
      step.next_signal = static_cast<float>(after.signal),
      step.next_spread = static_cast<float>(after.spread);
    }
    switch (schedule.prediction) {
      case Prediction::kEpsilon:
        step.clean_from_x = static_cast<float>(scale / now.signal);
        step.clean_from_output = static_cast<float>(-sigma);
        break;
      case Prediction::kVelocity:
        step.clean_from_x = static_cast<float>(scale * now.signal);
        step.clean_from_output = static_cast<float>(-now.spread);
        step.noise_from_output = static_cast<float>(now.signal);
        break;
      case Prediction::kSample:
        step.clean_from_output = 1;
        step.noise_from_output = static_cast<float>(-1 / sigma);
        break;
    }
    plan.steps.push_back(step);
  }
  // Trailing and evenly spaced runs start where hardly any picture is left, leading ones earlier: there the picture's own variance
  // counts.
  if (euler) {
    const double sigma = levels.sigmas[static_cast<std::size_t>(first)];
    plan.start_scale = static_cast<float>(
        schedule.spacing == TimestepSpacing::kLeading ? std::sqrt(sigma * sigma + 1) : sigma);
  }
  return plan;
}

}  // namespace kantei::generate
