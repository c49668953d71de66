// The leaves of diffusion networks. Unlike torch's own, they are made without numbers: memory is touched first when weights are
// read or begun, so that a network of billions of bytes is made at once and each tensor may come in the type it is kept in.
// Private: includes torch.
#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace kantei::generate {

/// (..., in) -> (..., out)
struct LinearLayerImpl : torch::nn::Module {
  LinearLayerImpl(int64_t in, int64_t out, bool with_bias = true);
  torch::Tensor forward(const torch::Tensor& x);
  torch::Tensor weight, bias;
};
TORCH_MODULE(LinearLayer);

/// (N, in, H, W) -> (N, out, H', W')
struct ConvLayerImpl : torch::nn::Module {
  ConvLayerImpl(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t padding);
  /// A square kernel of odd side that keeps height and width.
  ConvLayerImpl(int64_t in, int64_t out, int64_t kernel = 3)
      : ConvLayerImpl(in, out, kernel, 1, kernel / 2) {}
  torch::Tensor forward(const torch::Tensor& x);
  torch::Tensor weight, bias;
  int64_t stride, padding;
  bool begins_at_zero = false;  ///< ControlNet's ends: what they add is nothing at first
};
TORCH_MODULE(ConvLayer);

struct GroupNormLayerImpl : torch::nn::Module {
  GroupNormLayerImpl(int64_t groups, int64_t channels, double eps);
  torch::Tensor forward(const torch::Tensor& x) { return Run(x, false); }
  /// silu(forward(x))
  torch::Tensor WithSilu(const torch::Tensor& x) { return Run(x, true); }
  torch::Tensor weight, bias;
  int64_t groups;
  double eps;

 private:
  torch::Tensor Run(const torch::Tensor& x, bool silu);
};
TORCH_MODULE(GroupNormLayer);

struct LayerNormLayerImpl : torch::nn::Module {
  LayerNormLayerImpl(int64_t channels, double eps);
  torch::Tensor forward(const torch::Tensor& x);
  torch::Tensor weight, bias;
  double eps;
};
TORCH_MODULE(LayerNormLayer);

/// Whole numbers (...) -> (..., channels)
struct EmbeddingLayerImpl : torch::nn::Module {
  EmbeddingLayerImpl(int64_t count, int64_t channels);
  torch::Tensor forward(const torch::Tensor& ids);
  torch::Tensor weight;
};
TORCH_MODULE(EmbeddingLayer);

/// Fills every layer below `module` with what training begins from: convolutions and linear layers uniform within
/// 1 / sqrt(fan in), norms one and zero, embeddings normal with deviation 0.02, ends of a ControlNet zero. The same seed gives the
/// same numbers.
void BeginWeights(torch::nn::Module& module, std::uint64_t seed);

/// Convolution weights of three pixels or more in the layout that the convolutions of this processor read fastest; call it again
/// after weights were replaced.
void UseChannelsLast(torch::nn::Module& module);

}  // namespace kantei::generate
