#include "kantei/nn/segmenter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "kantei/base/files.h"
#include "kantei/nn/formula_network.h"
#include "kantei/nn/label_map.h"
#include "kantei/nn/segformer_net.h"
#include "kantei/nn/test_folder.h"
#include "kantei/nn/weights_net.h"

namespace kantei::nn {
namespace {

using testing::HasSubstr;

Json TinyConfig() {
  return {{"model_type", "segformer"}, {"hidden_sizes", {4, 8, 8, 8}},
          {"depths", {1, 1, 1, 1}},    {"num_attention_heads", {1, 1, 2, 2}},
          {"decoder_hidden_size", 8},  {"id2label", {{"0", "wall"}, {"2", "lamp"}, {"1", "fox"}}}};
}

TEST(LabelsOf, EnlargesLogitsBeforeItChooses) {
  // Two places: class 0 leads by 3 left, class 1 by 1 right; between their middles the lead changes at three quarters.
  const std::vector<float> logits = {3, 0, 0, 1};
  const auto labels = LabelsOf(logits.data(), 2, 1, 2, 16, 2, 1, {});
  ASSERT_TRUE(labels.ok());
  for (int y = 0; y < 2; ++y)
    for (int x = 0; x < 16; ++x)
      EXPECT_EQ((*labels)[static_cast<std::size_t>(16 * y + x)], x + 0.5 > 4 + 0.75 * 8 ? 1 : 0) << x;
  CancellationToken cancelled;
  cancelled.Cancel();
  EXPECT_EQ(LabelsOf(logits.data(), 2, 1, 2, 16, 2, 1, cancelled).error().code, ErrorCode::kCancelled);
}

TEST(SegformerConfig, ReadsAndBoundsWhatAFileSays) {
  const auto config = ReadSegformerConfig(TinyConfig(), "config.json");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_THAT(config->names, testing::ElementsAre("wall", "fox", "lamp"));
  EXPECT_EQ(config->encoder.strides[0], 4);
  EXPECT_EQ(config->MostScores(64, 64), 16 * 16 * 2 * 2);
  EXPECT_EQ(config->MostScores(16, 16), 0);
  const auto parameters = [](const SegformerConfig& c) {
    std::int64_t sum = 0;
    for (const torch::Tensor& parameter : Segformer(c)->parameters()) sum += parameter.numel();
    return sum + 2 * c.decoder_width;  // the norm's buffers
  };
  EXPECT_EQ(config->Parameters(), parameters(*config));
  const auto failure = [](const char* key, Json value) {
    Json json = TinyConfig();
    json[key] = std::move(value);
    const auto read = ReadSegformerConfig(json, "config.json");
    EXPECT_FALSE(read.ok()) << key;
    return read.ok() ? std::string() : read.error().message;
  };
  EXPECT_THAT(failure("model_type", "mask2former"), HasSubstr("only \"segformer\""));
  EXPECT_THAT(failure("hidden_sizes", {4, 8, 8}), HasSubstr("four whole numbers"));
  EXPECT_THAT(failure("hidden_sizes", {4, 8, 8, 9}), HasSubstr("multiples"));
  EXPECT_THAT(failure("hidden_sizes", {4, 8, 8, 1 << 20}), HasSubstr("hidden_sizes must be 1 to 2048"));
  EXPECT_THAT(failure("sr_ratios", {0, 4, 2, 1}), HasSubstr("sr_ratios"));
  EXPECT_THAT(failure("patch_sizes", {4, 3, 3, 3}), HasSubstr("odd"));
  EXPECT_THAT(failure("depths", {64, 64, 64, -1}), HasSubstr("depths"));
  EXPECT_THAT(failure("id2label", {{"0", "a"}, {"2", "b"}}), HasSubstr("a name for each number"));
  EXPECT_THAT(failure("id2label", {{"0", "a"}, {"00", "b"}}), HasSubstr("a name for each number"));
  EXPECT_THAT(failure("id2label", {{"0", std::string(300, 'x')}}), HasSubstr("id2label"));
  EXPECT_THAT(failure("hidden_act", "relu"), HasSubstr("hidden_act"));
  Json large = TinyConfig();
  large["hidden_sizes"] = {2048, 2048, 2048, 2048};
  large["depths"] = {64, 64, 64, 64};
  EXPECT_THAT(ReadSegformerConfig(large, "config.json").error().message, HasSubstr("weights, more than"));
}

TEST(SegformerInput, ReadsBothFormsOfASize) {
  const auto size = [](const Json& json) {
    const auto input = ReadSegformerInput(json, "preprocessor_config.json");
    return input.ok() ? std::to_string(input->width) + "x" + std::to_string(input->height)
                      : input.error().message;
  };
  EXPECT_EQ(size(Json::object()), "512x512");
  EXPECT_EQ(size({{"size", 640}}), "640x640");
  EXPECT_EQ(size({{"size", {{"width", 96}, {"height", 64}}}}), "96x64");
  EXPECT_EQ(size({{"do_resize", false}, {"size", 640}}), "0x0");
  EXPECT_THAT(size({{"size", {{"shortest_edge", 64}}}}), HasSubstr("only height and width"));
  EXPECT_THAT(size({{"size", 100000}}), HasSubstr("1 to 4096"));
  EXPECT_THAT(size({{"size", 0}}), HasSubstr("1 to 4096"));
  EXPECT_THAT(size({{"resample", 3}}), HasSubstr("resample"));
  EXPECT_THAT(size({{"image_std", {0, 1, 1}}}), HasSubstr("image_std"));
  EXPECT_THAT(size({{"image_mean", {0, 1}}}), HasSubstr("three numbers"));
}

class SegmenterFolder : public FolderTest {
 protected:
  void SetUp() override {
    FolderTest::SetUp();
    Put("config.json", TinyConfig());
    Put("preprocessor_config.json", {{"size", 64}});
    Segformer module(ReadSegformerConfig(TinyConfig(), "").value());
    state_ = StateOf(*module);
    const torch::NoGradGuard no_grad;
    for (auto& [name, tensor] : state_) {
      const std::vector<float> values = FormulaTensor(name, tensor.sizes(), false);
      std::copy(values.begin(), values.end(), tensor.data_ptr<float>());
    }
    Save(state_, "model.safetensors");
  }
  void Put(const std::string& name, const Json& json) {
    ASSERT_TRUE(WriteFileAtomic(folder_ / name, DumpJson(json)).ok());
  }
  void Save(const NamedTensors& tensors, const std::string& name) {
    ASSERT_TRUE(SaveTensors(tensors, {}, folder_ / name).ok());
  }
  std::string Failure() const {
    const auto opened = Segmenter::Open(folder_);
    return opened.ok() ? "" : opened.error().message;
  }
  NamedTensors state_;
};

TEST_F(SegmenterFolder, LabelsEachPixelAndSharesAddUp) {
  const auto segmenter = Segmenter::Open(folder_);
  ASSERT_TRUE(segmenter.ok()) << segmenter.error().message;
  const auto result = (*segmenter)->Segment(FormulaPicture(1, 50));
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result->labels.size(), 2500u);
  double sum = 0;
  for (int label = 0; label < 3; ++label) {
    const image::Image mask = result->MaskOf(label);
    const auto set = std::count(mask.pixels().begin(), mask.pixels().end(), 255);
    EXPECT_NEAR(static_cast<double>(set) / 2500, result->shares[static_cast<std::size_t>(label)], 1e-12);
    sum += result->shares[static_cast<std::size_t>(label)];
  }
  EXPECT_NEAR(sum, 1, 1e-12);
  EXPECT_EQ((*segmenter)->Segment({}).error().code, ErrorCode::kInvalidArgument);
  CancellationToken cancelled;
  cancelled.Cancel();
  EXPECT_EQ((*segmenter)->Segment(FormulaPicture(1, 50), cancelled).error().code, ErrorCode::kCancelled);
}

TEST_F(SegmenterFolder, ShardsAreTheSameNetwork) {
  const auto whole = Segmenter::Open(folder_).value()->Segment(FormulaPicture(0, 64)).value();
  NamedTensors parts[2];
  Json map = Json::object();
  for (const auto& [name, tensor] : state_) {
    const std::size_t part = name.starts_with("decode_head.") ? 1 : 0;
    parts[part][name] = tensor;
    map[name] = "part-" + std::to_string(part) + ".safetensors";
  }
  std::filesystem::remove(folder_ / "model.safetensors");
  Save(parts[0], "part-0.safetensors");
  Save(parts[1], "part-1.safetensors");
  Put("model.safetensors.index.json", {{"weight_map", map}});
  const auto sharded = Segmenter::Open(folder_);
  ASSERT_TRUE(sharded.ok()) << sharded.error().message;
  EXPECT_EQ((*sharded)->Segment(FormulaPicture(0, 64))->labels, whole.labels);
}

TEST_F(SegmenterFolder, WrongFilesAreRefusedByName) {
  NamedTensors fewer = state_;
  fewer.erase("decode_head.linear_c.2.proj.bias");
  fewer["decode_head.linear_d.bias"] = torch::zeros({2});
  Save(fewer, "model.safetensors");
  EXPECT_THAT(Failure(), HasSubstr("decode_head.linear_c.2.proj.bias"));
  EXPECT_THAT(Failure(), HasSubstr("decode_head.linear_d.bias"));
  NamedTensors negative = state_;
  negative["decode_head.batch_norm.running_var"] = torch::full({8}, -1.0f);
  Save(negative, "model.safetensors");
  EXPECT_THAT(Failure(), HasSubstr("negative variances"));
  Save(state_, "model.safetensors");
  Put("preprocessor_config.json", {{"size", 16}});
  EXPECT_THAT(Failure(), HasSubstr("too small"));
  Put("preprocessor_config.json", {{"size", 4096}});
  EXPECT_THAT(Failure(), HasSubstr("1 GiB"));
  std::filesystem::remove(folder_ / "model.safetensors");
  ASSERT_TRUE(WriteFileAtomic(folder_ / "pytorch_model.bin", std::string("PK\x03\x04")).ok());
  Put("preprocessor_config.json", {{"size", 64}});
  EXPECT_THAT(Failure(), HasSubstr("is a pickle"));
  std::filesystem::remove(folder_ / "config.json");
  EXPECT_THAT(Failure(), HasSubstr("no config.json"));
}

}  // namespace
}  // namespace kantei::nn
