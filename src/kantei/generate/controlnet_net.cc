#include "kantei/generate/controlnet_net.h"

#include <string>

#include "kantei/nn/module_tree_net.h"

namespace kantei::generate {

ControlnetImpl::ControlnetImpl(const ControlnetConfig& config) : config_(config), down_(*this, config.unet) {
  KANTEI_CHECK(config.Validate().ok());
  const std::string name = "controlnet_cond_embedding.";
  const auto& widths = config.conditioning_embedding_out_channels;
  hint_in_ = nn::PutModule(*this, name + "conv_in", ConvLayer(config.conditioning_channels, widths[0]));
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
    const std::string blocks = name + "blocks.";
    hint_blocks_.push_back(
        nn::PutModule(*this, blocks + std::to_string(2 * i), ConvLayer(widths[i], widths[i])));
    hint_blocks_.push_back(nn::PutModule(*this, blocks + std::to_string(2 * i + 1),
                                         ConvLayer(widths[i], widths[i + 1], 3, 2, 1)));
  }
  const auto zero = [](ConvLayer layer) {
    layer->begins_at_zero = true;
    return layer;
  };
  hint_out_ = nn::PutModule(*this, name + "conv_out",
                            zero(ConvLayer(widths.back(), config.unet.block_out_channels[0])));
  for (std::size_t i = 0; i < down_.skip_channels().size(); ++i) {
    const int64_t channels = down_.skip_channels()[i];
    ends_.push_back(nn::PutModule(*this, "controlnet_down_blocks." + std::to_string(i),
                                  zero(ConvLayer(channels, channels, 1))));
  }
  const int64_t middle = config.unet.block_out_channels.back();
  middle_end_ = register_module("controlnet_mid_block", zero(ConvLayer(middle, middle, 1)));
}

torch::Tensor ControlnetImpl::Hint(const torch::Tensor& picture) {
  const torch::Tensor ordered = config_.bgr ? picture.flip(1) : picture;
  torch::Tensor x = torch::silu(hint_in_(ordered.contiguous(torch::MemoryFormat::ChannelsLast)));
  for (ConvLayer& block : hint_blocks_) x = torch::silu(block(x));
  return hint_out_(x);
}

ControlResiduals ControlnetImpl::forward(const torch::Tensor& latents, const torch::Tensor& timesteps,
                                         const torch::Tensor& words, const torch::Tensor& picture,
                                         double strength, const UnetExtras& extras) {
  AttentionContext context;
  context.words = words;
  context.max_scores = extras.max_scores;
  const torch::Tensor time = down_.Time(timesteps.expand({latents.size(0)}));
  const UnetFeatures features =
      down_.Run(latents.contiguous(torch::MemoryFormat::ChannelsLast), time, context, Hint(picture));
  ControlResiduals residuals;
  for (std::size_t i = 0; i < ends_.size(); ++i)
    residuals.skips.push_back(ends_[i](features.skips[i]) * strength);
  residuals.middle = middle_end_(features.middle) * strength;
  return residuals;
}

void AddResiduals(ControlResiduals& sum, const ControlResiduals& more) {
  KANTEI_CHECK(sum.skips.size() == more.skips.size());
  for (std::size_t i = 0; i < sum.skips.size(); ++i) sum.skips[i] = sum.skips[i] + more.skips[i];
  sum.middle = sum.middle + more.middle;
}

}  // namespace kantei::generate
