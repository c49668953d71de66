#include "kantei/base/random.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace kantei {
namespace {

// Computed once by an independent program from the authors' description of splitmix64 and xoshiro256**: data
// sets, splits and tests rest on this sequence, so it may never change.
TEST(RandomTest, TheSequenceIsTheOneOfTheAuthors) {
  Random zero(0), forty_two(42);
  for (const std::uint64_t expected :
       {0x99ec5f36cb75f2b4u, 0xbf6e1f784956452au, 0x1a5f849d4933e6e0u, 0x6aa594f1262d2d2cu}) {
    EXPECT_EQ(zero.Next(), expected);
  }
  for (const std::uint64_t expected :
       {0x15780b2e0c2ec716u, 0x6104d9866d113a7eu, 0xae17533239e499a1u, 0xecb8ad4703b360a1u}) {
    EXPECT_EQ(forty_two.Next(), expected);
  }
}

TEST(RandomTest, DerivedNumbersAreFixedToo) {
  Random uniform(7), below(7);
  EXPECT_EQ(uniform.Uniform(), 6310231968177966 * 0x1.0p-53);
  EXPECT_EQ(uniform.Uniform(), 2510767866374405 * 0x1.0p-53);
  for (const std::uint64_t expected : {7u, 2u, 8u, 9u, 9u, 8u, 0u, 1u, 4u, 1u})
    EXPECT_EQ(below.Below(10), expected);
}

TEST(RandomTest, NumbersKeepTheirRangeAndTheirMoments) {
  Random random(3);
  constexpr int kCount = 100'000;
  std::vector<int> seen(5);
  double uniform_sum = 0, normal_sum = 0, normal_squares = 0;
  int hits = 0;
  for (int i = 0; i < kCount; ++i) {
    const double uniform = random.Uniform(-2, 6);
    ASSERT_GE(uniform, -2);
    ASSERT_LT(uniform, 6);
    uniform_sum += uniform;
    const std::uint64_t below = random.Below(5);
    ASSERT_LT(below, 5u);
    ++seen[below];
    const double normal = random.Normal();
    ASSERT_TRUE(std::isfinite(normal));
    normal_sum += normal;
    normal_squares += normal * normal;
    hits += random.Chance(0.25);
  }
  EXPECT_NEAR(uniform_sum / kCount, 2, 0.04);
  EXPECT_NEAR(normal_sum / kCount, 0, 0.02);
  EXPECT_NEAR(normal_squares / kCount, 1, 0.03);
  EXPECT_NEAR(static_cast<double>(hits) / kCount, 0.25, 0.01);
  for (const int count : seen) EXPECT_NEAR(count, kCount / 5, 700);
  EXPECT_FALSE(random.Chance(0));
  EXPECT_TRUE(random.Chance(1));
  EXPECT_EQ(random.Below(1), 0u);
}

TEST(RandomTest, ForksDifferFromEachOtherAndDoNotMoveTheParent) {
  const Random parent(9);
  std::set<std::uint64_t> first;
  for (std::uint64_t task = 0; task < 1000; ++task) first.insert(parent.Fork(task).Next());
  EXPECT_EQ(first.size(), 1000u);
  EXPECT_EQ(parent.Fork(5).Next(), parent.Fork(5).Next());
  Random untouched(9), copy = parent;
  EXPECT_EQ(copy.Next(), untouched.Next());
}

}  // namespace
}  // namespace kantei
