// Bias on attention to words, from one block to a whole network.
#include <gtest/gtest.h>

#include <cmath>

#include "kantei/generate/diffusion_test_net.h"
#include "kantei/generate/shape_bias_net.h"
#include "kantei/generate/word_attention_net.h"

namespace kantei::generate {
namespace {

constexpr std::int64_t kWords = 8, kPlaces = 16;  // 4 x 4

/// A block whose output is its attention: values and output are left as they are, the source's words are unit vectors.
AttentionBlock Transparent(std::uint64_t seed) {
  AttentionBlock block(kWords, kWords, 1);
  BeginWeights(*block, seed);
  const torch::NoGradGuard no_grad;
  block->to_v->weight.copy_(torch::eye(kWords));
  block->to_out->weight.copy_(torch::eye(kWords));
  block->to_out->bias.zero_();
  return block;
}

torch::Tensor Places(std::uint64_t step) {
  return torch::sin(torch::arange(kPlaces * kWords, torch::kFloat32) * (0.3 + static_cast<double>(step)))
      .view({1, kPlaces, kWords});
}

PromptWords TestWords() {
  PromptWords words;
  words.content = {0, 0, 1, 1, 0, 0, 0, 0};
  words.informed = {0, 0, 1, 1, 1, 1, 1, 1};
  words.words = {"fox"};
  return words;
}

image::Image LeftHalf() {
  image::Image mask(8, 8, 1);
  for (int y = 0; y < 8; ++y) std::fill_n(mask.row(y), 4, std::uint8_t{255});
  return mask;
}

/// Attention to places `from` .. of the words, the mean inside and outside the left half.
std::pair<double, double> Mass(const torch::Tensor& attention, int from, int to) {
  const torch::Tensor share = attention[0].slice(1, from, to).sum(1).view({4, 4});
  return {share.slice(1, 0, 2).mean().item<double>(), share.slice(1, 2, 4).mean().item<double>()};
}

torch::Tensor OfPlaces(const torch::Tensor& bias) {
  return bias.flatten(2).transpose(1, 2);
}

TEST(ShapeBias, RaisesAndLowersAttentionWhereItSays) {
  const torch::NoGradGuard no_grad;
  AttentionBlock block = Transparent(5);
  const torch::Tensor words = torch::eye(kWords).unsqueeze(0), places = Places(1);
  const torch::Tensor plain = block(places, words, 1 << 20);
  EXPECT_TRUE(torch::allclose(plain.sum(-1), torch::ones({1, kPlaces}), 1e-4, 1e-5));
  const auto [inside, outside] = Mass(plain, 2, 4);

  const torch::Tensor shape = MaskOnLatents(LeftHalf(), 4, 4);
  const torch::Tensor shaped =
      block(places, words, 1 << 20, nullptr, OfPlaces(ShapeBias(TestWords(), shape)) * 2);
  EXPECT_GT(Mass(shaped, 2, 4).first, 0.95);
  EXPECT_LT(Mass(shaped, 2, 8).second, 0.05);  // end and padding know the words too

  const torch::Tensor lowered =
      block(places, words, 1 << 20, nullptr, OfPlaces(LoweringBias(TestWords(), shape)) * 2);
  EXPECT_GT(inside, 0.1);
  EXPECT_LT(Mass(lowered, 2, 8).first, 0.05);
  EXPECT_NEAR(Mass(lowered, 2, 4).second, outside, 1e-5);
}

TEST(ShapeBias, MapsAreThoseWithoutIt) {
  const torch::NoGradGuard no_grad;
  AttentionBlock block = Transparent(6);
  const torch::Tensor words = torch::eye(kWords).unsqueeze(0), places = Places(2);
  torch::Tensor plain, biased;
  block(places, words, 1 << 20, &plain);
  const torch::Tensor bias = OfPlaces(LoweringBias(TestWords(), MaskOnLatents(LeftHalf(), 4, 4)));
  const torch::Tensor output = block(places, words, 1 << 20, &biased, bias);
  EXPECT_TRUE(torch::equal(plain, biased));
  EXPECT_FALSE(torch::allclose(output, plain, 1e-2, 1e-2));
}

TEST(ShapeBias, ANetworkWithoutItAnswersAsBefore) {
  const torch::NoGradGuard no_grad;
  const DiffusionNets nets = TinyNets();
  Unet unet = nets.unet;
  const torch::Tensor latents = Places(3).view({1, 4, 4, 8}), time = torch::tensor({300});
  const torch::Tensor words = torch::sin(torch::arange(6 * 64, torch::kFloat32)).view({1, 6, 64});
  const torch::Tensor plain = unet->forward(latents, time, words);
  UnetExtras extras;
  EXPECT_TRUE(torch::equal(unet->forward(latents, time, words, extras), plain));
  extras.bias = torch::zeros({1, 6, 4, 8});
  EXPECT_TRUE(torch::allclose(unet->forward(latents, time, words, extras), plain, 1e-4, 1e-5));
  // The same for every word changes nothing, since each place's attention sums to one.
  extras.bias = torch::ones({1, 6, 4, 8});
  EXPECT_TRUE(torch::allclose(unet->forward(latents, time, words, extras), plain, 1e-4, 1e-5));
  extras.bias.select(1, 2).fill_(-2);
  const torch::Tensor lowered = unet->forward(latents, time, words, extras);
  EXPECT_FALSE(torch::allclose(lowered, plain, 1e-3, 1e-3));
  // Of two entries each has its own.
  extras.bias = torch::cat({torch::zeros({1, 6, 4, 8}), extras.bias});
  const torch::Tensor both =
      unet->forward(latents.expand({2, -1, -1, -1}), time, words.expand({2, -1, -1}), extras);
  EXPECT_TRUE(torch::allclose(both[0], plain[0], 1e-3, 1e-4));
  EXPECT_TRUE(torch::allclose(both[1], lowered[0], 1e-3, 1e-4));
}

TEST(ShapeBias, FallsWithTheNoise) {
  SchedulerStep early, late;
  early.signal = 0.1f, early.spread = 1;
  late.signal = 1, late.spread = 0.1f;
  EXPECT_NEAR(BiasFactor(early), 0.5 * std::log(11.0), 1e-5);
  EXPECT_NEAR(BiasFactor(late), 0.5 * std::log(1.1), 1e-5);
  early.signal = 0;
  EXPECT_TRUE(std::isfinite(BiasFactor(early)));
}

TEST(ShapeBias, MasksAreSharedOutToLatentPixels) {
  image::Image mask(8, 8, 1);
  for (int y = 0; y < 8; ++y) std::fill_n(mask.row(y), 3, std::uint8_t{255});
  const torch::Tensor shares = MaskOnLatents(mask, 4, 4);
  EXPECT_EQ(shares[0][0][1][0].item<float>(), 1);
  EXPECT_EQ(shares[0][0][1][1].item<float>(), 0.5);
  EXPECT_EQ(shares[0][0][1][2].item<float>(), 0);
}

TEST(WordAttention, IsTheMeanOverLayersAndTheLaterSteps) {
  const PromptWords words = TestWords();
  WordAttention attention(words, 4, 4);
  // Two entries: without words, with words. Only the second, and of it the two words' places, may count.
  const auto maps = [](std::int64_t side, float share) {
    torch::Tensor map = torch::full({2, kWords, side, side}, 9.0f);
    map[1].fill_(7);
    map[1].slice(0, 2, 4).fill_(share / 2);
    return map;
  };
  for (int step = 0; step < 4; ++step) {
    attention.Add(maps(4, step < 2 ? 5.0f : 0.2f));
    attention.Add(maps(2, step < 2 ? 5.0f : 0.4f));
    attention.EndStep(step, 4);
  }
  const image::Plane map = attention.Map();
  ASSERT_EQ(map.width, 4);
  for (const float value : map.values) EXPECT_NEAR(value, 0.3, 1e-6);
  EXPECT_TRUE(WordAttention(PromptWords{}, 4, 4).Map().values.empty());
}

}  // namespace
}  // namespace kantei::generate
