#include "kantei/nn/network_file.h"

#include "kantei/nn/formula_network.h"
#include "kantei/nn/test_folder.h"

namespace kantei::nn {
namespace {

class NetworkFileTest : public FolderTest {};

NetworkDescription Tiny() {
  NetworkDescription description;
  description.name = "tiny";
  description.compact.widths = {2, 4};
  description.compact.depths = {1, 1};
  description.compact.head = 6;
  return description;
}

TEST_F(NetworkFileTest, DescriptionSurvivesItsMetadata) {
  NetworkDescription description = Tiny();
  description.side = 160;
  description.mode = InputMode::kShortSide;
  description.mean = {0.1f, 0.2f, 0.3f};
  description.std = {0.4f, 0.5f, 0.6f};
  description.gem_p = 2.5;
  description.head = "mlp";
  description.head_slope = 0.3;
  description.licence = "CC0-1.0";
  description.source = "a place";
  const auto read = ReadDescription(ToMetadata(description), "file");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(ToMetadata(*read), ToMetadata(description));
  EXPECT_EQ(read->mean, description.mean);
  EXPECT_EQ(read->compact.widths, description.compact.widths);
  EXPECT_EQ(read->mode, InputMode::kShortSide);
  EXPECT_EQ(read->licence, "CC0-1.0");

  description = {};
  description.architecture = "resnet50";
  description.last_stride_1 = true;
  const auto resnet = ReadDescription(ToMetadata(description), "file");
  ASSERT_TRUE(resnet.ok()) << resnet.error().message;
  EXPECT_TRUE(resnet->last_stride_1);
}

TEST_F(NetworkFileTest, BadMetadataAreNamed) {
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"kantei.side", "1e9"},      {"kantei.side", "-1"},        {"kantei.gem_p", "nan"},
      {"kantei.mean", "0.5,0.5"},  {"kantei.std", "0,1,1"},      {"kantei.head", "transformer"},
      {"kantei.widths", "48,"},    {"kantei.depths", "1000000"}, {"kantei.input_mode", "crop"},
      {"kantei.last_stride", "3"}, {"kantei.channels", "0"}};
  for (const auto& [key, value] : bad) {
    auto metadata = ToMetadata(Tiny());
    metadata[key] = value;
    const auto read = ReadDescription(metadata, "file.safetensors");
    ASSERT_FALSE(read.ok()) << key;
    EXPECT_EQ(read.error().code, ErrorCode::kCorrupt) << key;
    EXPECT_NE(read.error().message.find(key), std::string::npos) << read.error().message;
  }
  auto metadata = ToMetadata(Tiny());
  metadata["kantei.architecture"] = "vit";
  EXPECT_EQ(ReadDescription(metadata, "f").error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(ReadDescription({}, "f").error().code, ErrorCode::kUnsupported);
}

TEST_F(NetworkFileTest, FactsComeFromTheHeader) {
  NetworkDescription description = Tiny();
  description.head = "linear";
  ASSERT_TRUE(WriteFormulaNetwork(description, 5, folder_ / "n.safetensors").ok());
  const auto file = SafetensorsFile::Open(folder_ / "n.safetensors");
  const auto info = DescribeNetwork(*file, description, "n");
  ASSERT_TRUE(info.ok()) << info.error().message;
  EXPECT_EQ(info->dimension, 5);
  // Convolutions 3x3x3x1 + 3x3x1x2, stage 1: 2 x 3x3x2x2, stage 2: 3x3x2x4 + 3x3x4x4 + 2x4, expand 4x6; two numbers per
  // batch norm channel (1 + 2 + 2 + 2 + 4 + 4 + 4 + 6); head 6x5 + 5.
  EXPECT_EQ(info->parameters, 27 + 18 + 72 + 72 + 144 + 8 + 24 + 2 * 25 + 35);
}

// A head of one layer and a batch norm equals the same layer with the norm folded in by hand.
TEST_F(NetworkFileTest, HeadBatchNormIsFolded) {
  NetworkDescription description = Tiny();
  description.head = "linear";
  const auto path = folder_ / "n.safetensors";
  ASSERT_TRUE(WriteFormulaNetwork(description, 2, path).ok());
  const auto plain_file = SafetensorsFile::Open(path);
  const auto plain = LoadNetworkWeights(*plain_file, description, "n");
  ASSERT_TRUE(plain.ok()) << plain.error().message;

  std::vector<TensorToWrite> tensors;
  for (const auto& [name, view] : plain_file->tensors())
    tensors.push_back({name, view.dtype, view.shape, view.bytes});
  const std::vector<float> weight = {3, 3}, bias = {1, -1}, mean = {0.5f, 0}, variance = {4, 9};
  const auto add = [&](const char* name, const std::vector<float>& values) {
    tensors.push_back({name, DType::kF32, {2}, std::as_bytes(std::span(values))});
  };
  add("head_bn.weight", weight), add("head_bn.bias", bias);
  add("head_bn.running_mean", mean), add("head_bn.running_var", variance);
  description.head = "linear+bn";
  const auto other = folder_ / "bn.safetensors";
  ASSERT_TRUE(WriteSafetensors(other, tensors, ToMetadata(description)).ok());
  const auto file = SafetensorsFile::Open(other);
  const auto folded = LoadNetworkWeights(*file, description, "n");
  ASSERT_TRUE(folded.ok()) << folded.error().message;
  const LinearWeights& before = plain->head.front();
  const LinearWeights& after = folded->head.front();
  for (std::size_t i = 0; i < before.weight.size(); ++i)
    EXPECT_NEAR(after.weight[i], before.weight[i] * (i % 2 == 0 ? 1.5f : 1.0f), 1e-4)
        << i;  // 3/sqrt(4), 3/sqrt(9)
  EXPECT_NEAR(after.bias[0], (before.bias[0] - 0.5f) * 1.5f + 1, 1e-4);
  EXPECT_NEAR(after.bias[1], before.bias[1] - 1, 1e-4);
}

TEST_F(NetworkFileTest, LayersOfAnMlpMustFitEachOther) {
  NetworkDescription description = Tiny();
  const auto plain = folder_ / "n.safetensors";
  ASSERT_TRUE(WriteFormulaNetwork(description, 0, plain).ok());
  const auto file = SafetensorsFile::Open(plain);
  const auto with_layers = [&](std::int64_t middle) {
    std::vector<TensorToWrite> tensors;
    for (const auto& [name, view] : file->tensors())
      tensors.push_back({name, view.dtype, view.shape, view.bytes});
    const std::vector<float> numbers(64, 0.5f);
    const auto bytes = std::as_bytes(std::span(numbers));
    tensors.push_back({"head.0.weight", DType::kF32, {4, 6}, bytes.first(96)});
    tensors.push_back({"head.0.bias", DType::kF32, {4}, bytes.first(16)});
    tensors.push_back(
        {"head.1.weight", DType::kF32, {3, middle}, bytes.first(static_cast<std::size_t>(12 * middle))});
    description.head = "mlp";
    const auto path = folder_ / "mlp.safetensors";
    EXPECT_TRUE(WriteSafetensors(path, tensors, ToMetadata(description)).ok());
    return LoadNetworkWeights(*SafetensorsFile::Open(path), description, "mlp");
  };
  const auto good = with_layers(4);
  ASSERT_TRUE(good.ok()) << good.error().message;
  EXPECT_EQ(good->dimension(), 3);
  EXPECT_EQ(good->head.size(), 2u);
  const auto bad = with_layers(5);
  ASSERT_FALSE(bad.ok());
  EXPECT_NE(bad.error().message.find("head.1.weight"), std::string::npos) << bad.error().message;
}

}  // namespace
}  // namespace kantei::nn
