#include "kantei/copy/geometry.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "kantei/base/random.h"

namespace kantei::copy {
namespace {

using image::Homography;
using image::Point;

Correspondence Pair(const Homography& h, Point q, float scale, float angle) {
  const Point k = h.Apply(q), ahead = h.Apply({q.x + std::cos(angle), q.y + std::sin(angle)});
  const double length = std::hypot(ahead.x - k.x, ahead.y - k.y);
  return {q.x,
          q.y,
          scale,
          angle,
          k.x,
          k.y,
          static_cast<float>(scale * length),
          std::atan2(ahead.y - k.y, ahead.x - k.x)};
}

std::vector<Correspondence> Pairs(const Homography& h, int count, float size, Random& random) {
  std::vector<Correspondence> pairs;
  for (int i = 0; i < count; ++i) {
    pairs.push_back(
        Pair(h, {static_cast<float>(random.Uniform(0, size)), static_cast<float>(random.Uniform(0, size))},
             static_cast<float>(random.Uniform(1.5, 6)), static_cast<float>(random.Uniform(0, 6.28))));
  }
  return pairs;
}

std::vector<Correspondence> WrongPairs(int count, float size, Random& random) {
  std::vector<Correspondence> pairs;
  const auto u = [&](double low, double high) { return static_cast<float>(random.Uniform(low, high)); };
  for (int i = 0; i < count; ++i)
    pairs.push_back(
        {u(0, size), u(0, size), u(1.5, 6), u(0, 6.28), u(0, size), u(0, size), u(1.5, 6), u(0, 6.28)});
  return pairs;
}

const Homography kPerspective{{0.8, -0.25, 60, 0.2, 0.75, 20, 2e-4, -1e-4, 1}};

TEST(Geometry, HomographyFitIsExactOnExactPairs) {
  Random random(1);
  std::vector<Point> from, to;
  for (int i = 0; i < 12; ++i) {
    from.push_back({static_cast<float>(random.Uniform(0, 500)), static_cast<float>(random.Uniform(0, 500))});
    to.push_back(kPerspective.Apply(from.back()));
  }
  Homography fitted;
  ASSERT_TRUE(FitHomography(from, to, {}, &fitted));
  for (const Point p : {Point{0, 0}, Point{500, 0}, Point{250, 480}}) {
    EXPECT_NEAR(fitted.Apply(p).x, kPerspective.Apply(p).x, 0.02);
    EXPECT_NEAR(fitted.Apply(p).y, kPerspective.Apply(p).y, 0.02);
  }
}

TEST(Geometry, CollinearPointsGiveNoHomography) {
  std::vector<Point> from, to;
  for (int i = 0; i < 8; ++i) {
    from.push_back({static_cast<float>(i * 10), static_cast<float>(i * 20)});
    to.push_back({static_cast<float>(i * 5), static_cast<float>(i * 7)});
  }
  Homography fitted;
  EXPECT_FALSE(FitHomography(from, to, {}, &fitted));
  EXPECT_FALSE(FitAffine(from, to, {}, &fitted));
}

TEST(Geometry, FindsAPerspectiveAmongFourTimesAsManyWrongPairs) {
  Random random(2);
  auto pairs = Pairs(kPerspective, 30, 512, random);
  const auto wrong = WrongPairs(120, 512, random);
  pairs.insert(pairs.end(), wrong.begin(), wrong.end());
  const auto models = FindTransforms(pairs, 512, 512, {});
  ASSERT_FALSE(models.empty());
  EXPECT_GE(models[0].distinct_inliers, 26);
  EXPECT_LE(models[0].distinct_inliers, 34);
  EXPECT_LT(models[0].log10_nfa, -20);
  const Point middle{256, 256};
  EXPECT_NEAR(models[0].query_to_known.Apply(middle).x, kPerspective.Apply(middle).x, 1.0);
  EXPECT_NEAR(models[0].query_to_known.Apply(middle).y, kPerspective.Apply(middle).y, 1.0);
}

TEST(Geometry, FindsTwoRegionsWithTheirOwnTransforms) {
  Random random(3);
  const Homography moved{{0.5, 0, 200, 0, 0.5, 10, 0, 0, 1}};
  auto pairs = Pairs(kPerspective, 25, 512, random);
  const auto second = Pairs(moved, 15, 512, random);
  pairs.insert(pairs.end(), second.begin(), second.end());
  const auto models = FindTransforms(pairs, 512, 512, {});
  ASSERT_GE(models.size(), 2u);
  EXPECT_NEAR(models[1].query_to_known.m[0] / models[1].query_to_known.m[8], 0.5, 0.03);
}

TEST(Geometry, WrongPairsAloneAreNoEvidence) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    for (const auto& model : FindTransforms(WrongPairs(150, 512, random), 512, 512, {})) {
      EXPECT_LT(model.distinct_inliers, 9) << seed;
      EXPECT_GT(model.log10_nfa, -6) << seed;
    }
  }
}

TEST(Geometry, ManyPairsOntoOnePointDoNotCount) {
  std::vector<Correspondence> pairs;
  Random random(4);
  for (int i = 0; i < 60; ++i) {
    pairs.push_back({static_cast<float>(random.Uniform(0, 512)), static_cast<float>(random.Uniform(0, 512)),
                     2, 0, 100, 100, 2, 0});
  }
  EXPECT_TRUE(FindTransforms(pairs, 512, 512, {}).empty());
}

TEST(Geometry, ImplausibleMapsAreRefused) {
  const GeometryOptions options;
  EXPECT_TRUE(IsPlausible(kPerspective, 0, 0, 512, 512, options));
  EXPECT_FALSE(IsPlausible(Homography{{-1, 0, 512, 0, 1, 0, 0, 0, 1}}, 0, 0, 512, 512, options)) << "mirrors";
  EXPECT_FALSE(IsPlausible(Homography{{1, 0, 0, 0, 0.1, 0, 0, 0, 1}}, 0, 0, 512, 512, options)) << "squeezes";
  EXPECT_FALSE(IsPlausible(Homography{{0.01, 0, 0, 0, 0.01, 0, 0, 0, 1}}, 0, 0, 512, 512, options))
      << "collapses";
  EXPECT_FALSE(IsPlausible(Homography{{1, 0, 0, 0, 1, 0, -0.004, 0, 1}}, 0, 0, 512, 512, options))
      << "passes the horizon";
}

TEST(Geometry, HullAreaAndClipping) {
  const auto hull = ConvexHull({{0, 0}, {4, 0}, {4, 4}, {0, 4}, {2, 2}, {1, 3}, {4, 4}});
  EXPECT_EQ(hull.size(), 4u);
  EXPECT_DOUBLE_EQ(PolygonArea(hull), 16.0);
  EXPECT_DOUBLE_EQ(PolygonArea(ClipToRect({{-2, -2}, {2, -2}, {2, 2}, {-2, 2}}, 10, 10)), 4.0);
  EXPECT_TRUE(ClipToRect({{-5, -5}, {-2, -5}, {-2, -2}}, 10, 10).empty());
}

}  // namespace
}  // namespace kantei::copy
