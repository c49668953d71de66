#include "kantei/train/authenticity_trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "kantei/authenticity/forensic_detector.h"
#include "kantei/base/directory_lock.h"
#include "kantei/base/files.h"
#include "kantei/base/random.h"
#include "kantei/image/encode.h"
#include "kantei/image/transform.h"
#include "kantei/train/autoencoder_trainer.h"
#include "kantei/train/sample_pool.h"

namespace kantei::train {
namespace {

namespace fs = std::filesystem;
using dataset::AuthenticitySample;
using dataset::History;

/// Noisy pictures; an edit is a smooth rectangle in one of them.
class AuthenticityTrainerTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "kantei_forensics_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    for (int p = 0; p < 8; ++p) {
      Random random(static_cast<std::uint64_t>(p));
      image::Image picture(128, 112, 3), mask(128, 112, 1);
      for (auto& value : picture.pixels()) value = static_cast<std::uint8_t>(90 + random.Below(60));
      AuthenticitySample sample;
      sample.source = p % 2 == 0 ? "even" : "odd";
      sample.picture = Write("authentic" + std::to_string(p), picture);
      sample.engine = "authentic";
      samples_.push_back(sample);
      for (int y = 30; y < 90; ++y) {
        for (int x = 30; x < 100; ++x) {
          mask.row(y)[x] = 255;
          for (int c = 0; c < 3; ++c) picture.row(y)[3 * x + c] = static_cast<std::uint8_t>(100 + x / 4);
        }
      }
      sample.original = sample.picture;
      sample.history = History::kEdited;
      sample.engine = "smooth";
      sample.picture = Write("edited" + std::to_string(p), picture);
      sample.mask = Write("mask" + std::to_string(p), mask);
      samples_.push_back(sample);
    }
    options_.stem = 8;
    options_.widths = {8, 8, 12, 12};
    options_.depths = {0, 0, 0, 0};
    options_.decoder = 8;
    options_.contrast = 8;
    options_.view.side = 64;
    options_.view.coding = options_.view.resize = options_.view.blur = options_.view.noise = 0;
    options_.views_per_step = 8;
    options_.generated_share = 0;
    options_.edited_share = 0.5;
    options_.schedule.steps = 60;
    options_.schedule.learning_rate = 4e-3;
    options_.schedule.threads = 1;
    options_.schedule.loader_threads = 2;
    options_.schedule.bfloat16 = false;
    options_.schedule.log_every = 1;
    options_.schedule.validate_every = 0;
  }
  void TearDown() override { fs::remove_all(directory_); }

  fs::path Write(const std::string& name, const image::Image& picture) {
    const fs::path path = directory_ / (name + ".png");
    EXPECT_TRUE(image::WriteImage(path, picture).ok());
    return path;
  }

  fs::path directory_;
  std::vector<AuthenticitySample> samples_;
  AuthenticityTrainingOptions options_;
  std::int64_t last_step_ = 0;
};

