#include "kantei/train/diffusion_trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "kantei/base/files.h"
#include "kantei/base/random.h"
#include "kantei/generate/diffusion_model.h"
#include "kantei/generate/sampler.h"
#include "kantei/image/encode.h"

namespace kantei::train {
namespace {

namespace fs = std::filesystem;

/// Four pictures, two of red stripes and two of blue ones.
class DiffusionTrainerTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "kantei_diffusion_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    for (int p = 0; p < 4; ++p) {
      Random random(static_cast<std::uint64_t>(p));
      image::Image picture(48, 48, 3);
      for (int y = 0; y < 48; ++y) {
        for (int x = 0; x < 48; ++x) {
          const double wave = 0.5 + 0.5 * std::sin(0.3 * x + p);
          for (int c = 0; c < 3; ++c)
            picture.row(y)[3 * x + c] = static_cast<std::uint8_t>((c == (p < 2 ? 0 : 2) ? 230 * wave : 20) +
                                                                  static_cast<double>(random.Below(8)));
        }
      }
      const fs::path path = directory_ / ("picture" + std::to_string(p) + ".png");
      EXPECT_TRUE(image::WriteImage(path, picture).ok());
      pictures_.files.push_back(path);
      pictures_.captions.push_back(p < 2 ? "red stripes" : "blue stripes");
    }
    first_.shape.block_out_channels = {8, 16};
    first_.shape.norm_num_groups = 4;
    first_.side = 32;
    first_.crops_per_step = 4;
    first_.schedule.steps = 40;
    second_.unet.block_out_channels = {16, 32};
    second_.unet.norm_num_groups = 8;
    second_.unet.layers_per_block = 1;
    second_.unet.heads = {2, 2};
    second_.unet.down_attention = {false, true};
    second_.unet.up_attention = {true, false};
    second_.text.hidden_size = 16;
    second_.text.intermediate_size = 32;
    second_.text.num_hidden_layers = 1;
    second_.text.num_attention_heads = 2;
    second_.text.max_position_embeddings = 8;
    second_.vocabulary = 560;
    second_.side = 32;
    second_.views_per_step = 8;
    second_.schedule.steps = 60;
    for (TrainingSchedule* schedule : {&first_.schedule, &second_.schedule}) {
      schedule->learning_rate = 3e-3;
      schedule->ema = 0.9;
      schedule->threads = 1;
      schedule->loader_threads = 2;
      schedule->bfloat16 = false;
      schedule->log_every = 1;
      schedule->validate_every = 0;
    }
  }
  void TearDown() override { fs::remove_all(directory_); }

  std::vector<double> TrainFirst(const std::string& name, std::int64_t stop_at = 0) {
    std::vector<double> losses;
    const CancellationToken token;
    const Status trained = TrainLatentAutoencoder(pictures_.files, {}, first_, directory_ / name, token,
                                                  [&](const TrainingState& state) {
                                                    losses.push_back(state.loss);
                                                    if (state.step == stop_at) token.Cancel();
                                                  });
    EXPECT_EQ(trained.ok(), stop_at == 0) << (trained.ok() ? "" : trained.error().message);
    return losses;
  }
  std::vector<double> TrainSecond(const std::string& name, std::int64_t stop_at = 0) {
    std::vector<double> losses;
    const CancellationToken token;
    const Status trained =
        TrainDiffusion(pictures_, {}, second_, directory_ / name, token, [&](const TrainingState& state) {
          losses.push_back(state.loss);
          if (state.step == stop_at) token.Cancel();
        });
    EXPECT_EQ(trained.ok(), stop_at == 0) << (trained.ok() ? "" : trained.error().message);
    return losses;
  }
  static double Mean(const std::vector<double>& values, std::size_t from, std::size_t to) {
    double sum = 0;
    for (std::size_t i = from; i < to; ++i) sum += values[i];
    return sum / static_cast<double>(to - from);
  }
  Bytes Read(const fs::path& path) { return ReadFile(directory_ / path, 1 << 26).value(); }

  fs::path directory_;
  CaptionedPictures pictures_;
  LatentAutoencoderTrainingOptions first_;
  DiffusionTrainingOptions second_;
};

TEST_F(DiffusionTrainerTest, LearnsResumesAndGenerates) {
  const std::vector<double> first = TrainFirst("ae");
  ASSERT_EQ(first.size(), 40u);
  EXPECT_LT(Mean(first, 30, 40), 0.8 * Mean(first, 0, 10));

  second_.autoencoder = directory_ / "ae" / "model.safetensors";
  const std::vector<double> second = TrainSecond("unet");
  ASSERT_EQ(second.size(), 60u);
  EXPECT_LT(Mean(second, 40, 60), 0.8 * Mean(second, 0, 10));

  // Stopped half way and gone on with: the same weights to the last bit.
  TrainSecond("again", 31);
  TrainSecond("again");
  EXPECT_EQ(Read("unet/checkpoint.safetensors"), Read("again/checkpoint.safetensors"));

  const auto model = generate::DiffusionModel::Load(directory_ / "unet" / "model");
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_EQ(model->info().factor, 2);
  EXPECT_EQ(model->info().sample_side, 32);
  EXPECT_EQ(model->info().scheduler.prediction_type, "v_prediction");
  generate::SampleOptions sampling;
  sampling.prompt = "red stripes";
  sampling.scheduler.steps = 5;
  const auto made = generate::SamplePictures(*model, sampling);
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(made->pictures[0].pixels.width(), 32);

  // Fine tuning goes on from there, with other words.
  DiffusionTrainingOptions tuning = second_;
  tuning.autoencoder.clear();
  tuning.init = directory_ / "unet" / "model";
  tuning.schedule.steps = 4;
  tuning.schedule.ema = 0;
  second_ = tuning;
  EXPECT_EQ(TrainSecond("tuned").size(), 4u);
  const auto tuned = generate::DiffusionModel::Load(directory_ / "tuned" / "model");
  ASSERT_TRUE(tuned.ok()) << tuned.error().message;
  EXPECT_EQ(Read("unet/model/text_encoder/model.safetensors"),
            Read("tuned/model/text_encoder/model.safetensors"));
  EXPECT_NE(Read("unet/model/unet/diffusion_pytorch_model.safetensors"),
            Read("tuned/model/unet/diffusion_pytorch_model.safetensors"));
}

