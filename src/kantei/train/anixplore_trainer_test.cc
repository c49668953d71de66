#include "kantei/train/anixplore_trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "kantei/base/files.h"
#include "kantei/base/random.h"
#include "kantei/image/encode.h"
#include "kantei/nn/manipulation_network.h"

namespace kantei::train {
namespace {

namespace fs = std::filesystem;
using dataset::AuthenticitySample;
using dataset::History;

class AniXploreTrainerTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "kantei_anixplore_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    // Authentic pictures are noise, generated ones smooth: the least that a network can tell apart.
    for (int p = 0; p < 4; ++p) {
      Random random(static_cast<std::uint64_t>(p));
      image::Image picture(80, 72, 3);
      for (int y = 0; y < 72; ++y)
        for (int x = 0; x < 240; ++x)
          picture.row(y)[x] = static_cast<std::uint8_t>(p % 2 == 0 ? random.Below(256) : 60 + x / 3 + y);
      AuthenticitySample sample;
      sample.source = "own";
      sample.engine = p % 2 == 0 ? "authentic" : "smooth";
      sample.history = p % 2 == 0 ? History::kAuthentic : History::kGenerated;
      sample.picture = directory_ / (std::to_string(p) + ".png");
      ASSERT_TRUE(image::WriteImage(sample.picture, picture).ok());
      (p % 2 == 0 ? noise_ : smooth_) = picture;
      samples_.push_back(sample);
    }
    options_.side = 64;
    options_.pictures_per_step = 4;
    options_.edited_share = 0;
    options_.generated_share = 0.5;
    options_.schedule.steps = 6;
    options_.schedule.learning_rate = 1e-4;
    options_.schedule.accumulate = 1;
    options_.schedule.threads = options_.schedule.loader_threads = 2;
    options_.schedule.bfloat16 = false;
    options_.schedule.log_every = 1;
    options_.schedule.checkpoint_every = 1000;
    options_.schedule.validate_every = 6;
  }
  void TearDown() override { fs::remove_all(directory_); }

  fs::path directory_;
  image::Image noise_, smooth_;
  std::vector<AuthenticitySample> samples_;
  AniXploreTrainingOptions options_;
};

TEST_F(AniXploreTrainerTest, LearnsAndWritesWhatTheNetworkReads) {
  std::vector<double> losses;
  std::vector<std::pair<std::string, double>> validation;
  const Status trained =
      TrainAniXplore(samples_, samples_, options_, directory_ / "run", {}, [&](const TrainingState& state) {
        losses.push_back(state.loss);
        if (!state.validation.empty()) validation = state.validation;
      });
  ASSERT_TRUE(trained.ok()) << trained.error().message;
  ASSERT_EQ(losses.size(), 6u);
  // e^-1 (ln 2 + ln 2) + 1, when it knows nothing and both s are 1.
  EXPECT_NEAR(losses.front(), 1.51, 0.35);
  // Batches of four differ much, so not the last one is looked at.
  EXPECT_LT(*std::min_element(losses.begin(), losses.end()), losses.front() - 0.1);
  ASSERT_EQ(validation.size(), 3u);

  auto network = nn::ManipulationNetwork::Open(directory_ / "run" / "model.safetensors", {});
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_EQ((*network)->info().side, 64);
  const auto of_noise = (*network)->Predict(noise_), of_smooth = (*network)->Predict(smooth_);
  ASSERT_TRUE(of_noise.ok() && of_smooth.ok());
  EXPECT_LT(of_noise->label, of_smooth->label);
}

TEST_F(AniXploreTrainerTest, RefusesWhatItCannotBeginWith) {
  ASSERT_TRUE(WriteFileAtomic(directory_ / "bad.safetensors", "nothing of use").ok());
  options_.mit = (directory_ / "bad.safetensors").string();
  Status trained = TrainAniXplore(samples_, {}, options_, directory_ / "run", {}, {});
  ASSERT_FALSE(trained.ok());
  EXPECT_THAT(trained.error().message, testing::HasSubstr("bad.safetensors"));
  options_.init = options_.mit;
  EXPECT_THAT(options_.Validate().error().message, testing::HasSubstr("whole network"));
  options_.init.clear();
  options_.side = 100;
  EXPECT_THAT(options_.Validate().error().message, testing::HasSubstr("multiple of 32"));
}

}  // namespace
}  // namespace kantei::train
