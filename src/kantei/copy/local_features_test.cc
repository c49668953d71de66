#include "kantei/copy/local_features.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <thread>

#include "kantei/base/random.h"
#include "kantei/copy/matching.h"

namespace kantei::copy {
namespace {

using image::Image;
using image::Point;

constexpr float kTurn = 2 * std::numbers::pi_v<float>;

// Overlapping ellipses on grey ground, drawn through any map: true views of one scene, without resampling.
class Scene {
 public:
  Scene(int count, std::uint64_t seed, double contrast = 1.0) {
    Random random(seed);
    for (int i = 0; i < count; ++i) {
      Ellipse e;
      e.x = static_cast<float>(random.Uniform(0, kWidth));
      e.y = static_cast<float>(random.Uniform(0, kHeight));
      e.rx = static_cast<float>(random.Uniform(3, 40));
      e.ry = e.rx * static_cast<float>(random.Uniform(0.4, 1));
      const double turn = random.Uniform(0, kTurn);
      e.c = static_cast<float>(std::cos(turn));
      e.s = static_cast<float>(std::sin(turn));
      for (float& value : e.colour) value = static_cast<float>(128 + contrast * random.Uniform(-120, 120));
      ellipses_.push_back(e);
    }
  }

  static constexpr int kWidth = 420, kHeight = 320;

  Image Render(int width, int height, const std::function<Point(Point)>& to_scene) const {
    Image out(width, height, 3);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        std::array<float, 3> sum{};
        for (int i = 0; i < 4; ++i) {
          const Point p = to_scene({static_cast<float>(x) + 0.25f + 0.5f * static_cast<float>(i % 2),
                                    static_cast<float>(y) + 0.25f + 0.5f * static_cast<float>(i / 2)});
          const auto colour = At(p);
          for (std::size_t c = 0; c < 3; ++c) sum[c] += 0.25f * colour[c];
        }
        for (std::size_t c = 0; c < 3; ++c)
          out.row(y)[3 * x + static_cast<int>(c)] = static_cast<std::uint8_t>(sum[c]);
      }
    }
    return out;
  }
  Image Render() const {
    return Render(kWidth, kHeight, [](Point p) { return p; });
  }

 private:
  struct Ellipse {
    float x, y, rx, ry, c, s;
    std::array<float, 3> colour;
  };
  std::array<float, 3> At(Point p) const {
    for (auto e = ellipses_.rbegin(); e != ellipses_.rend(); ++e) {
      const float dx = p.x - e->x, dy = p.y - e->y;
      if (dx * dx + dy * dy >= e->rx * e->rx) continue;
      const float u = (e->c * dx + e->s * dy) / e->rx, v = (e->c * dy - e->s * dx) / e->ry;
      if (u * u + v * v < 1) return e->colour;
    }
    return {128, 128, 128};
  }
  std::vector<Ellipse> ellipses_;
};

Image Flat(int width, int height, std::uint8_t value) {
  Image out(width, height, 3);
  std::fill(out.pixels().begin(), out.pixels().end(), value);
  return out;
}

Image Flipped(const Image& in) {
  Image out(in.width(), in.height(), 3);
  for (int y = 0; y < in.height(); ++y) {
    for (int x = 0; x < in.width(); ++x) {
      for (int c = 0; c < 3; ++c) out.row(y)[3 * (in.width() - 1 - x) + c] = in.row(y)[3 * x + c];
    }
  }
  return out;
}

struct Agreement {
  std::size_t matches = 0, correct = 0;
};

// Matches of the view with the original, and how many lie where `to_view` says, within `tolerance` pixels of
// the view.
Agreement Compare(const LocalFeatures& view, const LocalFeatures& original,
                  const std::function<Point(Point)>& to_view, float tolerance) {
  Agreement a;
  for (const Match& m : MatchMutualRatio(view, original, 0.8f, true)) {
    const Keypoint& from = original.keypoints[m.known];
    const Keypoint& to = view.keypoints[m.query];
    const Point expected = to_view({from.x, from.y});
    ++a.matches;
    a.correct += std::hypot(expected.x - to.x, expected.y - to.y) < tolerance;
  }
  return a;
}

