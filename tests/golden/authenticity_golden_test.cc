// Agreement with torchvision's ConvNeXt-Tiny, transformers' SegFormer MiT-B3, SciPy's DCT, PyWavelets' db4 and AniXplore in
// PyTorch; data/authenticity.safetensors is made by make_authenticity.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "kantei/nn/anixplore_formula.h"
#include "kantei/nn/anixplore_net.h"
#include "kantei/nn/convnext_net.h"
#include "kantei/nn/frequency_planes.h"
#include "kantei/nn/image_tensor.h"
#include "kantei/nn/mit_net.h"

namespace kantei::nn {
namespace {

constexpr int kSide = 64;
constexpr std::size_t kSamples = 64;
// Of values of about 1 in float32 against a reference in double, relative beyond 1.
constexpr double kTolerance = 1e-4;

class AuthenticityGolden : public ::testing::Test {
 protected:
  static std::vector<float> Kept(const std::string& name) {
    static const auto file = SafetensorsFile::Open(std::filesystem::path(KANTEI_SOURCE_DIR) / "tests" /
                                                   "golden" / "data" / "authenticity.safetensors");
    EXPECT_TRUE(file.ok());
    const auto view = file->Get(name, DType::kF32, std::vector<std::int64_t>{-1});
    EXPECT_TRUE(view.ok()) << name;
    if (!view.ok()) return {};
    std::vector<float> values(view->bytes.size() / sizeof(float));
    std::memcpy(values.data(), view->bytes.data(), view->bytes.size());
    return values;
  }

  // The largest difference from what is kept under this name.
  static double Difference(const std::string& name, const std::vector<float>& values) {
    const auto samples = Kept(name + ".samples"), sums = Kept(name + ".sums");
    const std::size_t count = std::min(kSamples, values.size());
    if (samples.size() != count || sums.size() != 2) return INFINITY;
    const auto off = [](double ours, double theirs) {
      return std::abs(ours - theirs) / std::max(1.0, std::abs(theirs));
    };
    double most = 0, sum = 0, squares = 0;
    for (std::size_t i = 0; i < count; ++i)
      most = std::max(most, off(values[i * (values.size() / count)], samples[i]));
    for (const float value : values) {
      sum += value;
      squares += static_cast<double>(value) * value;
    }
    const auto total = static_cast<double>(values.size());
    return std::max({most, off(sum / total, sums[0]), off(squares / total, sums[1])});
  }

  static double Difference(const std::string& name, const torch::Tensor& tensor) {
    const torch::Tensor flat = tensor.detach().to(torch::kFloat32).contiguous();
    return Difference(name,
                      std::vector<float>(flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()));
  }

  // The normalised formula picture; its first `height` rows.
  static Planes Picture(int which, int side, int height) {
    const InputFormat format{side, InputMode::kSquash, {0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}};
    std::vector<float> pixels(static_cast<std::size_t>(side * side * 3));
    FillInput(FormulaPicture(which, side), side, side, format, pixels.data());
    Planes planes(3, height, side);
    for (std::size_t i = 0; i < planes.plane_size(); ++i) {
      for (std::size_t c = 0; c < 3; ++c) planes.values[c * planes.plane_size() + i] = pixels[3 * i + c];
    }
    return planes;
  }

  static torch::Tensor Batch(const Planes& planes) {
    return torch::from_blob(const_cast<float*>(planes.values.data()),
                            {1, planes.channels, planes.height, planes.width})
        .clone();
  }
};

TEST_F(AuthenticityGolden, StagesOfConvNextAreTorchvisions) {
  const torch::InferenceMode inference;
  ConvNext net;
  FillByFormula(*net);
  net->eval();
  const auto stages = net(Batch(Picture(0, kSide, kSide)));
  ASSERT_EQ(stages.size(), 4u);
  for (std::size_t s = 0; s < 4; ++s)
    EXPECT_LT(Difference("convnext." + std::to_string(s), stages[s]), kTolerance) << s;
}

TEST_F(AuthenticityGolden, StagesOfMitAreTransformers) {
  const torch::InferenceMode inference;
  Mit net;
  FillByFormula(*net);
  net->eval();
  const auto stages = net(Batch(Picture(0, kSide, kSide)));
  ASSERT_EQ(stages.size(), 4u);
  for (std::size_t s = 0; s < 4; ++s)
    EXPECT_LT(Difference("mit." + std::to_string(s), stages[s]), kTolerance) << s;
}

TEST_F(AuthenticityGolden, FrequencyPartsAreSciPysAndPyWaveletss) {
  const Planes planes = Picture(1, 96, kSide);
  EXPECT_LT(Difference("dct.high", DctHigh(planes).values), kTolerance);
  EXPECT_LT(Difference("dct.square", DctLow(planes, LowBand::kSquare).values), kTolerance);
  EXPECT_LT(Difference("dct.strip", DctLow(planes, LowBand::kStrip).values), kTolerance);
  EXPECT_LT(Difference("dwt.inverse", DwtHigh(planes, Synthesis::kInverse).values), kTolerance);
  EXPECT_LT(Difference("dwt.flipped", DwtHigh(planes, Synthesis::kFlipped).values), kTolerance);
}

TEST_F(AuthenticityGolden, TheQuirksAreSeen) {
  const Planes planes = Picture(1, 96, kSide);
  EXPECT_GT(Difference("dct.square", DctLow(planes, LowBand::kStrip).values), 0.01);
  EXPECT_GT(Difference("dwt.inverse", DwtHigh(planes, Synthesis::kFlipped).values), 0.01);
}

TEST_F(AuthenticityGolden, AniXploreIsPyTorchs) {
  const torch::InferenceMode inference;
  for (const bool released : {true, false}) {
    const std::string name = released ? "anixplore.released." : "anixplore.correct.";
    const Planes planes = Picture(0, kSide, kSide);
    const FrequencyPictures pictures = MakeFrequencyPictures(planes, released, 1);
    EXPECT_LT(Difference(name + "high", pictures.high.values), kTolerance) << name;
    EXPECT_LT(Difference(name + "low", pictures.low.values), kTolerance) << name;
    AniXplore net(AniXploreOptions{released});
    FillByFormula(*net);
    net->eval();
    const torch::Tensor colours = Batch(planes);
    const auto out = net->forward(torch::cat({colours, Batch(pictures.high)}, 1),
                                  torch::cat({colours, Batch(pictures.low)}, 1));
    EXPECT_LT(Difference(name + "mask", out.mask), kTolerance) << name;
    EXPECT_LT(Difference(name + "label", out.label), kTolerance) << name;
  }
}

}  // namespace
}  // namespace kantei::nn
