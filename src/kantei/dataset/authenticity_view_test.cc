#include "kantei/dataset/authenticity_view.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace kantei::dataset {
namespace {

/// Red where the mask is set, blue elsewhere: a view of both shows whether they stay together.
struct Marked {
  image::Image picture, mask;
};
Marked Mark(int width, int height, image::Rect box) {
  Marked made{image::Image(width, height, 3), image::Image(width, height, 1)};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const bool in = x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height;
      made.mask.row(y)[x] = in ? 255 : 0;
      made.picture.row(y)[3 * x + (in ? 0 : 2)] = 220;
    }
  }
  return made;
}

std::int64_t Set(const image::Image& mask) {
  return std::count(mask.pixels().begin(), mask.pixels().end(), std::uint8_t{255});
}

TEST(AuthenticityView, MaskFollowsThePictureThroughEverything) {
  const Marked marked = Mark(180, 140, {60, 50, 50, 40});
  AuthenticityViewOptions options;
  options.side = 96;
  options.resize = options.coding = 1;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    const AuthenticityView view = MakeAuthenticityView(marked.picture, marked.mask, options, random);
    ASSERT_EQ(view.picture.width(), 96);
    ASSERT_EQ(view.mask.height(), 96);
    int wrong = 0;
    for (std::size_t i = 0; i < view.mask.pixels().size(); ++i) {
      ASSERT_TRUE(view.mask.pixels()[i] == 0 || view.mask.pixels()[i] == 255);
      const bool red = view.picture.pixels()[3 * i] > view.picture.pixels()[3 * i + 2];
      wrong += red != (view.mask.pixels()[i] == 255);
    }
    EXPECT_LT(wrong, 96 * 96 / 20) << seed;  // along the outline codecs blur the colours
  }
}

TEST(AuthenticityView, LaysTheCropOverTheChange) {
  const Marked marked = Mark(400, 400, {370, 10, 12, 12});
  AuthenticityViewOptions options;
  options.side = 64;
  options.on_mask = 1;
  options.resize = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    EXPECT_GT(Set(MakeAuthenticityView(marked.picture, marked.mask, options, random).mask), 0) << seed;
  }
}

TEST(AuthenticityView, TheSameSeedGivesTheSameView) {
  const Marked marked = Mark(200, 200, {20, 30, 90, 80});
  AuthenticityViewOptions options;
  options.side = 64;
  Random first(7), second(7), third(8);
  const AuthenticityView a = MakeAuthenticityView(marked.picture, marked.mask, options, first);
  const AuthenticityView b = MakeAuthenticityView(marked.picture, marked.mask, options, second);
  const AuthenticityView c = MakeAuthenticityView(marked.picture, marked.mask, options, third);
  EXPECT_TRUE(std::ranges::equal(a.picture.pixels(), b.picture.pixels()));
  EXPECT_TRUE(std::ranges::equal(a.mask.pixels(), b.mask.pixels()));
  EXPECT_FALSE(std::ranges::equal(a.picture.pixels(), c.picture.pixels()));
}

// A square of 40 pixels is what it was, times a factor that was asked for.
TEST(AuthenticityView, ScalesAsFarAsAllowed) {
  const Marked marked = Mark(600, 600, {280, 280, 40, 40});
  AuthenticityViewOptions options;
  options.side = 320;
  options.on_mask = options.resize = 1;
  options.coding = options.blur = options.noise = 0;
  options.least_scale = 1;
  options.most_scale = 2;
  double least = 9, most = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Random random(seed);
    const AuthenticityView view = MakeAuthenticityView(marked.picture, marked.mask, options, random);
    const double factor = std::sqrt(static_cast<double>(Set(view.mask))) / 40;
    EXPECT_LT(factor, 2.03) << seed;
    most = std::max(most, factor);
    if (Set(view.mask) > 0) least = std::min(least, factor);
  }
  EXPECT_GT(most, 1.7);
  EXPECT_LT(least, 1.3);
}

TEST(AuthenticityView, SmallPicturesAreMirroredAtTheirEdges) {
  const Marked marked = Mark(40, 17, {0, 0, 5, 17});
  AuthenticityViewOptions options;
  options.side = 96;
  options.resize = options.coding = options.blur = options.noise = 0;
  Random random(1);
  const AuthenticityView view = MakeAuthenticityView(marked.picture, marked.mask, options, random);
  EXPECT_EQ(view.picture.width(), 96);
  for (std::size_t i = 0; i < view.mask.pixels().size(); ++i)
    ASSERT_EQ(view.picture.pixels()[3 * i] > 0, view.mask.pixels()[i] == 255);
}

TEST(AuthenticityView, CompositeTakesEachPixelFromOneSide) {
  const Marked marked = Mark(30, 20, {5, 5, 10, 10});
  image::Image other(30, 20, 3);
  std::fill(other.pixels().begin(), other.pixels().end(), std::uint8_t{77});
  const image::Image made = CompositeThrough(marked.picture, other, marked.mask);
  for (std::size_t i = 0; i < marked.mask.pixels().size(); ++i)
    for (std::size_t c = 0; c < 3; ++c)
      ASSERT_EQ(made.pixels()[3 * i + c],
                marked.mask.pixels()[i] == 255 ? 77 : marked.picture.pixels()[3 * i + c]);
}

}  // namespace
}  // namespace kantei::dataset
