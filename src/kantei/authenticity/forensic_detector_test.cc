#include "kantei/authenticity/forensic_detector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>

#include "kantei/authenticity/forensic_net.h"
#include "kantei/authenticity/trace_test_pictures.h"
#include "kantei/image/transform.h"
#include "kantei/nn/weights_net.h"

namespace kantei::authenticity {
namespace {

namespace fs = std::filesystem;

/// A small network with seeded weights and running statistics that are not the initial ones.
class ForensicDetectorTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "kantei_forensic_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    torch::manual_seed(3);
    net_ = ForensicNet(shape_);
    const torch::NoGradGuard no_grad;
    for (auto& buffer : net_->named_buffers()) {
      if (buffer.key().ends_with("running_mean")) buffer.value().uniform_(-0.2, 0.2);
      if (buffer.key().ends_with("running_var")) buffer.value().uniform_(0.5, 2.0);
    }
    net_->eval();
    Save(nn::StateOf(*net_), shape_.Metadata());
  }
  void TearDown() override { fs::remove_all(directory_); }

  fs::path File() const { return directory_ / "net.safetensors"; }
  void Save(const nn::NamedTensors& tensors, const std::map<std::string, std::string>& metadata) {
    const Status saved = nn::SaveTensors(tensors, metadata, File());
    ASSERT_TRUE(saved.ok()) << saved.error().message;
  }
  PixelFindings Analyse(const image::Image& picture, const ForensicDetectorOptions& options = {}) const {
    auto detector = ForensicDetector::Open(File(), options);
    EXPECT_TRUE(detector.ok());
    auto findings = (*detector)->Analyse(picture, {});
    EXPECT_TRUE(findings.ok());
    return std::move(*findings);
  }

  ForensicShape shape_{16, {16, 16, 24, 24}, {1, 1, 1, 1}, 16};
  ForensicNet net_{nullptr};
  fs::path directory_;
};

double Furthest(const image::Plane& a, const image::Plane& b) {
  double most = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i)
    most = std::max<double>(most, std::abs(a.values[i] - b.values[i]));
  return most;
}

TEST_F(ForensicDetectorTest, FoldedNormsGiveWhatTheNetworkGives) {
  const image::Image picture = trace::test::Scene(256, 256, 1);
  const PixelFindings findings = Analyse(picture);
  const torch::NoGradGuard no_grad;
  const torch::Tensor pixels =
      torch::from_blob(const_cast<std::uint8_t*>(picture.pixels().data()), {1, 256, 256, 3}, torch::kUInt8)
          .permute({0, 3, 1, 2})
          .to(torch::kFloat32);
  const ForensicMaps maps = net_->Maps(pixels);
  const torch::Tensor verdict = net_->Verdict(maps.top, maps.mask);
  EXPECT_NEAR(findings.ai_made_logit, verdict[0][0].item<double>(), 1e-4);
  EXPECT_NEAR(findings.edited_logit, verdict[0][1].item<double>(), 1e-4);
  // Between four cells of the map lies their mean.
  const torch::Tensor share = torch::sigmoid(maps.mask)[0][0];
  EXPECT_NEAR(findings.map.row(0)[0], share[0][0].item<float>(), 1e-5);
  EXPECT_NEAR((findings.map.row(101)[101] + findings.map.row(101)[102] + findings.map.row(102)[101] +
               findings.map.row(102)[102]) /
                  4,
              share[25][25].item<float>(), 1e-2);
}

TEST_F(ForensicDetectorTest, TilesAgreeWithTheWhole) {
  const image::Image picture = trace::test::Scene(700, 500, 2);
  const PixelFindings whole = Analyse(picture, {false, 2048}), tiled = Analyse(picture, {false, 512});
  ASSERT_EQ(tiled.map.width, 700);
  ASSERT_EQ(tiled.map.height, 500);
  // What a cell sees ends before the margin of a tile, so nothing is left but rounding.
  EXPECT_LT(Furthest(whole.map, tiled.map), 2e-3);
  EXPECT_LT(Furthest(whole.confidence, tiled.confidence), 2e-3);
  EXPECT_NEAR(whole.ai_made_logit, tiled.ai_made_logit, 2e-2);
  EXPECT_NEAR(whole.edited_logit, tiled.edited_logit, 2e-2);
}

