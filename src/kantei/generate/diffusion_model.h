// A latent diffusion model (Stable Diffusion 1.x or 2.x, or a smaller one of the same kind): read from files, made in memory,
// written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/generate/diffusion_config.h"

namespace kantei::generate {

struct DiffusionNets;  ///< the networks; torch inside, see diffusion_model_net.h

/// Of the UNet, the ControlNet and the text encoder. The autoencoder stays in float32: pictures show bfloat16's rounding.
enum class DiffusionPrecision { kFloat32, kBfloat16 };

struct DiffusionModelOptions {
  std::string device = "cpu";  ///< "cpu", "cuda", "cuda:N"
  DiffusionPrecision precision = DiffusionPrecision::kFloat32;
  /// A ControlNet of the same kind: a Diffusers folder, or one file in the original layout.
  std::optional<std::filesystem::path> controlnet;
  /// A folder with the tokenizer's files, for a model of one file, which has none. Without it they are looked for beside the file and
  /// in a folder "tokenizer" there.
  std::optional<std::filesystem::path> tokenizer;
  /// "epsilon", "v_prediction" or "sample", in place of what the files say or leave open; empty: as the files say.
  std::string prediction_type;
};

/// What can be told of a model.
struct DiffusionModelInfo {
  std::filesystem::path path;  ///< empty: made in memory
  std::string kind;            ///< "Stable Diffusion 1", "Stable Diffusion 2" or "latent diffusion"
  std::string layout;          ///< "Diffusers folder", "original file" or "memory"
  bool inpainting = false;     ///< the UNet takes a mask and the rest of the picture
  bool has_controlnet = false;
  int latent_channels = 4;
  int factor = 8;           ///< picture pixels a latent pixel
  int sample_side = 512;    ///< picture pixels a side that it was trained for
  int context_width = 768;  ///< numbers a word
  int context_length = 77;  ///< words a prompt, with begin and end
  std::int64_t unet_parameters = 0, autoencoder_parameters = 0, text_parameters = 0;
  SchedulerConfig scheduler;
  std::vector<std::string> remarks;  ///< what was assumed, one sentence each
};

/// Cheap to copy; copies share the networks.
class DiffusionModel {
 public:
  /// `path`: a Diffusers folder (model_index.json; weights as .safetensors, .fp16.safetensors or in shards), or one .safetensors file
  /// in the original layout. kNotFound names the file that is missing; kCorrupt the tensors that are missing, surplus or of another
  /// shape; kUnsupported for pickles (.ckpt, .bin, .pt: with the way to convert them), for models of another kind and for parts that
  /// the networks do not have; kTooLarge when the memory does not suffice.
  static Result<DiffusionModel> Load(const std::filesystem::path& path,
                                     const DiffusionModelOptions& options = {});
  /// Of networks that are there, with the same configs as Load would read. kInvalidArgument when they do not fit each other.
  static Result<DiffusionModel> Make(DiffusionNets nets);

  const DiffusionModelInfo& info() const { return *info_; }
  const DiffusionNets& nets() const { return *nets_; }

 private:
  DiffusionModel() = default;
  std::shared_ptr<const DiffusionModelInfo> info_;
  std::shared_ptr<const DiffusionNets> nets_;
};

}  // namespace kantei::generate
