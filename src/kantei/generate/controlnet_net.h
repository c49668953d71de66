// ControlNet (Zhang et al., ICCV 2023; diffusers' ControlNetModel): a copy of a UNet's way down that a picture steers. Private:
// includes torch.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "kantei/generate/diffusion_blocks_net.h"
#include "kantei/generate/diffusion_config.h"
#include "kantei/generate/unet_net.h"

namespace kantei::generate {

class ControlnetImpl : public torch::nn::Module {
 public:
  explicit ControlnetImpl(const ControlnetConfig& config);
  /// latents, timesteps, words as the UNet's; picture: (N or 1, conditioning_channels, factor x h, factor x w) in 0..1, in the order
  /// RGB; what is given is times `strength`.
  ControlResiduals forward(const torch::Tensor& latents, const torch::Tensor& timesteps,
                           const torch::Tensor& words, const torch::Tensor& picture, double strength = 1,
                           const UnetExtras& extras = {});
  const ControlnetConfig& config() const { return config_; }

 private:
  torch::Tensor Hint(const torch::Tensor& picture);
  ControlnetConfig config_;
  UnetWayDown down_;
  ConvLayer hint_in_{nullptr}, hint_out_{nullptr};
  std::vector<ConvLayer> hint_blocks_;
  std::vector<ConvLayer> ends_;
  ConvLayer middle_end_{nullptr};
};
TORCH_MODULE(Controlnet);

/// Sum of what several ControlNets give.
void AddResiduals(ControlResiduals& sum, const ControlResiduals& more);

}  // namespace kantei::generate
