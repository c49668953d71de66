#include "kantei/generate/diffusion_model.h"

#include <new>
#include <system_error>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/generate/diffusion_config_json.h"
#include "kantei/generate/diffusion_files.h"
#include "kantei/generate/diffusion_model_net.h"
#include "kantei/generate/diffusion_weights_net.h"
#include "kantei/nn/torch_device_net.h"
#include "kantei/nn/weights_net.h"

namespace kantei::generate {
namespace {

namespace fs = std::filesystem;

Error DoNotFit(const std::string& what) {
  return {ErrorCode::kInvalidArgument, "the parts of this model do not fit each other: " + what};
}

DiffusionModelInfo Describe(const DiffusionNets& nets) {
  DiffusionModelInfo info;
  const UnetConfig& unet = nets.unet->config();
  info.layout = "memory";
  info.kind = "latent diffusion";
  if (unet.block_out_channels == UnetConfig().block_out_channels) {
    if (unet.cross_attention_dim == 768) info.kind = "Stable Diffusion 1";
    if (unet.cross_attention_dim == 1024) info.kind = "Stable Diffusion 2";
  }
  info.latent_channels = nets.vae->config().latent_channels;
  info.inpainting = unet.in_channels == 2 * info.latent_channels + 1;
  info.has_controlnet = !nets.controlnet.is_empty();
  info.factor = nets.vae->config().factor();
  info.sample_side = unet.sample_size * info.factor;
  info.context_width = unet.cross_attention_dim;
  info.context_length = nets.tokenizer->length();
  info.unet_parameters = CountParameters(*nets.unet);
  info.autoencoder_parameters = CountParameters(*nets.vae);
  info.text_parameters = CountParameters(*nets.text);
  info.scheduler = nets.scheduler;
  return info;
}

// Networks are made without their numbers, so a hostile config costs address space at most.
template <typename Network, typename Config>
Result<Network> MakeNetwork(const Config& config, const std::string& name) {
  try {
    return Network(config);
  } catch (const std::exception&) {
    return Error{ErrorCode::kTooLarge, name + " describes a network that does not fit into the memory"};
  }
}

template <typename Network, typename Config>
Result<Network> LoadNetwork(const Config& config, const nn::WeightSource& source, const WeightPlace& place,
                            const std::set<std::string>& ignored = {}) {
  KANTEI_TRY(Network network, (MakeNetwork<Network, Config>(config, source.name)));
  KANTEI_RETURN_IF_ERROR(LoadWeights(source, place, ignored, *network));
  return network;
}

Status SaveNetwork(const torch::nn::Module& module, const Json& config, const fs::path& folder,
                   const char* stem, bool float16) {
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (failure)
    return Error{ErrorCode::kUnavailable, DisplayPath(folder) + " cannot be made: " + failure.message()};
  KANTEI_RETURN_IF_ERROR(WriteFileAtomic(folder / kConfigFile, std::string_view(DumpJson(config, 2))));
  nn::SaveOptions options;
  options.float16 = float16;
  // transformers wants to be told what wrote the file.
  return nn::SaveTensors(nn::StateOf(module), {{"format", "pt"}},
                         folder / (std::string(stem) + ".safetensors"), options);
}

}  // namespace

Status CheckNets(const DiffusionNets& nets) {
  if (!nets.tokenizer || nets.text.is_empty() || nets.unet.is_empty() || nets.vae.is_empty())
    return DoNotFit("tokenizer, text encoder, UNet and autoencoder are all needed");
  KANTEI_RETURN_IF_ERROR(nets.scheduler.Validate());
  const UnetConfig& unet = nets.unet->config();
  const ClipTextConfig& text = nets.text->config();
  const int latent = nets.vae->config().latent_channels;
  const auto number = [](auto value) { return std::to_string(value); };
  if (text.hidden_size != unet.cross_attention_dim) {
    return DoNotFit("words have " + number(text.hidden_size) + " numbers and the UNet takes " +
                    number(unet.cross_attention_dim));
  }
  if (unet.out_channels != latent || (unet.in_channels != latent && unet.in_channels != 2 * latent + 1)) {
    return DoNotFit("the UNet takes " + number(unet.in_channels) + " channels and gives " +
                    number(unet.out_channels) + ", the autoencoder's latents have " + number(latent));
  }
  if (nets.tokenizer->size() > text.vocab_size || nets.tokenizer->length() > text.max_position_embeddings) {
    return DoNotFit("the tokenizer has " + number(nets.tokenizer->size()) + " words and prompts of " +
                    number(nets.tokenizer->length()) + ", the text encoder " + number(text.vocab_size) +
                    " and " + number(text.max_position_embeddings));
  }
  if (nets.controlnet.is_empty()) return {};
  const UnetConfig& control = nets.controlnet->config().unet;
  if (control.block_out_channels != unet.block_out_channels || control.in_channels != latent ||
      control.layers_per_block != unet.layers_per_block ||
      control.cross_attention_dim != unet.cross_attention_dim) {
    return DoNotFit("the ControlNet was made for a UNet of other channels, layers or words");
  }
  if (nets.controlnet->config().factor() != nets.vae->config().factor())
    return DoNotFit("the ControlNet and the autoencoder shrink pictures by different factors");
  return {};
}

Result<DiffusionModel> DiffusionModel::Make(DiffusionNets nets) {
  KANTEI_RETURN_IF_ERROR(CheckNets(nets));
  DiffusionModel model;
  model.info_ = std::make_shared<const DiffusionModelInfo>(Describe(nets));
  model.nets_ = std::make_shared<const DiffusionNets>(std::move(nets));
  return model;
}

Result<DiffusionModel> DiffusionModel::Load(const fs::path& path, const DiffusionModelOptions& options) {
  KANTEI_TRY(const torch::Device device, nn::DeviceOf(options.device));
  KANTEI_TRY(const DiffusionFiles files, OpenDiffusionFiles(path, options));
  if (const Status valid = files.scheduler.Validate(); !valid.ok())
    return Error{valid.error().code, DisplayPath(path) + ": " + valid.error().message};
  WeightPlace place{device, torch::kFloat32};
  if (options.precision == DiffusionPrecision::kBfloat16) place.type = torch::kBFloat16;
  DiffusionNets nets;
  nets.tokenizer = files.tokenizer;
  nets.scheduler = files.scheduler;
  nets.realism = files.realism;
  KANTEI_TRY(nets.text, LoadNetwork<ClipText>(files.text_config, files.text, place, IgnoredTextTensors()));
  KANTEI_TRY(nets.unet, LoadNetwork<Unet>(files.unet_config, files.unet, place));
  KANTEI_TRY(nets.vae,
             LoadNetwork<AutoencoderKl>(files.vae_config, files.vae, WeightPlace{device, torch::kFloat32}));
  if (options.controlnet) {
    KANTEI_TRY(const ControlnetFiles control, OpenControlnetFiles(*options.controlnet));
    KANTEI_TRY(nets.controlnet, LoadNetwork<Controlnet>(control.config, control.weights, place));
  }
  auto made = Make(std::move(nets));
  if (!made.ok()) return Error{ErrorCode::kCorrupt, DisplayPath(path) + ": " + made.error().message};
  DiffusionModelInfo info = made->info();
  info.path = path;
  info.layout = files.layout;
  info.remarks = files.remarks;
  made->info_ = std::make_shared<const DiffusionModelInfo>(std::move(info));
  return made;
}

Status SaveDiffusionModel(const DiffusionNets& nets, const fs::path& folder, bool float16) {
  KANTEI_RETURN_IF_ERROR(CheckNets(nets));
  KANTEI_RETURN_IF_ERROR(
      SaveNetwork(*nets.unet, ConfigJson(nets.unet->config()), folder / "unet", kDiffusionStem, float16));
  KANTEI_RETURN_IF_ERROR(
      SaveNetwork(*nets.vae, ConfigJson(nets.vae->config()), folder / "vae", kDiffusionStem, float16));
  Json text = ConfigJson(nets.text->config());
  text["bos_token_id"] = nets.tokenizer->begin();
  text["eos_token_id"] = nets.tokenizer->end();
  text["pad_token_id"] = nets.tokenizer->pad();
  KANTEI_RETURN_IF_ERROR(SaveNetwork(*nets.text, text, folder / "text_encoder", kTextStem, float16));
  if (!nets.controlnet.is_empty()) {
    KANTEI_RETURN_IF_ERROR(SaveNetwork(*nets.controlnet, ConfigJson(nets.controlnet->config()),
                                       folder / "controlnet", kDiffusionStem, float16));
  }
  KANTEI_RETURN_IF_ERROR(nets.tokenizer->Save(folder / "tokenizer"));
  std::error_code failure;
  fs::create_directories(folder / "scheduler", failure);
  KANTEI_RETURN_IF_ERROR(WriteFileAtomic(folder / "scheduler" / kSchedulerFile,
                                         std::string_view(DumpJson(ConfigJson(nets.scheduler), 2))));
  if (nets.realism)
    KANTEI_RETURN_IF_ERROR(WriteFileAtomic(folder / kRealismFile,
                                           std::string_view(DumpJson(SoftRealismJson(*nets.realism), 2))));
  const Json index = {{"_class_name", "StableDiffusionPipeline"},
                      {"_diffusers_version", "0.30.0"},
                      {"feature_extractor", {nullptr, nullptr}},
                      {"requires_safety_checker", false},
                      {"safety_checker", {nullptr, nullptr}},
                      {"scheduler", {"diffusers", "DDIMScheduler"}},
                      {"text_encoder", {"transformers", "CLIPTextModel"}},
                      {"tokenizer", {"transformers", "CLIPTokenizer"}},
                      {"unet", {"diffusers", "UNet2DConditionModel"}},
                      {"vae", {"diffusers", "AutoencoderKL"}}};
  // Last: a folder that was left half written is no model.
  return WriteFileAtomic(folder / kModelIndex, std::string_view(DumpJson(index, 2)));
}

}  // namespace kantei::generate
