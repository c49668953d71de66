// What the networks promise beyond the golden numbers: bounded attention, tiles, seeds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "kantei/generate/attention_net.h"
#include "kantei/generate/autoencoder_kl_net.h"
#include "kantei/generate/diffusion_test_net.h"
#include "kantei/nn/weights_net.h"

namespace kantei::generate {
namespace {

torch::Tensor Waves(std::vector<int64_t> shape, double step) {
  int64_t count = 1;
  for (const int64_t length : shape) count *= length;
  return torch::sin(torch::arange(count, torch::kFloat32) * step).view(shape);
}

double Greatest(const torch::Tensor& x) {
  return x.abs().max().item<double>();
}

TEST(AttendTest, SlicesGiveTheSame) {
  const torch::Tensor q = Waves({2, 3, 17, 8}, 0.37), k = Waves({2, 3, 29, 8}, 0.71),
                      v = Waves({2, 3, 29, 5}, 1.9);
  const torch::Tensor whole =
      torch::matmul(torch::softmax(torch::matmul(q, k.transpose(-2, -1)) / std::sqrt(8.0), -1), v);
  for (const int64_t scores : {1, 29, 100, 17 * 29, 4 * 17 * 29, 1 << 20}) {
    AttentionOptions options;
    options.max_scores = scores;
    EXPECT_LT(Greatest(Attend(q, k, v, options) - whole), 1e-5) << scores;
  }
}

TEST(AttendTest, CausalRowsSeeNothingLater) {
  const torch::Tensor q = Waves({1, 2, 11, 4}, 0.3), k = Waves({1, 2, 11, 4}, 0.9),
                      v = Waves({1, 2, 11, 4}, 0.5);
  torch::Tensor changed = v.clone();
  changed.narrow(2, 6, 5).add_(3);
  for (const int64_t scores : {1, 40, 1 << 20}) {
    AttentionOptions options;
    options.max_scores = scores;
    options.causal = true;
    const torch::Tensor a = Attend(q, k, v, options), b = Attend(q, k, changed, options);
    EXPECT_EQ(Greatest((a - b).narrow(2, 0, 6)), 0);
    EXPECT_GT(Greatest((a - b).narrow(2, 6, 1)), 0.01);
    EXPECT_LT(Greatest(a.select(2, 0) - v.select(2, 0)), 1e-6);
  }
}

TEST(AttendTest, Bfloat16IsClose) {
  const torch::Tensor q = Waves({1, 2, 40, 16}, 0.37), k = Waves({1, 2, 50, 16}, 0.71),
                      v = Waves({1, 2, 50, 16}, 1.9);
  const auto half = [](const torch::Tensor& x) { return x.to(torch::kBFloat16); };
  const torch::Tensor is = Attend(half(q), half(k), half(v));
  EXPECT_EQ(is.scalar_type(), torch::kBFloat16);
  EXPECT_LT(Greatest(is.to(torch::kFloat32) - Attend(q, k, v)), 0.02);
}

TEST(BeginWeightsTest, FollowTheSeed) {
  const DiffusionNets a = TinyNets();
  DiffusionNets b = TinyNets();
  EXPECT_TRUE(torch::equal(UnetAnswer(a), UnetAnswer(b)));
  BeginWeights(*b.unet, 99);
  EXPECT_FALSE(torch::equal(UnetAnswer(a), UnetAnswer(b)));
  for (const auto& [name, tensor] : nn::StateOf(*a.unet))
    EXPECT_TRUE(torch::isfinite(tensor).all().item<bool>()) << name;
}

TEST(BeginWeightsTest, ControlnetAddsNothingAtFirst) {
  const torch::NoGradGuard no_grad;
  DiffusionNets nets = TinyNets({false, false, true});
  BeginWeights(*nets.controlnet, 5);
  const ControlResiduals residuals =
      nets.controlnet->forward(Waves({1, 4, 6, 8}, 0.1), torch::tensor({9}), Waves({1, 3, 64}, 0.2),
                               Waves({1, 3, 12, 16}, 0.3).abs(), 1, {});
  for (const torch::Tensor& skip : residuals.skips) EXPECT_EQ(Greatest(skip), 0);
  EXPECT_EQ(Greatest(residuals.middle), 0);
}

TEST(UnetTest, TrainsThroughEveryParameter) {
  const DiffusionNets nets = TinyNets();
  Unet unet = nets.unet;
  unet->forward(Waves({1, 4, 6, 8}, 0.1), torch::tensor({9}), Waves({1, 3, 64}, 0.2), {})
      .pow(2)
      .sum()
      .backward();
  for (const auto& item : unet->named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
    EXPECT_GT(Greatest(item.value().grad()), 0) << item.key();
  }
}

TEST(AutoencoderKlTest, SamplesFollowTheSeedAroundTheMean) {
  const LatentMoments moments{torch::full({1, 4, 32, 32}, 2.0), torch::full({1, 4, 32, 32}, std::log(0.25))};
  const torch::Tensor sample = moments.Sample(7);
  EXPECT_TRUE(torch::equal(sample, moments.Sample(7)));
  EXPECT_FALSE(torch::equal(sample, moments.Sample(8)));
  EXPECT_NEAR(sample.mean().item<double>(), 2.0, 0.05);
  EXPECT_NEAR(sample.std().item<double>(), 0.5, 0.03);
}

TEST(AutoencoderKlTest, BeginsAsQuietAsAsked) {
  DiffusionNets nets = TinyNets();
  const torch::NoGradGuard no_grad;
  const torch::Tensor pictures = Waves({2, 3, 16, 16}, 0.31);
  const LatentMoments before = nets.vae->Encode(pictures);
  EXPECT_LT(Greatest(before.log_variance), 2);
  nets.vae->BeginLogVariance(-6);
  const LatentMoments after = nets.vae->Encode(pictures);
  EXPECT_EQ(Greatest(after.mean - before.mean), 0);
  EXPECT_LT(Greatest(after.log_variance + 6), 2);
}

TEST(AutoencoderKlTest, TilesMeetWithoutSeams) {
  const torch::NoGradGuard no_grad;
  AutoencoderKl vae = TinyNets().vae;
  // A constant picture of one latent value: whatever a tile's norms and borders do, they do alike along the other side.
  const torch::Tensor latents = Waves({1, 4, 40, 40}, 0.05);
  const torch::Tensor whole = vae->Decode(latents);
  EXPECT_TRUE(torch::equal(vae->DecodeTiled(latents, {64, 16}).value(), whole));
  const torch::Tensor tiled = vae->DecodeTiled(latents, {24, 12}).value();
  ASSERT_EQ(tiled.sizes(), whole.sizes());
  EXPECT_LT((tiled - whole).abs().mean().item<double>(), 0.25 * whole.std().item<double>());
  // No jump where tiles begin that the whole has not.
  const auto jumps = [](const torch::Tensor& x) { return Greatest(x.slice(3, 1) - x.slice(3, 0, -1)); };
  EXPECT_LT(jumps(tiled), 1.5 * jumps(whole));
}

TEST(AutoencoderKlTest, TilesCoverEverySideAndStopWhenAsked) {
  const torch::NoGradGuard no_grad;
  AutoencoderKl vae = TinyNets().vae;
  for (const auto& [height, width] : {std::pair{8, 33}, {33, 8}, {17, 31}, {9, 9}}) {
    const torch::Tensor decoded = vae->DecodeTiled(Waves({1, 4, height, width}, 0.4), {8, 3}).value();
    EXPECT_EQ(decoded.size(2), 2 * height);
    EXPECT_EQ(decoded.size(3), 2 * width);
    EXPECT_TRUE(torch::isfinite(decoded).all().item<bool>());
  }
  const CancellationToken cancelled;
  cancelled.Cancel();
  const auto stopped = vae->DecodeTiled(Waves({1, 4, 16, 16}, 0.4), {8, 3}, cancelled);
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
  EXPECT_FALSE(vae->DecodeTiled(Waves({1, 4, 16, 16}, 0.4), {8, 5}).ok());
}

}  // namespace
}  // namespace kantei::generate
