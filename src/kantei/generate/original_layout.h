// Stable Diffusion in one file, as its authors' code (CompVis latent-diffusion, Stability-AI stablediffusion, lllyasviel ControlNet)
// names its tensors: what shape the networks have, and which name is which of Diffusers'. Private to the folder.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/generate/diffusion_config.h"
#include "kantei/nn/weight_source.h"

namespace kantei::generate {

/// Beginnings of names, ours behind the file's. A whole name is a beginning too.
using NamePairs = std::vector<std::pair<std::string, std::string>>;

/// The tensors below `prefix` with the beginnings of their names replaced: the longest that fits counts. Names that none fits stay
/// as they are.
nn::WeightSource Renamed(const nn::WeightSource& source, const std::string& prefix, const NamePairs& pairs);

inline constexpr const char* kOriginalUnet = "model.diffusion_model.";
inline constexpr const char* kOriginalAutoencoder = "first_stage_model.";
inline constexpr const char* kOriginalText =
    "cond_stage_model.transformer.";  ///< transformers' names behind it
inline constexpr const char* kOriginalOpenText = "cond_stage_model.model.";  ///< OpenCLIP's
inline constexpr const char* kOriginalControlnet = "control_model.";

// Names behind the prefix, the file's first.
NamePairs UnetNames(const UnetConfig& config);
NamePairs ControlnetNames(const ControlnetConfig& config);
NamePairs AutoencoderNames(const AutoencoderKlConfig& config);
NamePairs OpenTextNames(int layers);

// Shapes of networks from those of their tensors. What these do not tell is as in Stable Diffusion: 8 heads, or heads of 64 numbers
// where the projections around attention are linear. kUnsupported when the tensors are not those of such a network.
Result<UnetConfig> UnetFromTensors(const nn::WeightSource& source, const std::string& prefix);
Result<ControlnetConfig> ControlnetFromTensors(const nn::WeightSource& source, const std::string& prefix);
Result<AutoencoderKlConfig> AutoencoderFromTensors(const nn::WeightSource& source, const std::string& prefix);
Result<ClipTextConfig> TextFromTensors(const nn::WeightSource& source);

// The networks' tensors under Diffusers' names and shapes.
nn::WeightSource OriginalUnet(const nn::WeightSource& source, const UnetConfig& config);
nn::WeightSource OriginalControlnet(const nn::WeightSource& source, const ControlnetConfig& config,
                                    const std::string& prefix);
nn::WeightSource OriginalAutoencoder(const nn::WeightSource& source, const AutoencoderKlConfig& config);
/// Of OpenCLIP's towers the last layer is left out, whose output Stable Diffusion 2 does not use, and the fused projections of each
/// attention are cut in three.
nn::WeightSource OriginalText(const nn::WeightSource& source, const ClipTextConfig& config);

/// Whether the text tower is OpenCLIP's.
bool HasOpenText(const nn::WeightSource& source);

/// The two generations of Diffusers' names of the autoencoder's attention become one, 1x1 convolutions linear layers.
nn::WeightSource WithNewAttentionNames(const nn::WeightSource& source);

}  // namespace kantei::generate
