#include "kantei/nn/lpips.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "kantei/base/files.h"
#include "kantei/nn/formula_network.h"
#include "kantei/nn/test_folder.h"

namespace kantei::nn {
namespace {

using testing::HasSubstr;
using Shapes = std::map<std::string, std::vector<std::int64_t>>;

Shapes AlexFeatures(const std::string& prefix = "features.") {
  return {{prefix + "0.weight", {64, 3, 11, 11}},   {prefix + "0.bias", {64}},
          {prefix + "3.weight", {192, 64, 5, 5}},   {prefix + "3.bias", {192}},
          {prefix + "6.weight", {384, 192, 3, 3}},  {prefix + "6.bias", {384}},
          {prefix + "8.weight", {256, 384, 3, 3}},  {prefix + "8.bias", {256}},
          {prefix + "10.weight", {256, 256, 3, 3}}, {prefix + "10.bias", {256}}};
}

Shapes Linear() {
  Shapes shapes;
  const std::int64_t channels[] = {64, 192, 384, 256, 256};
  for (int i = 0; i < 5; ++i) shapes["lin" + std::to_string(i) + ".model.1.weight"] = {1, channels[i], 1, 1};
  return shapes;
}

class LpipsFiles : public FolderTest {
 protected:
  std::filesystem::path Write(const std::string& name, const Shapes& shapes) {
    std::vector<TensorToWrite> tensors;
    std::map<std::string, std::vector<float>> kept;
    for (const auto& [tensor, shape] : shapes) {
      auto& values = kept[tensor] = FormulaTensor(tensor, shape, false);
      if (tensor.starts_with("lin"))
        for (float& value : values) value = std::abs(value);
      tensors.push_back({tensor, DType::kF32, shape, std::as_bytes(std::span(values))});
    }
    EXPECT_TRUE(WriteSafetensors(folder_ / name, tensors, {}).ok());
    return folder_ / name;
  }
  static std::string Failure(const std::vector<std::filesystem::path>& files) {
    const auto opened = Lpips::Open(files);
    return opened.ok() ? "" : opened.error().message;
  }
};

TEST_F(LpipsFiles, OneFileOrTwoAndThePackagesNames) {
  Shapes whole = AlexFeatures();
  whole.merge(Linear());
  whole["classifier.1.weight"] = {2, 2};
  const std::vector<std::filesystem::path> one = {Write("whole.safetensors", whole)};
  const std::vector<std::filesystem::path> two = {Write("features.safetensors", AlexFeatures()),
                                                  Write("linear.safetensors", Linear())};
  const auto lpips = Lpips::Open(one), parted = Lpips::Open(two);
  ASSERT_TRUE(lpips.ok()) << lpips.error().message;
  ASSERT_TRUE(parted.ok()) << parted.error().message;
  EXPECT_NE((*lpips)->sha256(), (*parted)->sha256());
  EXPECT_EQ((*lpips)->network(), "alex");
  const image::Image a = FormulaPicture(0, 40), b = FormulaPicture(1, 40);
  const double distance = (*lpips)->Distance(a, b).value();
  EXPECT_GT(distance, 0.01);
  EXPECT_EQ((*parted)->Distance(a, b).value(), distance);
  EXPECT_NEAR((*lpips)->Distance(b, a).value(), distance, 1e-6 * distance);
  EXPECT_EQ((*lpips)->Distance(a, a).value(), 0);
  EXPECT_EQ((*lpips)->Distance(a, FormulaPicture(1, 41)).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ((*lpips)->Distance(FormulaPicture(0, 16), FormulaPicture(1, 16)).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ((*lpips)->Distance(image::Image(4096, 2048, 1), image::Image(4096, 2048, 1)).error().code,
            ErrorCode::kTooLarge);
  // What the package's own state dict has; its formula weights are others, since their names are.
  Shapes package = Linear();
  int slice = 0;
  for (const char* number : {"0", "3", "6", "8", "10"}) {
    ++slice;
    for (const char* part : {".weight", ".bias"})
      package["net.slice" + std::to_string(slice) + "." + number + part] =
          AlexFeatures().at(std::string("features.") + number + part);
  }
  package["scaling_layer.shift"] = {1, 3, 1, 1};
  package["lins.0.model.1.weight"] = {1, 64, 1, 1};
  EXPECT_EQ(Failure({Write("package.safetensors", package)}), "");
}

TEST_F(LpipsFiles, WrongFilesAreRefusedByName) {
  Shapes fewer = AlexFeatures();
  fewer.merge(Linear());
  fewer.erase("lin3.model.1.weight");
  fewer["features.12.weight"] = {2, 2};
  const std::string named = Failure({Write("fewer.safetensors", fewer)});
  EXPECT_THAT(named, HasSubstr("lin3.model.1.weight"));
  EXPECT_THAT(named, HasSubstr("features.12.weight"));
  EXPECT_THAT(Failure({Write("linear.safetensors", Linear())}), HasSubstr("features.0.weight"));
  const auto features = Write("features.safetensors", AlexFeatures());
  EXPECT_THAT(Failure({features, features}), HasSubstr("twice"));
  EXPECT_THAT(Failure({}), HasSubstr("one to eight"));
  ASSERT_TRUE(WriteFileAtomic(folder_ / "alexnet.pth", std::string("PK\x03\x04")).ok());
  EXPECT_THAT(Failure({folder_ / "alexnet.pth"}), HasSubstr("is a pickle"));
}

}  // namespace
}  // namespace kantei::nn