float AngleGap(float a, float b) {
  const float gap = std::fmod(std::abs(a - b), kTurn);
  return std::min(gap, kTurn - gap);
}

TEST(LocalFeaturesTest, KeepsItsPromisesOnEveryFeature) {
  const Image picture = Scene(150, 1).Render();
  LocalFeatureOptions options;
  options.max_features = 200;
  const LocalFeatures f = ExtractLocalFeatures(picture, options);
  EXPECT_EQ(f.width, picture.width());
  EXPECT_EQ(f.height, picture.height());
  ASSERT_EQ(f.size(), 200u);
  ASSERT_EQ(f.descriptors.size(), f.size() * kDescriptorSize);
  for (std::size_t i = 0; i < f.size(); ++i) {
    const Keypoint& k = f.keypoints[i];
    EXPECT_TRUE(k.x > 0 && k.x < 420 && k.y > 0 && k.y < 320) << k.x << " " << k.y;
    EXPECT_TRUE(k.scale > 0.5f && k.scale < 160) << k.scale;
    EXPECT_TRUE(k.angle >= 0 && k.angle < kTurn) << k.angle;
    double squares = 0;
    for (int j = 0; j < kDescriptorSize; ++j) squares += f.descriptor(i)[j] * f.descriptor(i)[j];
    EXPECT_NEAR(std::sqrt(squares), 255 * std::sqrt(2.0), 6.0);
  }
}

