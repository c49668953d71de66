// The arithmetic below the traces against its definitions.
#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <numbers>

#include "kantei/authenticity/trace_dct.h"
#include "kantei/authenticity/trace_grid.h"
#include "kantei/authenticity/trace_jpeg.h"
#include "kantei/authenticity/trace_maps.h"
#include "kantei/authenticity/trace_spectrum.h"
#include "kantei/authenticity/trace_test_pictures.h"

namespace kantei::authenticity::trace {
namespace {

double Cosine(const image::Plane& luma, int x0, int y0, int u, int v) {
  double sum = 0;
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 8; ++x)
      sum += luma.row(y0 + y)[x0 + x] * std::cos((2 * x + 1) * u * std::numbers::pi / 16) *
             std::cos((2 * y + 1) * v * std::numbers::pi / 16);
  }
  return sum / 4 * (u == 0 ? std::sqrt(0.5) : 1) * (v == 0 ? std::sqrt(0.5) : 1);
}

TEST(TraceKernelsTest, ZeroCountsAreThoseOfTheDefinition) {
  const image::Image picture = test::Recoded(test::Scene(90, 31, 1), 70);
  const image::Plane luma = LumaTile(picture, 0, 0, 90, 31);
  const ZeroCounts zeros = CountZeros(luma);
  ASSERT_EQ(zeros.width, 83);
  ASSERT_EQ(zeros.height, 24);
  int differences = 0;
  for (int y = 0; y < zeros.height; y += 5) {
    for (int x = 0; x < zeros.width; x += 7) {
      int count = 0;
      for (int v = 0; v < 8; ++v) {
        for (int u = 0; u < 8; ++u) count += u + v > 0 && std::abs(Cosine(luma, x, y, u, v)) < 0.5;
      }
      const int counted = zeros.counts[static_cast<std::size_t>(y * zeros.width + x)];
      if (counted != kConstantBlock) differences += std::abs(counted - count) > 1;
    }
  }
  EXPECT_EQ(differences, 0);
}

TEST(TraceKernelsTest, BlocksThatAreConstantAlongAnAxisSayNothing) {
  image::Plane luma(8, 8);
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 8; ++x) luma.row(y)[x] = static_cast<float>(40 * y);
  }
  EXPECT_EQ(CountZeros(luma).counts[0], kConstantBlock);
  luma.row(3)[2] += 20;
  EXPECT_LT(CountZeros(luma).counts[0], 64);
}

TEST(TraceKernelsTest, LowCoefficientsInSixteenths) {
  const image::Image picture = test::Scene(70, 40, 2);
  const image::Plane luma = LumaTile(picture, 0, 0, 70, 40);
  LowCoefficients low = MakeLowCoefficients(70, 40, 3, 5);
  ASSERT_EQ(low.across, 8);
  ASSERT_EQ(low.down, 4);
  for (int row = 0; row < low.down; ++row) TransformBlockRow(picture, row, &low);
  for (int by = 0; by < low.down; ++by) {
    for (int bx = 0; bx < low.across; ++bx) {
      for (std::size_t i = 0; i < kLowFrequencies.size(); ++i)
        EXPECT_NEAR(low.block(bx, by)[i] / 16.0,
                    Cosine(luma, 3 + 8 * bx, 5 + 8 * by, kLowFrequencies[i] % 8, kLowFrequencies[i] / 8),
                    0.05);
    }
  }
}

