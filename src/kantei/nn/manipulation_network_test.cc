#include "kantei/nn/manipulation_network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "kantei/nn/anixplore_formula.h"
#include "kantei/nn/anixplore_weights_net.h"
#include "kantei/nn/manipulation_file.h"
#include "kantei/nn/test_folder.h"

namespace kantei::nn {
namespace {

ManipulationDescription Described(ManipulationInput input = ManipulationInput::kSquash) {
  ManipulationDescription description;
  description.name = "formula";
  description.side = 64;
  description.input = input;
  return description;
}

class ManipulationNetworkTest : public FolderTest {
 protected:
  void SetUp() override {
    FolderTest::SetUp();
    path_ = folder_ / "network.safetensors";
  }

  static std::unique_ptr<ManipulationNetwork> Opened(const std::filesystem::path& path) {
    auto network = ManipulationNetwork::Open(path);
    EXPECT_TRUE(network.ok()) << (network.ok() ? "" : network.error().message);
    return network.ok() ? *std::move(network) : nullptr;
  }

  // A file with one tensor and this metadata.
  Error OpenStub(std::map<std::string, std::string> metadata, const std::string& tensor = "label_head.bias") {
    EXPECT_TRUE(SaveTensors({{tensor, torch::zeros({1})}}, metadata, path_).ok());
    const auto network = ManipulationNetwork::Open(path_);
    EXPECT_FALSE(network.ok());
    return network.ok() ? Error{} : network.error();
  }

  // The released names, with what a released file has beside what is used.
  static NamedTensors ReleasedState(AniXplore& net) {
    NamedTensors released;
    std::map<std::string, std::map<int, torch::Tensor>> halves;
    for (const auto& [name, tensor] : StateOf(*net)) {
      const ReleasedName there = ReleasedNameOf(name);
      if (there.half >= 0) {
        halves[there.name][there.half] = tensor;
      } else {
        released[there.name] = name.ends_with("layer_scale") ? tensor.reshape({-1}) : tensor;
      }
    }
    for (auto& [name, parts] : halves) released[name] = torch::cat({parts.at(0), parts.at(1)});
    released["segformer.block4.0.norm1.weight"] = torch::ones({512});
    released["auto_weight.params"] = torch::ones({2});
    released["high_dwt.dwt.base_filter"] = torch::ones({4, 1, 8, 8});
    released["predict_head.norm.num_batches_tracked"] = torch::zeros({}, torch::kInt64);
    return released;
  }

