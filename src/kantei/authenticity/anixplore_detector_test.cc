#include "kantei/authenticity/anixplore_detector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace kantei::authenticity {
namespace {

// Marks what is bright; its label is the number of bright pixels in the first row, less 100.
class BrightNetwork : public nn::ManipulationNetwork {
 public:
  BrightNetwork(int side, nn::ManipulationInput input, std::vector<std::pair<int, int>>* sizes)
      : sizes_(sizes) {
    info_.name = "bright";
    info_.sha256 = "0123456789abcdef";
    info_.side = side;
    info_.input = input;
  }
  const nn::ManipulationInfo& info() const override { return info_; }
  Result<nn::ManipulationPrediction> Predict(const image::Image& picture) const override {
    sizes_->emplace_back(picture.width(), picture.height());
    nn::ManipulationPrediction prediction;
    const bool squash = info_.input == nn::ManipulationInput::kSquash;
    const int width = squash ? info_.side : picture.width(), height = squash ? info_.side : picture.height();
    prediction.mask = image::Plane(width, height);
    prediction.label = -100;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const bool bright =
            picture.row(y * picture.height() / height)[3 * (x * picture.width() / width)] > 127;
        prediction.mask.row(y)[x] = bright ? 10.0f : -10.0f;
        if (y == 0 && bright) prediction.label += 1;
      }
    }
    return prediction;
  }

 private:
  nn::ManipulationInfo info_;
  std::vector<std::pair<int, int>>* sizes_;
};

// Black, with a bright square.
image::Image WithSquare(int width, int height, const image::Rect& square) {
  image::Image picture(width, height, 3);
  for (int y = square.y; y < square.y + square.height; ++y)
    std::fill_n(picture.row(y) + 3 * square.x, 3 * square.width, std::uint8_t{255});
  return picture;
}

TEST(AniXploreDetector, LargePicturesAreCoveredByTilesWithoutSeams) {
  std::vector<std::pair<int, int>> sizes;
  const auto detector =
      MakeAniXploreDetector(std::make_unique<BrightNetwork>(256, nn::ManipulationInput::kPad, &sizes));
  const image::Rect square{300, 0, 200, 150};
  const auto findings = detector->Analyse(WithSquare(700, 260, square), {});
  ASSERT_TRUE(findings.ok());
  EXPECT_EQ(sizes.size(), 10u);  // five across, two down
  for (const auto& [width, height] : sizes) {
    EXPECT_EQ(width, 256);
    EXPECT_EQ(height, 256);
  }
  ASSERT_EQ(findings->map.width, 700);
  ASSERT_EQ(findings->map.height, 260);
  for (int y = 0; y < 260; ++y) {
    for (int x = 0; x < 700; ++x) {
      const bool inside = x >= square.x && x < square.x + square.width && y < square.height;
      ASSERT_NEAR(findings->map.row(y)[x], inside ? 1 : 0, 1e-3) << x << " " << y;
    }
  }
  // The most suspect tile sees the whole width of the square; a sixth of the picture is marked.
  EXPECT_NEAR(findings->edited_logit, std::log((1 - 30000.0 / 182000) / (30000.0 / 182000)), 0.01);
  EXPECT_NEAR(findings->ai_made_logit, -findings->edited_logit, 0.01);
  EXPECT_EQ(detector->id(), "bright 0123456789ab");
}

TEST(AniXploreDetector, SmallPicturesAreOneTile) {
  std::vector<std::pair<int, int>> sizes;
  const auto detector =
      MakeAniXploreDetector(std::make_unique<BrightNetwork>(256, nn::ManipulationInput::kPad, &sizes));
  ASSERT_TRUE(detector->Analyse(image::Image(100, 80, 3), {}).ok());
  EXPECT_EQ(sizes, (std::vector<std::pair<int, int>>{{100, 80}}));
}

TEST(AniXploreDetector, SquashedMapsHaveThePicturesSize) {
  std::vector<std::pair<int, int>> sizes;
  const auto detector =
      MakeAniXploreDetector(std::make_unique<BrightNetwork>(64, nn::ManipulationInput::kSquash, &sizes));
  const auto findings = detector->Analyse(WithSquare(320, 128, {0, 0, 160, 128}), {});
  ASSERT_TRUE(findings.ok());
  EXPECT_EQ(sizes.size(), 1u);
  EXPECT_EQ(findings->map.width, 320);
  EXPECT_EQ(findings->map.height, 128);
  EXPECT_NEAR(findings->map.row(64)[20], 1, 1e-3);
  EXPECT_NEAR(findings->map.row(64)[300], 0, 1e-3);
  EXPECT_TRUE(findings->confidence.values.empty());
}

TEST(AniXploreDetector, TooSmallAndStoppedAreErrors) {
  std::vector<std::pair<int, int>> sizes;
  const auto detector =
      MakeAniXploreDetector(std::make_unique<BrightNetwork>(64, nn::ManipulationInput::kSquash, &sizes));
  EXPECT_EQ(detector->Analyse(image::Image(63, 200, 3), {}).error().code, ErrorCode::kInvalidArgument);
  const CancellationToken stopped;
  stopped.Cancel();
  EXPECT_EQ(detector->Analyse(image::Image(100, 100, 3), stopped).error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(sizes.empty());
}

TEST(AniXploreDetector, AWholeMapSaysMadeAndAPartSaysEdited) {
  const LabelSplit whole = SplitLabel(5, 0.95), part = SplitLabel(5, 0.1), real = SplitLabel(-4, 0.001);
  EXPECT_GT(whole.ai_made_logit, 2);
  EXPECT_LT(whole.edited_logit, -2);
  EXPECT_LT(part.ai_made_logit, -2);
  EXPECT_GT(part.edited_logit, 2);
  EXPECT_LE(real.ai_made_logit, -4);
  EXPECT_EQ(real.edited_logit, -4);
  EXPECT_TRUE(std::isfinite(SplitLabel(1, 0).ai_made_logit));
  EXPECT_TRUE(std::isfinite(SplitLabel(1, 1).edited_logit));
}

TEST(AniXploreDetector, AFileThatIsNotThereIsAnError) {
  const auto detector = OpenAniXploreDetector("/nowhere/anixplore.safetensors");
  ASSERT_FALSE(detector.ok());
  EXPECT_EQ(detector.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace kantei::authenticity
