#include "kantei/generate/autoencoder_kl_net.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <string>
#include <utility>

#include "kantei/nn/module_tree_net.h"

namespace kantei::generate {
namespace {

constexpr double kEps = 1e-6;
constexpr double kLeastLogVariance = -30, kMostLogVariance = 20;

// Where tiles of `side` begin along `length`, the last one ending at its end.
std::vector<int64_t> TileStarts(int64_t length, int64_t side, int64_t overlap) {
  if (length <= side) return {0};
  std::vector<int64_t> starts;
  for (int64_t at = 0; at + side < length; at += side - overlap) starts.push_back(at);
  starts.push_back(length - side);
  return starts;
}

// Weights along one side of a tile: rising over `before` pixels, falling over `after` ones; neighbours' sum to one.
torch::Tensor Ramp(int64_t length, int64_t before, int64_t after) {
  torch::Tensor weights = torch::ones({length}, torch::kFloat32);
  const auto rise = [](int64_t count) {
    return (torch::arange(count, torch::kFloat32) + 0.5) / static_cast<double>(count);
  };
  if (before > 0) weights.narrow(0, 0, before).mul_(rise(before));
  if (after > 0) weights.narrow(0, length - after, after).mul_(rise(after).flip(0));
  return weights;
}

// Overlap of tile i with the one before and the one behind it, in latent pixels.
std::pair<int64_t, int64_t> Overlaps(const std::vector<int64_t>& starts, std::size_t i, int64_t side) {
  return {i == 0 ? 0 : starts[i - 1] + side - starts[i],
          i + 1 == starts.size() ? 0 : starts[i] + side - starts[i + 1]};
}

}  // namespace

torch::Tensor LatentMoments::Sample(std::uint64_t seed) const {
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const torch::Tensor noise = torch::empty(mean.sizes(), torch::kFloat32).normal_(0, 1, generator);
  return mean + (0.5 * log_variance).exp() * noise.to(mean.device(), mean.scalar_type());
}

Status TileOptions::Validate() const {
  if (side < 8 || side > 4096 || overlap < 0 || overlap > side / 2) {
    return Error{ErrorCode::kInvalidArgument,
                 "tiles must have 8 to 4096 latent pixels a side and overlap by at most half of it"};
  }
  return {};
}

AutoencoderAttentionImpl::AutoencoderAttentionImpl(int64_t channels, int64_t groups) {
  group_norm = register_module("group_norm", GroupNormLayer(groups, channels, kEps));
  to_q = register_module("to_q", LinearLayer(channels, channels));
  to_k = register_module("to_k", LinearLayer(channels, channels));
  to_v = register_module("to_v", LinearLayer(channels, channels));
  to_out = nn::PutModule(*this, "to_out.0", LinearLayer(channels, channels));
}

torch::Tensor AutoencoderAttentionImpl::forward(const torch::Tensor& x) {
  const int64_t count = x.size(0), channels = x.size(1), height = x.size(2), width = x.size(3);
  const torch::Tensor places = group_norm(x).permute({0, 2, 3, 1}).reshape({count, height * width, channels});
  const auto one_head = [](const torch::Tensor& t) { return t.unsqueeze(1); };
  const torch::Tensor seen =
      Attend(one_head(to_q(places)), one_head(to_k(places)), one_head(to_v(places))).squeeze(1);
  return x + to_out(seen).view({count, height, width, channels}).permute({0, 3, 1, 2});
}

torch::Tensor AutoencoderKlImpl::Half::Middle(torch::Tensor x) {
  x = middle_resnets[0](x, torch::Tensor());
  if (middle_attention) x = middle_attention(x);
  return middle_resnets[1](x, torch::Tensor());
}

torch::Tensor AutoencoderKlImpl::Half::Out(const torch::Tensor& x) {
  return conv_out(norm_out->WithSilu(x));
}

AutoencoderKlImpl::Half AutoencoderKlImpl::MakeHalf(const std::string& name, bool encoder) {
  const auto& widths = config_.block_out_channels;
  const std::size_t levels = widths.size();
  const auto residual = [&](int64_t in, int64_t out) {
    return ResnetBlock(ResidualOptions{in, out, config_.norm_num_groups, 0, kEps});
  };
  Half half;
  int64_t channels = encoder ? widths.front() : widths.back();
  half.conv_in = nn::PutModule(*this, name + "conv_in",
                               ConvLayer(encoder ? config_.in_channels : config_.latent_channels, channels));
  for (std::size_t i = 0; i < levels; ++i) {
    const std::string at = name + (encoder ? "down_blocks." : "up_blocks.") + std::to_string(i) + ".";
    const int64_t out = widths[encoder ? i : levels - 1 - i];
    Level level;
    for (int j = 0; j < config_.layers_per_block + (encoder ? 0 : 1); ++j) {
      level.resnets.push_back(
          nn::PutModule(*this, at + "resnets." + std::to_string(j), residual(channels, out)));
      channels = out;
    }
    if (i + 1 < levels && encoder)
      level.downsampler = nn::PutModule(*this, at + "downsamplers.0", Downsampler(channels, true));
    if (i + 1 < levels && !encoder)
      level.upsampler = nn::PutModule(*this, at + "upsamplers.0", Upsampler(channels));
    half.levels.push_back(std::move(level));
  }
  const std::string middle = name + "mid_block.";
  for (const char* resnet : {"resnets.0", "resnets.1"})
    half.middle_resnets.push_back(
        nn::PutModule(*this, middle + resnet, residual(widths.back(), widths.back())));
  if (config_.mid_block_add_attention) {
    half.middle_attention = nn::PutModule(*this, middle + "attentions.0",
                                          AutoencoderAttention(widths.back(), config_.norm_num_groups));
  }
  half.norm_out =
      nn::PutModule(*this, name + "conv_norm_out", GroupNormLayer(config_.norm_num_groups, channels, kEps));
  half.conv_out =
      nn::PutModule(*this, name + "conv_out",
                    ConvLayer(channels, encoder ? 2 * config_.latent_channels : config_.out_channels));
  return half;
}

AutoencoderKlImpl::AutoencoderKlImpl(const AutoencoderKlConfig& config) : config_(config) {
  KANTEI_CHECK(config.Validate().ok());
  encoder_ = MakeHalf("encoder.", true);
  decoder_ = MakeHalf("decoder.", false);
  const int64_t latent = config.latent_channels;
  if (config.use_quant_conv)
    quant_conv_ = register_module("quant_conv", ConvLayer(2 * latent, 2 * latent, 1));
  if (config.use_post_quant_conv)
    post_quant_conv_ = register_module("post_quant_conv", ConvLayer(latent, latent, 1));
}

void AutoencoderKlImpl::BeginLogVariance(double log_variance) {
  const torch::NoGradGuard no_grad;
  ConvLayer last = quant_conv_ ? quant_conv_ : encoder_.conv_out;
  const std::int64_t latent = config_.latent_channels;
  last->bias.narrow(0, latent, latent).fill_(log_variance);
}

LatentMoments AutoencoderKlImpl::Encode(const torch::Tensor& pictures) {
  torch::Tensor x = encoder_.conv_in(pictures.contiguous(torch::MemoryFormat::ChannelsLast));
  for (Level& level : encoder_.levels) {
    for (ResnetBlock& resnet : level.resnets) x = resnet(x, torch::Tensor());
    if (level.downsampler) x = level.downsampler(x);
  }
  x = encoder_.Out(encoder_.Middle(x));
  if (quant_conv_) x = quant_conv_(x);
  const auto halves = x.chunk(2, 1);
  return {halves[0], halves[1].clamp(kLeastLogVariance, kMostLogVariance)};
}

torch::Tensor AutoencoderKlImpl::Decode(const torch::Tensor& latents) {
  torch::Tensor x = latents.contiguous(torch::MemoryFormat::ChannelsLast);
  if (post_quant_conv_) x = post_quant_conv_(x);
  x = decoder_.Middle(decoder_.conv_in(x));
  for (Level& level : decoder_.levels) {
    for (ResnetBlock& resnet : level.resnets) x = resnet(x, torch::Tensor());
    if (level.upsampler) x = level.upsampler(x, 2 * x.size(2), 2 * x.size(3));
  }
  return decoder_.Out(x);
}

Result<torch::Tensor> AutoencoderKlImpl::DecodeTiled(const torch::Tensor& latents, const TileOptions& tiles,
                                                     const CancellationToken& cancellation) {
  KANTEI_RETURN_IF_ERROR(tiles.Validate());
  const int64_t height = latents.size(2), width = latents.size(3), factor = config_.factor();
  if (height <= tiles.side && width <= tiles.side) return Decode(latents);
  const int64_t tile_height = std::min<int64_t>(tiles.side, height),
                tile_width = std::min<int64_t>(tiles.side, width);
  const auto rows = TileStarts(height, tile_height, tiles.overlap),
             columns = TileStarts(width, tile_width, tiles.overlap);
  torch::Tensor sum, weights;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t c = 0; c < columns.size(); ++c) {
      KANTEI_RETURN_IF_ERROR(cancellation.Check());
      const torch::Tensor tile =
          Decode(latents.narrow(2, rows[r], tile_height).narrow(3, columns[c], tile_width))
              .to(torch::kFloat32);
      if (!sum.defined()) {
        sum = torch::zeros({tile.size(0), tile.size(1), factor * height, factor * width}, tile.options());
        weights = torch::zeros({factor * height, factor * width}, tile.options());
      }
      const auto [above, below] = Overlaps(rows, r, tile_height);
      const auto [left, right] = Overlaps(columns, c, tile_width);
      const torch::Tensor weight = torch::outer(Ramp(factor * tile_height, factor * above, factor * below),
                                                Ramp(factor * tile_width, factor * left, factor * right))
                                       .to(tile.device());
      const auto place = [&](const torch::Tensor& whole) {
        return whole.narrow(-2, factor * rows[r], tile.size(2)).narrow(-1, factor * columns[c], tile.size(3));
      };
      place(sum).add_(tile * weight);
      place(weights).add_(weight);
    }
  }
  return (sum / weights).to(latents.scalar_type());
}

}  // namespace kantei::generate
