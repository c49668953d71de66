#include "kantei/copy/descriptor_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <fstream>

#include "kantei/base/random.h"
#include "kantei/copy/descriptor_math.h"

namespace kantei::copy {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class DescriptorProfileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "kantei_profile_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { fs::remove_all(directory_); }

  static DescriptorProfile Example() {
    DescriptorProfile profile;
    profile.weights_sha256 = std::string(64, 'a');
    profile.scales = {128, 192};
    profile.dimension = 16;
    Random random(7);
    for (int row = 0; row < 30; ++row) {
      std::vector<float> values(16);
      for (float& value : values) value = static_cast<float>(random.Normal());
      EXPECT_TRUE(NormaliseRow(values));
      profile.background.insert(profile.background.end(), values.begin(), values.end());
    }
    profile.background_source = "made of noise";
    profile.normalisation = Normalisation::kAdditive;
    profile.calibrations[Normalisation::kAdditive] = {
        12.5, -3.25, 0.3125, "pairs of a test", {0, 0.5f, -0.25f, 0, 0, 0, 0, -1}};
    return profile;
  }

  fs::path directory_;
};

TEST_F(DescriptorProfileTest, ComesBackAsItWasWritten) {
  const DescriptorProfile profile = Example();
  ASSERT_TRUE(SaveDescriptorProfile(directory_ / "p.safetensors", profile).ok());
  const auto back = LoadDescriptorProfile(directory_ / "p.safetensors");
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(back->weights_sha256, profile.weights_sha256);
  EXPECT_EQ(back->scales, profile.scales);
  EXPECT_EQ(back->dimension, 16);
  EXPECT_EQ(back->background_source, "made of noise");
  EXPECT_EQ(back->normalisation, Normalisation::kAdditive);
  ASSERT_EQ(back->background.size(), profile.background.size());
  for (std::size_t i = 0; i < profile.background.size(); ++i)
    ASSERT_NEAR(back->background[i], profile.background[i], 1e-3);
  const ScoreCalibration& calibration = back->calibrations.at(Normalisation::kAdditive);
  EXPECT_EQ(calibration.slope, 12.5);
  EXPECT_EQ(calibration.threshold, 0.3125);
  EXPECT_EQ(calibration.source, "pairs of a test");
  EXPECT_EQ(calibration.view_offsets, (ViewOffsets{0, 0.5f, -0.25f, 0, 0, 0, 0, -1}));
}

TEST_F(DescriptorProfileTest, DamagedFilesAreNamed) {
  const fs::path path = directory_ / "p.safetensors";
  ASSERT_TRUE(SaveDescriptorProfile(path, Example()).ok());
  const auto size = fs::file_size(path);
  for (const std::uintmax_t keep : {size - 1, size / 2, std::uintmax_t{8}, std::uintmax_t{0}}) {
    fs::resize_file(path, keep);
    const auto loaded = LoadDescriptorProfile(path);
    ASSERT_FALSE(loaded.ok());
    EXPECT_THAT(loaded.error().message, HasSubstr("p.safetensors"));
  }
  DescriptorProfile falling = Example();
  falling.calibrations[Normalisation::kAdditive].slope = -1;
  ASSERT_TRUE(SaveDescriptorProfile(path, falling).ok());
  EXPECT_EQ(LoadDescriptorProfile(path).error().code, ErrorCode::kCorrupt);
  DescriptorProfile zero = Example();
  std::fill(zero.background.begin(), zero.background.begin() + 16, 0.0f);
  ASSERT_TRUE(SaveDescriptorProfile(path, zero).ok());
  EXPECT_THAT(LoadDescriptorProfile(path).error().message, HasSubstr("row 0"));
}

TEST(FitCalibration, RecoversTheCurveThatTheLabelsWereDrawnFrom) {
  Random random(3);
  std::vector<LabelledScore> scores;
  for (int i = 0; i < 20000; ++i) {
    const double score = random.Uniform(-1, 1);
    scores.push_back({score, random.Chance(1 / (1 + std::exp(-(6 * score - 1.5))))});
  }
  const auto fitted = FitCalibration(scores);
  ASSERT_TRUE(fitted.ok());
  EXPECT_NEAR(fitted->slope, 6, 0.3);
  EXPECT_NEAR(fitted->intercept, -1.5, 0.15);
  EXPECT_NEAR(fitted->Probability(0.25), 0.5, 0.03);
}

TEST(FitCalibration, StaysFiniteWhenNothingIsMixed) {
  std::vector<LabelledScore> scores;
  for (int i = 0; i < 50; ++i) scores.push_back({i < 25 ? -1000.0 - i : 1000.0 + i, i >= 25});
  const auto fitted = FitCalibration(scores);
  ASSERT_TRUE(fitted.ok());
  EXPECT_TRUE(std::isfinite(fitted->slope) && fitted->slope > 0);
  EXPECT_GT(fitted->Probability(1000), 0.9);
  EXPECT_LT(fitted->Probability(-1000), 0.1);
  // Platt's targets keep it from claiming certainty.
  EXPECT_LT(fitted->Probability(1000), 0.999);
}

TEST(FitCalibration, RefusesWhatCannotBeCalibrated) {
  std::vector<LabelledScore> scores(100, {0.5, true});
  EXPECT_EQ(FitCalibration(scores).error().code, ErrorCode::kInvalidArgument);
  for (int i = 0; i < 100; ++i) scores.push_back({0.9, false});  // strangers score higher
  EXPECT_EQ(FitCalibration(scores).error().code, ErrorCode::kInvalidArgument);
}

TEST(ThresholdAtPrecision, IsTheLowestScoreThatStillHolds) {
  // Descending: 9 right, 1 wrong (precision 0.9 at rank 10 ends with a wrong one), 1 right -> 10 of 11.
  std::vector<LabelledScore> scores;
  for (int i = 0; i < 9; ++i) scores.push_back({10.0 - i, true});
  scores.push_back({0.5, false});
  scores.push_back({0.25, true});
  scores.push_back({0.1, false});
  EXPECT_EQ(ThresholdAtPrecision(scores, 0.9), 0.25);
  EXPECT_EQ(ThresholdAtPrecision(scores, 0.95), 2.0);
  EXPECT_EQ(ThresholdAtPrecision({{1, false}, {1, true}}, 0.9),
            std::nullopt);  // among equals the stranger comes first
}

TEST(ProfilePath, StandsBesideTheWeights) {
  EXPECT_EQ(ProfilePath("/m/copy-descriptor.safetensors"),
            fs::path("/m/copy-descriptor.profile.safetensors"));
}

}  // namespace
}  // namespace kantei::copy
