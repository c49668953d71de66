#include "kantei/generate/inpaint_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "kantei/base/random.h"

namespace kantei::generate {
namespace {

using image::Image;
using testing::HasSubstr;

/// Stripes with a little noise: texture whose continuation is known.
Image Stripes(int width, int height) {
  Image picture(width, height, 3);
  Random random(7);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int base = (x / 4) % 2 == 0 ? 60 : 190;
      for (int c = 0; c < 3; ++c)
        picture.row(y)[3 * x + c] = static_cast<std::uint8_t>(base + 10 * c + int(random.Below(8)));
    }
  }
  return picture;
}

Image Hole(int width, int height, image::Rect hole) {
  Image mask(width, height, 1);
  for (int y = hole.y; y < hole.y + hole.height; ++y) std::fill_n(mask.row(y) + hole.x, hole.width, 255);
  return mask;
}

double MeanError(const Image& a, const Image& b, const Image& mask) {
  double sum = 0, count = 0;
  for (std::size_t i = 0; i < mask.pixels().size(); ++i) {
    if (mask.pixels()[i] == 0) continue;
    for (std::size_t c = 0; c < 3; ++c)
      sum += std::abs(int(a.pixels()[3 * i + c]) - int(b.pixels()[3 * i + c]));
    count += 3;
  }
  return sum / count;
}

class EachEngine : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    auto made = MakeInpaintEngine(GetParam());
    ASSERT_TRUE(made.ok()) << made.error().message;
    engine_ = std::move(*made);
  }
  Result<Image> Run(const Image& rgb, const Image& mask, std::uint64_t seed = 1) const {
    return engine_->Inpaint(rgb, mask, seed, CancellationToken());
  }
  std::unique_ptr<InpaintEngine> engine_;
};

TEST_P(EachEngine, FillsTheHoleAndLeavesTheRestBitIdentical) {
  const Image picture = Stripes(96, 80);
  const Image mask = Hole(96, 80, {30, 24, 30, 20});
  // What is in the hole must not matter.
  Image blanked = picture;
  for (std::size_t i = 0; i < mask.pixels().size(); ++i) {
    if (mask.pixels()[i] != 0)
      std::fill_n(blanked.pixels().begin() + static_cast<std::ptrdiff_t>(3 * i), 3, 255);
  }
  const auto filled = Run(blanked, mask);
  ASSERT_TRUE(filled.ok()) << filled.error().message;
  EXPECT_EQ(engine_->name(), GetParam());
  int changed = 0;
  for (std::size_t i = 0; i < mask.pixels().size(); ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      if (mask.pixels()[i] == 0) {
        ASSERT_EQ(filled->pixels()[3 * i + c], picture.pixels()[3 * i + c]);
      } else if (filled->pixels()[3 * i + c] != 255) {
        ++changed;
      }
    }
  }
  EXPECT_GT(changed, 30 * 20 * 3 * 9 / 10);
  // A blank hole would be off by about 120.
  EXPECT_LT(MeanError(*filled, picture, mask), 75);
}

TEST_P(EachEngine, IsDeterministic) {
  const Image picture = Stripes(64, 64), mask = Hole(64, 64, {20, 20, 16, 18});
  const auto first = Run(picture, mask, 5), second = Run(picture, mask, 5);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_TRUE(std::ranges::equal(first->pixels(), second->pixels()));
}

