#include "kantei/train/latent_autoencoder_file_net.h"

#include <utility>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/generate/diffusion_config_json.h"
#include "kantei/nn/safetensors.h"
#include "kantei/nn/weights_net.h"

namespace kantei::train {
namespace {

constexpr const char* kArchitecture = "latent autoencoder";

}  // namespace

Status SaveLatentAutoencoder(generate::AutoencoderKl net, const generate::AutoencoderKlConfig& config,
                             std::map<std::string, std::string> metadata, const std::filesystem::path& path) {
  metadata["kantei.architecture"] = kArchitecture;
  metadata["kantei.config"] = DumpJson(generate::ConfigJson(config));
  return nn::SaveTensors(nn::StateOf(*net), metadata, path);
}

Result<generate::AutoencoderKl> LoadLatentAutoencoder(const std::filesystem::path& path) {
  KANTEI_TRY(const nn::SafetensorsFile file, nn::SafetensorsFile::Open(path));
  const auto get = [&](const char* name) {
    const auto found = file.metadata().find(name);
    return found == file.metadata().end() ? std::string() : found->second;
  };
  if (get("kantei.architecture") != kArchitecture)
    return Error{
        ErrorCode::kInvalidArgument,
        DisplayPath(path) +
            " is no autoencoder of latents; make one with kantei train diffusion --stage autoencoder"};
  KANTEI_TRY(const Json json, ParseJson(get("kantei.config"), DisplayPath(path)));
  KANTEI_TRY(const generate::AutoencoderKlConfig config,
             generate::ReadAutoencoderKlConfig(json, DisplayPath(path)));
  generate::AutoencoderKl net(config);
  KANTEI_RETURN_IF_ERROR(nn::LoadModule(file, DisplayPath(path), {}, *net));
  return net;
}

}  // namespace kantei::train
