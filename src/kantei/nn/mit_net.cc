#include "kantei/nn/mit_net.h"

#include <cmath>
#include <string>

#include "kantei/base/result.h"
#include "kantei/nn/module_tree_net.h"

namespace kantei::nn {
namespace {

torch::Tensor ToMap(const torch::Tensor& tokens, int64_t height, int64_t width) {
  return tokens.transpose(1, 2).reshape({tokens.size(0), tokens.size(2), height, width});
}

torch::Tensor ToTokens(const torch::Tensor& map) {
  return map.flatten(2).transpose(1, 2);
}

}  // namespace

MitImpl::MitImpl(const MitOptions& options) : options_(options) {
  KANTEI_CHECK(options.stages >= 1 && options.stages <= 4);
  const auto linear = [&](const std::string& name, int in, int out) {
    torch::nn::Linear module(in, out);
    BeginLinear(module->weight);
    torch::nn::init::zeros_(module->bias);
    return PutModule(*this, name, module);
  };
  const auto conv = [&](const std::string& name, torch::nn::Conv2d module) {
    const auto fan_out =
        static_cast<double>(module->weight.numel()) / static_cast<double>(module->weight.size(1));
    torch::nn::init::normal_(module->weight, 0, std::sqrt(2.0 / fan_out));
    if (module->bias.defined()) torch::nn::init::zeros_(module->bias);
    return PutModule(*this, name, module);
  };
  for (int s = 0; s < options.stages; ++s) {
    const auto i = static_cast<std::size_t>(s);
    const int channels = options.widths[i], reduction = options.reductions[i];
    const int before = s == 0 ? options.in_channels : options.widths[i - 1];
    const int kernel = options.kernels[i], stride = options.strides[i];
    const int inner = options.mlp_ratios[i] * channels;
    const std::string at = std::to_string(s);
    StageParts stage;
    stage.embed = conv("encoder.patch_embeddings." + at + ".proj",
                       MakeConv(before, channels, kernel, stride, kernel / 2, s > 0 || options.stem_bias));
    stage.embed_norm =
        PutModule(*this, "encoder.patch_embeddings." + at + ".layer_norm", MakeLayerNorm(channels, kEps));
    for (int b = 0; b < options.depths[i]; ++b) {
      const std::string name = "encoder.block." + at + "." + std::to_string(b) + ".";
      const std::string self = name + "attention.self.";
      Block block;
      block.heads = options.heads[i];
      block.norm_1 = PutModule(*this, name + "layer_norm_1", MakeLayerNorm(channels, options.block_eps));
      block.query = linear(self + "query", channels, channels);
      block.key = linear(self + "key", channels, channels);
      block.value = linear(self + "value", channels, channels);
      if (reduction > 1) {
        block.reduce = conv(self + "sr", MakeConv(channels, channels, reduction, reduction, 0));
        block.reduced_norm = PutModule(*this, self + "layer_norm", MakeLayerNorm(channels, kEps));
      }
      block.output = linear(name + "attention.output.dense", channels, channels);
      block.norm_2 = PutModule(*this, name + "layer_norm_2", MakeLayerNorm(channels, options.block_eps));
      block.widen = linear(name + "mlp.dense1", channels, inner);
      block.spatial = conv(name + "mlp.dwconv.dwconv", MakeConv(inner, inner, 3, 1, 1, true, inner));
      block.narrow = linear(name + "mlp.dense2", inner, channels);
      stage.blocks.push_back(std::move(block));
    }
    stage.norm = PutModule(*this, "encoder.layer_norm." + at, MakeLayerNorm(channels, options.block_eps));
    stages_.push_back(std::move(stage));
  }
}

torch::Tensor MitImpl::Block::Attend(const torch::Tensor& x, int64_t height, int64_t width) {
  const int64_t count = x.size(0), channels = x.size(2), depth = channels / heads;
  const auto split = [&](const torch::Tensor& t) {
    return t.reshape({count, t.size(1), heads, depth}).transpose(1, 2);
  };
  torch::Tensor source = x;
  if (reduce) source = reduced_norm(ToTokens(reduce(ToMap(x, height, width))));
  const torch::Tensor q = split(query(x)), k = split(key(source)), v = split(value(source));
  const torch::Tensor weights =
      torch::softmax(torch::matmul(q, k.transpose(-2, -1)) / std::sqrt(static_cast<double>(depth)), -1);
  return output(torch::matmul(weights, v).transpose(1, 2).reshape({count, x.size(1), channels}));
}

torch::Tensor MitImpl::Block::Mlp(const torch::Tensor& x, int64_t height, int64_t width) {
  return narrow(torch::gelu(ToTokens(spatial(ToMap(widen(x), height, width)))));
}

torch::Tensor MitImpl::Stage(int stage, const torch::Tensor& x) {
  StageParts& parts = stages_.at(static_cast<std::size_t>(stage));
  const torch::Tensor map = parts.embed(x);
  const int64_t height = map.size(2), width = map.size(3);
  torch::Tensor tokens = parts.embed_norm(ToTokens(map));
  for (Block& block : parts.blocks) {
    tokens = tokens + block.Attend(block.norm_1(tokens), height, width);
    tokens = tokens + block.Mlp(block.norm_2(tokens), height, width);
  }
  return ToMap(parts.norm(tokens), height, width);
}

std::vector<torch::Tensor> MitImpl::forward(torch::Tensor x) {
  std::vector<torch::Tensor> outputs;
  for (int s = 0; s < options_.stages; ++s) outputs.push_back(x = Stage(s, x));
  return outputs;
}

}  // namespace kantei::nn
