#include "kantei/generate/diffusion_files.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/generate/diffusion_config_json.h"
#include "kantei/generate/original_layout.h"

namespace kantei::generate {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxConfigBytes = 1 << 20;

bool Exists(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

Result<Json> ReadConfig(const fs::path& path) {
  KANTEI_TRY(const std::string text, ReadTextFile(path, kMaxConfigBytes));
  return ParseJson(text, DisplayPath(path));
}

// model_index.json: that the components are of classes that are known here.
Status CheckIndex(const Json& index, const fs::path& path) {
  const auto unsupported = [&](const std::string& what) {
    return Error{ErrorCode::kUnsupported,
                 DisplayPath(path) + " " + what + "; only models like Stable Diffusion 1 and 2 are read"};
  };
  if (!index.is_object()) return Error{ErrorCode::kCorrupt, DisplayPath(path) + " is no JSON object"};
  const auto class_of = [&](const char* component) -> std::string {
    const auto found = index.find(component);
    if (found == index.end() || !found->is_array() || found->size() != 2 || !(*found)[1].is_string())
      return "";
    return (*found)[1].get<std::string>();
  };
  for (const char* other : {"text_encoder_2", "text_encoder_3", "transformer", "prior", "image_unet"}) {
    if (!class_of(other).empty()) return unsupported("names a " + class_of(other) + " as its " + other);
  }
  const std::pair<const char*, std::string> expected[] = {
      {"unet", "UNet2DConditionModel"}, {"vae", "AutoencoderKL"}, {"text_encoder", "CLIPTextModel"}};
  for (const auto& [component, name] : expected) {
    const std::string is = class_of(component);
    if (is != name)
      return unsupported(std::string("names ") + (is.empty() ? "nothing" : "\"" + is.substr(0, 80) + "\"") +
                         " as its " + component + ", where " + name + " is expected");
  }
  return {};
}

// transformers 5 writes the text encoder's names without their first part.
void AddTextPrefix(nn::WeightSource* source) {
  const bool has = std::any_of(source->tensors.begin(), source->tensors.end(),
                               [](const auto& item) { return item.first.starts_with("text_model."); });
  if (has) return;
  std::map<std::string, nn::TensorView> named;
  for (auto& [name, view] : source->tensors) named.emplace("text_model." + name, std::move(view));
  source->tensors = std::move(named);
}

void StatePrediction(const DiffusionModelOptions& options, SchedulerConfig* scheduler) {
  if (!options.prediction_type.empty()) scheduler->prediction_type = options.prediction_type;
}

Result<DiffusionFiles> OpenFolder(const fs::path& folder, const DiffusionModelOptions& options) {
  if (!Exists(folder / kModelIndex)) {
    return Error{ErrorCode::kNotFound,
                 DisplayPath(folder) +
                     " has no model_index.json; name a folder in Diffusers' layout (with "
                     "model_index.json, unet, vae, text_encoder and tokenizer) or one "
                     ".safetensors file"};
  }
  KANTEI_TRY(const Json index, ReadConfig(folder / kModelIndex));
  KANTEI_RETURN_IF_ERROR(CheckIndex(index, folder / kModelIndex));
  KANTEI_TRY(ClipTokenizer tokenizer, ClipTokenizer::Open(options.tokenizer.value_or(folder / "tokenizer")));
  DiffusionFiles files{"Diffusers folder", {}, {}, {}, {}, {}, {}, {}, std::move(tokenizer), {}, {}};
  const auto config_of = [&](const char* component) { return folder / component / kConfigFile; };
  KANTEI_TRY(const Json unet, ReadConfig(config_of("unet")));
  KANTEI_TRY(files.unet_config, ReadUnetConfig(unet, DisplayPath(config_of("unet"))));
  KANTEI_TRY(const Json vae, ReadConfig(config_of("vae")));
  KANTEI_TRY(files.vae_config, ReadAutoencoderKlConfig(vae, DisplayPath(config_of("vae"))));
  KANTEI_TRY(const Json text, ReadConfig(config_of("text_encoder")));
  KANTEI_TRY(files.text_config, ReadClipTextConfig(text, DisplayPath(config_of("text_encoder"))));
  const fs::path scheduler = folder / "scheduler" / kSchedulerFile;
  KANTEI_TRY(const Json noise, ReadConfig(scheduler));
  KANTEI_TRY(files.scheduler, ReadSchedulerConfig(noise, DisplayPath(scheduler)));
  StatePrediction(options, &files.scheduler);
  KANTEI_TRY(files.unet, nn::OpenWeights(folder / "unet", kDiffusionStem));
  KANTEI_TRY(const nn::WeightSource vae_weights, nn::OpenWeights(folder / "vae", kDiffusionStem));
  files.vae = WithNewAttentionNames(vae_weights);
  KANTEI_TRY(files.text, nn::OpenWeights(folder / "text_encoder", kTextStem));
  AddTextPrefix(&files.text);
  if (const fs::path realism = folder / kRealismFile; Exists(realism)) {
    KANTEI_TRY(const Json json, ReadConfig(realism));
    KANTEI_TRY(files.realism, ParseSoftRealism(json, DisplayPath(realism)));
  }
  return files;
}

Result<ClipTokenizer> TokenizerOfFile(const fs::path& file, const DiffusionModelOptions& options) {
  if (options.tokenizer) return ClipTokenizer::Open(*options.tokenizer);
  for (const fs::path& folder : {file.parent_path(), file.parent_path() / "tokenizer"}) {
    auto opened = ClipTokenizer::Open(folder.empty() ? fs::path(".") : folder);
    if (opened.ok() || opened.error().code != ErrorCode::kNotFound) return opened;
  }
  return Error{ErrorCode::kNotFound,
               DisplayPath(file) +
                   " is one file and has no tokenizer; put vocab.json and merges.txt (folder tokenizer "
                   "of a Diffusers model of the same kind) beside it, or name their folder"};
}

Result<DiffusionFiles> OpenFile(const fs::path& file, const DiffusionModelOptions& options) {
  KANTEI_TRY(const nn::WeightSource source, nn::OpenWeightFile(file));
  const auto has_prefix = [&](const char* prefix) {
    const auto at = source.tensors.lower_bound(prefix);
    return at != source.tensors.end() && at->first.starts_with(prefix);
  };
  if (!has_prefix(kOriginalUnet) || !has_prefix(kOriginalAutoencoder) || !has_prefix("cond_stage_model.")) {
    return Error{ErrorCode::kUnsupported,
                 DisplayPath(file) +
                     " is no whole Stable Diffusion 1 or 2: expected tensors below "
                     "model.diffusion_model, first_stage_model and cond_stage_model; name a file "
                     "in the original layout or a Diffusers folder"};
  }
  KANTEI_TRY(ClipTokenizer tokenizer, TokenizerOfFile(file, options));
  DiffusionFiles files{"original file", {}, {}, {}, {}, {}, {}, {}, std::move(tokenizer), {}, {}};
  KANTEI_TRY(files.unet_config, UnetFromTensors(source, kOriginalUnet));
  KANTEI_TRY(files.vae_config, AutoencoderFromTensors(source, kOriginalAutoencoder));
  KANTEI_TRY(files.text_config, TextFromTensors(source));
  files.unet = OriginalUnet(source, files.unet_config);
  files.vae = OriginalAutoencoder(source, files.vae_config);
  files.text = OriginalText(source, files.text_config);
  if (HasOpenText(source)) {
    files.tokenizer = files.tokenizer.PaddedWith(0);
    // The file does not tell; version 2 at 768 pixels and 2.1 were trained so, the "base" models were not.
    if (!files.unet_config.inpainting()) files.scheduler.prediction_type = "v_prediction";
    if (options.prediction_type.empty()) {
      files.remarks.push_back(
          "The file does not say what its network predicts; " + files.scheduler.prediction_type +
          " is assumed. If pictures are noise, state the other of epsilon and v_prediction.");
    }
  }
  StatePrediction(options, &files.scheduler);
  return files;
}

}  // namespace

std::set<std::string> IgnoredTextTensors() {
  return {"text_model.embeddings.position_ids", "text_projection.weight",
          "text_model.text_projection.weight"};
}

Result<DiffusionFiles> OpenDiffusionFiles(const fs::path& path, const DiffusionModelOptions& options) {
  std::error_code error;
  if (fs::is_directory(path, error)) return OpenFolder(path, options);
  if (!Exists(path)) {
    return Error{ErrorCode::kNotFound, DisplayPath(path) +
                                           " does not exist; name a folder in Diffusers' layout or one "
                                           ".safetensors file"};
  }
  return OpenFile(path, options);
}

Result<ControlnetFiles> OpenControlnetFiles(const fs::path& path) {
  std::error_code error;
  ControlnetFiles files;
  if (fs::is_directory(path, error)) {
    KANTEI_TRY(const Json json, ReadConfig(path / kConfigFile));
    KANTEI_TRY(files.config, ReadControlnetConfig(json, DisplayPath(path / kConfigFile)));
    KANTEI_TRY(files.weights, nn::OpenWeights(path, kDiffusionStem));
    return files;
  }
  KANTEI_TRY(const nn::WeightSource source, nn::OpenWeightFile(path));
  // Files of ControlNets alone have the prefix or not.
  const bool prefixed =
      source.tensors.contains(std::string(kOriginalControlnet) + "input_hint_block.0.weight");
  const std::string prefix = prefixed ? kOriginalControlnet : "";
  KANTEI_TRY(files.config, ControlnetFromTensors(source, prefix));
  files.weights = OriginalControlnet(source, files.config, prefix);
  return files;
}

}  // namespace kantei::generate
