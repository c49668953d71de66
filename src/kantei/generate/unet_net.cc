#include "kantei/generate/unet_net.h"

#include <string>

#include "kantei/nn/module_tree_net.h"

namespace kantei::generate {

UnetImpl::UnetImpl(const UnetConfig& config) : config_(config), down_(*this, config) {
  KANTEI_CHECK(config.Validate().ok());
  std::vector<int64_t> skips = down_.skip_channels();
  int64_t channels = config.block_out_channels.back();
  const std::size_t levels = config.block_out_channels.size();
  for (std::size_t i = 0; i < levels; ++i) {
    const std::size_t mirrored = levels - 1 - i;
    const std::string name = "up_blocks." + std::to_string(i) + ".";
    Level level;
    for (int j = 0; j <= config.layers_per_block; ++j) {
      const std::string number = std::to_string(j);
      const int64_t out = config.block_out_channels[mirrored];
      level.resnets.push_back(nn::PutModule(*this, name + "resnets." + number,
                                            ResnetBlock(UnetResidual(config, channels + skips.back(), out))));
      skips.pop_back();
      channels = out;
      if (config.up_attention[i])
        level.attentions.push_back(PutTransformer(*this, name + "attentions." + number, config, mirrored));
    }
    if (i + 1 < levels) level.upsampler = nn::PutModule(*this, name + "upsamplers.0", Upsampler(channels));
    up_.push_back(std::move(level));
  }
  conv_norm_out_ =
      register_module("conv_norm_out", GroupNormLayer(config.norm_num_groups, channels, config.norm_eps));
  conv_out_ = register_module("conv_out", ConvLayer(channels, config.out_channels));
}

torch::Tensor UnetImpl::forward(const torch::Tensor& latents, const torch::Tensor& timesteps,
                                const torch::Tensor& words, const UnetExtras& extras) {
  AttentionContext context;
  context.words = words;
  context.sink = extras.sink;
  context.max_scores = extras.max_scores;
  context.bias = extras.bias;
  const torch::Tensor time = down_.Time(timesteps.expand({latents.size(0)}));
  UnetFeatures features = down_.Run(latents.contiguous(torch::MemoryFormat::ChannelsLast), time, context);
  torch::Tensor x = features.middle;
  if (extras.control != nullptr) {
    KANTEI_CHECK(extras.control->skips.size() == features.skips.size());
    for (std::size_t i = 0; i < features.skips.size(); ++i)
      features.skips[i] = features.skips[i] + extras.control->skips[i];
    x = x + extras.control->middle;
  }
  for (Level& level : up_) {
    for (std::size_t j = 0; j < level.resnets.size(); ++j) {
      x = level.resnets[j](torch::cat({x, features.skips.back()}, 1), time);
      features.skips.pop_back();
      if (!level.attentions.empty()) x = level.attentions[j](x, context);
    }
    // To the side of the next skip, which is not twice this one's where a side was odd.
    if (level.upsampler) {
      const torch::Tensor& next = features.skips.back();
      x = level.upsampler(x, next.size(2), next.size(3));
    }
  }
  return conv_out_(conv_norm_out_->WithSilu(x));
}

}  // namespace kantei::generate