TEST_F(AuthenticityTrainerTest, ARunCanBeToldToEndSooner) {
  options_.schedule.steps = 30;
  CancellationToken stop;
  const fs::path run = directory_ / "run";
  const auto train = [&](const CancellationToken& token, std::int64_t until) {
    return TrainAuthenticity(samples_, {}, options_, run, token, [&, until](const TrainingState& state) {
      if (state.step == until) token.Cancel();
      last_step_ = state.step;
    });
  };
  EXPECT_EQ(train(stop, 8).error().code, ErrorCode::kCancelled);
  options_.schedule.steps = 5;
  const Status short_of = train(CancellationToken(), -1);
  EXPECT_EQ(short_of.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(short_of.error().message, testing::HasSubstr("at step 8"));
  options_.schedule.steps = 12;
  const Status ended = train(CancellationToken(), -1);
  ASSERT_TRUE(ended.ok()) << ended.error().message;
  EXPECT_EQ(last_step_, 12);
  const Json options = *ParseJson(*ReadTextFile(run / "options.json", 1 << 20), "options.json");
  EXPECT_EQ(options.at("steps"), 12);
  EXPECT_EQ(options.at("earlier_steps"), Json::parse("[[30,8]]"));
  // Another option is still refused.
  options_.schedule.learning_rate *= 2;
  EXPECT_THAT(train(CancellationToken(), -1).error().message, testing::HasSubstr("learning_rate"));
}

TEST_F(AuthenticityTrainerTest, TwoRunsDoNotShareADirectory) {
  options_.schedule.steps = 1;
  const fs::path run = directory_ / "run";
  fs::create_directories(run);
  const auto lock = DirectoryLock::Take(run, "training.lock", "the training run");
  ASSERT_TRUE(lock.ok());
  const Status second = TrainAuthenticity(samples_, {}, options_, run, {}, {});
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(second.error().message, testing::HasSubstr("another process"));
}

TEST_F(AuthenticityTrainerTest, ANetworkWithoutContrastGoesOnAsItWas) {
  options_.contrast = 0;
  options_.schedule.steps = 10;
  ASSERT_TRUE(TrainAuthenticity(samples_, {}, options_, directory_ / "without", {}, {}).ok());
  options_.init = (directory_ / "without" / "model.safetensors").string();
  options_.contrast = 8;
  options_.schedule.steps = 1;
  options_.schedule.learning_rate = 1e-9;
  ASSERT_TRUE(TrainAuthenticity(samples_, {}, options_, directory_ / "with", {}, {}).ok());
  image::Image picture(128, 128, 3);
  Random random(5);
  for (auto& value : picture.pixels()) value = static_cast<std::uint8_t>(random.Below(256));
  std::vector<authenticity::PixelFindings> findings;
  for (const char* run : {"without", "with"}) {
    auto detector = authenticity::ForensicDetector::Open(directory_ / run / "model.safetensors", {false});
    ASSERT_TRUE(detector.ok()) << detector.error().message;
    auto found = (*detector)->Analyse(picture, {});
    ASSERT_TRUE(found.ok());
    findings.push_back(std::move(*found));
  }
  EXPECT_NEAR(findings[0].edited_logit, findings[1].edited_logit, 0.05);
  EXPECT_NEAR(findings[0].map.row(64)[64], findings[1].map.row(64)[64], 0.01);
  options_.widths[0] = 16;
  const Status other = TrainAuthenticity(samples_, {}, options_, directory_ / "other", {}, {});
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code, ErrorCode::kCorrupt);
}

TEST_F(AuthenticityTrainerTest, LearnsWhereTheNoiseIsGone) {
  std::vector<TrainingState> states;
  options_.schedule.validate_every = 60;
  const Status trained = TrainAuthenticity(samples_, samples_, options_, directory_ / "run", {},
                                           [&](const TrainingState& state) { states.push_back(state); });
  ASSERT_TRUE(trained.ok()) << trained.error().message;
  EXPECT_LT(states.back().loss, 0.6 * states.front().loss);
  ASSERT_EQ(states.back().validation.size(), 3u);
  EXPECT_EQ(states.back().validation[2].first, "validation_iou");
  EXPECT_GT(states.back().validation[2].second, 0.6);
  const auto detector = authenticity::ForensicDetector::Open(directory_ / "run" / "model.safetensors", {});
  ASSERT_TRUE(detector.ok()) << detector.error().message;
}

TEST_F(AuthenticityTrainerTest, AnInterruptedRunEndsInTheSameBits) {
  options_.schedule.steps = 6;
  options_.schedule.checkpoint_every = 3;
  ASSERT_TRUE(TrainAuthenticity(samples_, {}, options_, directory_ / "whole", {}, nullptr).ok());
  const CancellationToken token;
  const Status stopped =
      TrainAuthenticity(samples_, {}, options_, directory_ / "parts", token, [&](const TrainingState& state) {
        if (state.step == 4) token.Cancel();
      });
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
  ASSERT_TRUE(TrainAuthenticity(samples_, {}, options_, directory_ / "parts", {}, nullptr).ok());
  const auto whole = ReadFile(directory_ / "whole" / "checkpoint.safetensors", 1 << 26);
  const auto parts = ReadFile(directory_ / "parts" / "checkpoint.safetensors", 1 << 26);
  ASSERT_TRUE(whole.ok() && parts.ok());
  EXPECT_TRUE(*whole == *parts);

  options_.dice_weight = 0.25;
  const Status other = TrainAuthenticity(samples_, {}, options_, directory_ / "parts", {}, nullptr);
  ASSERT_FALSE(other.ok());
  EXPECT_THAT(other.error().message, testing::HasSubstr("dice_weight"));
}

