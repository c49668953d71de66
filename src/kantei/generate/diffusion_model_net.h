// The networks of a latent diffusion model together. Private: includes torch.
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <optional>

#include "kantei/generate/autoencoder_kl_net.h"
#include "kantei/generate/clip_text_net.h"
#include "kantei/generate/clip_tokenizer.h"
#include "kantei/generate/controlnet_net.h"
#include "kantei/generate/diffusion_model.h"
#include "kantei/generate/soft_realism.h"
#include "kantei/generate/unet_net.h"

namespace kantei::generate {

struct DiffusionNets {
  std::optional<ClipTokenizer> tokenizer;  ///< always there in a DiffusionModel
  ClipText text{nullptr};
  Unet unet{nullptr};
  AutoencoderKl vae{nullptr};
  Controlnet controlnet{nullptr};  ///< may be empty
  SchedulerConfig scheduler;
  std::optional<SoftRealismReference> realism;  ///< what real pictures are like; for realism as a loss
};

/// Null when the networks fit each other: channels, widths, length of a prompt. kInvalidArgument names the two that do not.
Status CheckNets(const DiffusionNets& nets);

/// Writes a Diffusers folder that DiffusionModel::Load and diffusers read: weights in float16 (norms and biases in float32) or
/// float32, whatever they are in memory. A ControlNet goes into the folder "controlnet".
Status SaveDiffusionModel(const DiffusionNets& nets, const std::filesystem::path& folder,
                          bool float16 = true);

}  // namespace kantei::generate