TEST_P(EachEngine, RefusesWhatDoesNotFit) {
  const Image picture = Stripes(40, 40);
  const auto other_size = Run(picture, Hole(40, 39, {4, 4, 8, 8}));
  ASSERT_FALSE(other_size.ok());
  EXPECT_EQ(other_size.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(other_size.error().message, HasSubstr("40x39"));
  const auto full = Run(picture, Hole(40, 40, {0, 0, 40, 40}));
  ASSERT_FALSE(full.ok());
  EXPECT_THAT(full.error().message, HasSubstr("whole picture"));
  Image soft = Hole(40, 40, {4, 4, 8, 8});
  soft.row(0)[0] = 128;
  EXPECT_FALSE(Run(picture, soft).ok());
  EXPECT_FALSE(Run(Image(40, 40, 1), Hole(40, 40, {4, 4, 8, 8})).ok());
}

TEST_P(EachEngine, EmptyMaskChangesNothing) {
  const Image picture = Stripes(40, 40);
  const auto same = Run(picture, Image(40, 40, 1));
  ASSERT_TRUE(same.ok());
  EXPECT_TRUE(std::ranges::equal(same->pixels(), picture.pixels()));
}

TEST_P(EachEngine, TinyPicturesAreFilledOrRefused) {
  for (const auto& [width, height] : {std::pair{1, 2}, {2, 2}, {5, 5}, {3, 40}, {17, 17}}) {
    const Image picture = Stripes(width, height);
    const auto filled = Run(picture, Hole(width, height, {0, 0, 1, 1}));
    if (filled.ok()) {
      EXPECT_EQ(filled->width(), width);
    } else {
      EXPECT_EQ(filled.error().code, ErrorCode::kInvalidArgument) << filled.error().message;
    }
  }
}

TEST_P(EachEngine, HolesAtTheEdgeOfThePicture) {
  const Image picture = Stripes(80, 60);
  for (const image::Rect hole : {image::Rect{0, 0, 20, 15}, {60, 45, 20, 15}, {0, 20, 80, 10}}) {
    const auto filled = Run(picture, Hole(80, 60, hole));
    ASSERT_TRUE(filled.ok()) << filled.error().message;
    EXPECT_LT(MeanError(*filled, picture, Hole(80, 60, hole)), 90);
  }
}

TEST_P(EachEngine, StopsOnRequest) {
  CancellationToken token;
  token.Cancel();
  const auto stopped = engine_->Inpaint(Stripes(40, 40), Hole(40, 40, {4, 4, 8, 8}), 1, token);
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
}

INSTANTIATE_TEST_SUITE_P(Engines, EachEngine,
                         testing::Values("telea", "navier-stokes", "fsr", "shift-map", "patch-match",
                                         "diffuse"),
                         [](const auto& engine) {
                           std::string name = engine.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(PatchMatchTest, ContinuesTextureThatDiffusionBlurs) {
  const Image picture = Stripes(128, 128), mask = Hole(128, 128, {48, 48, 28, 28});
  const auto patches = (*MakeInpaintEngine("patch-match"))->Inpaint(picture, mask, 1, CancellationToken());
  const auto smooth = (*MakeInpaintEngine("diffuse"))->Inpaint(picture, mask, 1, CancellationToken());
  ASSERT_TRUE(patches.ok() && smooth.ok());
  EXPECT_LT(MeanError(*patches, picture, mask), 12);
  EXPECT_GT(MeanError(*smooth, picture, mask), 40);
}

TEST(PatchMatchTest, SaysWhenNothingIsLeftToCopy) {
  // Only single columns are known.
  Image mask(40, 40, 1);
  std::fill(mask.pixels().begin(), mask.pixels().end(), 255);
  for (int y = 0; y < 40; ++y) mask.row(y)[20] = 0;
  const auto filled =
      (*MakeInpaintEngine("patch-match"))->Inpaint(Stripes(40, 40), mask, 1, CancellationToken());
  ASSERT_FALSE(filled.ok());
  EXPECT_THAT(filled.error().message, HasSubstr("3x3"));
}

TEST(DiffuseTest, ARampIsHarmonicAndComesBack) {
  Image ramp(64, 64, 3);
  for (int y = 0; y < 64; ++y) {
    for (int x = 0; x < 64; ++x) std::fill_n(ramp.row(y) + 3 * x, 3, static_cast<std::uint8_t>(2 * x + y));
  }
  const Image mask = Hole(64, 64, {16, 16, 30, 30});
  const auto filled = (*MakeInpaintEngine("diffuse"))->Inpaint(ramp, mask, 1, CancellationToken());
  ASSERT_TRUE(filled.ok());
  EXPECT_LT(MeanError(*filled, ramp, mask), 1.0);
}

TEST(InpaintEngineTest, AnUnknownNameIsAnsweredWithTheChoices) {
  const auto made = MakeInpaintEngine("magic");
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.error().message, HasSubstr("patch-match"));
  for (const InpaintEngineInfo& info : ClassicalInpaintEngines())
    EXPECT_TRUE(MakeInpaintEngine(info.name).ok());
}

}  // namespace
}  // namespace kantei::generate
