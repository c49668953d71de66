// The differentiable measures against the exact ones of authenticity/.
#include "kantei/generate/soft_realism_net.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "kantei/authenticity/realism.h"
#include "kantei/base/random.h"
#include "kantei/image/draw.h"
#include "kantei/image/transform.h"

namespace kantei::generate {
namespace {

constexpr int kSide = authenticity::kRealismSide;

/// Shapes with more or less grain, contrast and blur.
image::Image Scene(std::uint64_t seed) {
  Random random(seed);
  const double contrast = random.Uniform(0.2, 1), grain = random.Uniform(0, 12);
  image::Image picture(kSide, kSide, 3);
  for (auto& value : picture.pixels()) value = 110;
  for (int i = 0; i < 90; ++i) {
    const auto at = [&] { return static_cast<float>(random.Uniform(0, kSide)); };
    const auto byte = [&] {
      return static_cast<std::uint8_t>(128 + contrast * (random.Uniform(0, 255) - 128));
    };
    const float x = at(), y = at(), r = 10 + at() / 8;
    image::FillPolygon(&picture, {{x - r, y - r * 0.7f}, {x + r, y - r * 0.4f}, {x + r * 0.3f, y + r}},
                       {byte(), byte(), byte()}, 0.9f);
  }
  if (seed % 3 == 0) picture = image::Resize(image::Resize(picture, kSide / 3, kSide / 3), kSide, kSide);
  for (auto& value : picture.pixels())
    value = static_cast<std::uint8_t>(std::clamp(value + grain * random.Normal(), 0.0, 255.0));
  return picture;
}

torch::Tensor AsTensor(const image::Image& picture) {
  return torch::from_blob(const_cast<std::uint8_t*>(picture.pixels().data()),
                          {1, picture.height(), picture.width(), 3}, torch::kUInt8)
                 .permute({0, 3, 1, 2})
                 .to(torch::kFloat32)
                 .contiguous() /
             127.5 -
         1;
}

std::vector<double> Ranks(const std::vector<double>& values) {
  std::vector<double> ranks;
  for (const double value : values)
    ranks.push_back(static_cast<double>(std::ranges::count_if(values, [&](double v) { return v < value; })));
  return ranks;
}

double Correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const auto n = static_cast<double>(a.size());
  double ma = 0, mb = 0, ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) ma += a[i] / n, mb += b[i] / n;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - ma) * (b[i] - mb);
    aa += (a[i] - ma) * (a[i] - ma);
    bb += (b[i] - mb) * (b[i] - mb);
  }
  return ab / std::sqrt(aa * bb);
}

TEST(SoftRealism, OrdersPicturesAsTheExactMeasuresDo) {
  std::array<std::vector<double>, 5> soft, exact;
  for (std::uint64_t seed = 0; seed < 14; ++seed) {
    const image::Image picture = Scene(seed);
    const torch::Tensor measured = SoftRealismMeasures(AsTensor(picture));
    const authenticity::RealismMeasures truth = authenticity::MeasureRealism(picture);
    for (std::size_t m = 0; m < 5; ++m) {
      soft[m].push_back(measured[0][static_cast<std::int64_t>(m)].item<double>());
      exact[m].push_back(truth[m]);
    }
  }
  for (std::size_t m = 0; m < 5; ++m)
    EXPECT_GT(Correlation(Ranks(soft[m]), Ranks(exact[m])), 0.85)
        << authenticity::MeasureKey(authenticity::kMeasures[m]);
}

TEST(SoftRealism, ContrastIsTheExactOne) {
  const image::Image picture = Scene(4);
  const image::Image grey = image::ToRgb(image::ToGrey(picture));
  EXPECT_NEAR(std::exp(SoftRealismMeasures(AsTensor(grey))[0][1].item<double>()),
              authenticity::MeasureRealism(grey)[1], 0.01 * authenticity::MeasureRealism(grey)[1]);
}

TEST(SoftRealism, GradientsAreThoseOfDifferences) {
  torch::manual_seed(3);
  SoftRealismReference reference;
  reference.mean = {-2, 4, -5, 5, 3};
  reference.deviation = {1, 1, 1, 1, 1};
  // Soft shapes: at a kink of an absolute value differences and derivatives part.
  torch::Tensor picture =
      torch::upsample_bilinear2d(torch::randn({1, 3, 6, 6}, torch::kFloat64) * 0.4, {24, 24}, false).detach();
  picture.set_requires_grad(true);
  SoftRealismLoss(picture, reference).sum().backward();
  const torch::Tensor gradient = picture.grad().clone();
  const torch::Tensor way = torch::randn_like(picture).detach();
  const torch::NoGradGuard no_grad;
  const double step = 1e-6;
  const double above = SoftRealismLoss(picture + step * way, reference).item<double>(),
               below = SoftRealismLoss(picture - step * way, reference).item<double>();
  const double along = (gradient * way).sum().item<double>();
  EXPECT_GT(std::abs(along), 1e-3);
  EXPECT_NEAR((above - below) / (2 * step), along, 0.05 * std::abs(along));
}

TEST(SoftRealism, WhatItWasFittedOnIsUsualAndBlurIsNot) {
  std::vector<torch::Tensor> real;
  for (std::uint64_t seed = 1; real.size() < 24; ++seed)
    if (seed % 3 != 0) real.push_back(AsTensor(image::Resize(Scene(seed), 128, 128)));
  const auto reference = FitSoftRealism(real);
  ASSERT_TRUE(reference.ok()) << reference.error().message;
  EXPECT_EQ(reference->side, 128);
  EXPECT_EQ(reference->pictures, 24);
  double usual = 0, blurred = 0;
  for (const torch::Tensor& picture : real) {
    usual += SoftRealismLoss(picture, *reference).item<double>() / 24;
    blurred += SoftRealismLoss(torch::avg_pool2d(picture, 9, 1, 4), *reference).item<double>() / 24;
  }
  EXPECT_LT(usual, 1.2);
  EXPECT_GT(blurred, 2 * usual);
  real.resize(19);
  EXPECT_FALSE(FitSoftRealism(real).ok());
}

TEST(SoftRealism, FlatPicturesHaveFiniteLossesAndGradients) {
  SoftRealismReference reference;
  reference.deviation = {1, 1, 1, 1, 1};
  torch::Tensor flat = torch::zeros({2, 3, 32, 32}).set_requires_grad(true);
  const torch::Tensor loss = SoftRealismLoss(flat, reference);
  loss.sum().backward();
  EXPECT_TRUE(torch::isfinite(loss).all().item<bool>());
  EXPECT_TRUE(torch::isfinite(flat.grad()).all().item<bool>());
}

TEST(SoftRealism, TheFileIsReadBackAndRefusedWhenWrong) {
  SoftRealismReference reference;
  reference.pictures = 77;
  reference.mean = {-1, 2, -3, 4, 0.5};
  reference.deviation = {0.1, 0.2, 0.3, 0.4, 0.5};
  Json json = SoftRealismJson(reference);
  const auto back = ParseSoftRealism(json, "x");
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->mean, reference.mean);
  EXPECT_EQ(back->pictures, 77);
  json["deviation"][2] = 0;
  EXPECT_THAT(ParseSoftRealism(json, "x").error().message, testing::HasSubstr("deviation"));
  json["mean"] = {1, 2};
  EXPECT_THAT(ParseSoftRealism(json, "x").error().message, testing::HasSubstr("five"));
  json["format"] = 3;
  EXPECT_FALSE(ParseSoftRealism(json, "x").ok());
}

}  // namespace
}  // namespace kantei::generate
