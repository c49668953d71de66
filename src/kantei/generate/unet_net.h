// The UNet of latent diffusion with words (Rombach et al., CVPR 2022; diffusers' UNet2DConditionModel), names as in diffusers'
// files. Private: includes torch.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "kantei/generate/attention_net.h"
#include "kantei/generate/diffusion_blocks_net.h"
#include "kantei/generate/diffusion_config.h"

namespace kantei::generate {

/// What ControlNets add to a UNet's skips and middle.
struct ControlResiduals {
  std::vector<torch::Tensor> skips;
  torch::Tensor middle;
};

struct UnetExtras {
  const ControlResiduals* control = nullptr;
  const AttentionMapSink* sink = nullptr;  ///< called for every attention to words, in the order of the pass
  /// Scores of self-attention in memory at once; lower for less memory.
  int64_t max_scores = AttentionOptions().max_scores;
  torch::Tensor bias;  ///< on attention to words, as in AttentionContext, float32; undefined: none
};

class UnetImpl : public torch::nn::Module {
 public:
  /// `config` must be valid.
  explicit UnetImpl(const UnetConfig& config);
  /// latents: (N, in_channels, h, w), any sides of one pixel or more; timesteps: (N) or (1), of any number type; words:
  /// (N, T, cross_attention_dim). Floats of the weights' type. Gives (N, out_channels, h, w) in channels-last order.
  torch::Tensor forward(const torch::Tensor& latents, const torch::Tensor& timesteps,
                        const torch::Tensor& words, const UnetExtras& extras = {});
  const UnetConfig& config() const { return config_; }
  /// The type that forward takes.
  torch::ScalarType type() const { return conv_out_->weight.scalar_type(); }
  torch::Device device() const { return conv_out_->weight.device(); }

 private:
  struct Level {
    std::vector<ResnetBlock> resnets;
    std::vector<SpatialTransformer> attentions;
    Upsampler upsampler{nullptr};
  };
  UnetConfig config_;
  UnetWayDown down_;
  std::vector<Level> up_;
  GroupNormLayer conv_norm_out_{nullptr};
  ConvLayer conv_out_{nullptr};
};
TORCH_MODULE(Unet);

}  // namespace kantei::generate