TEST_F(ForensicDetectorTest, ContrastIsWhatDepartsFromTheRest) {
  ForensicShape shape = shape_;
  shape.contrast = 8;
  ForensicNet net(shape);
  const torch::NoGradGuard no_grad;
  const torch::Tensor features = torch::rand({1, 16, 12, 12});
  EXPECT_EQ(net->Contrast(features).abs().max().item<float>(), 0) << "it begins by adding nothing";
  net->contrast_lateral->weight.uniform_(-1, 1);
  const torch::Tensor even = torch::ones({1, 16, 12, 12});
  EXPECT_LT(net->Contrast(even).abs().max().item<float>(), 1e-3);
  // A constant over the whole view is no contrast; the same constant over a part of it is.
  EXPECT_LT((net->Contrast(features + 3) - net->Contrast(features)).abs().max().item<float>(), 1e-3);
  torch::Tensor patched = even.clone();
  patched.slice(2, 0, 4).slice(3, 0, 4).add_(3);
  const torch::Tensor response = net->Contrast(patched).abs().sum(1)[0];
  EXPECT_GT(response[1][1].item<float>(), 2 * response[8][8].item<float>());
  Save(nn::StateOf(*net), shape.Metadata());
  EXPECT_EQ(Analyse(trace::test::Scene(200, 150, 6)).map.width, 200);
}

TEST_F(ForensicDetectorTest, AnySizeFromTheLeastOn) {
  for (const auto& [width, height] : {std::pair{64, 64}, std::pair{65, 97}, std::pair{300, 64}}) {
    const PixelFindings findings = Analyse(trace::test::Scene(width, height, 3));
    EXPECT_EQ(findings.map.width, width);
    EXPECT_EQ(findings.map.height, height);
    for (const float value : findings.map.values) ASSERT_TRUE(value >= 0 && value <= 1);
    EXPECT_TRUE(std::isfinite(findings.ai_made_logit) && std::isfinite(findings.edited_logit));
  }
  const auto detector = ForensicDetector::Open(File(), {});
  const auto small = (*detector)->Analyse(trace::test::Scene(63, 200, 3), {});
  ASSERT_FALSE(small.ok());
  EXPECT_EQ(small.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(ForensicDetectorTest, NamesItsWeightsAndStopsOnRequest) {
  const auto detector = ForensicDetector::Open(File(), {});
  EXPECT_THAT((*detector)->id(), testing::MatchesRegex("net [0-9a-f]+"));
  const CancellationToken token;
  token.Cancel();
  const auto stopped = (*detector)->Analyse(trace::test::Scene(128, 128, 4), token);
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
}

TEST_F(ForensicDetectorTest, RefusesForeignAndDamagedFiles) {
  nn::NamedTensors tensors = nn::StateOf(*net_);
  tensors.erase("labels.bias");
  Save(tensors, shape_.Metadata());
  auto opened = ForensicDetector::Open(File(), {});
  ASSERT_FALSE(opened.ok());
  EXPECT_THAT(opened.error().message, testing::HasSubstr("labels.bias"));

  auto metadata = shape_.Metadata();
  metadata["kantei.widths"] = "16,16,24";
  Save(nn::StateOf(*net_), metadata);
  EXPECT_EQ(ForensicDetector::Open(File(), {}).error().code, ErrorCode::kCorrupt);
  metadata["kantei.architecture"] = "resnet50";
  Save(nn::StateOf(*net_), metadata);
  EXPECT_EQ(ForensicDetector::Open(File(), {}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_FALSE(ForensicDetector::Open(directory_ / "none", {}).ok());
  EXPECT_FALSE(ForensicDetector::Open(File(), {false, 100}).ok());
}

}  // namespace
}  // namespace kantei::authenticity
