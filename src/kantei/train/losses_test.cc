#include "kantei/train/losses_net.h"

#include <gtest/gtest.h>

#include <cmath>

namespace kantei::train {
namespace {

torch::Tensor Unit(std::initializer_list<std::initializer_list<float>> rows) {
  std::vector<torch::Tensor> made;
  for (const auto& row : rows) made.push_back(torch::tensor(std::vector<float>(row)));
  return torch::nn::functional::normalize(torch::stack(made));
}

TEST(InfoNceLoss, EqualsTheFormulaByHand) {
  const torch::Tensor z = Unit({{1, 0}, {0.6f, 0.8f}, {0, 1}, {-1, 0}});
  const torch::Tensor labels = torch::tensor({7, 7, 9, 9});
  const double t = 0.5;
  const double s[4][4] = {{1, 0.6, 0, -1}, {0.6, 1, 0.8, -0.6}, {0, 0.8, 1, 0}, {-1, -0.6, 0, 1}};
  const int partner[4] = {1, 0, 3, 2};
  double expected = 0;
  for (int i = 0; i < 4; ++i) {
    double sum = 0;
    for (int j = 0; j < 4; ++j)
      if (j != i) sum += std::exp(s[i][j] / t);
    expected -= std::log(std::exp(s[i][partner[i]] / t) / sum) / 4;
  }
  EXPECT_NEAR(InfoNceLoss(z, labels, t).item<double>(), expected, 1e-5);
}

TEST(InfoNceLoss, SeveralPositivesDoNotCompeteWithEachOther) {
  // Three equal views of one picture and nothing alike: no loss is left.
  const torch::Tensor z = Unit({{1, 0}, {1, 0}, {1, 0}, {-1, 0}, {-1, 0}, {-1, 0}});
  const torch::Tensor labels = torch::tensor({0, 0, 0, 1, 1, 1});
  EXPECT_NEAR(InfoNceLoss(z, labels, 0.05).item<double>(), 0, 1e-5);
}

TEST(KoLeoLoss, LooksAtTheNearestOfAnotherLabelOnly) {
  const torch::Tensor z = Unit({{1, 0}, {1, 0}, {0, 1}, {0, 1}});
  const torch::Tensor labels = torch::tensor({0, 0, 1, 1});
  EXPECT_NEAR(KoLeoLoss(z, labels).item<double>(), -std::log(std::sqrt(2.0)), 1e-6);
}

TEST(KoLeoLoss, FallsWhenDescriptorsSpread) {
  const torch::Tensor labels = torch::tensor({0, 1, 2});
  const double near = KoLeoLoss(Unit({{1, 0}, {1, 0.1f}, {1, -0.1f}}), labels).item<double>();
  const double far = KoLeoLoss(Unit({{1, 0}, {-0.5f, 0.866f}, {-0.5f, -0.866f}}), labels).item<double>();
  EXPECT_GT(near, far + 1);
}

TEST(BarlowTwinsLoss, IsZeroForEqualUncorrelatedFeatures) {
  const torch::Tensor a = torch::tensor({{1.f, 1.f}, {1.f, -1.f}, {-1.f, 1.f}, {-1.f, -1.f}});
  EXPECT_NEAR(BarlowTwinsLoss(a, a, 0.005).item<double>(), 0, 1e-6);
  // One view negated: the diagonal is -1, (-1 - 1)^2 twice over two features.
  EXPECT_NEAR(BarlowTwinsLoss(a, -a, 0.005).item<double>(), 4, 1e-3);
}

TEST(BarlowTwinsLoss, PunishesRedundantFeatures) {
  const torch::Tensor a = torch::tensor({{1.f, 1.f}, {-1.f, -1.f}, {1.f, 1.f}, {-1.f, -1.f}});
  EXPECT_NEAR(BarlowTwinsLoss(a, a, 0.5).item<double>(), 0.5, 1e-3);
}

TEST(DistillationLoss, LetsTheTeacherLearnToo) {
  torch::Tensor student = torch::tensor({{1.f, 0.f}}).requires_grad_(),
                teacher = torch::tensor({{0.f, 2.f}}).requires_grad_();
  const torch::Tensor loss = DistillationLoss(student, teacher, 2);
  const double p0 = 1 / (1 + std::exp(1.0)), q0 = 1 / (1 + std::exp(-0.5));
  EXPECT_NEAR(loss.item<double>(), -(p0 * std::log(q0) + (1 - p0) * std::log(1 - q0)), 1e-6);
  loss.backward();
  EXPECT_GT(teacher.grad().abs().sum().item<double>(), 0);
}

TEST(SoftTripletLoss, TakesTheHardestPair) {
  const torch::Tensor x = torch::tensor({{0.f}, {3.f}, {1.f}, {1.f}});
  const torch::Tensor labels = torch::tensor({0, 0, 1, 1});
  // Hardest positive minus hardest negative: 3-1, 3-2, 0-1, 0-1.
  const double expected =
      (std::log1p(std::exp(2.0)) + std::log1p(std::exp(1.0)) + 2 * std::log1p(std::exp(-1.0))) / 4;
  EXPECT_NEAR(SoftTripletLoss(x, labels).item<double>(), expected, 1e-4);
}

TEST(SoftTripletLoss, HasAFiniteGradientForEqualFeatures) {
  torch::Tensor x = torch::zeros({4, 3}).requires_grad_();
  SoftTripletLoss(x, torch::tensor({0, 0, 1, 1})).backward();
  EXPECT_TRUE(x.grad().isfinite().all().item<bool>());
}

TEST(WaveBlock, KeepsOneBandAndScalesTheRest) {
  const torch::Tensor y = WaveBlock(torch::ones({1, 2, 10, 4}), 0.5);
  EXPECT_EQ(y.eq(1).sum().item<int>(), 3 * 4 * 2);
  EXPECT_EQ(y.eq(1.5).sum().item<int>(), 7 * 4 * 2);
  EXPECT_TRUE(y[0][0][4].eq(1).all().item<bool>());
  EXPECT_TRUE(WaveBlock(torch::ones({1, 1, 10, 1}), 0.9999)[0][0][9].eq(1).all().item<bool>());
}

}  // namespace
}  // namespace kantei::train
