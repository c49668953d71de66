#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "kantei/nn/group_norm_silu_net.h"

namespace kantei::nn {
namespace {

using torch::Tensor;

struct Case {
  std::int64_t channels, groups, height, width;
  double mean;
  bool silu, bfloat16;
};

struct Outcome {
  Tensor y, dx, d_weight, d_bias;
};

Outcome NormAndBack(const Case& c, bool fused) {
  torch::manual_seed(5);
  const Tensor weight = torch::empty({c.channels}).uniform_(0.5, 1.5).requires_grad_(),
               bias = torch::empty({c.channels}).uniform_(-1, 1).requires_grad_();
  const auto type = c.bfloat16 ? torch::kBFloat16 : torch::kFloat32;
  const Tensor x = (torch::randn({3, c.channels, c.height, c.width}) * 2 + c.mean)
                       .to(type)
                       .contiguous(torch::MemoryFormat::ChannelsLast)
                       .requires_grad_();
  const Tensor dy = torch::randn({3, c.channels, c.height, c.width}).to(type).to(torch::kFloat32);
  Tensor y;
  if (fused) {
    EXPECT_TRUE(GroupNormSiluFits(x));
    y = GroupNormSilu(x, c.groups, weight, bias, 1e-5, c.silu);
    EXPECT_EQ(y.scalar_type(), type);
    EXPECT_TRUE(y.is_contiguous(torch::MemoryFormat::ChannelsLast));
  } else {
    const Tensor z = torch::group_norm(x.to(torch::kFloat64), c.groups, weight.to(torch::kFloat64),
                                       bias.to(torch::kFloat64), 1e-5);
    y = c.silu ? torch::silu(z) : z;
  }
  y.backward(dy.to(y.scalar_type()));
  return {y.to(torch::kFloat64), x.grad().to(torch::kFloat64), weight.grad(), bias.grad()};
}

void ExpectClose(const Tensor& a, const Tensor& b, double tolerance, const std::string& what) {
  ASSERT_EQ(a.sizes(), b.sizes());
  EXPECT_LT((a - b).abs().max().item<double>(), tolerance * (1 + b.abs().max().item<double>())) << what;
}

TEST(GroupNormSilu, EqualsTorchInEveryForm) {
  for (const Case& c : {Case{32, 8, 9, 7, 0, true, false}, Case{32, 32, 20, 20, 3, true, false},
                        Case{48, 16, 5, 3, -2, false, false}, Case{20, 5, 17, 31, 0, true, false},
                        Case{8, 1, 1, 2, 0, true, false}, Case{32, 8, 9, 7, 0, true, true},
                        Case{64, 16, 33, 20, 2, false, true}}) {
    SCOPED_TRACE(std::to_string(c.channels) + " channels, bfloat16 " + std::to_string(c.bfloat16));
    const Outcome ours = NormAndBack(c, true), theirs = NormAndBack(c, false);
    const double tolerance = c.bfloat16 ? 8e-3 : 3e-6;
    ExpectClose(ours.y, theirs.y, tolerance, "y");
    ExpectClose(ours.dx, theirs.dx, tolerance, "dx");
    ExpectClose(ours.d_weight, theirs.d_weight, c.bfloat16 ? 2e-3 : 3e-6, "weight");
    ExpectClose(ours.d_bias, theirs.d_bias, c.bfloat16 ? 2e-3 : 3e-6, "bias");
  }
}

// Autoencoders of pictures have channels a thousand deviations away from zero.
TEST(GroupNormSilu, LargeMeansCostNoDigits) {
  const Case c{32, 16, 24, 24, 2000, false, false};
  const Outcome ours = NormAndBack(c, true), theirs = NormAndBack(c, false);
  ExpectClose(ours.y, theirs.y, 3e-4, "y");
}

TEST(GroupNormSilu, ValuesFarFromZeroDoNotOverflow) {
  const Tensor x = torch::tensor({-3000.0F, 3000.0F, -1.0F, 1.0F})
                       .view({1, 1, 2, 2})
                       .contiguous(torch::MemoryFormat::ChannelsLast);
  const Tensor weight = torch::full({1}, 200.0F), bias = torch::zeros({1});
  const Tensor y = GroupNormSilu(x, 1, weight, bias, 1e-5, true);
  EXPECT_TRUE(torch::isfinite(y).all().item<bool>());
  EXPECT_NEAR(y.view({-1})[0].item<double>(), 0, 1e-5);
  EXPECT_NEAR(y.view({-1})[1].item<double>(), 200 * std::sqrt(2.0), 1e-2);
}

TEST(GroupNormSilu, NanStaysNan) {
  Tensor x = torch::zeros({1, 8, 4, 4}).contiguous(torch::MemoryFormat::ChannelsLast);
  x.select(1, 3).select(1, 2).select(1, 1).fill_(NAN);
  EXPECT_TRUE(
      torch::isnan(GroupNormSilu(x, 2, torch::ones({8}), torch::zeros({8}), 1e-5, true)).any().item<bool>());
}

TEST(GroupNormSilu, TheNumberOfThreadsChangesNothing) {
  const Case c{32, 8, 40, 40, 1, true, true};
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const Outcome one = NormAndBack(c, true);
  at::set_num_threads(3);
  const Outcome three = NormAndBack(c, true);
  at::set_num_threads(before);
  EXPECT_TRUE(torch::equal(one.y, three.y));
  EXPECT_TRUE(torch::equal(one.dx, three.dx));
  EXPECT_TRUE(torch::equal(one.d_weight, three.d_weight));
}

TEST(GroupNormSilu, LeavesOtherLayoutsToTorch) {
  EXPECT_FALSE(GroupNormSiluFits(torch::zeros({2, 8, 4, 4})));
  EXPECT_FALSE(GroupNormSiluFits(torch::zeros({2, 8, 4, 4}, torch::kFloat64)));
  EXPECT_FALSE(GroupNormSiluFits(torch::zeros({2, 8, 4})));
}

}  // namespace
}  // namespace kantei::nn
