#include "kantei/dataset/reconstruction_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "kantei/base/random.h"
#include "kantei/dataset/authenticity_set.h"
#include "kantei/image/decode.h"
#include "kantei/image/encode.h"

namespace kantei::dataset {
namespace {

namespace fs = std::filesystem;

/// Four noisy pictures in a set, and a tiny autoencoder (tests/data/autoencoder, 200 steps of kantei train autoencoder).
class ReconstructionSetTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "kantei_reconstructions_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    set_ = pattern;
    std::vector<AuthenticitySample> samples;
    for (int p = 0; p < 4; ++p) {
      Random random(static_cast<std::uint64_t>(p));
      image::Image picture(72, 60, 3);
      for (auto& value : picture.pixels()) value = static_cast<std::uint8_t>(60 + random.Below(120));
      AuthenticitySample sample;
      sample.picture = set_ / ("a" + std::to_string(p) + ".png");
      ASSERT_TRUE(image::WriteImage(sample.picture, picture).ok());
      sample.engine = "authentic";
      sample.source = "noise";
      sample.split = "train";
      samples.push_back(sample);
    }
    ASSERT_TRUE(WriteAuthenticitySet(set_, samples).ok());
    auto opened = generate::Autoencoder::Open(std::string(KANTEI_SOURCE_DIR) +
                                              "/tests/data/autoencoder/tiny.safetensors");
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    autoencoder_ = std::move(*opened);
    options_.set = set_;
    options_.engine = "ae-tiny";
    options_.local = 1;
    options_.split = "train";
    options_.threads = 2;
  }
  void TearDown() override { fs::remove_all(set_); }

  fs::path set_;
  std::unique_ptr<generate::Autoencoder> autoencoder_;
  ReconstructionOptions options_;
};

TEST_F(ReconstructionSetTest, RowsJoinTheTableAndPicturesFitTheirOriginals) {
  const auto made = AddReconstructions(*autoencoder_, options_, {});
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(made->whole, 4);
  EXPECT_GT(made->local, 0);
  const auto samples = ReadAuthenticitySet(set_);
  ASSERT_TRUE(samples.ok()) << samples.error().message;
  EXPECT_EQ(samples->size(), static_cast<std::size_t>(8 + made->local));
  for (const AuthenticitySample& sample : *samples) {
    const auto picture = image::DecodeImageFile(sample.picture);
    ASSERT_TRUE(picture.ok());
    EXPECT_EQ(picture->pixels.width(), 72);
    if (sample.history == History::kAuthentic) continue;
    EXPECT_TRUE(sample.engine == "ae-tiny" || sample.engine == "ae-tiny-local");
    const auto original = image::DecodeImageFile(sample.original);
    ASSERT_TRUE(original.ok());
    if (sample.history != History::kEdited) continue;
    // Outside the mask the edit is its original.
    const auto mask = image::DecodeImageFile(sample.mask);
    ASSERT_TRUE(mask.ok());
    for (std::size_t i = 0; i < picture->pixels.pixels().size(); ++i) {
      const bool inside = mask->pixels.pixels()[i] != 0;
      ASSERT_TRUE(inside || picture->pixels.pixels()[i] == original->pixels.pixels()[i]) << i;
    }
  }
}

TEST_F(ReconstructionSetTest, ASecondRunAddsNothing) {
  const auto first = AddReconstructions(*autoencoder_, options_, {});
  ASSERT_TRUE(first.ok());
  const auto second = AddReconstructions(*autoencoder_, options_, {});
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->whole + second->local, 0);
  EXPECT_EQ(second->kept, first->whole + first->local);
}

TEST_F(ReconstructionSetTest, ACancelledRunLeavesTheTable) {
  const CancellationToken token;
  token.Cancel();
  const auto stopped = AddReconstructions(*autoencoder_, options_, token);
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(ReadAuthenticitySet(set_)->size(), 4u);
}

TEST_F(ReconstructionSetTest, OptionsAreChecked) {
  options_.engine = "a/b";
  EXPECT_THAT(AddReconstructions(*autoencoder_, options_, {}).error().message, testing::HasSubstr("slashes"));
  options_.engine = "x";
  options_.local = 2;
  EXPECT_FALSE(options_.Validate().ok());
}

}  // namespace
}  // namespace kantei::dataset
