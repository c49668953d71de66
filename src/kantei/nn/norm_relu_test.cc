#include <gtest/gtest.h>

#include "kantei/nn/norm_relu_net.h"

namespace kantei::nn {
namespace {

using torch::Tensor;

struct Outcome {
  Tensor y, dx, d_residual, d_weight, d_bias, running_mean, running_var;
};

Outcome NormAndBack(bool fused, bool with_residual, bool relu) {
  torch::manual_seed(5);
  torch::nn::BatchNorm2d norm(24);
  {
    const torch::NoGradGuard no_grad;
    norm->weight.uniform_(0.5, 1.5);
    norm->bias.uniform_(-1, 1);
  }
  const auto make = [](double mean) {
    return (torch::randn({6, 24, 9, 7}) * 2 + mean)
        .to(torch::kBFloat16)
        .contiguous(torch::MemoryFormat::ChannelsLast)
        .requires_grad_();
  };
  Tensor x = make(3), residual = make(0);
  const Tensor dy = torch::randn({6, 24, 9, 7});
  Tensor y;
  if (fused) {
    EXPECT_TRUE(NormReluFits(x));
    y = TrainNormRelu(x, norm, with_residual ? residual : Tensor(), relu);
    EXPECT_EQ(y.scalar_type(), torch::kBFloat16);
  } else {
    y = norm->forward(x.to(torch::kFloat32));
    if (with_residual) y = y + residual.to(torch::kFloat32);
    if (relu) y = y.relu();
  }
  y.backward(dy.to(y.scalar_type()));
  return {y.to(torch::kFloat32),
          x.grad().to(torch::kFloat32),
          with_residual ? residual.grad().to(torch::kFloat32) : Tensor(),
          norm->weight.grad(),
          norm->bias.grad(),
          norm->running_mean.clone(),
          norm->running_var.clone()};
}

void ExpectClose(const Tensor& a, const Tensor& b, double tolerance) {
  ASSERT_EQ(a.defined(), b.defined());
  if (!a.defined()) return;
  ASSERT_EQ(a.sizes(), b.sizes());
  EXPECT_LT((a - b).abs().max().item<double>(), tolerance * (1 + b.abs().max().item<double>()));
}

TEST(NormRelu, EqualsTorchInEveryForm) {
  for (const bool with_residual : {false, true}) {
    for (const bool relu : {false, true}) {
      SCOPED_TRACE(std::to_string(with_residual) + std::to_string(relu));
      const Outcome ours = NormAndBack(true, with_residual, relu),
                    theirs = NormAndBack(false, with_residual, relu);
      constexpr double kBfloat = 1.0 / 128;  // 8 bits of mantissa
      ExpectClose(ours.y, theirs.y, kBfloat);
      ExpectClose(ours.dx, theirs.dx, kBfloat);
      ExpectClose(ours.d_residual, theirs.d_residual, kBfloat);
      ExpectClose(ours.d_weight, theirs.d_weight, kBfloat);
      ExpectClose(ours.d_bias, theirs.d_bias, kBfloat);
      ExpectClose(ours.running_mean, theirs.running_mean, 1e-5);
      ExpectClose(ours.running_var, theirs.running_var, 1e-5);
    }
  }
}

TEST(NormRelu, LeavesNanVisible) {
  torch::nn::BatchNorm2d norm(16);
  Tensor x = torch::zeros({1, 16, 2, 2});
  x[0][3][0][0] = NAN;
  x = x.to(torch::kBFloat16).contiguous(torch::MemoryFormat::ChannelsLast);
  EXPECT_TRUE(TrainNormRelu(x, norm, {}, false).isnan().any().item<bool>());
}

TEST(NormRelu, TakesOnlyWhatItsKernelsAreFor) {
  EXPECT_FALSE(NormReluFits(torch::zeros({2, 8, 4, 4}).contiguous(torch::MemoryFormat::ChannelsLast)));
  EXPECT_FALSE(NormReluFits(torch::zeros({2, 8, 4, 4}).to(torch::kBFloat16)));
}

}  // namespace
}  // namespace kantei::nn
