#include "kantei/nn/frequency_planes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kantei/nn/formula_network.h"

namespace kantei::nn {
namespace {

Planes Noise(int channels, int height, int width) {
  Planes planes(channels, height, width);
  for (std::size_t i = 0; i < planes.values.size(); ++i)
    planes.values[i] = static_cast<float>(4 * FormulaUniform("planes", static_cast<std::uint32_t>(i)) - 2);
  return planes;
}

double Difference(const std::vector<float>& a, const std::vector<float>& b) {
  double most = a.size() == b.size() ? 0 : INFINITY;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    most = std::max(most, static_cast<double>(std::abs(a[i] - b[i])));
  return most;
}

TEST(FrequencyPlanes, SquareAndHighMakeThePictureAgain) {
  const Planes planes = Noise(2, 64, 96);
  Planes sum = DctHigh(planes);
  const Planes low = DctLow(planes, LowBand::kSquare);
  for (std::size_t i = 0; i < sum.values.size(); ++i) sum.values[i] += low.values[i];
  EXPECT_LT(Difference(sum.values, planes.values), 1e-5);
}

TEST(FrequencyPlanes, WhatWasRemovedStaysRemoved) {
  const Planes high = DctHigh(Noise(1, 64, 64));
  EXPECT_LT(Difference(DctHigh(high).values, high.values), 1e-5);
  // Away from the border, where what the bands say of the zeros outside is cut off.
  const Planes wavelet = DwtHigh(Noise(1, 64, 64), Synthesis::kInverse),
               again = DwtHigh(wavelet, Synthesis::kInverse);
  for (std::size_t y = 16; y < 48; ++y) {
    for (std::size_t x = 16; x < 48; ++x)
      EXPECT_NEAR(again.values[64 * y + x], wavelet.values[64 * y + x], 1e-5);
  }
}

TEST(FrequencyPlanes, ASmoothRampHasNoHighWavelets) {
  Planes planes(1, 64, 64);
  for (int y = 0; y < 64; ++y) {
    for (int x = 0; x < 64; ++x)
      planes.values[static_cast<std::size_t>(64 * y + x)] = static_cast<float>(0.01 * x * y + x - 2 * y);
  }
  const Planes high = DwtHigh(planes, Synthesis::kInverse), flipped = DwtHigh(planes, Synthesis::kFlipped);
  double inner = 0, inner_flipped = 0;
  for (std::size_t y = 8; y < 56; ++y) {
    for (std::size_t x = 8; x < 56; ++x) {
      inner = std::max(inner, static_cast<double>(std::abs(high.values[64 * y + x])));
      inner_flipped = std::max(inner_flipped, static_cast<double>(std::abs(flipped.values[64 * y + x])));
    }
  }
  EXPECT_LT(inner, 1e-3);  // four vanishing moments
  EXPECT_LT(inner_flipped, 1e-3);
}

TEST(FrequencyPlanes, ScalingFillsTheUnitRangeOrIsZero) {
  std::vector<float> values = {-3, 1, 5};
  ScaleToUnit(values, 0);
  EXPECT_EQ(values, (std::vector<float>{0, 0.5f, 1}));
  std::vector<float> same(4, 2.5f);
  ScaleToUnit(same, 0);
  EXPECT_EQ(same, std::vector<float>(4, 0.0f));
}

TEST(FrequencyPlanes, ThreadsChangeNothing) {
  const Planes planes = Noise(3, 64, 64);
  for (const bool released : {true, false}) {
    const auto one = MakeFrequencyPictures(planes, released, 1),
               three = MakeFrequencyPictures(planes, released, 3);
    EXPECT_EQ(one.high.values, three.high.values);
    EXPECT_EQ(one.low.values, three.low.values);
    const auto [least, most] = std::minmax_element(one.low.values.begin(), one.low.values.end());
    EXPECT_EQ(*least, 0);
    EXPECT_NEAR(*most, 1, 1e-6);
  }
}

}  // namespace
}  // namespace kantei::nn
