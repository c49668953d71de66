#include "kantei/train/descriptor_trainer.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include "kantei/base/files.h"
#include "kantei/base/random.h"
#include "kantei/image/draw.h"
#include "kantei/image/encode.h"
#include "kantei/nn/embedding_network.h"
#include "kantei/nn/safetensors.h"

namespace kantei::train {
namespace {

namespace fs = std::filesystem;

class DescriptorTrainerTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "kantei_train_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    for (int p = 0; p < 12; ++p) {
      Random random(100 + static_cast<std::uint64_t>(p));
      image::Image picture(96, 80, 3);
      const int base = static_cast<int>(random.Below(256));
      for (auto& pixel : picture.pixels()) pixel = static_cast<std::uint8_t>(base);
      for (int shape = 0; shape < 12; ++shape) {
        image::Polygon polygon;
        const double x = random.Uniform(0, 96), y = random.Uniform(0, 80);
        for (int corner = 0; corner < 4; ++corner)
          polygon.push_back({static_cast<float>(x + random.Uniform(-25, 25)),
                             static_cast<float>(y + random.Uniform(-25, 25))});
        const auto channel = [&] { return static_cast<std::uint8_t>(random.Below(256)); };
        image::FillPolygon(&picture, polygon, {channel(), channel(), channel()}, 1);
      }
      const fs::path path = directory_ / ("p" + std::to_string(p) + ".png");
      auto bytes = image::EncodePng(picture);
      ASSERT_TRUE(bytes.ok());
      ASSERT_TRUE(WriteFileAtomic(path, *bytes).ok());
      pictures_.push_back(path);
    }
    options_.side = 32;
    options_.dimension = 16;
    options_.projector = 64;
    options_.pictures_per_step = 4;
    options_.schedule.steps = 6;
    options_.schedule.threads = 1;
    options_.schedule.loader_threads = 2;
    options_.schedule.bfloat16 = false;
    options_.schedule.log_every = 1;
    options_.schedule.checkpoint_every = 3;
    options_.schedule.validate_every = 0;
  }
  void TearDown() override { fs::remove_all(directory_); }

  Status Train(const fs::path& out, const CancellationToken& token = {},
               const std::function<void(const TrainingState&)>& watch = nullptr) const {
    return TrainDescriptor(pictures_, {}, options_, out, token, watch);
  }

  static std::map<std::string, std::string> Tensors(const fs::path& path) {
    std::map<std::string, std::string> all;
    const auto file = nn::SafetensorsFile::Open(path);
    EXPECT_TRUE(file.ok());
    for (const auto& [name, view] : file->tensors())
      all[name] = std::string(reinterpret_cast<const char*>(view.bytes.data()), view.bytes.size());
    return all;
  }

  fs::path directory_;
  std::vector<fs::path> pictures_;
  DescriptorTrainingOptions options_;
};

TEST_F(DescriptorTrainerTest, EveryObjectiveLearnsAndExportsANetwork) {
  for (const Objective objective : {Objective::kInfoNce, Objective::kBarlowTwins, Objective::kIdentities}) {
    SCOPED_TRACE(std::string(ObjectiveName(objective)));
    options_.objective = objective;
    options_.schedule.steps = 40;
    options_.edit_strength = 0;
    options_.min_scale = 0.8;
    options_.schedule.checkpoint_every = 40;
    options_.schedule.learning_rate = 2e-3;
    std::vector<double> losses;
    const fs::path out = directory_ / ObjectiveName(objective);
    const auto status = Train(out, {}, [&](const TrainingState& state) { losses.push_back(state.loss); });
    ASSERT_TRUE(status.ok()) << status.error().message;
    ASSERT_EQ(losses.size(), 40u);
    double first = 0, last = 0;
    for (int i = 0; i < 5; ++i)
      first += losses[static_cast<std::size_t>(i)],
          last += losses[losses.size() - 1 - static_cast<std::size_t>(i)];
    EXPECT_LT(last, first);
    const auto network = nn::EmbeddingNetwork::Open(out / "model.safetensors");
    ASSERT_TRUE(network.ok()) << network.error().message;
    EXPECT_EQ((*network)->info().dimension, objective == Objective::kBarlowTwins ? 512 : 16);
  }
}

