#include "kantei/generate/diffusion_blocks_net.h"

#include <cmath>
#include <string>

#include "kantei/nn/module_tree_net.h"

namespace kantei::generate {

ResnetBlockImpl::ResnetBlockImpl(const ResidualOptions& options) {
  norm1 = register_module("norm1", GroupNormLayer(options.groups, options.in, options.eps));
  conv1 = register_module("conv1", ConvLayer(options.in, options.out));
  if (options.time_channels > 0)
    time_emb_proj = register_module("time_emb_proj", LinearLayer(options.time_channels, options.out));
  norm2 = register_module("norm2", GroupNormLayer(options.groups, options.out, options.eps));
  conv2 = register_module("conv2", ConvLayer(options.out, options.out));
  if (options.in != options.out)
    conv_shortcut = register_module("conv_shortcut", ConvLayer(options.in, options.out, 1));
}

torch::Tensor ResnetBlockImpl::forward(const torch::Tensor& x, const torch::Tensor& time) {
  torch::Tensor y = conv1(norm1->WithSilu(x));
  if (time_emb_proj) y = y + time_emb_proj(time).unsqueeze(-1).unsqueeze(-1);
  y = conv2(norm2->WithSilu(y));
  return (conv_shortcut ? conv_shortcut(x) : x) + y;
}

DownsamplerImpl::DownsamplerImpl(int64_t channels, bool right_only_) : right_only(right_only_) {
  conv = register_module("conv", ConvLayer(channels, channels, 3, 2, right_only ? 0 : 1));
}

torch::Tensor DownsamplerImpl::forward(const torch::Tensor& x) {
  return conv(right_only ? torch::constant_pad_nd(x, {0, 1, 0, 1}) : x);
}

UpsamplerImpl::UpsamplerImpl(int64_t channels) {
  conv = register_module("conv", ConvLayer(channels, channels));
}

torch::Tensor UpsamplerImpl::forward(const torch::Tensor& x, int64_t height, int64_t width) {
  return conv(torch::upsample_nearest2d(x, c10::IntArrayRef{height, width}));
}

TimeEmbeddingImpl::TimeEmbeddingImpl(const UnetConfig& config)
    : channels(config.block_out_channels[0]),
      cosines_first(config.flip_sin_to_cos),
      freq_shift(config.freq_shift) {
  linear_1 = register_module("linear_1", LinearLayer(channels, 4 * channels));
  linear_2 = register_module("linear_2", LinearLayer(4 * channels, 4 * channels));
}

torch::Tensor TimeEmbeddingImpl::forward(const torch::Tensor& timesteps) {
  const int64_t half = channels / 2;
  const torch::Tensor frequencies =
      (torch::arange(half, torch::dtype(torch::kFloat32).device(linear_1->weight.device())) *
       (-std::log(10000.0) / (static_cast<double>(half) - freq_shift)))
          .exp();
  const torch::Tensor angles = timesteps.to(frequencies.options()).unsqueeze(1) * frequencies.unsqueeze(0);
  const torch::Tensor waves = cosines_first ? torch::cat({angles.cos(), angles.sin()}, 1)
                                            : torch::cat({angles.sin(), angles.cos()}, 1);
  return linear_2(torch::silu(linear_1(waves.to(linear_1->weight.scalar_type()))));
}

SpatialTransformer PutTransformer(torch::nn::Module& root, const std::string& path, const UnetConfig& config,
                                  std::size_t level) {
  TransformerOptions options;
  options.channels = config.block_out_channels[level];
  options.context_channels = config.cross_attention_dim;
  options.heads = config.heads[level];
  options.groups = config.norm_num_groups;
  options.layers = config.transformer_layers;
  options.linear_projection = config.use_linear_projection;
  SpatialTransformer transformer = nn::PutModule(root, path, SpatialTransformer(options));
  transformer->path = path;
  return transformer;
}

ResidualOptions UnetResidual(const UnetConfig& config, int64_t in, int64_t out) {
  return {in, out, config.norm_num_groups, 4 * config.block_out_channels[0], config.norm_eps};
}

UnetWayDown::UnetWayDown(torch::nn::Module& root, const UnetConfig& config) {
  const auto& widths = config.block_out_channels;
  conv_in_ = root.register_module("conv_in", ConvLayer(config.in_channels, widths[0]));
  time_embedding_ = root.register_module("time_embedding", TimeEmbedding(config));
  skip_channels_ = {widths[0]};
  int64_t channels = widths[0];
  for (std::size_t i = 0; i < widths.size(); ++i) {
    Level level;
    const std::string name = "down_blocks." + std::to_string(i) + ".";
    for (int j = 0; j < config.layers_per_block; ++j) {
      const std::string number = std::to_string(j);
      level.resnets.push_back(nn::PutModule(root, name + "resnets." + number,
                                            ResnetBlock(UnetResidual(config, channels, widths[i]))));
      channels = widths[i];
      if (config.down_attention[i])
        level.attentions.push_back(PutTransformer(root, name + "attentions." + number, config, i));
      skip_channels_.push_back(channels);
    }
    if (i + 1 < widths.size()) {
      level.downsampler = nn::PutModule(root, name + "downsamplers.0", Downsampler(channels, false));
      skip_channels_.push_back(channels);
    }
    levels_.push_back(std::move(level));
  }
  for (const char* name : {"mid_block.resnets.0", "mid_block.resnets.1"}) {
    middle_resnets_.push_back(
        nn::PutModule(root, name, ResnetBlock(UnetResidual(config, channels, channels))));
  }
  middle_attention_ = PutTransformer(root, "mid_block.attentions.0", config, widths.size() - 1);
}

torch::Tensor UnetWayDown::Time(const torch::Tensor& timesteps) {
  return torch::silu(time_embedding_(timesteps));
}

UnetFeatures UnetWayDown::Run(const torch::Tensor& latents, const torch::Tensor& time,
                              const AttentionContext& context, const torch::Tensor& hint) {
  UnetFeatures features;
  torch::Tensor x = conv_in_(latents);
  if (hint.defined()) x = x + hint;
  features.skips.push_back(x);
  for (Level& level : levels_) {
    for (std::size_t j = 0; j < level.resnets.size(); ++j) {
      x = level.resnets[j](x, time);
      if (!level.attentions.empty()) x = level.attentions[j](x, context);
      features.skips.push_back(x);
    }
    if (level.downsampler) features.skips.push_back(x = level.downsampler(x));
  }
  x = middle_resnets_[0](x, time);
  x = middle_attention_(x, context);
  features.middle = middle_resnets_[1](x, time);
  return features;
}

}  // namespace kantei::generate
