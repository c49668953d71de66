// Parts that the UNet, the ControlNet and the autoencoder share, with diffusers' names. Private: includes torch.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "kantei/generate/attention_net.h"
#include "kantei/generate/diffusion_config.h"
#include "kantei/generate/diffusion_layers_net.h"

namespace kantei::generate {

struct ResidualOptions {
  int64_t in = 0, out = 0, groups = 32;
  int64_t time_channels = 0;  ///< 0: knows no time
  double eps = 1e-5;
};

/// diffusers' ResnetBlock2D: norm1, conv1, time_emb_proj, norm2, conv2, conv_shortcut where the channels change.
struct ResnetBlockImpl : torch::nn::Module {
  explicit ResnetBlockImpl(const ResidualOptions& options);
  /// x: (N, in, H, W); time: (N, time_channels) behind its SiLU, or undefined.
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& time);
  GroupNormLayer norm1{nullptr}, norm2{nullptr};
  ConvLayer conv1{nullptr}, conv2{nullptr}, conv_shortcut{nullptr};
  LinearLayer time_emb_proj{nullptr};
};
TORCH_MODULE(ResnetBlock);

/// Half the side: "conv".
struct DownsamplerImpl : torch::nn::Module {
  /// `right_only`: a pixel of zeros is put at the right and at the bottom only, as the autoencoder's encoder has it.
  DownsamplerImpl(int64_t channels, bool right_only);
  torch::Tensor forward(const torch::Tensor& x);
  ConvLayer conv{nullptr};
  bool right_only;
};
TORCH_MODULE(Downsampler);

/// Nearest neighbours, then "conv".
struct UpsamplerImpl : torch::nn::Module {
  explicit UpsamplerImpl(int64_t channels);
  /// To height x width, about twice those of x.
  torch::Tensor forward(const torch::Tensor& x, int64_t height, int64_t width);
  ConvLayer conv{nullptr};
};
TORCH_MODULE(Upsampler);

/// Sines and cosines of the step, then two linear layers: "linear_1", "linear_2".
struct TimeEmbeddingImpl : torch::nn::Module {
  explicit TimeEmbeddingImpl(const UnetConfig& config);
  /// timesteps: (N), any number type -> (N, 4 x the first width)
  torch::Tensor forward(const torch::Tensor& timesteps);
  int64_t channels;
  bool cosines_first;
  double freq_shift;
  LinearLayer linear_1{nullptr}, linear_2{nullptr};
};
TORCH_MODULE(TimeEmbedding);

/// What a UNet's way down leaves for its way up, and the middle.
struct UnetFeatures {
  std::vector<torch::Tensor> skips;  ///< the first convolution's, then of each residual block and downsampler
  torch::Tensor middle;
};

/// The way down and the middle of a UNet: "conv_in", "time_embedding", "down_blocks", "mid_block", registered in `root` (a UNet or a
/// ControlNet).
class UnetWayDown {
 public:
  UnetWayDown(torch::nn::Module& root, const UnetConfig& config);
  /// The embedding of the steps behind its SiLU, which every residual block takes.
  torch::Tensor Time(const torch::Tensor& timesteps);
  /// `hint`, when defined, is added behind the first convolution.
  UnetFeatures Run(const torch::Tensor& latents, const torch::Tensor& time, const AttentionContext& context,
                   const torch::Tensor& hint = {});
  /// Channels of the skips, in order.
  const std::vector<int64_t>& skip_channels() const { return skip_channels_; }

 private:
  struct Level {
    std::vector<ResnetBlock> resnets;
    std::vector<SpatialTransformer> attentions;  // as many as resnets, or none
    Downsampler downsampler{nullptr};
  };
  ConvLayer conv_in_{nullptr};
  TimeEmbedding time_embedding_{nullptr};
  std::vector<Level> levels_;
  std::vector<ResnetBlock> middle_resnets_;
  SpatialTransformer middle_attention_{nullptr};
  std::vector<int64_t> skip_channels_;
};

/// `path` below `root`, which it remembers for sinks; of level `level`.
SpatialTransformer PutTransformer(torch::nn::Module& root, const std::string& path, const UnetConfig& config,
                                  std::size_t level);
ResidualOptions UnetResidual(const UnetConfig& config, int64_t in, int64_t out);

}  // namespace kantei::generate
