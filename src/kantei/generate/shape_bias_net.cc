#include "kantei/generate/shape_bias_net.h"

#include <algorithm>
#include <cmath>

namespace kantei::generate {
namespace {

constexpr double kWeight = 0.5, kLeastSignal = 1e-3;

torch::Tensor OverWords(const std::vector<float>& words) {
  return torch::tensor(words, torch::kFloat32).view({1, -1, 1, 1});
}

}  // namespace

torch::Tensor MaskOnLatents(const image::Image& mask, std::int64_t height, std::int64_t width) {
  torch::Tensor pixels = torch::empty({1, 1, mask.height(), mask.width()}, torch::kFloat32);
  std::transform(mask.pixels().begin(), mask.pixels().end(), pixels.data_ptr<float>(),
                 [](std::uint8_t value) { return value != 0 ? 1.0f : 0.0f; });
  return torch::adaptive_avg_pool2d(pixels, {height, width});
}

torch::Tensor ShapeBias(const PromptWords& words, const torch::Tensor& shape) {
  return OverWords(words.content) * shape + LoweringBias(words, 1 - shape);
}

torch::Tensor LoweringBias(const PromptWords& words, const torch::Tensor& shape) {
  return -OverWords(words.informed) * shape;
}

double BiasFactor(const SchedulerStep& numbers) {
  return kWeight * std::log1p(numbers.spread / std::max<double>(numbers.signal, kLeastSignal));
}

}  // namespace kantei::generate
