#include "kantei/generate/scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace kantei::generate {
namespace {

constexpr SchedulerKind kAll[] = {SchedulerKind::kDdim, SchedulerKind::kEuler, SchedulerKind::kEulerAncestral,
                                  SchedulerKind::kDpmPlusPlus2M};

NoiseSchedule Schedule() {
  return MakeNoiseSchedule({}).value();
}

/// Pictures of one value: the perfect network knows it, so every scheduler must arrive there from any noise.
TEST(Scheduler, APerfectNetworkIsFollowedToItsPicture) {
  const double picture = 0.8;
  for (const SchedulerKind kind : kAll) {
    for (const Prediction prediction : {Prediction::kEpsilon, Prediction::kVelocity, Prediction::kSample}) {
      for (const int steps : {1, 2, 7, 50, 1000}) {
        SCOPED_TRACE(std::string(SchedulerName(kind)) + " " + std::to_string(steps));
        NoiseSchedule schedule = Schedule();
        schedule.prediction = prediction;
        schedule.set_alpha_to_one = true;
        const SchedulerPlan plan = PlanSteps(schedule, {kind, steps, 0, false});
        ASSERT_EQ(plan.steps.size(), static_cast<std::size_t>(steps));
        double x = 1.3 * plan.start_scale, before = 0;
        for (const SchedulerStep& step : plan.steps) {
          // In the network's own scale x = signal picture + spread noise.
          const double signal = 1 / std::hypot(1.0, step.spread / step.signal),
                       spread = signal * step.spread / step.signal;
          const double seen = x * step.input_scale, noise = (seen - signal * picture) / spread;
          const double output = prediction == Prediction::kEpsilon    ? noise
                                : prediction == Prediction::kVelocity ? signal * noise - spread * picture
                                                                      : picture;
          const double clean = step.clean_from_x * x + step.clean_from_output * output;
          EXPECT_NEAR(clean, picture, 1e-3);
          x = step.keep * x + step.clean_weight * clean + step.previous_weight * before +
              step.noise_weight * 0.3;
          before = clean;
          ASSERT_TRUE(std::isfinite(x));
        }
        EXPECT_NEAR(x, picture, 2e-3);
      }
    }
  }
}

TEST(Scheduler, StepsKeepTheLevelOfTheNoise) {
  for (const SchedulerKind kind : kAll) {
    SchedulerOptions options{kind, 12, kind == SchedulerKind::kDdim ? 0.5 : 0.0, false};
    const SchedulerPlan plan = PlanSteps(Schedule(), options);
    for (std::size_t s = 0; s < plan.steps.size(); ++s) {
      const SchedulerStep& step = plan.steps[s];
      EXPECT_LT(step.next_spread / step.next_signal, step.spread / step.signal);
      if (s > 0) {
        EXPECT_EQ(step.signal, plan.steps[s - 1].next_signal);
        EXPECT_EQ(step.spread, plan.steps[s - 1].next_spread);
      }
      // A clean picture known for sure: its share and the noise's variance come out as the next level says.
      const double kept = step.keep * step.spread;
      EXPECT_NEAR(std::hypot(kept, step.noise_weight), step.next_spread, 1e-5 + 1e-5 * step.next_spread);
      EXPECT_NEAR(step.keep * step.signal + step.clean_weight + step.previous_weight, step.next_signal, 1e-5);
    }
  }
}

TEST(Scheduler, LeavingOutStepsKeepsTheRest) {
  const SchedulerOptions options{SchedulerKind::kEuler, 10, 0, true};
  const SchedulerPlan whole = PlanSteps(Schedule(), options), part = PlanSteps(Schedule(), options, 6);
  ASSERT_EQ(part.steps.size(), 4u);
  EXPECT_EQ(part.steps[0].timestep, whole.steps[6].timestep);
  EXPECT_EQ(part.steps[0].spread, whole.steps[6].spread);
}

TEST(Scheduler, RefusesWhatMakesNoSense) {
  const NoiseSchedule schedule = Schedule();
  EXPECT_FALSE((SchedulerOptions{SchedulerKind::kDdim, 0, 0, false}).Validate(schedule).ok());
  EXPECT_FALSE((SchedulerOptions{SchedulerKind::kDdim, 1001, 0, false}).Validate(schedule).ok());
  EXPECT_FALSE((SchedulerOptions{SchedulerKind::kEuler, 10, 0.5, false}).Validate(schedule).ok());
  EXPECT_FALSE((SchedulerOptions{SchedulerKind::kDdim, 10, 0.5, true}).Validate(schedule).ok());
  EXPECT_FALSE(ParseScheduler("pndm").ok());
  for (const SchedulerKind kind : kAll) EXPECT_EQ(*ParseScheduler(SchedulerName(kind)), kind);
}

TEST(NoiseSchedule, FallsAsItsConfigSays) {
  SchedulerConfig config;
  for (const char* betas : {"linear", "scaled_linear", "squaredcos_cap_v2"}) {
    config.beta_schedule = betas;
    const auto schedule = MakeNoiseSchedule(config);
    ASSERT_TRUE(schedule.ok()) << schedule.error().message;
    ASSERT_EQ(schedule->train_steps(), 1000);
    for (std::size_t t = 1; t < 1000; ++t) ASSERT_LT(schedule->alphas[t], schedule->alphas[t - 1]);
    EXPECT_GT(schedule->alphas[0], 0.99);
    EXPECT_LT(schedule->alphas[999], 0.05);
  }
  config.beta_schedule = "linear";
  EXPECT_NEAR(MakeNoiseSchedule(config)->alphas[1], (1 - 0.00085) * (1 - 0.00085 - 0.01115 / 999), 1e-9);
}

TEST(NoiseSchedule, NamesWhatItCannotDo) {
  using testing::HasSubstr;
  const auto message = [](auto change) {
    SchedulerConfig config;
    change(config);
    const auto schedule = MakeNoiseSchedule(config);
    return schedule.ok() ? std::string() : schedule.error().message;
  };
  EXPECT_THAT(message([](auto& c) { c.rescale_betas_zero_snr = true; }), HasSubstr("rescale_betas_zero_snr"));
  EXPECT_THAT(message([](auto& c) { c.clip_sample = true; }), HasSubstr("clip_sample"));
  EXPECT_NE(message([](auto& c) { c.prediction_type = "flow"; }), "");
  EXPECT_NE(message([](auto& c) { c.timestep_spacing = "other"; }), "");
  EXPECT_EQ(message([](auto&) {}), "");
}

}  // namespace
}  // namespace kantei::generate
