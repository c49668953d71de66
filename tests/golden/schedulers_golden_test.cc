// Agreement of the schedulers with diffusers; schedulers_expected.json is made by make_schedulers.py.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/generate/scheduler.h"

namespace kantei::generate {
namespace {

std::vector<double> Noise(std::size_t values, int step) {
  std::vector<double> noise;
  for (std::size_t i = 0; i < values; ++i)
    noise.push_back(1.4 * std::sin(1.7 * static_cast<double>(i) + 2.3 * step + 0.4));
  return noise;
}

double Network(double x, double t) {
  return 0.6 * x + 0.2 * std::sin(3 * x) + 0.1 * t / 1000;
}

SchedulerConfig ConfigOf(const Json& json) {
  SchedulerConfig config;
  config.beta_start = json.at("beta_start"), config.beta_end = json.at("beta_end");
  config.beta_schedule = json.at("beta_schedule");
  config.prediction_type = json.at("prediction_type");
  config.timestep_spacing = json.at("timestep_spacing");
  config.steps_offset = json.value("steps_offset", 0);
  config.set_alpha_to_one = json.value("set_alpha_to_one", true);
  return config;
}

TEST(SchedulersGolden, LeadWhereDiffusersDoes) {
  const auto path = std::filesystem::path(KANTEI_SOURCE_DIR) / "tests/golden/schedulers_expected.json";
  const Json expected = ParseJson(ReadTextFile(path, 1 << 20).value(), "expected").value();
  ASSERT_GE(expected.size(), 50u);
  for (const Json& c : expected) {
    SCOPED_TRACE(DumpJson(c["config"]) + " karras " + DumpJson(c["karras"]) + " first " +
                 DumpJson(c["first"]));
    const auto schedule = MakeNoiseSchedule(ConfigOf(c["config"]));
    ASSERT_TRUE(schedule.ok()) << schedule.error().message;
    SchedulerOptions options;
    options.kind = ParseScheduler(c["kind"].get<std::string>()).value();
    options.steps = c["steps"], options.eta = c["eta"], options.karras = c["karras"];
    ASSERT_TRUE(options.Validate(*schedule).ok());
    const SchedulerPlan plan = PlanSteps(*schedule, options, c["first"]);
    const auto timesteps = c["timesteps"].get<std::vector<double>>(),
               start = c["start"].get<std::vector<double>>(), end = c["end"].get<std::vector<double>>();
    ASSERT_EQ(plan.steps.size(), timesteps.size());
    const std::size_t values = start.size();
    std::vector<double> x = Noise(values, 0), clean = Noise(values, 100), before(values);
    for (std::size_t v = 0; v < values; ++v) {
      x[v] = c["first"] == 0 ? plan.start_scale * x[v]
                             : plan.steps[0].signal * clean[v] + plan.steps[0].spread * x[v];
      EXPECT_NEAR(x[v], start[v], 1e-4 * std::max(1.0, std::abs(start[v])));
    }
    for (std::size_t s = 0; s < plan.steps.size(); ++s) {
      const SchedulerStep& step = plan.steps[s];
      EXPECT_NEAR(step.timestep, timesteps[s], 2e-2);
      const std::vector<double> noise = Noise(values, static_cast<int>(s) + 1);
      for (std::size_t v = 0; v < values; ++v) {
        const double output = Network(step.input_scale * x[v], step.timestep);
        const double sure = step.clean_from_x * x[v] + step.clean_from_output * output;
        x[v] = step.keep * x[v] + step.clean_weight * sure + step.previous_weight * before[v] +
               step.noise_weight * noise[v];
        before[v] = sure;
      }
    }
    for (std::size_t v = 0; v < values; ++v) EXPECT_NEAR(x[v], end[v], 1e-3) << v;
  }
}

}  // namespace
}  // namespace kantei::generate