TEST(TraceKernelsTest, LumaTileRepeatsTheBorder) {
  image::Image picture(3, 2, 1);
  for (int i = 0; i < 6; ++i)
    picture.pixels()[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(10 * i);
  const image::Plane tile = LumaTile(picture, -2, -1, 7, 5);
  EXPECT_EQ(tile.row(0)[0], 0);
  EXPECT_EQ(tile.row(0)[6], 20);
  EXPECT_EQ(tile.row(1)[3], 10);
  EXPECT_EQ(tile.row(4)[0], 30);
  EXPECT_EQ(tile.row(4)[6], 50);
}

TEST(TraceKernelsTest, FourierTransformIsThatOfTheDefinition) {
  constexpr int kN = kSpectrumSide;
  std::vector<float> re(kN * kN), im(kN * kN);
  Random random(3);
  for (std::size_t i = 0; i < re.size(); ++i) {
    re[i] = static_cast<float>(random.Normal());
    im[i] = static_cast<float>(random.Normal());
  }
  const std::vector<float> re0 = re, im0 = im;
  Fft64(re.data(), im.data());
  for (const auto& [u, v] :
       std::vector<std::pair<int, int>>{{0, 0}, {1, 0}, {0, 1}, {5, 41}, {32, 32}, {63, 17}}) {
    std::complex<double> sum = 0;
    for (int y = 0; y < kN; ++y) {
      for (int x = 0; x < kN; ++x) {
        const auto i = static_cast<std::size_t>(y * kN + x);
        sum += std::complex<double>(re0[i], im0[i]) *
               std::polar(1.0, -2 * std::numbers::pi * (u * x + v * y) / kN);
      }
    }
    const auto i = static_cast<std::size_t>(v * kN + u);
    EXPECT_NEAR(re[i], sum.real(), 2e-3);
    EXPECT_NEAR(im[i], sum.imag(), 2e-3);
  }
}

TEST(TraceKernelsTest, RelativePowerOfAWave) {
  std::vector<float> first(64 * 64), second(64 * 64);
  Random random(4);
  for (int y = 0; y < 64; ++y) {
    for (int x = 0; x < 64; ++x) {
      const auto i = static_cast<std::size_t>(64 * y + x);
      first[i] =
          static_cast<float>(random.Normal() + std::cos(2 * std::numbers::pi * (20 * x - 11 * y) / 64));
      second[i] = static_cast<float>(random.Normal());
    }
  }
  Spectrum a, b;
  RelativePower(first.data(), second.data(), &a, &b);
  const auto peak = static_cast<std::size_t>(std::max_element(a.begin(), a.end()) - a.begin());
  EXPECT_EQ(peak, static_cast<std::size_t>(53 * kSpectrumColumns + 20));
  EXPECT_GT(a[peak], 50);
  EXPECT_LT(b[peak], 20);
  double mean = 0;
  for (const float value : b) mean += value / static_cast<double>(b.size());
  EXPECT_NEAR(mean, 1, 0.1);
}

TEST(TraceKernelsTest, QualityTables) {
  EXPECT_EQ(LumaSteps(50)[0], 16);
  EXPECT_EQ(LumaSteps(75)[0], 8);
  EXPECT_EQ(LumaSteps(25)[1], 22);
  EXPECT_EQ(LumaSteps(100)[63], 1);
  JpegFacts facts;
  for (std::size_t i = 0; i < 64; ++i) facts.luma_steps[i] = static_cast<std::uint16_t>(i + 1);
  EXPECT_EQ(OrientedSteps(facts)[1], 2);
  facts.orientation = 6;
  EXPECT_EQ(OrientedSteps(facts)[1], 9);
}

TEST(TraceKernelsTest, GridIsFoundWhereItLies) {
  const image::Image recoded = test::Recoded(test::Scene(260, 240, 5), 80);
  image::Image cropped(250, 230, 3);
  test::Paste(recoded, 3, 6, {0, 0, 250, 230}, &cropped);
  const GridVotes votes = *VoteForGrid(cropped, 1, {});
  EXPECT_EQ(votes.phase, (8 - 6) * 8 + (8 - 3));
  EXPECT_GT(votes.share, 0.8);
  EXPECT_LT(votes.log_false_alarms, -20);
  EXPECT_EQ(VoteForGrid(test::Scene(260, 240, 6), 1, {})->phase, -1);
}

// Tiles of 512 meet here: no seam.
TEST(TraceKernelsTest, GridAcrossTiles) {
  const GridVotes votes = *VoteForGrid(test::Recoded(test::Scene(1100, 64, 7), 70), 2, {});
  int others = 0;
  for (const std::uint8_t phase : votes.phases) others += phase != 0 && phase != kNoVote;
  EXPECT_EQ(votes.phase, 0);
  EXPECT_LT(others, 20);
}

TEST(TraceKernelsTest, SpreadWindowsIsTheLargestOfThoseThatHaveTheCellInTheirMiddle) {
  Random random(8);
  image::Plane windows(9, 7), cells(13, 11);
  for (float& value : windows.values) value = static_cast<float>(random.Uniform());
  SpreadWindows(windows, 5, &cells);
  // Side 5, margin 1: windows that begin 1 to 3 cells before.
  for (int y = 0; y < 11; ++y) {
    for (int x = 0; x < 13; ++x) {
      float largest = 0;
      for (int wy = std::clamp(y - 3, 0, 6); wy <= std::clamp(y - 1, 0, 6); ++wy) {
        for (int wx = std::clamp(x - 3, 0, 8); wx <= std::clamp(x - 1, 0, 8); ++wx)
          largest = std::max(largest, windows.row(wy)[wx]);
      }
      EXPECT_EQ(cells.row(y)[x], largest) << x << ' ' << y;
    }
  }
}

TEST(TraceKernelsTest, TailsBoundTheBinomial) {
  // P(Binomial(10, 1/2) >= 9) = 11/1024.
  EXPECT_GE(LogTailAbove(10, 9, 0.5), std::log10(11.0 / 1024));
  EXPECT_LT(LogTailAbove(10, 9, 0.5), std::log10(0.05));
  EXPECT_EQ(LogTailAbove(10, 5, 0.5), 0);
  EXPECT_NEAR(LogTailAbove(10, 10, 0.5), std::log10(1.0 / 1024), 1e-9);
  EXPECT_NEAR(LogTailBelow(10, 0, 0.5), std::log10(1.0 / 1024), 1e-9);
}

TEST(TraceKernelsTest, RegionsAreSortedByWeight) {
  image::Plane map(12, 6);
  map.row(1)[1] = 0.9f;
  for (int x = 5; x < 9; ++x) map.row(3)[x] = 0.7f;
  const auto regions = FindRegions(map, 8, 93, 48, 1);
  ASSERT_EQ(regions.size(), 2u);
  EXPECT_EQ(regions[0].box.x, 40);
  EXPECT_EQ(regions[0].box.width, 32);
  EXPECT_NEAR(regions[1].strength, 0.9, 1e-6);
  EXPECT_EQ(FindRegions(map, 8, 93, 48, 2).size(), 1u);
}

}  // namespace
}  // namespace kantei::authenticity::trace
