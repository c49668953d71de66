#include "kantei/authenticity/anixplore_detector.h"

#include <gtest/gtest.h>

#include <cmath>

namespace kantei::authenticity {
namespace {

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
