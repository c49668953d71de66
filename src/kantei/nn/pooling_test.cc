#include "kantei/nn/pooling.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace kantei::nn {
namespace {

TEST(PoolingTest, GemIsThePowerMeanForAnyExponent) {
  constexpr std::size_t kPositions = 7, kChannels = 37;  // no multiple of a vector's width
  std::vector<float> map(kPositions * kChannels);
  for (std::size_t i = 0; i < map.size(); ++i)
    map[i] = i % 11 == 0 ? -1.0f : static_cast<float>(std::exp(static_cast<double>(i * 37 % 101) / 12 - 5));
  for (const double p : {0.5, 1.0, 2.0, 2.7, 3.0, 3.3, 4.6}) {
    std::vector<float> feature(kChannels);
    PoolGem(map.data(), kPositions, kChannels, p, feature.data());
    for (std::size_t c = 0; c < kChannels; ++c) {
      double sum = 0;
      for (std::size_t i = 0; i < kPositions; ++i)
        sum += std::pow(std::max<double>(map[i * kChannels + c], kGemEps), p);
      const double expected = std::pow(sum / kPositions, 1 / p);
      EXPECT_NEAR(feature[c], expected, 3e-6 * expected) << "p " << p << ", channel " << c;
    }
  }
}

TEST(PoolingTest, LinearIsAMatrixProduct) {
  const LinearWeights linear{2, 3, {1, 2, 3, 10, 20, 30}, {0.5f, 0, -1}};  // in x out
  const float in[] = {1, 1, 2, 0};
  std::vector<float> out(6);
  ApplyLinear(linear, in, 2, out.data());
  EXPECT_EQ(out, (std::vector<float>{11.5f, 22, 32, 2.5f, 4, 5}));
}

TEST(PoolingTest, LengthBecomesOneAndRowsWithoutDirectionAreRefused) {
  std::vector<float> row = {3, 4};
  ASSERT_TRUE(NormaliseLength(row));
  EXPECT_FLOAT_EQ(row[0], 0.6f);
  EXPECT_FLOAT_EQ(row[1], 0.8f);
  row = {0, 0};
  EXPECT_FALSE(NormaliseLength(row));
  row = {1, std::numeric_limits<float>::quiet_NaN()};
  EXPECT_FALSE(NormaliseLength(row));
  row = {1, std::numeric_limits<float>::infinity()};
  EXPECT_FALSE(NormaliseLength(row));
}

TEST(PoolingTest, Bfloat16RoundsToNearestEven) {
  // 1 + 1/256 lies between 1 and 1 + 1/128: a tie goes to the even one.
  const std::vector<float> in = {1.0f, 1.0f + 1.0f / 256, 1.0f + 3.0f / 256, -2.5f, 1.0f + 1.001f / 256};
  std::vector<std::uint16_t> narrow(in.size());
  RoundToBfloat16(in.data(), in.size(), narrow.data());
  std::vector<float> out(in.size());
  WidenBfloat16(narrow.data(), narrow.size(), out.data());
  EXPECT_EQ(out, (std::vector<float>{1.0f, 1.0f, 1.0f + 2.0f / 128, -2.5f, 1.0f + 1.0f / 128}));
}

TEST(PoolingTest, LeakyReluScalesNegatives) {
  std::vector<float> values = {-10, 0, 2};
  ApplyLeakyRelu(0.2, values);
  EXPECT_EQ(values, (std::vector<float>{-2, 0, 2}));
}

}  // namespace
}  // namespace kantei::nn
