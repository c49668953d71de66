#include "kantei/generate/autoencoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "kantei/base/random.h"
#include "kantei/generate/autoencoder_net.h"
#include "kantei/nn/weights_net.h"

namespace kantei::generate {
namespace {

namespace fs = std::filesystem;

class AutoencoderTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "kantei_autoencoder_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { fs::remove_all(directory_); }

  fs::path Write(const AutoencoderShape& shape, const std::string& without = "") {
    torch::manual_seed(5);
    nn::NamedTensors tensors = nn::StateOf(*AutoencoderNet(shape));
    if (!without.empty()) {
      EXPECT_EQ(tensors.erase(without), 1u);
    }
    const fs::path path = directory_ / "model.safetensors";
    EXPECT_TRUE(nn::SaveTensors(tensors, ShapeMetadata(shape), path).ok());
    return path;
  }
  fs::path directory_;
};

image::Image Noise(int width, int height) {
  image::Image picture(width, height, 3);
  Random random(9);
  for (auto& value : picture.pixels()) value = static_cast<std::uint8_t>(random.Below(256));
  return picture;
}

TEST_F(AutoencoderTest, EveryUpsamplingKeepsTheSize) {
  for (const Upsampling upsampling :
       {Upsampling::kNearest, Upsampling::kBilinear, Upsampling::kTransposed, Upsampling::kShuffle}) {
    SCOPED_TRACE(std::string(UpsamplingName(upsampling)));
    const AutoencoderShape shape{upsampling, 4, {8, 12, 16}};
    const auto autoencoder = Autoencoder::Open(Write(shape));
    ASSERT_TRUE(autoencoder.ok()) << autoencoder.error().message;
    EXPECT_EQ((*autoencoder)->shape().upsampling, upsampling);
    EXPECT_EQ((*autoencoder)->shape().factor(), 4);
    for (const auto& [width, height] : {std::pair{32, 24}, std::pair{33, 26}, std::pair{8, 9}}) {
      const auto made = (*autoencoder)->Reconstruct(Noise(width, height));
      ASSERT_TRUE(made.ok());
      EXPECT_EQ(made->width(), width);
      EXPECT_EQ(made->height(), height);
    }
  }
}

TEST_F(AutoencoderTest, PaddingDoesNotReachIntoThePicture) {
  const auto autoencoder = Autoencoder::Open(Write({Upsampling::kShuffle, 4, {8, 12}}));
  const image::Image whole = Noise(64, 64);
  image::Image part(63, 64, 3);
  for (int y = 0; y < 64; ++y) std::copy_n(whole.row(y), 63 * 3, part.row(y));
  const auto a = (*autoencoder)->Reconstruct(whole), b = (*autoencoder)->Reconstruct(part);
  // Far from the cut edge both are the same picture.
  for (int y = 0; y < 64; ++y)
    for (int i = 0; i < 3 * 24; ++i) ASSERT_NEAR(a->row(y)[i], b->row(y)[i], 1);
}

TEST_F(AutoencoderTest, RefusesWhatDoesNotFit) {
  const AutoencoderShape shape{Upsampling::kNearest, 4, {8, 12}};
  auto opened = Autoencoder::Open(Write(shape, "decoder.0.bias"));
  ASSERT_FALSE(opened.ok());
  EXPECT_THAT(opened.error().message, testing::HasSubstr("decoder.0.bias"));
  EXPECT_FALSE(ParseUpsampling("cubic").ok());
  EXPECT_FALSE((AutoencoderShape{Upsampling::kNearest, 0, {8, 12}}).Validate().ok());
  EXPECT_FALSE((AutoencoderShape{Upsampling::kNearest, 4, {8}}).Validate().ok());
  const auto autoencoder = Autoencoder::Open(Write(shape));
  EXPECT_FALSE((*autoencoder)->Reconstruct(Noise(7, 20)).ok());
  EXPECT_FALSE((*autoencoder)->Reconstruct(image::Image(20, 20, 1)).ok());
}

}  // namespace
}  // namespace kantei::generate
