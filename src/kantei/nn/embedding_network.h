// A network that turns pictures into unit-length descriptors, from weights in safetensors or TorchScript.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/image/image.h"

namespace kantei::nn {

/// How a picture becomes the network's input.
enum class InputMode {
  kSquash,     ///< side x side, aspect ratio given up (batches well)
  kShortSide,  ///< shorter side = side, aspect kept (SSCD's 288)
};

struct NetworkInfo {
  std::string name;  ///< e.g. "kantei-compact-2", "sscd_disc_mixup"
  std::string
      architecture;  ///< "compact", "resnet50", "resnet101", "resnext101_32x4d", "resnext101_32x8d", "torchscript"
  std::string sha256;  ///< of the weights file: what a library's descriptors are tied to
  int dimension = 0;   ///< length of the descriptor; 0 for other purposes
  std::int64_t parameters = 0;
  int side = 0;  ///< input side in pixels
  InputMode mode = InputMode::kSquash;
  std::string licence, source;  ///< from the file's metadata; may be empty
  std::string purpose =
      "descriptor";  ///< "descriptor"; others are listed and not run here: "manipulation", "autoencoder"
};

struct NetworkOptions {
  std::string device = "cpu";  ///< "cpu", "cuda", "cuda:1"
  int threads = 1;             ///< of one call on the CPU, >= 1
  bool bfloat16 =
      false;  ///< compute in bfloat16 where the machine has it (else float32, silently slower is never chosen)
};

/// One row-major matrix of descriptors.
struct Descriptors {
  int dimension = 0;
  std::vector<float> values;  ///< rows x dimension
  std::size_t rows() const {
    return dimension == 0 ? 0 : values.size() / static_cast<std::size_t>(dimension);
  }
  std::span<const float> row(std::size_t index) const {
    return {values.data() + index * static_cast<std::size_t>(dimension), static_cast<std::size_t>(dimension)};
  }
};

/// Immutable after Open; Embed is thread-safe.
class EmbeddingNetwork {
 public:
  /// A safetensors file of ours (metadata "kantei.architecture" and preprocessing, docs/formats.md), or a TorchScript file
  /// whose SHA-256 is listed (SSCD's published files). kNotFound, kCorrupt (truncated, missing or surplus tensors: named; not
  /// finite), kUnsupported (unknown architecture, unlisted TorchScript, pickle), kUnavailable (device).
  static Result<std::unique_ptr<EmbeddingNetwork>> Open(const std::filesystem::path& weights,
                                                        const NetworkOptions& options = {});
  virtual ~EmbeddingNetwork() = default;

  virtual const NetworkInfo& info() const = 0;
  /// One unit-length row per picture (1 or 3 channels, upright sRGB, any size). `side` 0: the network's own. kInternal when the
  /// network gives values that are not finite.
  virtual Result<Descriptors> Embed(std::span<const image::Image> pictures, int side = 0) const = 0;
};

}  // namespace kantei::nn
