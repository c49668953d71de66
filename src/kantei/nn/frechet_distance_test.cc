#include "kantei/nn/frechet_distance.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

#include "kantei/base/random.h"

namespace kantei::nn {
namespace {

std::vector<float> Normal(std::uint64_t seed, int rows, std::array<double, 2> mean,
                          std::array<double, 2> deviation) {
  Random random(seed);
  std::vector<float> values;
  for (int r = 0; r < rows; ++r)
    for (std::size_t d = 0; d < 2; ++d)
      values.push_back(static_cast<float>(mean[d] + deviation[d] * random.Normal()));
  return values;
}

TEST(FrechetDistance, OfNormalSetsIsTheClosedForm) {
  const auto a = Normal(1, 40'000, {0, 0}, {1, 2}), b = Normal(2, 40'000, {3, 0}, {2, 2});
  // (3 - 0)^2 + (2 - 1)^2, the axes being independent
  EXPECT_NEAR(*FrechetDistance(a, b, 2), 10, 0.15);
  EXPECT_NEAR(*FrechetDistance(a, a, 2), 0, 1e-9);
  EXPECT_NEAR(*FrechetDistance(b, a, 2), *FrechetDistance(a, b, 2), 1e-9);
}

TEST(FrechetDistance, RefusesWhatHasNoCovariance) {
  const std::vector<float> one{1, 2}, two{1, 2, 3, 4}, bad{1, 2, NAN, 4};
  EXPECT_FALSE(FrechetDistance(one, two, 2).ok());
  EXPECT_FALSE(FrechetDistance(two, bad, 2).ok());
}

}  // namespace
}  // namespace kantei::nn
