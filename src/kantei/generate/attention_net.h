// Attention of diffusion networks: bounded memory, and what the words look at. Private: includes torch.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kantei/generate/diffusion_layers_net.h"

namespace kantei::generate {

/// Gets the attention from places to words of one layer: its name, e.g. "down_blocks.0.attentions.1.transformer_blocks.0", and
/// float32 (N, T, h, w), the mean over heads; over T each place sums to one. It is what the network wants by itself: a bias is not in it.
using AttentionMapSink = std::function<void(const std::string& layer, const torch::Tensor& maps)>;

struct AttentionOptions {
  /// Greatest number of scores that are in memory at once in one call; at least one row of them is.
  int64_t max_scores = int64_t{1} << 21;
  bool causal = false;
};

/// softmax(q k' / sqrt(depth)) v over (N, heads, L, depth), keys and values (N, heads, S, depth). Rows of q are taken in slices, so
/// memory does not grow with L x S.
torch::Tensor Attend(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                     const AttentionOptions& options = {});

/// What a pass through a network carries besides its tensors.
struct AttentionContext {
  torch::Tensor words;  ///< (N, T, D)
  const AttentionMapSink* sink = nullptr;
  int64_t max_scores = AttentionOptions().max_scores;
  /// (N or 1, T, h, w), any h and w: where attention to which words is raised (above 0) or lowered, in units of the largest absolute
  /// score of a picture's head or of 4 if that is less, so that one number suits all layers (paint-with-words; eDiff-I, 2211.01324, section 5). Averaged
  /// down to the places of each layer. Undefined: none, and nothing is computed differently.
  torch::Tensor bias;
};

/// diffusers' Attention: "to_q", "to_k", "to_v" (without bias), "to_out.0".
struct AttentionBlockImpl : torch::nn::Module {
  AttentionBlockImpl(int64_t channels, int64_t context_channels, int64_t heads);
  /// x: (N, L, C); source: (N, S, D), x itself for self-attention. `maps`, when not null, gets (N, L, S), the mean over heads.
  /// `bias`: as AttentionContext's, (N or 1, L, S).
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& source, int64_t max_scores,
                        torch::Tensor* maps = nullptr, const torch::Tensor& bias = {});
  int64_t heads;
  LinearLayer to_q{nullptr}, to_k{nullptr}, to_v{nullptr}, to_out{nullptr};
};
TORCH_MODULE(AttentionBlock);

/// Self-attention, attention to words, gated MLP (GEGLU); diffusers' BasicTransformerBlock.
struct TransformerBlockImpl : torch::nn::Module {
  TransformerBlockImpl(int64_t channels, int64_t context_channels, int64_t heads);
  /// `bias`: of this layer's places, (N or 1, L, T), or undefined.
  torch::Tensor forward(torch::Tensor x, const AttentionContext& context, torch::Tensor* maps,
                        const torch::Tensor& bias = {});
  LayerNormLayer norm1{nullptr}, norm2{nullptr}, norm3{nullptr};
  AttentionBlock attn1{nullptr}, attn2{nullptr};
  LinearLayer widen{nullptr}, narrow{nullptr};
};
TORCH_MODULE(TransformerBlock);

struct TransformerOptions {
  int64_t channels = 0, context_channels = 0, heads = 1, groups = 32, layers = 1;
  bool linear_projection = false;
};

/// Transformer blocks over the places of a map (N, C, H, W); diffusers' Transformer2DModel.
struct SpatialTransformerImpl : torch::nn::Module {
  explicit SpatialTransformerImpl(const TransformerOptions& options);
  torch::Tensor forward(const torch::Tensor& x, const AttentionContext& context);
  std::string path;  ///< in the network, for the sink
  GroupNormLayer norm{nullptr};
  ConvLayer conv_in{nullptr}, conv_out{nullptr};
  LinearLayer linear_in{nullptr}, linear_out{nullptr};
  std::vector<TransformerBlock> blocks;
};
TORCH_MODULE(SpatialTransformer);

}  // namespace kantei::generate
