#include <gtest/gtest.h>

#include <cstdlib>

#include "kantei/image/encode.h"
#include "kantei/train/detection_task_net.h"

namespace kantei::train {
namespace {

namespace fs = std::filesystem;
using dataset::AuthenticitySample;
using dataset::History;

/// Whole pictures as views.
class WholePictures : public DetectionTask {
 public:
  using DetectionTask::DetectionTask;
  torch::nn::Module& model() override { return *nothing_; }
  torch::nn::Module& average() override { return *nothing_; }
  torch::Tensor Loss(ViewBatch&) override { return torch::zeros({}); }
  Status Export(const fs::path&, std::int64_t) override { return {}; }

 protected:
  dataset::AuthenticityView MakeView(const image::Image& picture, const image::Image& mask,
                                     Random& random) const override {
    dataset::AuthenticityViewOptions options;
    options.side = 64;
    options.noise = options.coding = 0.5;
    return dataset::MakeAuthenticityView(picture, mask, options, random);
  }
  Answer Judge(ViewBatch&) override { return {}; }

 private:
  torch::nn::Sequential nothing_;
};

TEST(DetectionTask, TheOriginalFollowsItsFakeHandledAlike) {
  std::string pattern = (fs::temp_directory_path() / "kantei_pairs_XXXXXX").string();
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  const fs::path directory = pattern;
  std::vector<AuthenticitySample> samples;
  for (int p = 0; p < 3; ++p) {
    Random random(static_cast<std::uint64_t>(p));
    image::Image picture(160, 150, 3), mask(160, 150, 1);
    for (auto& value : picture.pixels()) value = static_cast<std::uint8_t>(100 + random.Below(20));
    AuthenticitySample sample;
    sample.source = "own";
    sample.engine = "authentic";
    sample.picture = directory / ("authentic" + std::to_string(p) + ".png");
    ASSERT_TRUE(image::WriteImage(sample.picture, picture).ok());
    samples.push_back(sample);
    for (int y = 60; y < 90; ++y) {
      std::fill_n(mask.row(y) + 60, 40, std::uint8_t{255});
      std::fill_n(picture.row(y) + 180, 120, std::uint8_t{250});
    }
    sample.original = sample.picture;
    sample.history = History::kEdited;
    sample.engine = "white";
    sample.picture = directory / ("edited" + std::to_string(p) + ".png");
    sample.mask = directory / ("mask" + std::to_string(p) + ".png");
    ASSERT_TRUE(image::WriteImage(sample.picture, picture).ok());
    ASSERT_TRUE(image::WriteImage(sample.mask, mask).ok());
    samples.push_back(sample);
  }
  const auto pools = SamplePools::Load(samples, {}, 1, {});
  ASSERT_TRUE(pools.ok()) << pools.error().message;
  const WholePictures task({33, 64, 1.0, 0.0, 0.0, 1.0, 7}, *pools, torch::Device("cpu"));
  int pairs = 0;
  for (std::int64_t number = 0; number < 4; ++number) {
    const ViewBatch batch = task.MakeBatch(number);
    ASSERT_EQ(batch.views(), 33u);
    constexpr std::size_t kPixels = 64 * 64;
    for (std::size_t v = 0; v + 1 < batch.views(); ++v) {
      if (batch.labels[v] != static_cast<std::int64_t>(History::kEdited)) continue;
      ASSERT_EQ(batch.labels[v + 1], static_cast<std::int64_t>(History::kAuthentic));
      ++pairs;
      double inside = 0, outside = 0, changed = 0;
      for (std::size_t i = 0; i < kPixels; ++i) {
        ASSERT_EQ(batch.masks[(v + 1) * kPixels + i], 0);
        const double difference = std::abs(static_cast<double>(batch.pixels[3 * (v * kPixels + i)]) -
                                           static_cast<double>(batch.pixels[3 * ((v + 1) * kPixels + i)]));
        const bool in = batch.masks[v * kPixels + i] == 255;
        (in ? inside : outside) += difference;
        changed += in;
      }
      EXPECT_GT(inside / changed, 60);
      // Blur, resampling and coding carry the edit a little over its edge, and no more than that.
      EXPECT_LT(outside / std::max(1.0, kPixels - changed), 12);
    }
  }
  EXPECT_GT(pairs, 30);
  fs::remove_all(directory);
}

}  // namespace
}  // namespace kantei::train
