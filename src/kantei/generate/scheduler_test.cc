#include "kantei/generate/scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace kantei::generate {
namespace {

constexpr SchedulerKind kAll[] = {SchedulerKind::kDdim, SchedulerKind::kEuler, SchedulerKind::kEulerAncestral,
                                  SchedulerKind::kDpmPlusPlus2M};

/// Pictures of one value: the perfect network knows it, so every scheduler must arrive there from any noise.
TEST(Scheduler, APerfectNetworkIsFollowedToItsPicture) {
  const double picture = 0.8;
  for (const SchedulerKind kind : kAll) {
    for (const Prediction prediction : {Prediction::kEpsilon, Prediction::kVelocity}) {
      for (const int steps : {1, 2, 7, 50, 1000}) {
        SCOPED_TRACE(std::string(SchedulerName(kind)) + " " + std::to_string(steps));
        NoiseScheduleOptions schedule;
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
          const double output =
              prediction == Prediction::kEpsilon ? noise : signal * noise - spread * picture;
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
    const SchedulerPlan plan = PlanSteps({}, options);
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
  const SchedulerPlan whole = PlanSteps({}, options), part = PlanSteps({}, options, 6);
  ASSERT_EQ(part.steps.size(), 4u);
  EXPECT_EQ(part.steps[0].timestep, whole.steps[6].timestep);
  EXPECT_EQ(part.steps[0].spread, whole.steps[6].spread);
}

TEST(Scheduler, RefusesWhatMakesNoSense) {
  const NoiseScheduleOptions schedule;
  EXPECT_FALSE((SchedulerOptions{SchedulerKind::kDdim, 0, 0, false}).Validate(schedule).ok());
  EXPECT_FALSE((SchedulerOptions{SchedulerKind::kDdim, 1001, 0, false}).Validate(schedule).ok());
  EXPECT_FALSE((SchedulerOptions{SchedulerKind::kEuler, 10, 0.5, false}).Validate(schedule).ok());
  EXPECT_FALSE((SchedulerOptions{SchedulerKind::kDdim, 10, 0.5, true}).Validate(schedule).ok());
  EXPECT_FALSE(ParseScheduler("pndm").ok());
  for (const SchedulerKind kind : kAll) EXPECT_EQ(*ParseScheduler(SchedulerName(kind)), kind);
}

TEST(NoiseSchedule, ConfigsAreReadAndWritten) {
  NoiseScheduleOptions options;
  options.train_steps = 400;
  options.beta_schedule = BetaSchedule::kLinear;
  options.prediction = Prediction::kVelocity;
  options.spacing = TimestepSpacing::kTrailing;
  options.steps_offset = 0;
  options.set_alpha_to_one = true;
  const auto read = ParseSchedulerConfig(SchedulerConfig(options), "config");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(SchedulerConfig(*read), SchedulerConfig(options));
  EXPECT_EQ(read->train_steps, 400);
  EXPECT_EQ(read->prediction, Prediction::kVelocity);
  EXPECT_TRUE(read->set_alpha_to_one);
}

TEST(NoiseSchedule, NamesWhatItCannotRead) {
  using testing::HasSubstr;
  const auto message = [](const char* json) {
    const auto read = ParseSchedulerConfig(json, "s.json");
    return read.ok() ? std::string() : read.error().message;
  };
  EXPECT_THAT(message(R"({"beta_schedule": "squaredcos_cap_v2"})"), HasSubstr("squaredcos_cap_v2"));
  EXPECT_THAT(message(R"({"prediction_type": "sample"})"), HasSubstr("prediction_type"));
  EXPECT_THAT(message(R"({"rescale_betas_zero_snr": true})"), HasSubstr("rescale_betas_zero_snr"));
  EXPECT_THAT(message(R"({"num_train_timesteps": 1e9})"), HasSubstr("num_train_timesteps"));
  EXPECT_THAT(message(R"({"num_train_timesteps": "many"})"), HasSubstr("num_train_timesteps"));
  EXPECT_THAT(message(R"({"beta_start": 0.5, "beta_end": 0.1})"), HasSubstr("betas"));
  EXPECT_THAT(message("[1]"), HasSubstr("s.json"));
  EXPECT_EQ(message(R"({"beta_schedule": "linear"})"), "");
}

}  // namespace
}  // namespace kantei::generate
