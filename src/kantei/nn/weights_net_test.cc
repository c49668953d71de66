#include "kantei/nn/weights_net.h"

#include <limits>

#include "kantei/nn/compact_net.h"
#include "kantei/nn/test_folder.h"

namespace kantei::nn {
namespace {

CompactNet Tiny() {
  CompactNetOptions options;
  options.widths = {4, 6};
  options.depths = {1, 1};
  options.head = 8;
  return CompactNet(options);
}

class WeightsNetTest : public FolderTest {
 protected:
  void SetUp() override {
    FolderTest::SetUp();
    torch::manual_seed(1);
    path_ = folder_ / "weights.safetensors";
  }

  Status SaveAndLoad(const NamedTensors& tensors, torch::nn::Module& into, const LoadOptions& options = {}) {
    const Status saved = SaveTensors(tensors, {}, path_);
    EXPECT_TRUE(saved.ok()) << (saved.ok() ? "" : saved.error().message);
    const auto file = SafetensorsFile::Open(path_);
    EXPECT_TRUE(file.ok());
    return LoadModule(*file, "weights", options, into);
  }

  static void ExpectError(const Status& status, const std::string& part) {
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(status.error().message.find(part), std::string::npos) << status.error().message;
  }

  std::filesystem::path path_;
};

TEST_F(WeightsNetTest, ModuleComesBackBitForBit) {
  CompactNet from = Tiny(), into = Tiny();
  from->train();
  from->forward(torch::randn({2, 3, 32, 32}));  // running statistics of their own
  const Status loaded = SaveAndLoad(StateOf(*from, "backbone."), *into, {.prefix = "backbone."});
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  const NamedTensors a = StateOf(*from), b = StateOf(*into);
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, tensor] : a) EXPECT_TRUE(torch::equal(tensor, b.at(name))) << name;
}

TEST_F(WeightsNetTest, Float16IsWidenedAndChannelsLastIsStoredRowMajor) {
  CompactNet from = Tiny(), into = Tiny();
  for (torch::Tensor& parameter : from->parameters()) {
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast));
  }
  ASSERT_TRUE(SaveTensors(StateOf(*from), {{"kantei.name", "x"}}, path_, {.float16 = true}).ok());
  const auto file = SafetensorsFile::Open(path_);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->metadata().at("kantei.name"), "x");
  EXPECT_EQ(file->tensors().at("stem.0.weight").dtype, DType::kF16);
  EXPECT_EQ(file->tensors().at("stem.1.running_var").dtype, DType::kF32);
  const Status loaded = LoadModule(*file, "weights", {}, *into);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  const NamedTensors a = StateOf(*from), b = StateOf(*into);
  for (const auto& [name, tensor] : a) EXPECT_TRUE(torch::allclose(tensor, b.at(name), 1e-3, 1e-6)) << name;
}

TEST_F(WeightsNetTest, MissingAndSurplusTensorsAreNamed) {
  CompactNet net = Tiny();
  NamedTensors tensors = StateOf(*net);
  tensors.erase("stage1.0.bn2.weight");
  tensors["stage9.0.conv1.weight"] = torch::zeros({2});
  const Status status = SaveAndLoad(tensors, *net);
  ExpectError(status, "stage1.0.bn2.weight");
  ExpectError(status, "stage9.0.conv1.weight");
}

TEST_F(WeightsNetTest, ShapeNanAndNegativeVarianceAreNamedAndNothingIsChanged) {
  CompactNet net = Tiny();
  const torch::Tensor before = net->named_parameters()["expand.1.bias"].clone();
  const NamedTensors good = StateOf(*net);
  const auto load = [&](const std::string& name, const torch::Tensor& value) {
    NamedTensors tensors = good;
    tensors["expand.1.bias"] = before + 1;
    tensors[name] = value;
    std::vector<TensorToWrite> writes;  // not SaveTensors: it refuses values that are not finite
    std::vector<torch::Tensor> kept;
    for (const auto& [each, tensor] : tensors) {
      kept.push_back(tensor.detach().contiguous());
      writes.push_back({each,
                        DType::kF32,
                        kept.back().sizes().vec(),
                        {static_cast<const std::byte*>(kept.back().data_ptr()), kept.back().nbytes()}});
    }
    EXPECT_TRUE(WriteSafetensors(path_, writes, {}).ok());
    const auto file = SafetensorsFile::Open(path_);
    return LoadModule(*file, "weights", {}, *net);
  };
  ExpectError(load("stem.0.weight", torch::zeros({2, 3, 5, 5})), "[2, 3, 5, 5] where [2, 3, 3, 3]");
  torch::Tensor bad = good.at("stem.0.weight").detach().clone();
  bad.view(-1)[7] = std::numeric_limits<float>::quiet_NaN();
  ExpectError(load("stem.0.weight", bad), "tensor stem.0.weight has values that are not finite");
  ExpectError(load("stem.1.running_var", torch::full({2}, -1.0f)), "negative variances");
  EXPECT_TRUE(torch::equal(net->named_parameters()["expand.1.bias"], before));
}

TEST_F(WeightsNetTest, ClassifierIsIgnoredOnlyOnRequest) {
  CompactNet net = Tiny();
  NamedTensors tensors = StateOf(*net);
  tensors["fc.weight"] = torch::zeros({10, 8});
  tensors["fc.bias"] = torch::zeros({10});
  ExpectError(SaveAndLoad(tensors, *net), "fc.weight");
  EXPECT_TRUE(SaveAndLoad(tensors, *net, {.prefix = "", .ignore_classifier = true}).ok());
}

TEST_F(WeightsNetTest, WhatIsNotFiniteIsNotWritten) {
  const NamedTensors nan = {{"a", torch::full({2}, std::numeric_limits<float>::infinity())}};
  EXPECT_FALSE(SaveTensors(nan, {}, path_).ok());
  const NamedTensors large = {{"a", torch::full({2, 2}, 1e6f)}};  // finite, but not as float16
  EXPECT_TRUE(SaveTensors(large, {}, path_).ok());
  EXPECT_FALSE(SaveTensors(large, {}, path_, {.float16 = true}).ok());
}

TEST_F(WeightsNetTest, HookSeesEveryStage) {
  CompactNet net = Tiny();
  net->eval();
  std::vector<int> seen;
  const torch::Tensor zeroed = net->forward(torch::randn({1, 3, 32, 32}), [&](int stage, torch::Tensor x) {
    seen.push_back(stage);
    return x * 0;
  });
  EXPECT_EQ(seen, (std::vector<int>{1, 2}));
  const torch::Tensor again =
      net->forward(torch::randn({1, 3, 32, 32}), [](int, torch::Tensor x) { return x * 0; });
  EXPECT_TRUE(torch::equal(zeroed, again)) << "what the hook returns goes on";
}

}  // namespace
}  // namespace kantei::nn