  std::filesystem::path path_;
};

TEST_F(ManipulationNetworkTest, OursAndReleasedNamesGiveTheSame) {
  AniXplore net;
  FillByFormula(*net);
  ASSERT_TRUE(SaveTensors(StateOf(*net), ToMetadata(Described()), path_).ok());
  const NamedTensors released = ReleasedState(net);
  for (const char* name :
       {"convnext.stem.0.weight", "convnext.stages.2.blocks.8.gamma", "convnext.stages.1.downsample.1.bias",
        "segformer.patch_embed1.proj.weight", "segformer.block3.17.attn.kv.weight",
        "segformer.block1.0.mlp.dwconv.dwconv.bias", "segformer.norm3.weight", "fusion_layers.2.weight",
        "featurePyramid_net.stages.0.3.weight", "predict_head.linear_fuse.weight", "cls_head.2.bias"}) {
    EXPECT_TRUE(released.contains(name)) << name;
  }
  const auto other = folder_ / "released.safetensors";
  ASSERT_TRUE(SaveTensors(released, ToMetadata(Described()), other).ok());

  const auto ours = Opened(path_), theirs = Opened(other);
  ASSERT_TRUE(ours != nullptr && theirs != nullptr);
  EXPECT_EQ(ours->info().side, 64);
  EXPECT_EQ(ours->info().name, "formula");
  EXPECT_NEAR(static_cast<double>(ours->info().parameters), 49.4e6, 0.3e6);
  const image::Image picture = FormulaPicture(1, 100);
  const auto a = ours->Predict(picture), b = theirs->Predict(picture);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->mask.width, 64);
  EXPECT_EQ(a->mask.height, 64);
  EXPECT_EQ(a->mask.values, b->mask.values);
  EXPECT_EQ(a->label, b->label);
  const auto [least, most] = std::minmax_element(a->mask.values.begin(), a->mask.values.end());
  EXPECT_GT(*most - *least, 0.1f);
  EXPECT_EQ(ours->Predict(image::Image()).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(ManipulationNetworkTest, PaddedInputCoversThePictureAlone) {
  ASSERT_TRUE(WriteFormulaAniXplore(Described(ManipulationInput::kPad), path_).ok());
  const auto network = Opened(path_);
  ASSERT_TRUE(network != nullptr);
  image::Image picture(40, 90, 1);
  for (std::size_t i = 0; i < picture.pixels().size(); ++i)
    picture.pixels()[i] = static_cast<std::uint8_t>(i * 7);
  const auto prediction = network->Predict(picture);
  ASSERT_TRUE(prediction.ok());
  EXPECT_EQ(prediction->mask.width, 40);
  EXPECT_EQ(prediction->mask.height, 64);
  // A flat picture has no frequencies; nothing may become infinite.
  EXPECT_TRUE(network->Predict(image::Image(64, 64, 3)).ok());
}

TEST_F(ManipulationNetworkTest, MissingAndSurplusTensorsAreNamed) {
  const Error missing = OpenStub(ToMetadata(Described()));
  EXPECT_EQ(missing.code, ErrorCode::kCorrupt);
  EXPECT_NE(missing.message.find("convnext.features.0.0.weight"), std::string::npos) << missing.message;
  const Error released = OpenStub(ToMetadata(Described()), "featurePyramid_net.stages.9.weight");
  EXPECT_NE(released.message.find("convnext.stages.0.blocks.0.conv_dw.bias"), std::string::npos)
      << released.message;
  EXPECT_NE(released.message.find("featurePyramid_net.stages.9.weight"), std::string::npos)
      << released.message;
}

TEST_F(ManipulationNetworkTest, MetadataHaveLimits) {
  EXPECT_EQ(OpenStub({}).code, ErrorCode::kUnsupported);
  EXPECT_EQ(OpenStub({{"kantei.architecture", "compact"}}).code, ErrorCode::kUnsupported);
  auto metadata = ToMetadata(Described());
  metadata["kantei.side"] = "100";
  const Error side = OpenStub(metadata);
  EXPECT_EQ(side.code, ErrorCode::kCorrupt);
  EXPECT_NE(side.message.find("multiple of 32"), std::string::npos) << side.message;
  metadata["kantei.side"] = "1000000";
  EXPECT_EQ(OpenStub(metadata).code, ErrorCode::kCorrupt);
  EXPECT_EQ(ManipulationNetwork::Open(folder_ / "none").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(ManipulationNetwork::Open(path_, {"cpu", 0}).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(ManipulationNetworkTest, BranchesBeginWithPublicWeights) {
  ConvNextOptions whole;  // as torchvision's file: three channels, four stages, a stem with bias
  ConvNext source(whole);
  FillByFormula(*source);
  NamedTensors state = StateOf(*source);
  state["classifier.2.weight"] = torch::zeros({1000, 768});
  ASSERT_TRUE(SaveTensors(state, {}, path_).ok());
  const auto file = SafetensorsFile::Open(path_);
  ASSERT_TRUE(file.ok());
  ConvNext branch(AniXploreImpl::TextureOptions());
  const torch::Tensor stem = StateOf(*branch).at("features.0.0.weight"), before = stem.detach().clone();
  ASSERT_TRUE(LoadConvNext(*file, "file", branch).ok());
  EXPECT_TRUE(torch::equal(stem.narrow(1, 0, 3), state.at("features.0.0.weight")));
  EXPECT_TRUE(torch::equal(stem.narrow(1, 3, 3), before.narrow(1, 3, 3)));
  EXPECT_TRUE(torch::equal(StateOf(*branch).at("features.5.8.block.3.weight"),
                           state.at("features.5.8.block.3.weight")));

  MitOptions small;
  small.depths = {1, 1, 1, 1};
  Mit encoder(small);
  FillByFormula(*encoder);
  for (const std::string prefix : {"", "segformer."}) {
    NamedTensors tensors = StateOf(*encoder, prefix);
    tensors["decode_head.classifier.weight"] = torch::zeros({1});
    ASSERT_TRUE(SaveTensors(tensors, {}, path_).ok());
    MitOptions fewer = small;
    fewer.in_channels = 6;
    fewer.stem_bias = false;
    fewer.stages = 3;
    Mit other(fewer);
    const Status loaded = LoadMit(*SafetensorsFile::Open(path_), "file", other);
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    const std::string name = "encoder.block.2.0.attention.self.value.weight";
    EXPECT_TRUE(torch::equal(StateOf(*other).at(name), StateOf(*encoder).at(name)));
  }
  Mit deeper;
  const Status refused = LoadMit(*SafetensorsFile::Open(path_), "file", deeper);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("segformer.encoder.block.0.1."), std::string::npos)
      << refused.error().message;
}

}  // namespace
}  // namespace kantei::nn
