#include "kantei/generate/diffusion_config_json.h"

#include <algorithm>
#include <string>
#include <vector>

#include "kantei/base/json_fields.h"

namespace kantei::generate {
namespace {

constexpr const char *kDown = "CrossAttnDownBlock2D", *kDownPlain = "DownBlock2D",
                     *kUp = "CrossAttnUpBlock2D", *kUpPlain = "UpBlock2D";

// The default of diffusers: all but the last level (from the top) with attention.
void DefaultAttention(std::size_t levels, UnetConfig* config) {
  config->down_attention.assign(levels, true);
  config->down_attention.back() = false;
  config->up_attention.assign(config->down_attention.rbegin(), config->down_attention.rend());
}

void ReadWayDown(JsonFields& fields, UnetConfig* config) {
  fields.Read("in_channels", &config->in_channels);
  fields.Read("block_out_channels", &config->block_out_channels);
  const std::size_t levels = std::max<std::size_t>(1, config->block_out_channels.size());
  DefaultAttention(levels, config);
  fields.ReadTypes("down_block_types", kDown, kDownPlain, &config->down_attention);
  fields.ReadOne("layers_per_block", &config->layers_per_block);
  fields.ReadOne("transformer_layers_per_block", &config->transformer_layers);
  config->cross_attention_dim = 1280;
  fields.ReadOne("cross_attention_dim", &config->cross_attention_dim);
  config->heads.assign(levels, 8);
  // diffusers' attention_head_dim is the number of heads; later files say num_attention_heads.
  fields.ReadOneOrEach(fields.Has("num_attention_heads") ? "num_attention_heads" : "attention_head_dim",
                       levels, &config->heads);
  fields.Read("norm_num_groups", &config->norm_num_groups);
  fields.Read("norm_eps", &config->norm_eps);
  fields.Read("use_linear_projection", &config->use_linear_projection);
  fields.Read("flip_sin_to_cos", &config->flip_sin_to_cos);
  fields.Read("freq_shift", &config->freq_shift);
  const Json none;
  fields.Require({{"class_embed_type", none},
                  {"num_class_embeds", none},
                  {"addition_embed_type", none},
                  {"encoder_hid_dim", none},
                  {"encoder_hid_dim_type", none},
                  {"time_cond_proj_dim", none},
                  {"time_embedding_dim", none},
                  {"time_embedding_act_fn", none},
                  {"timestep_post_act", none},
                  {"cross_attention_norm", none},
                  {"reverse_transformer_layers_per_block", none},
                  {"only_cross_attention", false},
                  {"mid_block_only_cross_attention", false},
                  {"dual_cross_attention", false},
                  {"center_input_sample", false},
                  {"class_embeddings_concat", false},
                  {"resnet_skip_time_act", false},
                  {"resnet_time_scale_shift", "default"},
                  {"time_embedding_type", "positional"},
                  {"attention_type", "default"},
                  {"act_fn", "silu"},
                  {"mid_block_type", "UNetMidBlock2DCrossAttn"},
                  {"downsample_padding", 1},
                  {"mid_block_scale_factor", 1},
                  {"resnet_out_scale_factor", 1},
                  {"conv_in_kernel", 3},
                  {"conv_out_kernel", 3}});
}

Json TypeNames(const std::vector<bool>& attention, const char* with, const char* without) {
  Json names = Json::array();
  for (const bool has : attention) names.push_back(has ? with : without);
  return names;
}

Json WayDownJson(const UnetConfig& config) {
  return {{"in_channels", config.in_channels},
          {"block_out_channels", config.block_out_channels},
          {"down_block_types", TypeNames(config.down_attention, kDown, kDownPlain)},
          {"layers_per_block", config.layers_per_block},
          {"transformer_layers_per_block", config.transformer_layers},
          {"cross_attention_dim", config.cross_attention_dim},
          {"attention_head_dim", config.heads},
          {"norm_num_groups", config.norm_num_groups},
          {"norm_eps", config.norm_eps},
          {"use_linear_projection", config.use_linear_projection},
          {"flip_sin_to_cos", config.flip_sin_to_cos},
          {"freq_shift", config.freq_shift}};
}

}  // namespace

Result<UnetConfig> ReadUnetConfig(const Json& json, std::string_view file_name) {
  JsonFields fields(json, file_name);
  UnetConfig config;
  ReadWayDown(fields, &config);
  fields.Read("out_channels", &config.out_channels);
  fields.ReadTypes("up_block_types", kUp, kUpPlain, &config.up_attention);
  fields.ReadOne("sample_size", &config.sample_size);
  return fields.Done(config);
}

Result<ControlnetConfig> ReadControlnetConfig(const Json& json, std::string_view file_name) {
  JsonFields fields(json, file_name);
  ControlnetConfig config;
  ReadWayDown(fields, &config.unet);
  fields.Read("conditioning_channels", &config.conditioning_channels);
  fields.Read("conditioning_embedding_out_channels", &config.conditioning_embedding_out_channels);
  std::string order = "rgb";
  fields.Read("controlnet_conditioning_channel_order", &order);
  config.bgr = order == "bgr";
  if (order != "rgb" && order != "bgr")
    fields.Unsupported("controlnet_conditioning_channel_order", "rgb or bgr");
  fields.Require({{"global_pool_conditions", false}});
  return fields.Done(config);
}

Result<AutoencoderKlConfig> ReadAutoencoderKlConfig(const Json& json, std::string_view file_name) {
  JsonFields fields(json, file_name);
  AutoencoderKlConfig config;
  config.block_out_channels = {64};
  config.layers_per_block = 1;
  fields.Read("in_channels", &config.in_channels);
  fields.Read("out_channels", &config.out_channels);
  fields.Read("latent_channels", &config.latent_channels);
  fields.Read("block_out_channels", &config.block_out_channels);
  fields.Read("layers_per_block", &config.layers_per_block);
  fields.Read("norm_num_groups", &config.norm_num_groups);
  fields.Read("scaling_factor", &config.scaling_factor);
  fields.Read("mid_block_add_attention", &config.mid_block_add_attention);
  fields.Read("use_quant_conv", &config.use_quant_conv);
  fields.Read("use_post_quant_conv", &config.use_post_quant_conv);
  fields.ReadOne("sample_size", &config.sample_size);
  std::vector<bool> types;
  fields.ReadTypes("down_block_types", "DownEncoderBlock2D", "DownEncoderBlock2D", &types);
  fields.ReadTypes("up_block_types", "UpDecoderBlock2D", "UpDecoderBlock2D", &types);
  const Json none;
  fields.Require({{"act_fn", "silu"}, {"shift_factor", none}, {"latents_mean", none}, {"latents_std", none}});
  return fields.Done(config);
}

Result<ClipTextConfig> ReadClipTextConfig(const Json& json, std::string_view file_name) {
  JsonFields fields(json, file_name);
  ClipTextConfig config;
  config.hidden_size = 512;
  config.intermediate_size = 2048;
  config.num_attention_heads = 8;
  fields.Read("vocab_size", &config.vocab_size);
  fields.Read("hidden_size", &config.hidden_size);
  fields.Read("intermediate_size", &config.intermediate_size);
  fields.Read("num_hidden_layers", &config.num_hidden_layers);
  fields.Read("num_attention_heads", &config.num_attention_heads);
  fields.Read("max_position_embeddings", &config.max_position_embeddings);
  fields.Read("layer_norm_eps", &config.layer_norm_eps);
  std::string activation = "quick_gelu";
  fields.Read("hidden_act", &activation);
  config.quick_gelu = activation == "quick_gelu";
  if (!config.quick_gelu && activation != "gelu") fields.Unsupported("hidden_act", "quick_gelu or gelu");
  return fields.Done(config);
}

Result<SchedulerConfig> ReadSchedulerConfig(const Json& json, std::string_view file_name) {
  JsonFields fields(json, file_name);
  SchedulerConfig config;
  config.beta_start = 0.0001;
  config.beta_end = 0.02;
  config.beta_schedule = "linear";
  config.steps_offset = 0;
  // PNDM and Euler, which the files of Stable Diffusion name, have no field or another default.
  std::string scheduler;
  fields.Read("_class_name", &scheduler);
  config.set_alpha_to_one = scheduler == "DDIMScheduler";
  if (scheduler.starts_with("Euler") || scheduler.starts_with("DPM") || scheduler.starts_with("LMS"))
    config.timestep_spacing = "linspace";
  fields.Read("num_train_timesteps", &config.num_train_timesteps);
  fields.Read("beta_start", &config.beta_start);
  fields.Read("beta_end", &config.beta_end);
  fields.Read("beta_schedule", &config.beta_schedule);
  fields.Read("prediction_type", &config.prediction_type);
  fields.Read("steps_offset", &config.steps_offset);
  fields.Read("set_alpha_to_one", &config.set_alpha_to_one);
  fields.Read("timestep_spacing", &config.timestep_spacing);
  fields.Read("clip_sample", &config.clip_sample);
  fields.Read("rescale_betas_zero_snr", &config.rescale_betas_zero_snr);
  const Json none;
  fields.Require({{"trained_betas", none}});
  return fields.Done(config);
}

Json ConfigJson(const UnetConfig& config) {
  Json json = {{"_class_name", "UNet2DConditionModel"}};
  json.update(WayDownJson(config));
  json["out_channels"] = config.out_channels;
  json["up_block_types"] = TypeNames(config.up_attention, kUp, kUpPlain);
  json["sample_size"] = config.sample_size;
  return json;
}

Json ConfigJson(const ControlnetConfig& config) {
  Json json = {{"_class_name", "ControlNetModel"}};
  json.update(WayDownJson(config.unet));
  json["conditioning_channels"] = config.conditioning_channels;
  json["conditioning_embedding_out_channels"] = config.conditioning_embedding_out_channels;
  json["controlnet_conditioning_channel_order"] = config.bgr ? "bgr" : "rgb";
  return json;
}

Json ConfigJson(const AutoencoderKlConfig& config) {
  const std::size_t levels = config.block_out_channels.size();
  return {{"_class_name", "AutoencoderKL"},
          {"in_channels", config.in_channels},
          {"out_channels", config.out_channels},
          {"latent_channels", config.latent_channels},
          {"block_out_channels", config.block_out_channels},
          {"down_block_types", std::vector<std::string>(levels, "DownEncoderBlock2D")},
          {"up_block_types", std::vector<std::string>(levels, "UpDecoderBlock2D")},
          {"layers_per_block", config.layers_per_block},
          {"norm_num_groups", config.norm_num_groups},
          {"scaling_factor", config.scaling_factor},
          {"mid_block_add_attention", config.mid_block_add_attention},
          {"use_quant_conv", config.use_quant_conv},
          {"use_post_quant_conv", config.use_post_quant_conv},
          {"sample_size", config.sample_size},
          {"act_fn", "silu"}};
}

Json ConfigJson(const ClipTextConfig& config) {
  return {{"architectures", Json::array({"CLIPTextModel"})},
          {"model_type", "clip_text_model"},
          {"vocab_size", config.vocab_size},
          {"hidden_size", config.hidden_size},
          {"intermediate_size", config.intermediate_size},
          {"num_hidden_layers", config.num_hidden_layers},
          {"num_attention_heads", config.num_attention_heads},
          {"max_position_embeddings", config.max_position_embeddings},
          {"hidden_act", config.quick_gelu ? "quick_gelu" : "gelu"},
          {"layer_norm_eps", config.layer_norm_eps}};
}

Json ConfigJson(const SchedulerConfig& config) {
  return {{"_class_name", "DDIMScheduler"},
          {"num_train_timesteps", config.num_train_timesteps},
          {"beta_start", config.beta_start},
          {"beta_end", config.beta_end},
          {"beta_schedule", config.beta_schedule},
          {"prediction_type", config.prediction_type},
          {"steps_offset", config.steps_offset},
          {"set_alpha_to_one", config.set_alpha_to_one},
          {"timestep_spacing", config.timestep_spacing},
          {"clip_sample", config.clip_sample},
          {"rescale_betas_zero_snr", config.rescale_betas_zero_snr}};
}

}  // namespace kantei::generate