TEST_F(DescriptorTrainerTest, AnInterruptedRunEndsInTheSameBits) {
  options_.anchors = 1;
  options_.chains = 0.5;
  ASSERT_TRUE(Train(directory_ / "whole").ok());
  const CancellationToken token;
  const auto stopped = Train(directory_ / "parts", token, [&](const TrainingState& state) {
    if (state.step == 4) token.Cancel();
  });
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
  ASSERT_TRUE(Train(directory_ / "parts").ok());
  EXPECT_EQ(Tensors(directory_ / "whole" / "checkpoint.safetensors"),
            Tensors(directory_ / "parts" / "checkpoint.safetensors"));
  // The log holds each step once.
  std::ifstream log(directory_ / "parts" / "log.csv");
  std::string line;
  std::vector<std::string> steps;
  while (std::getline(log, line)) steps.push_back(line.substr(0, line.find(',')));
  EXPECT_EQ(steps, (std::vector<std::string>{"step", "1", "2", "3", "4", "5", "6"}));
}

TEST_F(DescriptorTrainerTest, AnExportedNetworkIsABeginning) {
  options_.widths = {16, 32};
  options_.depths = {0, 1};
  ASSERT_TRUE(Train(directory_ / "first").ok());
  options_.init = (directory_ / "first" / "model.safetensors").string();
  ASSERT_TRUE(Train(directory_ / "second").ok());
  // Other widths are another network, and that is said.
  options_.widths = {16, 48};
  const auto status = Train(directory_ / "third");
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find("model.safetensors"), std::string::npos);
}

TEST_F(DescriptorTrainerTest, AnotherSeedGivesOtherWeights) {
  ASSERT_TRUE(Train(directory_ / "one").ok());
  options_.schedule.seed = 2;
  ASSERT_TRUE(Train(directory_ / "two").ok());
  EXPECT_NE(Tensors(directory_ / "one" / "checkpoint.safetensors"),
            Tensors(directory_ / "two" / "checkpoint.safetensors"));
}

TEST_F(DescriptorTrainerTest, ARunDoesNotGoOnWithOtherOptionsOrPictures) {
  ASSERT_TRUE(Train(directory_ / "run").ok());
  options_.temperature = 0.1;
  auto status = Train(directory_ / "run");
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find("temperature"), std::string::npos);
  options_.temperature = 0.05;
  pictures_.pop_back();
  status = Train(directory_ / "run");
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find("other pictures"), std::string::npos);
}

TEST_F(DescriptorTrainerTest, ADamagedCheckpointIsNamed) {
  ASSERT_TRUE(Train(directory_ / "run").ok());
  const fs::path checkpoint = directory_ / "run" / "checkpoint.safetensors";
  fs::resize_file(checkpoint, fs::file_size(checkpoint) - 100);
  const auto status = Train(directory_ / "run");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(status.error().message.find("checkpoint.safetensors"), std::string::npos);
}

TEST_F(DescriptorTrainerTest, UnreadablePicturesAreSkippedButNotAll) {
  ASSERT_TRUE(WriteFileAtomic(directory_ / "broken.jpg", "not a picture").ok());
  pictures_.push_back(directory_ / "broken.jpg");
  EXPECT_TRUE(Train(directory_ / "run").ok());
  pictures_ = {directory_ / "broken.jpg"};
  const auto status = Train(directory_ / "other");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(DescriptorTrainerTest, OptionsAreChecked) {
  const auto message = [this](auto change) {
    DescriptorTrainingOptions options = options_;
    change(options);
    const auto status = options.Validate();
    return status.ok() ? std::string("ok") : status.error().message;
  };
  EXPECT_EQ(message([](auto&) {}), "ok");
  EXPECT_NE(message([](auto& o) { o.backbone = "vgg"; }).find("backbone"), std::string::npos);
  EXPECT_NE(message([](auto& o) { o.temperature = 0; }).find("temperature"), std::string::npos);
  EXPECT_NE(message([](auto& o) { o.views_per_picture = 1; }).find("views"), std::string::npos);
  EXPECT_NE(message([](auto& o) { o.anchors = 2; }).find("anchors"), std::string::npos);
  EXPECT_NE(message([](auto& o) { o.chains = 1.5; }).find("chains"), std::string::npos);
  EXPECT_NE(message([](auto& o) { o.depths = {1}; }).find("depths"), std::string::npos);
  EXPECT_NE(message([](auto& o) { o.schedule.warm_up = 0.7, o.schedule.hold = 0.6; }).find("warm_up"),
            std::string::npos);
}

}  // namespace
}  // namespace kantei::train