TEST(LocalFeaturesTest, IsTheSameOnEveryCallAndThread) {
  const Image picture = Scene(120, 2).Render(),
              other = Scene(90, 3).Render(333, 217, [](Point p) { return p; });
  const Bytes expected = SerializeFeatures(ExtractLocalFeatures(picture));
  std::array<Bytes, 3> got;
  std::vector<std::thread> threads;
  for (Bytes& bytes : got) {
    threads.emplace_back([&picture, &other, &bytes] {
      // Leftovers of another picture in the thread's memory must not show.
      (void)ExtractLocalFeatures(other);
      bytes = SerializeFeatures(ExtractLocalFeatures(picture));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Bytes& bytes : got) EXPECT_EQ(bytes, expected);
}

TEST(LocalFeaturesTest, FindsABlobWhereItIsAndAsLargeAsItIs) {
  for (const float sigma : {4.0f, 7.0f, 12.0f}) {
    const float cx = 101.3f, cy = 78.6f;
    Image picture(200, 160, 1);
    for (int y = 0; y < 160; ++y) {
      for (int x = 0; x < 200; ++x) {
        const float dx = static_cast<float>(x) + 0.5f - cx, dy = static_cast<float>(y) + 0.5f - cy;
        picture.row(y)[x] = static_cast<std::uint8_t>(
            std::lround(40 + 200 * std::exp(-(dx * dx + dy * dy) / (2 * sigma * sigma))));
      }
    }
    LocalFeatureOptions options;
    options.max_features = 5;
    const LocalFeatures f = ExtractLocalFeatures(picture, options);
    ASSERT_GE(f.size(), 1u) << sigma;
    EXPECT_NEAR(f.keypoints[0].x, cx, 0.2f) << sigma;
    EXPECT_NEAR(f.keypoints[0].y, cy, 0.2f) << sigma;
    // The difference of blurs s and k·s of a Gaussian blob peaks at s = σ / √k, k = 2^(1/3).
    EXPECT_NEAR(f.keypoints[0].scale, sigma / std::exp2(1.0f / 6), 0.08f * sigma);
  }
}

TEST(LocalFeaturesTest, FindsNothingOnFlatGroundAndBearsAnySize) {
  EXPECT_EQ(ExtractLocalFeatures(Flat(300, 200, 0)).size(), 0u);
  EXPECT_EQ(ExtractLocalFeatures(Flat(300, 200, 255)).size(), 0u);
  EXPECT_EQ(ExtractLocalFeatures(Image()).size(), 0u);
  Random random(4);
  const std::array<std::array<int, 2>, 9> sizes{
      {{1, 1}, {2, 1}, {1, 300}, {3000, 1}, {7, 7}, {12, 12}, {13, 1000}, {2000, 30}, {31, 33}}};
  for (const auto& [width, height] : sizes) {
    for (const int channels : {1, 3}) {
      Image noise(width, height, channels);
      for (auto& value : noise.pixels()) value = static_cast<std::uint8_t>(random.Below(256));
      const LocalFeatures f = ExtractLocalFeatures(noise);
      EXPECT_EQ(f.width, width);
      for (const Keypoint& k : f.keypoints) {
        EXPECT_TRUE(k.x >= 0 && k.x <= static_cast<float>(width) && k.y >= 0 &&
                    k.y <= static_cast<float>(height));
      }
    }
  }
}

TEST(LocalFeaturesTest, GreyPictureEqualsItsRgbForm) {
  Image grey(200, 150, 1), rgb(200, 150, 3);
  const Image scene = Scene(90, 5).Render(200, 150, [](Point p) { return p; });
  for (int y = 0; y < 150; ++y) {
    for (int x = 0; x < 200; ++x) {
      grey.row(y)[x] = scene.row(y)[3 * x + 1];
      for (int c = 0; c < 3; ++c) rgb.row(y)[3 * x + c] = scene.row(y)[3 * x + 1];
    }
  }
  const LocalFeatures a = ExtractLocalFeatures(grey), b = ExtractLocalFeatures(rgb);
  ASSERT_GT(a.size(), 50u);
  const Agreement agreement = Compare(
      b, a, [](Point p) { return p; }, 0.1f);
  EXPECT_GE(agreement.correct, a.size() * 95 / 100);
}

TEST(LocalFeaturesTest, SurvivesRotationScaleAndContrast) {
  const Scene scene(150, 6);
  const LocalFeatures original = ExtractLocalFeatures(scene.Render());
  ASSERT_GT(original.size(), 200u);

  const float c = std::cos(0.6f), s = std::sin(0.6f);
  const auto turn = [c, s](Point p) {
    return Point{c * (p.x - 210) - s * (p.y - 160) + 210, s * (p.x - 210) + c * (p.y - 160) + 160};
  };
  const auto back = [c, s](Point p) {
    return Point{c * (p.x - 210) + s * (p.y - 160) + 210, -s * (p.x - 210) + c * (p.y - 160) + 160};
  };
  const LocalFeatures turned = ExtractLocalFeatures(scene.Render(420, 320, back));
  const Agreement rotation = Compare(turned, original, turn, 3);
  EXPECT_GE(rotation.correct, original.size() / 3);
  EXPECT_GE(rotation.correct, rotation.matches * 85 / 100);
  std::size_t right_angles = 0;
  for (const Match& m : MatchMutualRatio(turned, original, 0.8f, true)) {
    right_angles +=
        AngleGap(turned.keypoints[m.query].angle, original.keypoints[m.known].angle + 0.6f) < 0.15f;
  }
  EXPECT_GE(right_angles, rotation.matches * 80 / 100);

  const auto half = [](Point p) { return Point{0.5f * p.x, 0.5f * p.y}; };
  const LocalFeatures small = ExtractLocalFeatures(scene.Render(210, 160, [](Point p) {
    return Point{2 * p.x, 2 * p.y};
  }));
  const Agreement scale = Compare(small, original, half, 1.5f);
  EXPECT_GE(scale.correct, original.size() * 30 / 100);
  EXPECT_GE(scale.correct, scale.matches * 9 / 10);

  Image dark = scene.Render();
  for (auto& value : dark.pixels()) value = static_cast<std::uint8_t>(value / 6 + 3);
  const Agreement contrast = Compare(
      ExtractLocalFeatures(dark), original, [](Point p) { return p; }, 1);
  EXPECT_GE(contrast.correct, original.size() * 75 / 100);
}

TEST(LocalFeaturesTest, WeakPartOfAPictureGetsItsShare) {
  // Left half: strong shapes that alone could fill the quota; right half: the same kind at a fifth of the
  // contrast.
  const Scene strong(400, 7), weak(400, 8, 0.2);
  Image picture = strong.Render();
  const Image right = weak.Render();
  for (int y = 0; y < picture.height(); ++y) {
    std::copy(right.row(y) + 630, right.row(y) + 1260, picture.row(y) + 630);
  }
  LocalFeatureOptions options;
  options.max_features = 256;
  const LocalFeatures f = ExtractLocalFeatures(picture, options);
  const auto weak_count =
      std::count_if(f.keypoints.begin(), f.keypoints.end(), [](const Keypoint& k) { return k.x > 220; });
  EXPECT_GE(weak_count, 50);
  EXPECT_LE(weak_count, 150);
}

TEST(LocalFeaturesTest, PositionsReferToTheGivenPictureAtEveryWorkingSide) {
  const Scene scene(150, 9);
  const auto larger = [](Point p) { return Point{2.5f * p.x, 2.5f * p.y}; };
  const LocalFeatures original = ExtractLocalFeatures(scene.Render());
  const LocalFeatures large = ExtractLocalFeatures(scene.Render(1050, 800, [](Point p) {
    return Point{p.x / 2.5f, p.y / 2.5f};
  }));
  EXPECT_EQ(large.width, 1050);
  const Agreement agreement = Compare(large, original, larger, 3);
  EXPECT_GE(agreement.correct, original.size() * 50 / 100);
  double shift_x = 0, shift_y = 0, ratio = 0;
  std::size_t count = 0;
  for (const Match& m : MatchMutualRatio(large, original, 0.8f, true)) {
    const Keypoint &a = large.keypoints[m.query], &b = original.keypoints[m.known];
    if (std::hypot(a.x - 2.5f * b.x, a.y - 2.5f * b.y) > 3) continue;
    shift_x += a.x - 2.5f * b.x;
    shift_y += a.y - 2.5f * b.y;
    ratio += std::log(a.scale / (2.5f * b.scale));
    ++count;
  }
  // A wrong pixel-centre convention anywhere shows as a common shift.
  EXPECT_NEAR(shift_x / static_cast<double>(count), 0, 0.2);
  EXPECT_NEAR(shift_y / static_cast<double>(count), 0, 0.2);
  EXPECT_NEAR(ratio / static_cast<double>(count), 0, 0.05);
}

TEST(LocalFeaturesTest, MirrorEqualsExtractionFromTheFlippedPicture) {
  const Image picture = Scene(150, 10).Render();
  const LocalFeatures mirrored = MirrorFeatures(ExtractLocalFeatures(picture));
  const LocalFeatures flipped = ExtractLocalFeatures(Flipped(picture));
  ASSERT_GT(mirrored.size(), 200u);
  std::size_t found = 0;
  double shift = 0;
  for (std::size_t i = 0; i < mirrored.size(); ++i) {
    const Keypoint& a = mirrored.keypoints[i];
    std::uint32_t best = std::numeric_limits<std::uint32_t>::max();
    float at = 0;
    for (std::size_t j = 0; j < flipped.size(); ++j) {
      const Keypoint& b = flipped.keypoints[j];
      if (std::hypot(a.x - b.x, a.y - b.y) > 0.3f + 0.2f * a.scale || AngleGap(a.angle, b.angle) > 0.15f ||
          a.scale > 1.2f * b.scale || b.scale > 1.2f * a.scale) {
        continue;
      }
      const std::uint32_t distance = DescriptorDistance(mirrored.descriptor(i), flipped.descriptor(j));
      if (distance < best) best = distance, at = b.x;
    }
    // Strangers lie about 350² apart, a pair of views of one point below 120².
    if (best > 90 * 90) continue;
    ++found;
    shift += a.x - at;
  }
  // Octaves above the first take every second pixel, another one in the mirror: weak extrema there come and
  // go.
  EXPECT_GE(found, mirrored.size() * 3 / 4);
  EXPECT_NEAR(shift / static_cast<double>(found), 0, 0.05);
}

TEST(LocalFeaturesTest, MirroringTwiceChangesNothing) {
  const LocalFeatures f = ExtractLocalFeatures(Scene(60, 11).Render());
  const LocalFeatures twice = MirrorFeatures(MirrorFeatures(f));
  EXPECT_EQ(twice.descriptors, f.descriptors);
  for (std::size_t i = 0; i < f.size(); ++i) {
    EXPECT_NEAR(twice.keypoints[i].x, f.keypoints[i].x, 1e-3);
    EXPECT_LT(AngleGap(twice.keypoints[i].angle, f.keypoints[i].angle), 1e-4);
  }
}

TEST(LocalFeaturesTest, RoundTripKeepsDescriptorsAndNearlyEverythingElse) {
  const LocalFeatures f = ExtractLocalFeatures(Scene(120, 12).Render());
  ASSERT_GT(f.size(), 100u);
  const Bytes bytes = SerializeFeatures(f);
  EXPECT_LE(bytes.size(), 32 + f.size() * (kDescriptorSize + 6));
  const auto parsed = ParseFeatures(bytes);
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(parsed->width, f.width);
  EXPECT_EQ(parsed->height, f.height);
  EXPECT_EQ(parsed->descriptors, f.descriptors);
  ASSERT_EQ(parsed->size(), f.size());
  for (std::size_t i = 0; i < f.size(); ++i) {
    EXPECT_NEAR(parsed->keypoints[i].x, f.keypoints[i].x, 420 / 65535.0);
    EXPECT_NEAR(parsed->keypoints[i].y, f.keypoints[i].y, 320 / 65535.0);
    EXPECT_NEAR(parsed->keypoints[i].scale / f.keypoints[i].scale, 1, 0.023);
    EXPECT_LT(AngleGap(parsed->keypoints[i].angle, f.keypoints[i].angle), kTurn / 500);
  }
  EXPECT_EQ(SerializeFeatures(*parsed), bytes);
}

TEST(LocalFeaturesTest, EmptyFeaturesRoundTrip) {
  LocalFeatures none;
  EXPECT_TRUE(ParseFeatures(SerializeFeatures(none)).ok());
  none.width = 640;
  none.height = 480;
  const auto parsed = ParseFeatures(SerializeFeatures(none));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->width, 640);
  EXPECT_EQ(parsed->size(), 0u);
}

TEST(LocalFeaturesTest, RefusesDamagedBlobs) {
  LocalFeatures f;
  f.width = 100;
  f.height = 80;
  for (int i = 0; i < 3; ++i) f.keypoints.push_back({10.0f * static_cast<float>(i), 20, 2, 1});
  f.descriptors.assign(3 * kDescriptorSize, 31);
  const Bytes good = SerializeFeatures(f);
  ASSERT_TRUE(ParseFeatures(good).ok());
  const auto refused = [](const Bytes& bytes) {
    const auto result = ParseFeatures(bytes);
    return !result.ok() && result.error().code == ErrorCode::kCorrupt;
  };
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_TRUE(refused(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(length)))) << length;
  }
  Bytes longer = good;
  longer.push_back(std::byte{0});
  EXPECT_TRUE(refused(longer));
  // Signature, version, width, count: no value but the written one may pass where it lies about the rest.
  for (const std::size_t at : {0u, 1u, 2u, 3u, 7u, 11u, 12u, 13u, 14u, 15u}) {
    Bytes bad = good;
    bad[at] ^= std::byte{0x40};
    EXPECT_TRUE(refused(bad)) << at;
  }
  Bytes no_width = good;
  no_width[4] = std::byte{0};
  EXPECT_TRUE(refused(no_width));
}

}  // namespace
}  // namespace kantei::copy
