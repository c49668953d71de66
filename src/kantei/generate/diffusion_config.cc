#include "kantei/generate/diffusion_config.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace kantei::generate {
namespace {

// Beyond these no network is made, whatever a file says.
constexpr int kMaxChannels = 8192, kMaxLevels = 8, kMaxBlocks = 16, kMaxLayers = 64, kMaxWords = 1'000'000;

// Remembers the first field that is out of range.
class Ranges {
 public:
  explicit Ranges(std::string_view network) : network_(network) {}
  template <typename Number>
  Ranges& Within(std::string_view field, Number value, Number low, Number high) {
    if (!(value >= low && value <= high)) {
      Fail(std::string(field) + " is " + Text(value) + "; expected " + Text(low) + " to " + Text(high));
    }
    return *this;
  }
  Ranges& Each(std::string_view field, const std::vector<int>& values, int low, int high, int multiple) {
    if (values.empty() || values.size() > kMaxLevels)
      Fail(std::string(field) + " must have 1 to " + std::to_string(kMaxLevels) + " values");
    for (const int value : values) {
      Within(field, value, low, high);
      if (multiple > 0 && value % multiple != 0)
        Fail(std::string(field) + " has " + std::to_string(value) + ", which is no multiple of " +
             std::to_string(multiple));
    }
    return *this;
  }
  void Fail(const std::string& what) {
    if (status_.ok()) status_ = Error{ErrorCode::kInvalidArgument, std::string(network_) + ": " + what};
  }
  void Require(bool condition, const std::string& what) {
    if (!condition) Fail(what);
  }
  const Status& status() const { return status_; }
  bool ok() const { return status_.ok(); }

 private:
  static std::string Text(int value) { return std::to_string(value); }
  static std::string Text(double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%g", value);
    return text.data();
  }
  std::string_view network_;
  Status status_;
};

void CheckWayDown(const UnetConfig& config, Ranges& ranges) {
  ranges.Within("in_channels", config.in_channels, 1, kMaxChannels)
      .Within("norm_num_groups", config.norm_num_groups, 1, kMaxChannels);
  if (!ranges.ok()) return;
  ranges.Each("block_out_channels", config.block_out_channels, 2, kMaxChannels, config.norm_num_groups)
      .Within("layers_per_block", config.layers_per_block, 1, kMaxBlocks)
      .Within("transformer_layers_per_block", config.transformer_layers, 1, kMaxBlocks)
      .Within("cross_attention_dim", config.cross_attention_dim, 1, kMaxChannels)
      .Within("norm_eps", config.norm_eps, 0.0, 1.0)
      .Within("freq_shift", config.freq_shift, 0.0, 1.0)
      .Within("sample_size", config.sample_size, 1, 65536);
  if (!ranges.ok()) return;
  const std::size_t levels = config.block_out_channels.size();
  ranges.Require(
      config.block_out_channels[0] % 2 == 0 && config.block_out_channels[0] >= 4,
      "the first of block_out_channels must be even and at least 4, for the embedding of the time");
  ranges.Require(config.down_attention.size() == levels,
                 "down_block_types and block_out_channels differ in length");
  ranges.Require(config.heads.size() == levels,
                 "attention_head_dim must be one number or one for each of block_out_channels");
  for (std::size_t i = 0; i < levels && ranges.ok(); ++i) {
    ranges.Require(config.heads[i] >= 1 && config.block_out_channels[i] % config.heads[i] == 0,
                   std::to_string(config.block_out_channels[i]) + " channels cannot be shared among " +
                       std::to_string(config.heads[i]) + " heads of attention (attention_head_dim)");
  }
}

bool OneOf(std::string_view value, std::initializer_list<std::string_view> known) {
  return std::find(known.begin(), known.end(), value) != known.end();
}

}  // namespace

Status UnetConfig::Validate() const {
  Ranges ranges("the UNet");
  CheckWayDown(*this, ranges);
  ranges.Within("out_channels", out_channels, 1, kMaxChannels);
  ranges.Require(up_attention.size() == block_out_channels.size(),
                 "up_block_types and block_out_channels differ in length");
  return ranges.status();
}

Status ControlnetConfig::Validate() const {
  Ranges ranges("the ControlNet");
  CheckWayDown(unet, ranges);
  ranges.Within("conditioning_channels", conditioning_channels, 1, kMaxChannels)
      .Each("conditioning_embedding_out_channels", conditioning_embedding_out_channels, 1, kMaxChannels, 0);
  ranges.Require(!bgr || conditioning_channels == 3,
                 "only pictures of three channels can be in the order bgr");
  return ranges.status();
}

Status AutoencoderKlConfig::Validate() const {
  Ranges ranges("the autoencoder");
  ranges.Within("in_channels", in_channels, 1, kMaxChannels)
      .Within("out_channels", out_channels, 1, kMaxChannels)
      .Within("latent_channels", latent_channels, 1, 1024)
      .Within("norm_num_groups", norm_num_groups, 1, kMaxChannels);
  if (!ranges.ok()) return ranges.status();
  ranges.Each("block_out_channels", block_out_channels, 1, kMaxChannels, norm_num_groups)
      .Within("layers_per_block", layers_per_block, 1, kMaxBlocks)
      .Within("scaling_factor", scaling_factor, 1e-6, 1e6)
      .Within("sample_size", sample_size, 1, 65536);
  return ranges.status();
}

Status ClipTextConfig::Validate() const {
  Ranges ranges("the text encoder");
  ranges.Within("vocab_size", vocab_size, 1, kMaxWords)
      .Within("hidden_size", hidden_size, 1, kMaxChannels)
      .Within("intermediate_size", intermediate_size, 1, 8 * kMaxChannels)
      .Within("num_hidden_layers", num_hidden_layers, 1, kMaxLayers)
      .Within("num_attention_heads", num_attention_heads, 1, kMaxChannels)
      .Within("max_position_embeddings", max_position_embeddings, 3, 4096)
      .Within("layer_norm_eps", layer_norm_eps, 0.0, 1.0);
  if (!ranges.ok()) return ranges.status();
  ranges.Require(hidden_size % num_attention_heads == 0,
                 "hidden_size cannot be shared among num_attention_heads");
  return ranges.status();
}

Status SchedulerConfig::Validate() const {
  Ranges ranges("the scheduler");
  ranges.Within("num_train_timesteps", num_train_timesteps, 1, 1'000'000)
      .Within("beta_start", beta_start, 0.0, 1.0)
      .Within("beta_end", beta_end, 0.0, 1.0)
      .Within("steps_offset", steps_offset, 0, 1000);
  ranges.Require(
      OneOf(beta_schedule, {"linear", "scaled_linear", "squaredcos_cap_v2"}),
      "beta_schedule is \"" + beta_schedule + "\"; expected linear, scaled_linear or squaredcos_cap_v2");
  ranges.Require(OneOf(prediction_type, {"epsilon", "v_prediction", "sample"}),
                 "prediction_type is \"" + prediction_type + "\"; expected epsilon, v_prediction or sample");
  ranges.Require(OneOf(timestep_spacing, {"leading", "trailing", "linspace"}),
                 "timestep_spacing is \"" + timestep_spacing + "\"; expected leading, trailing or linspace");
  return ranges.status();
}

}  // namespace kantei::generate
