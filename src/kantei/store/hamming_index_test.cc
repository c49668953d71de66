#include "kantei/store/hamming_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>

#include "kantei/base/random.h"

namespace kantei::store {
namespace {

using Row = std::tuple<int, int, std::uint32_t>;  // query, distance, position

std::vector<Row> Rows(const std::vector<HammingHit>& hits) {
  std::vector<Row> rows;
  for (const HammingHit& hit : hits) rows.emplace_back(hit.query, hit.distance, hit.position);
  return rows;
}

// One pair at a time, sorted independently of the code under test.
std::vector<Row> Oracle(std::span<const Code256> codes, std::span<const Code256> queries, int radius) {
  std::vector<Row> rows;
  for (std::size_t q = 0; q < queries.size(); ++q) {
    for (std::size_t i = 0; i < codes.size(); ++i) {
      const int distance = HammingDistance(codes[i], queries[q]);
      if (distance <= radius) rows.emplace_back(static_cast<int>(q), distance, static_cast<std::uint32_t>(i));
    }
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

Code256 RandomCode(Random& random) {
  Code256 code;
  for (auto& word : code.words) word = random.Next();
  return code;
}

Code256 Near(const Code256& code, int flips, Random& random) {
  Code256 near = code;
  for (int i = 0; i < flips; ++i) {
    const auto bit = random.Below(256);
    near.words[bit / 64] ^= std::uint64_t{1} << (bit % 64);
  }
  return near;
}

class HammingScanTest : public testing::TestWithParam<HammingKernel> {
 protected:
  void SetUp() override {
    if (!HammingKernelAvailable(GetParam()))
      GTEST_SKIP() << "this processor has no " << HammingKernelName(GetParam());
  }
};

TEST_P(HammingScanTest, AgreesWithTheOracleAtEverySizeRadiusAndQueryCount) {
  Random random(1);
  std::vector<Code256> queries;
  for (int i = 0; i < 9; ++i) queries.push_back(RandomCode(random));
  std::vector<Code256> codes;
  for (int i = 0; i < 300; ++i) {
    codes.push_back(
        i % 3 == 0 ? RandomCode(random)
                   : Near(queries[random.Below(queries.size())], static_cast<int>(random.Below(60)), random));
  }
  for (const std::size_t size : {0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 63, 64, 65, 300}) {
    for (const std::size_t query_count : {0, 1, 2, 8, 9}) {
      for (const int radius : {0, 1, 31, 128, 255, 256}) {
        const std::span some(codes.data(), size);
        const std::span asked(queries.data(), query_count);
        EXPECT_EQ(Rows(HammingScan(some, asked, radius, GetParam())), Oracle(some, asked, radius))
            << size << " codes, " << query_count << " queries, radius " << radius;
      }
    }
  }
}

TEST_P(HammingScanTest, FindsAcrossBlocksAndPassesAtAnyAlignment) {
  // More codes than one block, more queries than one pass, and spans that start inside a cache line.
  Random random(2);
  std::vector<Code256> codes(5008), queries(66);
  for (auto& code : codes) code = RandomCode(random);
  for (auto& query : queries) query = RandomCode(random);
  for (const std::size_t position : {8u, 2047u, 2048u, 2049u, 4095u, 4096u, 5007u}) {
    codes[position] = Near(queries[position % 66], 5, random);
  }
  for (const std::size_t offset : {0u, 1u, 6u}) {
    const auto some = std::span<const Code256>(codes).subspan(offset);
    const auto rows = Rows(HammingScan(some, queries, 40, GetParam()));
    EXPECT_EQ(rows.size(), 7u);
    EXPECT_EQ(rows, Oracle(some, queries, 40)) << "offset " << offset;
  }
}

TEST_P(HammingScanTest, CountsEveryBitAndTheFullDistance) {
  const Code256 zero;
  std::vector<Code256> codes(256);
  for (int bit = 0; bit < 256; ++bit) codes[static_cast<std::size_t>(bit)].set(bit);
  const auto near = HammingScan(codes, std::span(&zero, 1), 1, GetParam());
  ASSERT_EQ(near.size(), 256u);
  for (std::size_t i = 0; i < near.size(); ++i) {
    EXPECT_EQ(near[i].position, i);
    EXPECT_EQ(near[i].distance, 1);
  }
  EXPECT_TRUE(HammingScan(codes, std::span(&zero, 1), 0, GetParam()).empty());

  Code256 ones;
  ones.words.fill(~std::uint64_t{0});
  const std::vector<Code256> opposite(8, ones);
  EXPECT_TRUE(HammingScan(opposite, std::span(&zero, 1), 255, GetParam()).empty());
  const auto far = HammingScan(opposite, std::span(&zero, 1), 256, GetParam());
  ASSERT_EQ(far.size(), 8u);
  EXPECT_EQ(far[7].distance, 256);
  EXPECT_EQ(HammingScan(opposite, std::span(&zero, 1), 100'000, GetParam()).size(), 8u);
  EXPECT_TRUE(HammingScan(opposite, std::span(&ones, 1), -1, GetParam()).empty());
}

INSTANTIATE_TEST_SUITE_P(Kernels, HammingScanTest,
                         testing::Values(HammingKernel::kPlain, HammingKernel::kAvx2,
                                         HammingKernel::kAvx512Vpopcnt, HammingKernel::kBest),
                         [](const testing::TestParamInfo<HammingKernel>& kernel) {
                           switch (kernel.param) {
                             case HammingKernel::kPlain:
                               return std::string("Plain");
                             case HammingKernel::kAvx2:
                               return std::string("Avx2");
                             case HammingKernel::kAvx512Vpopcnt:
                               return std::string("Avx512Vpopcnt");
                             default:
                               return std::string("Best");
                           }
                         });

TEST(HammingKernelTest, NamesAreStableAndBestIsOneOfThem) {
  EXPECT_EQ(HammingKernelName(HammingKernel::kPlain), "plain");
  EXPECT_EQ(HammingKernelName(HammingKernel::kAvx2), "avx2");
  EXPECT_EQ(HammingKernelName(HammingKernel::kAvx512Vpopcnt), "avx512-vpopcnt");
  EXPECT_TRUE(HammingKernelAvailable(HammingKernel::kPlain));
  for (const auto kernel : {HammingKernel::kPlain, HammingKernel::kAvx2, HammingKernel::kAvx512Vpopcnt}) {
    if (HammingKernelName(HammingKernel::kBest) == HammingKernelName(kernel)) {
      EXPECT_TRUE(HammingKernelAvailable(kernel));
      return;
    }
  }
  FAIL() << "kBest has a name of its own";
}

}  // namespace
}  // namespace kantei::store
