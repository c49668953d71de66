#include "kantei/nn/convnext_net.h"

#include <string>

#include "kantei/base/result.h"
#include "kantei/nn/module_tree_net.h"

namespace kantei::nn {
namespace {

// What a block adds is nothing at first.
constexpr double kFirstScale = 1e-6;

struct BlockModule : torch::nn::Module {
  torch::Tensor scale;
  explicit BlockModule(int channels) {
    scale = register_parameter("layer_scale", torch::full({channels, 1, 1}, kFirstScale));
  }
};

}  // namespace

ConvNextImpl::ConvNextImpl(const ConvNextOptions& options) : options_(options) {
  KANTEI_CHECK(options.stages >= 1 && options.stages <= 4);
  const auto begin = [](auto module) {
    BeginLinear(module->weight);
    if (module->bias.defined()) torch::nn::init::zeros_(module->bias);
    return module;
  };
  stem_ = PutModule(*this, "features.0.0",
                    begin(MakeConv(options.in_channels, options.widths[0], 4, 4, 0, options.stem_bias)));
  stem_norm_ = PutModule(*this, "features.0.1", MakeLayerNorm(options.widths[0], kEps));
  for (int s = 0; s < options.stages; ++s) {
    StageParts stage;
    const auto index = static_cast<std::size_t>(s);
    const int channels = options.widths[index];
    if (s > 0) {
      const int before = options.widths[index - 1];
      const std::string name = "features." + std::to_string(2 * s) + ".";
      stage.norm = PutModule(*this, name + "0", MakeLayerNorm(before, kEps));
      stage.down = PutModule(*this, name + "1", begin(MakeConv(before, channels, 2, 2, 0)));
    }
    for (int b = 0; b < options.depths[index]; ++b) {
      const std::string name = "features." + std::to_string(2 * s + 1) + "." + std::to_string(b);
      Block block;
      block.scale = PutModule(*this, name, std::make_shared<BlockModule>(channels))->scale;
      block.spatial =
          PutModule(*this, name + ".block.0", begin(MakeConv(channels, channels, 7, 1, 3, true, channels)));
      block.norm = PutModule(*this, name + ".block.2", MakeLayerNorm(channels, kEps));
      block.widen = PutModule(*this, name + ".block.3", begin(torch::nn::Linear(channels, 4 * channels)));
      block.narrow = PutModule(*this, name + ".block.5", begin(torch::nn::Linear(4 * channels, channels)));
      stage.blocks.push_back(std::move(block));
    }
    stages_.push_back(std::move(stage));
  }
}

torch::Tensor ConvNextImpl::Stem(const torch::Tensor& x) {
  return NormChannels(stem_norm_, stem_(x));
}

torch::Tensor ConvNextImpl::Stage(int stage, torch::Tensor x) {
  StageParts& parts = stages_.at(static_cast<std::size_t>(stage));
  if (parts.down) x = parts.down(NormChannels(parts.norm, x));
  for (Block& block : parts.blocks) {
    torch::Tensor y = block.norm(block.spatial(x).permute({0, 2, 3, 1}));
    y = block.narrow(torch::gelu(block.widen(y))).permute({0, 3, 1, 2});
    x = x + block.scale * y;
  }
  return x;
}

std::vector<torch::Tensor> ConvNextImpl::forward(torch::Tensor x) {
  std::vector<torch::Tensor> outputs;
  x = Stem(x);
  for (int s = 0; s < options_.stages; ++s) outputs.push_back(x = Stage(s, x));
  return outputs;
}

}  // namespace kantei::nn
