// The shapes of the networks of a latent diffusion model as plain values, with the field names and defaults of diffusers' and
// transformers' config.json.
#pragma once

#include <string>
#include <vector>

#include "kantei/base/result.h"

namespace kantei::generate {

/// UNet2DConditionModel. Defaults: Stable Diffusion 1.x.
struct UnetConfig {
  int in_channels = 4;  ///< 9: made for inpainting (latents, mask, latents of the masked picture)
  int out_channels = 4;
  std::vector<int> block_out_channels{320, 640, 1280, 1280};  ///< multiples of norm_num_groups, one a level
  int layers_per_block = 2;
  std::vector<bool> down_attention{true, true, true, false};  ///< CrossAttnDownBlock2D or DownBlock2D
  std::vector<bool> up_attention{false, true, true, true};    ///< CrossAttnUpBlock2D or UpBlock2D
  int transformer_layers = 1;                                 ///< transformer_layers_per_block
  int cross_attention_dim = 768;
  std::vector<int> heads{8, 8, 8, 8};  ///< a level; diffusers calls it attention_head_dim
  int norm_num_groups = 32;
  double norm_eps = 1e-5;
  bool use_linear_projection = false;
  bool flip_sin_to_cos = true;
  double freq_shift = 0;
  int sample_size = 64;  ///< latent pixels a side that it was trained for

  int levels() const { return static_cast<int>(block_out_channels.size()); }
  bool inpainting() const { return in_channels == 9 && out_channels == 4; }
  Status Validate() const;  ///< kInvalidArgument; also bounds what a hostile file can make us allocate
};

/// ControlNetModel: the UNet's way down with ends of its own.
struct ControlnetConfig {
  UnetConfig unet;  ///< out_channels and up_attention are not looked at
  int conditioning_channels = 3;
  std::vector<int> conditioning_embedding_out_channels{16, 32, 96, 256};
  bool bgr = false;  ///< controlnet_conditioning_channel_order
  /// Picture pixels a latent pixel, from the strides of the embedding.
  int factor() const { return 1 << (conditioning_embedding_out_channels.size() - 1); }
  Status Validate() const;
};

/// AutoencoderKL. Defaults: Stable Diffusion 1.x.
struct AutoencoderKlConfig {
  int in_channels = 3, out_channels = 3;
  int latent_channels = 4;
  std::vector<int> block_out_channels{128, 256, 512, 512};
  int layers_per_block = 2;
  int norm_num_groups = 32;
  double scaling_factor = 0.18215;  ///< latents of the UNet are this times the autoencoder's
  bool mid_block_add_attention = true;
  bool use_quant_conv = true, use_post_quant_conv = true;
  int sample_size = 512;

  /// Picture pixels a latent pixel.
  int factor() const { return 1 << (block_out_channels.size() - 1); }
  Status Validate() const;
};

/// CLIPTextModel. Defaults: ViT-L/14, the text encoder of Stable Diffusion 1.x.
struct ClipTextConfig {
  int vocab_size = 49408;
  int hidden_size = 768;
  int intermediate_size = 3072;
  int num_hidden_layers = 12;
  int num_attention_heads = 12;
  int max_position_embeddings = 77;
  bool quick_gelu = true;  ///< hidden_act: "quick_gelu" or "gelu"
  double layer_norm_eps = 1e-5;
  Status Validate() const;
};

/// scheduler_config.json: of the noise that a model was trained with, and where samplers take their steps.
struct SchedulerConfig {
  int num_train_timesteps = 1000;
  double beta_start = 0.00085, beta_end = 0.012;
  std::string beta_schedule = "scaled_linear";  ///< "linear", "scaled_linear", "squaredcos_cap_v2"
  std::string prediction_type = "epsilon";      ///< "epsilon", "v_prediction", "sample"
  int steps_offset = 1;
  bool set_alpha_to_one = false;
  std::string timestep_spacing = "leading";  ///< "leading", "trailing", "linspace"
  bool clip_sample = false;
  bool rescale_betas_zero_snr = false;
  Status Validate() const;
};

}  // namespace kantei::generate
