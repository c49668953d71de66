// The autoencoder that a run of its own learnt, on its way into a diffusion model. Private: includes torch.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "kantei/base/result.h"
#include "kantei/generate/autoencoder_kl_net.h"

namespace kantei::train {

/// Float32 weights; the config in the metadata.
Status SaveLatentAutoencoder(generate::AutoencoderKl net, const generate::AutoencoderKlConfig& config,
                             std::map<std::string, std::string> metadata, const std::filesystem::path& path);
/// kInvalidArgument when the file is another model.
Result<generate::AutoencoderKl> LoadLatentAutoencoder(const std::filesystem::path& path);

}  // namespace kantei::train
