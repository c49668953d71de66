// The autoencoder between pictures and latents (Rombach et al., CVPR 2022; diffusers' AutoencoderKL), names as in diffusers' files.
// Private: includes torch.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/generate/diffusion_blocks_net.h"
#include "kantei/generate/diffusion_config.h"

namespace kantei::generate {

/// Mean and logarithm of the variance of a picture's latents, not scaled: (N, latent_channels, h, w) each.
struct LatentMoments {
  torch::Tensor mean, log_variance;
  /// mean + deviation x noise, noise drawn on the processor from `seed`: the same on every device.
  torch::Tensor Sample(std::uint64_t seed) const;
};

struct TileOptions {
  int side = 64;     ///< of a tile, latent pixels
  int overlap = 16;  ///< with the next tile, latent pixels; over it one tile fades into the other
  Status Validate() const;
};

/// One attention of one head over all places, as the middle of encoder and decoder has it.
struct AutoencoderAttentionImpl : torch::nn::Module {
  AutoencoderAttentionImpl(int64_t channels, int64_t groups);
  torch::Tensor forward(const torch::Tensor& x);
  GroupNormLayer group_norm{nullptr};
  LinearLayer to_q{nullptr}, to_k{nullptr}, to_v{nullptr}, to_out{nullptr};
};
TORCH_MODULE(AutoencoderAttention);

class AutoencoderKlImpl : public torch::nn::Module {
 public:
  explicit AutoencoderKlImpl(const AutoencoderKlConfig& config);
  /// The latents' noise begins with this log-variance. From random weights it is near 0, as loud as the latents themselves, and an
  /// autoencoder takes thousands of steps to get rid of it.
  void BeginLogVariance(double log_variance);
  /// pictures: (N, in_channels, H, W) in -1..1, H and W multiples of the factor.
  LatentMoments Encode(const torch::Tensor& pictures);
  /// latents: (N, latent_channels, h, w), not scaled -> (N, out_channels, factor x h, factor x w), about -1..1.
  torch::Tensor Decode(const torch::Tensor& latents);
  /// The same in overlapping tiles: memory is that of one tile and of the picture. Differs a little from Decode, since norms and
  /// attention look at a tile. Without need of tiles it is Decode. kCancelled between tiles.
  Result<torch::Tensor> DecodeTiled(const torch::Tensor& latents, const TileOptions& tiles = {},
                                    const CancellationToken& cancellation = {});

  /// Between the autoencoder's latents and the UNet's.
  torch::Tensor Scale(const torch::Tensor& latents) const { return latents * config_.scaling_factor; }
  torch::Tensor Unscale(const torch::Tensor& latents) const { return latents / config_.scaling_factor; }

  const AutoencoderKlConfig& config() const { return config_; }
  torch::ScalarType type() const { return decoder_.conv_out->weight.scalar_type(); }
  torch::Device device() const { return decoder_.conv_out->weight.device(); }

 private:
  struct Level {
    std::vector<ResnetBlock> resnets;
    Downsampler downsampler{nullptr};
    Upsampler upsampler{nullptr};
  };
  struct Half {
    ConvLayer conv_in{nullptr}, conv_out{nullptr};
    std::vector<Level> levels;
    std::vector<ResnetBlock> middle_resnets;
    AutoencoderAttention middle_attention{nullptr};
    GroupNormLayer norm_out{nullptr};
    torch::Tensor Middle(torch::Tensor x);
    torch::Tensor Out(const torch::Tensor& x);
  };
  Half MakeHalf(const std::string& name, bool encoder);
  AutoencoderKlConfig config_;
  Half encoder_, decoder_;
  ConvLayer quant_conv_{nullptr}, post_quant_conv_{nullptr};
};
TORCH_MODULE(AutoencoderKl);

}  // namespace kantei::generate
