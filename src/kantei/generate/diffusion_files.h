// The files of a latent diffusion model: found, refused or opened, their configs read. No network is made here. Private to the folder.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kantei/base/json.h"
#include "kantei/base/result.h"
#include "kantei/generate/clip_tokenizer.h"
#include "kantei/generate/diffusion_config.h"
#include "kantei/generate/diffusion_model.h"
#include "kantei/generate/soft_realism.h"
#include "kantei/nn/weight_source.h"

namespace kantei::generate {

// Names in Diffusers' layout.
inline constexpr const char *kModelIndex = "model_index.json", *kConfigFile = "config.json",
                            *kSchedulerFile = "scheduler_config.json",
                            *kDiffusionStem = "diffusion_pytorch_model", *kTextStem = "model";
/// Our own: what real pictures of the training set are like. Other programs pass it over.
inline constexpr const char* kRealismFile = "soft_realism.json";

struct DiffusionFiles {
  std::string layout;  ///< as DiffusionModelInfo::layout
  UnetConfig unet_config;
  AutoencoderKlConfig vae_config;
  ClipTextConfig text_config;
  SchedulerConfig scheduler;
  nn::WeightSource unet, vae, text;  ///< under Diffusers' names
  ClipTokenizer tokenizer;
  std::vector<std::string> remarks;
  std::optional<SoftRealismReference> realism;
};

struct ControlnetFiles {
  ControlnetConfig config;
  nn::WeightSource weights;
};

/// Tensors of a text encoder's file that are no weights of it.
std::set<std::string> IgnoredTextTensors();

/// See DiffusionModel::Load.
Result<DiffusionFiles> OpenDiffusionFiles(const std::filesystem::path& path,
                                          const DiffusionModelOptions& options);
/// A Diffusers folder (config.json and weights), or one file in the original layout.
Result<ControlnetFiles> OpenControlnetFiles(const std::filesystem::path& path);

}  // namespace kantei::generate
