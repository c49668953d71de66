#include "kantei/copy/matching.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kantei/base/random.h"
#include "kantei/copy/matching_kernels.h"

namespace kantei::copy {
namespace {

// Descriptors of the length that RootSIFT has, at random places of a 400 × 300 picture.
LocalFeatures RandomFeatures(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  LocalFeatures f;
  f.width = 400;
  f.height = 300;
  for (std::size_t i = 0; i < count; ++i) {
    f.keypoints.push_back(
        {static_cast<float>(random.Uniform(0, 400)), static_cast<float>(random.Uniform(0, 300)), 2, 0});
    for (int j = 0; j < kDescriptorSize; ++j)
      f.descriptors.push_back(static_cast<std::uint8_t>(random.Below(70)));
  }
  return f;
}

LocalFeatures Disturbed(const LocalFeatures& from, int noise, std::uint64_t seed) {
  Random random(seed);
  LocalFeatures f = from;
  for (auto& byte : f.descriptors) {
    byte = static_cast<std::uint8_t>(byte + random.Below(static_cast<std::uint64_t>(noise)));
  }
  return f;
}

void Append(LocalFeatures* to, const LocalFeatures& from, std::size_t i) {
  to->keypoints.push_back(from.keypoints[i]);
  to->descriptors.insert(to->descriptors.end(), from.descriptor(i), from.descriptor(i) + kDescriptorSize);
}

std::int64_t NaiveDistance(const std::uint8_t* a, const std::uint8_t* b) {
  std::int64_t sum = 0;
  for (int i = 0; i < kDescriptorSize; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

std::vector<Match> NaiveMatch(const LocalFeatures& query, const LocalFeatures& known, float max_ratio,
                              bool mutual) {
  constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();
  const double reach = 0.01 * std::max(known.width, known.height);
  std::vector<Match> out;
  for (std::size_t q = 0; q < query.size(); ++q) {
    std::int64_t best = kNone, second = kNone;
    std::size_t at = 0;
    for (std::size_t k = 0; k < known.size(); ++k) {
      const std::int64_t d = NaiveDistance(query.descriptor(q), known.descriptor(k));
      if (d < best) best = d, at = k;
    }
    for (std::size_t k = 0; k < known.size(); ++k) {
      const double gap = std::hypot(known.keypoints[k].x - known.keypoints[at].x,
                                    known.keypoints[k].y - known.keypoints[at].y);
      if (gap >= reach) second = std::min(second, NaiveDistance(query.descriptor(q), known.descriptor(k)));
    }
    if (second == kNone || second == 0 ||
        std::sqrt(static_cast<double>(best) / static_cast<double>(second)) >= max_ratio)
      continue;
    bool is_mutual = true;
    for (std::size_t other = 0; other < query.size() && mutual; ++other) {
      const std::int64_t d = NaiveDistance(query.descriptor(other), known.descriptor(at));
      if (d < best || (d == best && other < q)) is_mutual = false;
    }
    if (is_mutual) {
      out.push_back({static_cast<std::uint32_t>(q), static_cast<std::uint32_t>(at),
                     static_cast<float>(std::sqrt(static_cast<double>(best) / static_cast<double>(second))),
                     static_cast<std::uint32_t>(best)});
    }
  }
  return out;
}

TEST(MatchingTest, DescriptorDistanceIsExactAtTheExtremes) {
  std::vector<std::uint8_t> zeros(kDescriptorSize, 0), full(kDescriptorSize, 255);
  EXPECT_EQ(DescriptorDistance(zeros.data(), full.data()), 128u * 255u * 255u);
  EXPECT_EQ(DescriptorDistance(full.data(), zeros.data()), 128u * 255u * 255u);
  EXPECT_EQ(DescriptorDistance(full.data(), full.data()), 0u);
  const LocalFeatures f = RandomFeatures(40, 5);
  for (std::size_t i = 0; i + 1 < f.size(); ++i) {
    EXPECT_EQ(DescriptorDistance(f.descriptor(i), f.descriptor(i + 1)),
              NaiveDistance(f.descriptor(i), f.descriptor(i + 1)));
  }
}

TEST(MatchingTest, EveryKernelTakesExactDotProducts) {
  using match::Kernel;
  Random random(3);
  for (const Kernel kernel : {Kernel::kPlain, Kernel::kAvx2, Kernel::kAvx512Vnni, Kernel::kBest}) {
    if (!match::Supported(kernel)) continue;
    for (const std::size_t count : {1u, 7u, 16u, 33u}) {
      std::vector<std::uint8_t> known(count * kDescriptorSize), query(3 * kDescriptorSize);
      for (auto& b : known) b = static_cast<std::uint8_t>(random.Chance(0.3) ? 255 : random.Below(256));
      for (auto& b : query) b = static_cast<std::uint8_t>(random.Chance(0.3) ? 255 : random.Below(256));
      const match::PackedDescriptors packed(known.data(), count, kernel);
      ASSERT_GE(packed.padded_count(), count);
      std::vector<std::int32_t> out(match::kQueriesAtOnce * packed.padded_count());
      packed.Dots(query.data(), 3, out.data());
      for (std::size_t q = 0; q < 3; ++q) {
        for (std::size_t k = 0; k < count; ++k) {
          std::int32_t expected = 0;
          for (std::size_t i = 0; i < kDescriptorSize; ++i) {
            expected += query[q * kDescriptorSize + i] * known[k * kDescriptorSize + i];
          }
          ASSERT_EQ(out[q * packed.padded_count() + k], expected) << static_cast<int>(kernel) << " " << count;
        }
      }
    }
  }
}

TEST(MatchingTest, AgreesWithTheNaiveMatcher) {
  for (const std::size_t count : {2u, 17u, 150u}) {
    const LocalFeatures known = RandomFeatures(count, count);
    LocalFeatures query = Disturbed(known, 40, 9);
    const LocalFeatures strangers = RandomFeatures(60, 77);
    for (std::size_t i = 0; i < strangers.size(); ++i) Append(&query, strangers, i);
    for (const bool mutual : {false, true}) {
      for (const float ratio : {0.6f, 0.8f, 0.95f}) {
        const auto got = MatchMutualRatio(query, known, ratio, mutual),
                   expected = NaiveMatch(query, known, ratio, mutual);
        ASSERT_EQ(got.size(), expected.size()) << count << " " << mutual << " " << ratio;
        for (std::size_t i = 0; i < got.size(); ++i) {
          EXPECT_EQ(got[i].query, expected[i].query);
          EXPECT_EQ(got[i].known, expected[i].known);
          EXPECT_EQ(got[i].distance, expected[i].distance);
          EXPECT_NEAR(got[i].ratio, expected[i].ratio, 1e-5);
        }
      }
    }
  }
}

TEST(MatchingTest, FindsDisturbedCopiesAndNoStrangers) {
  const LocalFeatures known = RandomFeatures(200, 1);
  EXPECT_EQ(MatchMutualRatio(Disturbed(known, 10, 2), known, 0.8f, true).size(), 200u);
  EXPECT_TRUE(MatchMutualRatio(RandomFeatures(200, 4), known, 0.7f, true).empty());
}

TEST(MatchingTest, ASecondOrientationAtTheSamePlaceDoesNotSpoilTheRatio) {
  LocalFeatures known = RandomFeatures(20, 1);
  const LocalFeatures query = Disturbed(known, 10, 2);
  Append(&known, Disturbed(known, 2, 3), 5);
  known.keypoints.back().x += 1.5f;
  const auto same_place = MatchMutualRatio(query, known, 0.8f, true);
  EXPECT_EQ(same_place.size(), 20u);
  // The same twin elsewhere makes the pair ambiguous.
  known.keypoints.back().x = known.keypoints[5].x > 200 ? 20.0f : 380.0f;
  const auto elsewhere = MatchMutualRatio(query, known, 0.8f, true);
  EXPECT_EQ(elsewhere.size(), 19u);
}

TEST(MatchingTest, OneKnownFeatureMatchesOneQueryOnlyWhenMutual) {
  const LocalFeatures known = RandomFeatures(20, 1);
  LocalFeatures query = Disturbed(known, 20, 2);
  Append(&query, known, 7);
  std::size_t loose = 0;
  for (const Match& m : MatchMutualRatio(query, known, 0.8f, false)) loose += m.known == 7;
  EXPECT_EQ(loose, 2u);
  std::vector<Match> strict;
  for (const Match& m : MatchMutualRatio(query, known, 0.8f, true)) {
    if (m.known == 7) strict.push_back(m);
  }
  ASSERT_EQ(strict.size(), 1u);
  EXPECT_EQ(strict[0].query, 20u);
  EXPECT_EQ(strict[0].distance, 0u);
}

TEST(MatchingTest, EmptyAndSingleListsYieldNothing) {
  const LocalFeatures none, one = RandomFeatures(1, 1), many = RandomFeatures(9, 1);
  EXPECT_TRUE(MatchMutualRatio(none, many, 0.8f, true).empty());
  EXPECT_TRUE(MatchMutualRatio(many, none, 0.8f, true).empty());
  EXPECT_TRUE(MatchMutualRatio(many, one, 0.8f, true).empty());
}

}  // namespace
}  // namespace kantei::copy
