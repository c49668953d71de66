#include "kantei/dataset/forgery_maker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "kantei/dataset/edit_test_pictures.h"
#include "kantei/dataset/forgery_pixels.h"

namespace kantei::dataset {
namespace {

using image::Image;

/// A scene with the grain that photographs have.
Image Photo(std::uint64_t seed) {
  Image picture = testing_pictures::Scene(112, 96, seed);
  Random random(seed);
  AddNoise(&picture, 4, random);
  return picture;
}

image::Cutout Disc() {
  image::Cutout cutout{Image(48, 48, 3), Image(48, 48, 1)};
  for (int y = 0; y < 48; ++y) {
    for (int x = 0; x < 48; ++x) {
      const int d = (x - 24) * (x - 24) + (y - 24) * (y - 24);
      const int alpha = d < 400 ? 255 : d < 480 ? 100 : 0;
      cutout.alpha.row(y)[x] = static_cast<std::uint8_t>(alpha);
      for (int c = 0; c < 3; ++c)
        cutout.colour.row(y)[3 * x + c] =
            static_cast<std::uint8_t>(alpha * (x % 8 < 4 ? 250 : 20 + 40 * c) / 255);
    }
  }
  return cutout;
}

class EachKind : public testing::TestWithParam<std::string> {};

TEST_P(EachKind, ChangesInsideTheMaskOnlyAndFollowsTheSeed) {
  auto maker = ForgeryMaker::Create({});
  ASSERT_TRUE(maker.ok());
  const std::vector<image::Cutout> cutouts{Disc()};
  ForgeryMaterial material;
  material.cutouts = cutouts;
  material.draw_donor = [](Random& random) { return Photo(900 + random.Below(3)); };
  int made = 0;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const Image picture = Photo(seed);
    const auto forged = maker->Forge(GetParam(), picture, material, seed, CancellationToken());
    ASSERT_TRUE(forged.ok()) << forged.error().message;
    if (!forged->has_value()) continue;
    ++made;
    const Forgery& forgery = **forged;
    ASSERT_EQ(forgery.picture.width(), picture.width());
    ASSERT_EQ(forgery.mask.width(), picture.width());
    const Image near = Dilate(forgery.mask, 12);
    int changed = 0, masked = 0;
    for (std::size_t i = 0; i < near.pixels().size(); ++i) {
      int most = 0;
      for (std::size_t c = 0; c < 3; ++c)
        most = std::max(
            most, std::abs(int(forgery.picture.pixels()[3 * i + c]) - int(picture.pixels()[3 * i + c])));
      // A soft rim lies outside the mask, and not far.
      if (near.pixels()[i] == 0) {
        ASSERT_LE(most, kChangeLevel) << seed;
      }
      if (forgery.mask.pixels()[i] == 0) continue;
      ++masked;
      changed += most > kChangeLevel ? 1 : 0;
    }
    EXPECT_GE(masked, 112 * 96 / 200);
    EXPECT_GE(changed * 10, masked * 4);
    const auto again = maker->Forge(GetParam(), picture, material, seed, CancellationToken());
    ASSERT_TRUE(again.ok() && again->has_value());
    EXPECT_TRUE(std::ranges::equal((*again)->picture.pixels(), forgery.picture.pixels()));
    EXPECT_TRUE(std::ranges::equal((*again)->mask.pixels(), forgery.mask.pixels()));
    const auto other = maker->Forge(GetParam(), picture, material, seed + 100, CancellationToken());
    ASSERT_TRUE(other.ok());
    if (other->has_value()) {
      EXPECT_FALSE(std::ranges::equal((*other)->picture.pixels(), forgery.picture.pixels()));
    }
  }
  EXPECT_GE(made, 2);
}

INSTANTIATE_TEST_SUITE_P(Kinds, EachKind, testing::ValuesIn([] {
                           std::vector<std::string> names;
                           for (const ForgeryKind& kind : AllForgeryKinds()) names.emplace_back(kind.name);
                           return names;
                         }()),
                         [](const auto& kind) {
                           std::string name = kind.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(ForgeryMakerTest, NothingComesOfABlankPictureOrWithoutMaterial) {
  auto maker = ForgeryMaker::Create({});
  ASSERT_TRUE(maker.ok());
  const Image blank(96, 96, 3);
  for (const char* kind : {"telea", "patch-match", "copy-move", "splice", "cutout"}) {
    const auto forged = maker->Forge(kind, blank, {}, 1, CancellationToken());
    ASSERT_TRUE(forged.ok()) << forged.error().message;
    EXPECT_FALSE(forged->has_value()) << kind;
  }
  EXPECT_FALSE(maker->Forge("magic", blank, {}, 1, CancellationToken()).ok());
  CancellationToken stopped;
  stopped.Cancel();
  EXPECT_EQ(maker->Forge("telea", Photo(1), {}, 1, stopped).error().code, ErrorCode::kCancelled);
}

TEST(ForgeryMakerTest, ADrawingWhoseFillingLeavesNoTraceIsNotForged) {
  // Squares on a flat ground: a smooth filling closes each without a trace.
  Image drawing(128, 96, 3);
  std::fill(drawing.pixels().begin(), drawing.pixels().end(), 200);
  for (int i = 0; i < 5; ++i) {
    for (int y = 40; y < 52; ++y)
      std::fill_n(drawing.row(y) + 3 * (10 + 22 * i), 3 * 12, static_cast<std::uint8_t>(20 * i));
  }
  ForgeryOptions options;
  options.grain_chance = 0;
  options.feather_chance = 0;
  options.mask.least_share = 0.012;
  options.mask.most_share = 0.03;
  options.attempts = 30;
  options.least_changed = 0.01;
  options.mask.dilation = 3;
  // The largest share of flat pixels inside a mask.
  const auto flattest = [&](double most_flat) {
    options.most_flat = most_flat;
    auto maker = ForgeryMaker::Create(options);
    double most = -1;
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
      const auto forged = maker->Forge("diffuse", drawing, {}, seed, CancellationToken());
      if (!forged.ok() || !forged->has_value()) continue;
      const Forgery& forgery = **forged;
      double flat = 0, count = 0;
      for (std::size_t i = 0; i + 128 < forgery.mask.pixels().size(); ++i) {
        if (forgery.mask.pixels()[i] == 0) continue;
        const auto same = [&](std::size_t other) {
          return std::equal(&forgery.picture.pixels()[3 * i], &forgery.picture.pixels()[3 * i] + 3,
                            &forgery.picture.pixels()[3 * other]);
        };
        flat += same(i + 1) && same(i + 128) ? 1 : 0;
        count += 1;
      }
      most = std::max(most, flat / count);
    }
    return most;
  };
  EXPECT_GT(flattest(1), 0.7);
  EXPECT_LE(flattest(0.3), 0.31);
}

TEST(ForgeryMakerTest, ACutoutsMaskIsItsAlpha) {
  const Image ground(64, 64, 3);
  const image::Cutout disc = Disc();
  const Layer layer = Lay(ground, {disc.colour, disc.alpha}, 8, 8);
  EXPECT_EQ(layer.weight.row(32)[32], 255);
  EXPECT_EQ(layer.weight.row(0)[0], 0);
  EXPECT_EQ(layer.weight.row(8 + 24)[8 + 24 + 21], 100);
  // Premultiplied colours over black are what is stored.
  EXPECT_EQ(layer.picture.row(32)[3 * 32], disc.colour.row(24)[3 * 24]);
}

TEST(ForgeryPixelsTest, PiecesKeepTheirPixelsWhenTheyAreNeitherScaledNorTurned) {
  const Image picture = Photo(2);
  Image mask(picture.width(), picture.height(), 1);
  for (int y = 20; y < 60; ++y) std::fill_n(mask.row(y) + 30, 50, 255);
  const Piece piece = Transform(CutPiece(picture, mask), 1, 0, false);
  ASSERT_EQ(piece.colour.width(), 50);
  ASSERT_EQ(piece.colour.height(), 40);
  EXPECT_EQ(piece.colour.row(5)[3 * 7 + 1], picture.row(25)[3 * 37 + 1]);
  const Piece turned = Transform(CutPiece(picture, mask), 1, 90, false);
  EXPECT_NEAR(turned.colour.width(), 42, 1);
  EXPECT_NEAR(MaskShare(turned.alpha) * turned.alpha.width() * turned.alpha.height(), 2000, 120);
}

TEST(ForgeryPixelsTest, NoiseIsMeasuredAndDrawingsHaveNone) {
  Image flat(128, 128, 3);
  std::fill(flat.pixels().begin(), flat.pixels().end(), 120);
  const Image none(128, 128, 1);
  EXPECT_EQ(NoiseLevel(flat, none), 0);
  Image lines = flat;
  for (int y = 0; y < 128; y += 16) std::fill_n(lines.row(y), lines.stride(), 0);
  EXPECT_EQ(NoiseLevel(lines, none), 0);
  Random random(1);
  AddNoise(&flat, 6, random);
  // The luma of noise that is common to 85 % and independent to 50 %.
  EXPECT_NEAR(NoiseLevel(flat, none), 6 * 0.91, 0.8);
}

}  // namespace
}  // namespace kantei::dataset
