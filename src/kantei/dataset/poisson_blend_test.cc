#include "kantei/dataset/poisson_blend.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kantei/base/random.h"

namespace kantei::dataset {
namespace {

using image::Image;

Image Noise(int width, int height, std::uint64_t seed) {
  Image picture(width, height, 3);
  Random random(seed);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < 3 * width; ++x)
      picture.row(y)[x] = static_cast<std::uint8_t>(90 + 3 * (x / 3) % 40 + int(random.Below(30)));
  return picture;
}

/// The system written down and solved by Gaussian elimination, one channel.
std::vector<double> Dense(const Image& ground, const Image& source, const Image& mask, int c, bool mixed) {
  std::vector<int> place(mask.pixels().size(), -1);
  int n = 0;
  for (std::size_t i = 0; i < place.size(); ++i)
    if (mask.pixels()[i] != 0) place[i] = n++;
  std::vector<std::vector<double>> a(std::size_t(n), std::vector<double>(std::size_t(n) + 1, 0));
  for (int y = 0; y < mask.height(); ++y) {
    for (int x = 0; x < mask.width(); ++x) {
      const int i = place[std::size_t(y * mask.width() + x)];
      if (i < 0) continue;
      auto& row = a[std::size_t(i)];
      for (const auto& [dx, dy] : {std::pair(1, 0), std::pair(-1, 0), std::pair(0, 1), std::pair(0, -1)}) {
        const int u = x + dx, v = y + dy;
        if (u < 0 || v < 0 || u >= mask.width() || v >= mask.height()) continue;
        row[std::size_t(i)] += 1;
        const int j = place[std::size_t(v * mask.width() + u)];
        if (j < 0) {
          row[std::size_t(n)] += ground.row(v)[3 * u + c];
          continue;
        }
        row[std::size_t(j)] -= 1;
        double step = double(source.row(y)[3 * x + c]) - source.row(v)[3 * u + c];
        const double own = double(ground.row(y)[3 * x + c]) - ground.row(v)[3 * u + c];
        if (mixed && std::fabs(own) > std::fabs(step)) step = own;
        row[std::size_t(n)] += step;
      }
    }
  }
  for (std::size_t p = 0; p < std::size_t(n); ++p) {
    std::size_t best = p;
    for (std::size_t q = p; q < std::size_t(n); ++q)
      if (std::fabs(a[q][p]) > std::fabs(a[best][p])) best = q;
    std::swap(a[p], a[best]);
    for (std::size_t q = 0; q < std::size_t(n); ++q) {
      if (q == p) continue;
      const double factor = a[q][p] / a[p][p];
      for (std::size_t k = p; k <= std::size_t(n); ++k) a[q][k] -= factor * a[p][k];
    }
  }
  std::vector<double> solution;
  for (std::size_t p = 0; p < std::size_t(n); ++p) solution.push_back(a[p][std::size_t(n)] / a[p][p]);
  return solution;
}

class PoissonBlendTest : public testing::TestWithParam<bool> {};

TEST_P(PoissonBlendTest, AgreesWithADenseSolve) {
  const Image ground = Noise(16, 13, 1), source = Noise(16, 13, 2);
  Image mask(16, 13, 1);
  for (int y = 0; y < 9; ++y)  // reaches the picture's edge, and has a bay
    for (int x = 3; x < 14; ++x) mask.row(y)[x] = (x - 8) * (x - 8) + (y - 5) * (y - 5) < 3 ? 0 : 255;
  PoissonOptions options;
  options.mixed = GetParam();
  options.tolerance = 1e-10;
  const auto blended = PoissonBlend(ground, source, mask, options, {});
  ASSERT_TRUE(blended.ok()) << blended.error().message;
  for (int c = 0; c < 3; ++c) {
    const std::vector<double> truth = Dense(ground, source, mask, c, options.mixed);
    std::size_t i = 0;
    for (int y = 0; y < mask.height(); ++y) {
      for (int x = 0; x < mask.width(); ++x) {
        const int got = blended->row(y)[3 * x + c];
        if (mask.row(y)[x] == 0) {
          EXPECT_EQ(got, ground.row(y)[3 * x + c]);
        } else {
          EXPECT_NEAR(got, std::clamp(truth[i++], 0.0, 255.0), 0.51) << x << " " << y << " " << c;
        }
      }
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Both, PoissonBlendTest, testing::Bool());

// The same picture a constant brighter: the blend knows nothing of the constant.
TEST(PoissonBlendTest, AConstantGoesAway) {
  const Image ground = Noise(64, 64, 5);
  Image source = ground, mask(64, 64, 1);
  for (std::uint8_t& value : source.pixels()) value = static_cast<std::uint8_t>(value + 60);
  // A frame of the mask's own, since no step is asked for across the rim.
  for (int y = 10; y < 50; ++y)
    for (int x = 10; x < 50; ++x) mask.row(y)[x] = 255;
  const auto blended = PoissonBlend(ground, source, mask, {}, {});
  ASSERT_TRUE(blended.ok());
  double sum = 0;
  for (int y = 20; y < 40; ++y)
    for (int x = 60; x < 120; ++x) sum += std::abs(int(blended->row(y)[x]) - int(ground.row(y)[x]));
  EXPECT_LT(sum / (20 * 60), 6);  // 60 before
}

TEST(PoissonBlendTest, NoGroundAtAllGivesTheSource) {
  const Image ground = Noise(8, 8, 1), source = Noise(8, 8, 2);
  Image mask(8, 8, 1);
  for (std::uint8_t& value : mask.pixels()) value = 255;
  const auto blended = PoissonBlend(ground, source, mask, {}, {});
  ASSERT_TRUE(blended.ok());
  EXPECT_TRUE(std::equal(source.pixels().begin(), source.pixels().end(), blended->pixels().begin()));
  EXPECT_EQ(PoissonBlend(ground, source, Image(7, 8, 1), {}, {}).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace kantei::dataset
