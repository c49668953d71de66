#include <gtest/gtest.h>

#include "kantei/authenticity/forensic_input_net.h"

namespace kantei::authenticity {
namespace {

/// By torch's own operations, in double.
torch::Tensor Expected(const torch::Tensor& pixels) {
  const torch::Tensor x = pixels.to(torch::kFloat64) / 255 - 0.5;
  const torch::Tensor mean = torch::avg_pool2d(x, 3, 1, 1, false, false);
  return torch::pixel_unshuffle(torch::cat({x, ((x - mean) * 16).clamp(-1, 1)}, 1), 2);
}

double Furthest(const torch::Tensor& a, const torch::Tensor& b) {
  return (a.to(torch::kFloat64) - b).abs().max().item<double>();
}

TEST(ForensicInputTest, IsWhatTheOperationsGive) {
  torch::manual_seed(3);
  for (const std::vector<std::int64_t>& shape :
       {std::vector<std::int64_t>{2, 3, 6, 10}, {1, 3, 2, 2}, {3, 3, 34, 66}}) {
    const torch::Tensor pixels = torch::randint(0, 256, shape).to(torch::kFloat32);
    const torch::Tensor expected = Expected(pixels);
    const torch::Tensor input = ForensicInput(pixels, torch::kFloat32);
    EXPECT_EQ(input.sizes(), expected.sizes());
    EXPECT_TRUE(input.is_contiguous(torch::MemoryFormat::ChannelsLast));
    EXPECT_LT(Furthest(input, expected), 2e-6);
    EXPECT_LT(Furthest(ForensicInput(pixels, torch::kBFloat16), expected), 1.0 / 256);
  }
}

TEST(ForensicInputTest, AnyLayoutGivesTheSame) {
  torch::manual_seed(4);
  const torch::Tensor pixels = torch::randint(0, 256, {2, 3, 12, 20}).to(torch::kFloat32);
  const torch::Tensor input = ForensicInput(pixels, torch::kFloat32);
  const torch::Tensor last = pixels.contiguous(torch::MemoryFormat::ChannelsLast);
  EXPECT_TRUE(torch::equal(ForensicInput(last, torch::kFloat32), input));
  const torch::Tensor turned = pixels.transpose(2, 3).contiguous().transpose(2, 3);
  EXPECT_TRUE(torch::equal(ForensicInput(turned, torch::kFloat32), input));
  EXPECT_TRUE(torch::equal(ForensicInput(pixels.slice(0, 1, 2), torch::kFloat32), input.slice(0, 1, 2)));
}

TEST(ForensicInputTest, RefusesOddSides) {
  EXPECT_THROW(ForensicInput(torch::zeros({1, 3, 5, 8}), torch::kFloat32), c10::Error);
  EXPECT_THROW(ForensicInput(torch::zeros({1, 1, 4, 8}), torch::kFloat32), c10::Error);
}

}  // namespace
}  // namespace kantei::authenticity
