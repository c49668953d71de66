#include "kantei/generate/diffusion_layers_net.h"

#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

#include "kantei/nn/group_norm_silu_net.h"

namespace kantei::generate {

LinearLayerImpl::LinearLayerImpl(int64_t in, int64_t out, bool with_bias)
    : weight(register_parameter("weight", torch::empty({out, in}))) {
  if (with_bias) bias = register_parameter("bias", torch::empty({out}));
}

torch::Tensor LinearLayerImpl::forward(const torch::Tensor& x) {
  return torch::linear(x, weight, bias);
}

ConvLayerImpl::ConvLayerImpl(int64_t in, int64_t out, int64_t kernel, int64_t stride_, int64_t padding_)
    : weight(register_parameter("weight", torch::empty({out, in, kernel, kernel}))),
      bias(register_parameter("bias", torch::empty({out}))),
      stride(stride_),
      padding(padding_) {}

torch::Tensor ConvLayerImpl::forward(const torch::Tensor& x) {
  return torch::conv2d(x, weight, bias, stride, padding);
}

GroupNormLayerImpl::GroupNormLayerImpl(int64_t groups_, int64_t channels, double eps_)
    : weight(register_parameter("weight", torch::empty({channels}))),
      bias(register_parameter("bias", torch::empty({channels}))),
      groups(groups_),
      eps(eps_) {}

torch::Tensor GroupNormLayerImpl::Run(const torch::Tensor& x, bool silu) {
  // Networks kept in bfloat16 go torch's way: with ours, which rounds once where torch rounds twice, the small network of nine channels
  // came 0.3 % above its bound against the reference.
  if (weight.scalar_type() == torch::kFloat32 && nn::GroupNormSiluFits(x))
    return nn::GroupNormSilu(x, groups, weight, bias, eps, silu);
  // In training with mixed precision x may be of fewer bits than the weights, which this LibTorch may not take.
  const torch::Tensor y =
      torch::group_norm(x, groups, weight.to(x.scalar_type()), bias.to(x.scalar_type()), eps);
  return silu ? torch::silu(y) : y;
}

LayerNormLayerImpl::LayerNormLayerImpl(int64_t channels, double eps_)
    : weight(register_parameter("weight", torch::empty({channels}))),
      bias(register_parameter("bias", torch::empty({channels}))),
      eps(eps_) {}

torch::Tensor LayerNormLayerImpl::forward(const torch::Tensor& x) {
  return torch::layer_norm(x, weight.sizes(), weight.to(x.scalar_type()), bias.to(x.scalar_type()), eps);
}

EmbeddingLayerImpl::EmbeddingLayerImpl(int64_t count, int64_t channels)
    : weight(register_parameter("weight", torch::empty({count, channels}))) {}

torch::Tensor EmbeddingLayerImpl::forward(const torch::Tensor& ids) {
  return torch::embedding(weight, ids);
}

void BeginWeights(torch::nn::Module& module, std::uint64_t seed) {
  const torch::NoGradGuard no_grad;
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  // Drawn in float32 on the processor, so that the numbers depend on the seed alone.
  const auto draw = [&](torch::Tensor& tensor, double range) {
    const torch::Tensor drawn =
        torch::empty(tensor.sizes(), torch::kFloat32).uniform_(-range, range, generator);
    tensor.copy_(drawn);
  };
  for (const auto& part : module.modules()) {
    if (auto* linear = part->as<LinearLayerImpl>()) {
      const double range = 1 / std::sqrt(static_cast<double>(linear->weight.size(1)));
      draw(linear->weight, range);
      if (linear->bias.defined()) draw(linear->bias, range);
    } else if (auto* conv = part->as<ConvLayerImpl>()) {
      const double range =
          conv->begins_at_zero
              ? 0
              : 1 / std::sqrt(static_cast<double>(conv->weight.numel() / conv->weight.size(0)));
      draw(conv->weight, range);
      draw(conv->bias, range);
    } else if (auto* group_norm = part->as<GroupNormLayerImpl>()) {
      group_norm->weight.fill_(1);
      group_norm->bias.zero_();
    } else if (auto* layer_norm = part->as<LayerNormLayerImpl>()) {
      layer_norm->weight.fill_(1);
      layer_norm->bias.zero_();
    } else if (auto* embedding = part->as<EmbeddingLayerImpl>()) {
      const torch::Tensor drawn =
          torch::empty(embedding->weight.sizes(), torch::kFloat32).normal_(0, 0.02, generator);
      embedding->weight.copy_(drawn);
    }
  }
}

void UseChannelsLast(torch::nn::Module& module) {
  const torch::NoGradGuard no_grad;
  for (const auto& part : module.modules()) {
    if (auto* conv = part->as<ConvLayerImpl>())
      conv->weight.set_data(conv->weight.contiguous(torch::MemoryFormat::ChannelsLast));
  }
}

}  // namespace kantei::generate
