#include "kantei/generate/subject_mask.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kantei/base/random.h"

namespace kantei::generate {
namespace {

constexpr int kSide = 64;

image::Image Disc(double x, double y, double radius) {
  image::Image mask(kSide, kSide, 1);
  for (int j = 0; j < kSide; ++j)
    for (int i = 0; i < kSide; ++i)
      if (std::hypot(i + 0.5 - x, j + 0.5 - y) < radius) mask.row(j)[i] = 255;
  return mask;
}

image::Plane MapOf(const image::Image& mask, float on, float off, float noise) {
  image::Plane map(mask.width(), mask.height());
  Random random(3);
  for (std::size_t i = 0; i < map.values.size(); ++i)
    map.values[i] = (mask.pixels()[i] != 0 ? on : off) + noise * static_cast<float>(random.Uniform(-1, 1));
  return map;
}

/// A disc of one colour on another, both a little noisy.
image::Image Painted(const image::Image& mask, std::uint64_t seed = 1) {
  image::Image rgb(kSide, kSide, 3);
  Random random(seed);
  for (std::size_t i = 0; i < mask.pixels().size(); ++i)
    for (std::size_t c = 0; c < 3; ++c)
      rgb.pixels()[3 * i + c] =
          static_cast<std::uint8_t>((mask.pixels()[i] != 0 ? (c == 0 ? 200 : 60) : 110) + random.Below(12));
  return rgb;
}

TEST(SubjectMask, PartsAMapOfTwoLevels) {
  const image::Image disc = Disc(24, 30, 14);
  const auto mask = MaskOfMap(MapOf(disc, 0.6f, 0.3f, 0.02f), kSide, kSide, MaskSource::kAttention);
  ASSERT_TRUE(mask.has_value());
  EXPECT_EQ(MaskIou(mask->pixels, disc), 1);
  EXPECT_EQ(mask->source, MaskSource::kAttention);
  EXPECT_GT(mask->separation, 0.95);
  EXPECT_NEAR(mask->area, MaskArea(disc), 1e-9);
  // The same map four times as fine.
  const auto fine = MaskOfMap(MapOf(disc, 0.6f, 0.3f, 0), 4 * kSide, 4 * kSide, MaskSource::kAttention);
  ASSERT_TRUE(fine.has_value());
  EXPECT_EQ(fine->pixels.width(), 4 * kSide);
  EXPECT_NEAR(fine->area, MaskArea(disc), 0.02);
}

TEST(SubjectMask, AnEvenSlopeIsKnownAsPoorlySeparated) {
  image::Plane slope(kSide, kSide);
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x) slope.row(y)[x] = static_cast<float>(x + 1);
  const auto mask = MaskOfMap(slope, kSide, kSide, MaskSource::kAttention);
  ASSERT_TRUE(mask.has_value());
  EXPECT_NEAR(mask->separation, 0.75, 0.02);
}

TEST(SubjectMask, SmallPartsGo) {
  image::Image both = Disc(20, 32, 14);
  const image::Image large = both, second = Disc(52, 20, 8), speck = Disc(56, 56, 3);
  for (std::size_t i = 0; i < both.pixels().size(); ++i)
    both.pixels()[i] = std::max({both.pixels()[i], second.pixels()[i], speck.pixels()[i]});
  const auto mask = MaskOfMap(MapOf(both, 1, 0.2f, 0), kSide, kSide, MaskSource::kAttention);
  ASSERT_TRUE(mask.has_value());
  EXPECT_NE(mask->pixels.row(20)[52], 0);  // a third of the largest
  EXPECT_EQ(mask->pixels.row(56)[56], 0);
}

TEST(SubjectMask, FlatAndExtremeMapsAreNone) {
  const image::Image disc = Disc(32, 32, 16);
  const auto none = [](const image::Plane& map) {
    return !MaskOfMap(map, kSide, kSide, MaskSource::kAttention).has_value();
  };
  EXPECT_TRUE(none({}));
  EXPECT_TRUE(none(image::Plane(8, 8)));
  EXPECT_TRUE(none(MapOf(disc, 0.52f, 0.5f, 0)));
  EXPECT_FALSE(none(MapOf(disc, 0.6f, 0.5f, 0)));
  EXPECT_TRUE(none(MapOf(Disc(32, 32, 4), 0.6f, 0.3f, 0)));   // 1 % of the area
  EXPECT_TRUE(none(MapOf(Disc(32, 32, 44), 0.6f, 0.3f, 0)));  // all but the corners
  image::Plane broken = MapOf(disc, 0.6f, 0.3f, 0);
  broken.values[100] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(none(broken));
}

TEST(SubjectMask, SaliencyFindsWhatIsUnlikeTheBorder) {
  const image::Image disc = Disc(28, 36, 15);
  const SubjectMask mask = FindSubject({}, Painted(disc));
  EXPECT_EQ(mask.source, MaskSource::kSaliency);
  EXPECT_GT(MaskIou(mask.pixels, disc), 0.9);
  // One that the frame cuts off as well.
  const image::Image cut = Disc(32, 60, 20);
  EXPECT_GT(MaskIou(FindSubject({}, Painted(cut)).pixels, cut), 0.8);
  // Attention goes before saliency, and after it where it says nothing.
  const image::Image other = Disc(44, 20, 12);
  const SubjectMask led = FindSubject(MapOf(other, 0.6f, 0.3f, 0), Painted(disc));
  EXPECT_EQ(led.source, MaskSource::kAttention);
  EXPECT_GT(MaskIou(led.pixels, other), 0.9);
  EXPECT_EQ(FindSubject(image::Plane(8, 8), Painted(disc)).source, MaskSource::kSaliency);
  // One way alone.
  const image::Plane seen = MapOf(other, 0.6f, 0.3f, 0);
  EXPECT_GT(MaskIou(FindSubject(seen, Painted(disc), MaskSource::kSaliency).pixels, disc), 0.9);
  EXPECT_EQ(FindSubject(image::Plane(8, 8), Painted(disc), MaskSource::kAttention).source, MaskSource::kNone);
}

TEST(SubjectMask, APictureWithoutASubjectHasNone) {
  const SubjectMask even = FindSubject({}, image::Image(40, 30, 3));
  EXPECT_EQ(even.source, MaskSource::kNone);
  EXPECT_EQ(even.pixels.width(), 40);
  EXPECT_EQ(MaskArea(even.pixels), 0);
  EXPECT_EQ(FindSubject({}, Painted(Disc(0, 0, 0))).source, MaskSource::kNone);  // a little noise
}

TEST(SubjectMask, IouOfMasks) {
  const image::Image a = Disc(20, 32, 10), b = Disc(46, 32, 10);
  EXPECT_EQ(MaskIou(a, a), 1);
  EXPECT_EQ(MaskIou(a, b), 0);
  EXPECT_EQ(MaskIou(Disc(0, 0, 0), Disc(0, 0, 0)), 0);
  const double overlap = MaskIou(a, Disc(26, 32, 10));
  EXPECT_GT(overlap, 0.3);
  EXPECT_LT(overlap, 0.6);
}

}  // namespace
}  // namespace kantei::generate