TEST_F(AuthenticityTrainerTest, PoolsNameWhatTheyLeaveOutAndDrawEveryGroup) {
  std::vector<AuthenticitySample> samples = samples_;
  samples[1].mask = samples[0].picture.parent_path() / "none.png";
  samples.push_back(samples_[0]);
  samples.back().picture = directory_ / "gone.png";
  std::vector<std::string> skipped;
  const auto pool = SamplePool::Load(samples, 2, {}, &skipped);
  ASSERT_TRUE(pool.ok());
  EXPECT_EQ(skipped.size(), 2u);
  EXPECT_EQ(pool->size(), samples_.size() - 1);
  EXPECT_FALSE(pool->Has(History::kGenerated));
  Random random(1);
  std::array<int, 2> of_source{};
  for (int i = 0; i < 400; ++i) {
    const SamplePool::Entry& entry = pool->at(pool->Draw(History::kAuthentic, random));
    ASSERT_EQ(entry.history, History::kAuthentic);
    for (std::size_t s = 0; s < samples_.size(); ++s) {
      if (&entry == &pool->at(s) && s < samples_.size() - 1) ++of_source[samples_[s].source == "even"];
    }
  }
  std::vector<std::string> ignored;
  EXPECT_FALSE(SamplePool::Load({samples_[0]}, 1, {}, &ignored).ok());  // nothing edited or generated
}

TEST_F(AuthenticityTrainerTest, EditedEntriesKnowTheirOriginal) {
  std::vector<std::string> skipped;
  const auto pool = SamplePool::Load(samples_, 2, {}, &skipped);
  ASSERT_TRUE(pool.ok());
  EXPECT_EQ(pool->at(0).original, -1);
  EXPECT_EQ(pool->at(1).original, 0);
  EXPECT_EQ(pool->at(3).original, 2);
}

TEST_F(AuthenticityTrainerTest, OptionsAreChecked) {
  AuthenticityTrainingOptions options;
  EXPECT_TRUE(options.Validate().ok());
  options.view.side = 100;
  EXPECT_THAT(options.Validate().error().message, testing::HasSubstr("side"));
  options = {};
  options.edited_share = options.generated_share = 0.5;
  EXPECT_THAT(options.Validate().error().message, testing::HasSubstr("authentic"));
  options = {};
  options.widths = {8, 8};
  EXPECT_FALSE(options.Validate().ok());
}

TEST_F(AuthenticityTrainerTest, AutoencodersLearnToRedrawAndAreRead) {
  AutoencoderTrainingOptions options;
  options.shape = {generate::Upsampling::kShuffle, 8, {8, 12}};
  options.side = 32;
  options.crops_per_step = 4;
  options.schedule = options_.schedule;
  options.schedule.steps = 60;
  std::vector<fs::path> pictures;
  for (const AuthenticitySample& sample : samples_) pictures.push_back(sample.picture);
  std::vector<double> losses;
  const Status trained = TrainAutoencoder(pictures, pictures, options, directory_ / "ae", {},
                                          [&](const TrainingState& state) { losses.push_back(state.loss); });
  ASSERT_TRUE(trained.ok()) << trained.error().message;
  EXPECT_LT(losses.back(), 0.6 * losses.front());
  EXPECT_TRUE(generate::Autoencoder::Open(directory_ / "ae" / "model.safetensors").ok());
  options.side = 33;
  EXPECT_FALSE(options.Validate().ok());
}

}  // namespace
}  // namespace kantei::train
