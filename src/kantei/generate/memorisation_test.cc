#include "kantei/generate/memorisation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "kantei/base/files.h"
#include "kantei/generate/diffusion_test_net.h"
#include "kantei/generate/sampler_inputs_net.h"
#include "kantei/generate/scheduler.h"

namespace kantei::generate {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

DiffusionModel TinyModel() {
  DiffusionNets nets = TinyNets();
  nets.scheduler.prediction_type = "v_prediction";
  UnetConfig config = nets.unet->config();
  config.sample_size = 8;
  nets.unet = Unet(config);
  BeginWeights(*nets.unet, 2);
  return DiffusionModel::Make(nets).value();
}

/// By hand, from the networks: noise, two passes at the first of fifty timesteps, the length of the difference.
TEST(Memorisation, TheNormIsTheLengthOfTheGuidanceAtTheFirstStep) {
  const torch::NoGradGuard no_grad;
  const DiffusionModel model = TinyModel();
  const auto found = CheckPrompt(model, "a fox", {3, 1}, {});
  ASSERT_TRUE(found.ok()) << found.error().message;
  ASSERT_EQ(found->norms.size(), 3u);
  const DiffusionNets& nets = model.nets();
  std::vector<std::string> notes;
  const EncodedPrompts words = EncodePrompts(nets, "a fox", "", &notes).value();
  const SchedulerPlan plan =
      PlanSteps(MakeNoiseSchedule(nets.scheduler).value(), {SchedulerKind::kDdim, 50, 0, false}, 0);
  const SchedulerStep& step = plan.steps[0];
  double sum = 0;
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    const torch::Tensor x =
        plan.start_scale * SeededNoise(seed, NoiseStream::kStart, 0, 4, 8, 8).unsqueeze(0);
    Unet unet = nets.unet;
    const torch::Tensor time = torch::full({1}, step.timestep);
    const torch::Tensor difference = unet->forward(x * step.input_scale, time, words.with) -
                                     unet->forward(x * step.input_scale, time, words.without);
    const double norm = std::abs(step.noise_from_output) * difference.norm().item<double>();
    EXPECT_NEAR(found->norms[seed], norm, 1e-3 * norm);
    EXPECT_GT(norm, 0);
    sum += found->norms[seed];
  }
  EXPECT_NEAR(found->mean, sum / 3, 1e-9);
  // No words lead nowhere; the numbers are the same when they are asked for again, and more steps tell something else.
  EXPECT_LT(CheckPrompt(model, "", {1, 1}, {})->mean, 1e-3 * found->mean);
  EXPECT_EQ(CheckPrompt(model, "a fox", {3, 1}, {})->norms, found->norms);
  const auto two = CheckPrompt(model, "a fox", {3, 2}, {});
  ASSERT_EQ(two->norms.size(), 3u);
  EXPECT_NE(two->norms[0], found->norms[0]);
  EXPECT_EQ(CheckPrompt(model, "a fox", {0, 1}, {}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(CheckPrompt(model, "a fox", {1, 51}, {}).error().code, ErrorCode::kInvalidArgument);
  const CancellationToken token;
  token.Cancel();
  EXPECT_EQ(CheckPrompt(model, "a fox", {1, 1}, token).error().code, ErrorCode::kCancelled);
}

TEST(Memorisation, AProfileSaysHowUnusualANormIs) {
  std::vector<double> means;
  for (int i = 100; i >= 1; --i) means.push_back(i);
  const auto profile = FitMemorisation(means, 0.05);
  ASSERT_TRUE(profile.ok());
  EXPECT_EQ(profile->prompts, 100);
  EXPECT_DOUBLE_EQ(profile->mean, 50.5);
  EXPECT_NEAR(profile->deviation, 29.011, 1e-3);
  // Exactly five of the hundred are above.
  EXPECT_EQ(profile->threshold, 95);
  EXPECT_EQ(std::count_if(means.begin(), means.end(), [&](double mean) { return profile->Suspects(mean); }),
            5);
  EXPECT_EQ(profile->ShareBelow(0), 0);
  EXPECT_EQ(profile->ShareBelow(101), 1);
  EXPECT_NEAR(profile->ShareBelow(50.5), 0.5, 1e-9);
  EXPECT_NEAR(profile->ShareBelow(25.75), 0.25, 1e-9);
  // A rate that the prompts cannot show is refused.
  EXPECT_THAT(FitMemorisation(means, 0.001).error().message, HasSubstr("at least 1000 prompts"));
  EXPECT_TRUE(FitMemorisation(means, 0.01).ok());
  EXPECT_EQ(FitMemorisation(means, 0.01)->threshold, 99);
  EXPECT_THAT(FitMemorisation(std::vector<double>(19, 1.0), 0.5).error().message, HasSubstr("20"));
  EXPECT_FALSE(FitMemorisation(means, 0).ok());
  means[3] = std::nan("");
  EXPECT_FALSE(FitMemorisation(means, 0.05).ok());
  const auto equal = FitMemorisation(std::vector<double>(20, 2.0), 0.05);
  EXPECT_EQ(equal->ShareBelow(2.0), 0);
  EXPECT_FALSE(equal->Suspects(2.0));
}

TEST(Memorisation, ProfilesAreKeptBesideTheModelAndDamageIsSaid) {
  EXPECT_EQ(MemorisationProfilePath("runs/model"), "runs/model.memorisation.json");
  EXPECT_EQ(MemorisationProfilePath("runs/model/"), "runs/model.memorisation.json");
  EXPECT_EQ(MemorisationProfilePath("sd.safetensors"), "sd.safetensors.memorisation.json");
  std::string pattern = (fs::temp_directory_path() / "kantei_memorisation_XXXXXX").string();
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  const fs::path path = fs::path(pattern) / "profile.json";
  std::vector<double> means;
  for (int i = 0; i < 40; ++i) means.push_back(1 / (i + 3.0));
  MemorisationProfile profile = FitMemorisation(means, 0.1).value();
  profile.model_sha256 = "abc", profile.source = "captions.txt", profile.measured = {2, 3};
  ASSERT_TRUE(SaveMemorisationProfile(path, profile).ok());
  const auto read = LoadMemorisationProfile(path);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->quantiles, profile.quantiles);
  EXPECT_EQ(read->threshold, profile.threshold);
  EXPECT_EQ(read->measured, profile.measured);
  EXPECT_EQ(read->model_sha256, "abc");
  EXPECT_EQ(read->prompts, 40);
  const Json json = ParseJson(ReadTextFile(path, 1 << 20).value(), "profile").value();
  const auto failure = [&](auto change) {
    Json damaged = json;
    change(damaged);
    EXPECT_TRUE(WriteFileAtomic(path, DumpJson(damaged)).ok());
    const auto result = LoadMemorisationProfile(path);
    return result.ok() ? std::string() : result.error().message;
  };
  EXPECT_THAT(failure([](Json& j) { j["format"] = "other"; }), HasSubstr("format"));
  EXPECT_THAT(failure([](Json& j) { j["format_version"] = 2; }), HasSubstr("newer"));
  EXPECT_THAT(failure([](Json& j) { j.erase("threshold"); }), HasSubstr("threshold"));
  EXPECT_THAT(failure([](Json& j) { j["measured"] = 3; }), HasSubstr("steps"));
  EXPECT_THAT(failure([](Json& j) { j["measured"]["seeds"] = 100; }), HasSubstr("measured"));
  EXPECT_THAT(failure([](Json& j) { j["quantiles"][50] = "x"; }), HasSubstr("quantiles"));
  EXPECT_THAT(failure([](Json& j) { j["quantiles"][50] = 1e9; }), HasSubstr("quantiles"));
  EXPECT_THAT(failure([](Json& j) { j["quantiles"].erase(7); }), HasSubstr("quantiles"));
  EXPECT_THAT(failure([](Json& j) { j["prompts"] = 1e300; }), HasSubstr("prompts"));
  EXPECT_THAT(failure([](Json& j) { j = Json::array(); }), HasSubstr("format"));
  fs::remove_all(pattern);
}

}  // namespace
}  // namespace kantei::generate
