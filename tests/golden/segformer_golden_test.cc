// Agreement of semantic segmentation with transformers' SegFormer; data/segformer.* are made by make_segformer.py.
#include <gtest/gtest.h>
#include <torch/torch.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/image/transform.h"
#include "kantei/nn/formula_network.h"
#include "kantei/nn/segformer_net.h"
#include "kantei/nn/segmenter.h"
#include "kantei/nn/weights_net.h"

namespace kantei::nn {
namespace {

constexpr double kTolerance = 1e-4;
constexpr int kWidth = 60, kHeight = 44;

const std::filesystem::path kData = std::filesystem::path(KANTEI_SOURCE_DIR) / "tests" / "golden" / "data";

class SegformerGolden : public ::testing::Test {
 protected:
  static const Json& Case() {
    static const Json read =
        ParseJson(ReadTextFile(kData / "segformer.json", 1 << 20).value(), "segformer.json").value();
    return read;
  }
  static torch::Tensor Expected(const std::string& name) {
    static const SafetensorsFile file = SafetensorsFile::Open(kData / "segformer.safetensors").value();
    return ReadTensor(file.tensors().at(name), name, "segformer.safetensors").value();
  }
  static SegformerConfig Config() { return ReadSegformerConfig(Case().at("config"), "config").value(); }
  static SegformerInput Input() { return ReadSegformerInput(Case().at("preprocessor"), "input").value(); }
  static image::Image Picture() { return image::Crop(FormulaPicture(1, 64), {0, 0, kWidth, kHeight}); }

  static Segformer Filled() {
    Segformer module(Config());
    const torch::NoGradGuard no_grad;
    for (auto& [name, tensor] : StateOf(*module)) {
      const std::vector<float> values = FormulaTensor(name, tensor.sizes(), false);
      std::memcpy(tensor.data_ptr(), values.data(), values.size() * sizeof(float));
    }
    module->eval();
    module->FoldHead();
    return module;
  }
};

TEST_F(SegformerGolden, InputsAndLogitsAgree) {
  const torch::NoGradGuard no_grad;
  SegformerInput raw = Input();
  raw.scale = 1, raw.mean = {0, 0, 0}, raw.deviation = {1, 1, 1};
  // Its whole-number arithmetic rounds other than ours where a sum is nearly a half.
  const torch::Tensor apart = (SegformerTensor(Picture(), raw)[0] - Expected("pixels")).abs();
  EXPECT_LE(apart.max().item<double>(), 1);
  EXPECT_LT(apart.mean().item<double>(), 0.05);

  const SegformerInput input = Input();
  SegformerInput as_given = input;
  as_given.width = as_given.height = 0;
  const torch::Tensor pixels = Expected("pixels").to(torch::kUInt8).permute({1, 2, 0}).contiguous();
  const image::Image resized(96, 64, 3,
                             {pixels.data_ptr<uint8_t>(), pixels.data_ptr<uint8_t>() + pixels.numel()});
  Segformer module = Filled();
  EXPECT_EQ(StateOf(*module).size() + 1, Case().at("tensors").get<std::size_t>());  // the counter is left out
  const torch::Tensor logits = module->Logits(SegformerTensor(resized, as_given), {}).value()[0];
  const torch::Tensor expected = Expected("logits");
  ASSERT_EQ(logits.sizes(), expected.sizes());
  EXPECT_LT((logits - expected).abs().max().item<double>(), kTolerance);
}

TEST_F(SegformerGolden, LabelsOfAFolderAgree) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("kantei-segformer-golden-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  ASSERT_TRUE(WriteFileAtomic(folder / "config.json", DumpJson(Case().at("config"))).ok());
  ASSERT_TRUE(WriteFileAtomic(folder / "preprocessor_config.json", DumpJson(Case().at("preprocessor"))).ok());
  ASSERT_TRUE(SaveTensors(StateOf(*Filled()), {}, folder / "model.safetensors").ok());
  const auto segmenter = Segmenter::Open(folder);
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(segmenter.ok()) << segmenter.error().message;
  EXPECT_EQ((*segmenter)->names()[1], "sky, heaven");
  EXPECT_TRUE((*segmenter)->reduced_labels());
  const auto result = (*segmenter)->Segment(Picture());
  ASSERT_TRUE(result.ok()) << result.error().message;
  const torch::Tensor expected = Expected("labels");
  std::int64_t wrong = 0;
  double share = 0;
  for (int i = 0; i < kWidth * kHeight; ++i) {
    const auto label = expected.data_ptr<std::int64_t>()[i];
    wrong += result->labels[static_cast<std::size_t>(i)] != label;
    share += label == 2 ? 1.0 / (kWidth * kHeight) : 0;
  }
  EXPECT_LE(wrong, 2);  // where two classes are level
  EXPECT_NEAR(result->shares[2], share, 1e-3);
}

}  // namespace
}  // namespace kantei::nn