TEST_F(DiffusionTrainerTest, KeptCropsAreLearntFromToo) {
  TrainFirst("ae");
  second_.autoencoder = directory_ / "ae" / "model.safetensors";
  second_.kept_crops = 3;
  second_.schedule.steps = 24;
  const std::vector<double> losses = TrainSecond("kept");
  EXPECT_LT(Mean(losses, 16, 24), 0.9 * Mean(losses, 0, 8));
  TrainSecond("again", 11);
  TrainSecond("again");
  EXPECT_EQ(Read("kept/checkpoint.safetensors"), Read("again/checkpoint.safetensors"));
  // Not what new crops at every step would have given, and not to be gone on with as such.
  second_.kept_crops = 0;
  EXPECT_NE(TrainSecond("new"), losses);
  const Status other = TrainDiffusion(pictures_, {}, second_, directory_ / "kept", {}, {});
  ASSERT_FALSE(other.ok());
  EXPECT_THAT(other.error().message, testing::HasSubstr("kept_crops"));
  second_.kept_crops = 65;
  EXPECT_FALSE(second_.Validate().ok());
}

TEST_F(DiffusionTrainerTest, AnotherAutoencoderUnderTheSameNameIsNoticed) {
  first_.schedule.steps = 2;
  TrainFirst("ae");
  second_.autoencoder = directory_ / "ae" / "model.safetensors";
  second_.schedule.steps = 3;
  TrainSecond("unet", 1);
  first_.schedule.seed = 9;
  TrainFirst("other");
  fs::copy_file(directory_ / "other" / "model.safetensors", second_.autoencoder,
                fs::copy_options::overwrite_existing);
  const Status resumed = TrainDiffusion(pictures_, {}, second_, directory_ / "unet", {}, {});
  ASSERT_FALSE(resumed.ok());
  EXPECT_THAT(resumed.error().message, testing::HasSubstr("begun_sha256"));
}

TEST_F(DiffusionTrainerTest, RealismIsMeasuredKeptAndAddedToTheLoss) {
  first_.schedule.steps = 4;
  TrainFirst("ae");
  second_.autoencoder = directory_ / "ae" / "model.safetensors";
  second_.schedule.steps = 3;
  second_.realism_weight = 0.5;
  const Status few = TrainDiffusion(pictures_, {}, second_, directory_ / "few", {}, {});
  ASSERT_FALSE(few.ok());
  EXPECT_THAT(few.error().message, testing::HasSubstr("at least 20"));
  const CaptionedPictures once = pictures_;
  for (int copies = 0; copies < 4; ++copies) {
    pictures_.files.insert(pictures_.files.end(), once.files.begin(), once.files.end());
    pictures_.captions.insert(pictures_.captions.end(), once.captions.begin(), once.captions.end());
  }
  const std::vector<double> with = TrainSecond("with");
  EXPECT_TRUE(fs::exists(directory_ / "with" / "model" / "soft_realism.json"));
  EXPECT_TRUE(generate::DiffusionModel::Load(directory_ / "with" / "model").ok());
  second_.realism_weight = 0;
  const std::vector<double> without = TrainSecond("without");
  EXPECT_FALSE(fs::exists(directory_ / "without" / "model" / "soft_realism.json"));
  // The same noise and pictures: what differs is the loss that was added.
  EXPECT_GT(with[0], without[0] + 0.01);
  second_.realism_weight = -1;
  EXPECT_FALSE(second_.Validate().ok());
}

TEST_F(DiffusionTrainerTest, TheAutoencoderResumes) {
  first_.schedule.steps = 12;
  TrainFirst("whole");
  TrainFirst("parts", 5);
  TrainFirst("parts");
  EXPECT_EQ(Read("whole/model.safetensors"), Read("parts/model.safetensors"));
}

TEST_F(DiffusionTrainerTest, RefusesWhatDoesNotFit) {
  EXPECT_FALSE(second_.Validate().ok());  // neither an autoencoder nor a model
  second_.autoencoder = "x.safetensors";
  EXPECT_TRUE(second_.Validate().ok());
  second_.condition_dropout = 2;
  EXPECT_FALSE(second_.Validate().ok());
  first_.side = 33;
  EXPECT_FALSE(first_.Validate().ok());
  second_.condition_dropout = 0.1;
  const auto missing = TrainDiffusion(pictures_, {}, second_, directory_ / "none", {}, {});
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
}

TEST(SmallDiffusion, IsAsSmallAsItSays) {
  EXPECT_TRUE(SmallLatentAutoencoder().Validate().ok());
  EXPECT_TRUE(SmallTextEncoder().Validate().ok());
  EXPECT_TRUE(SmallUnet().Validate().ok());
  EXPECT_EQ(SmallLatentAutoencoder().factor(), 4);
}

}  // namespace
}  // namespace kantei::train
