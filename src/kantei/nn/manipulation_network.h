// A network that says whether a picture was generated or edited, and where, from weights in safetensors (docs/anixplore.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "kantei/base/result.h"
#include "kantei/image/image.h"

namespace kantei::nn {

/// How a picture becomes the network's square input.
enum class ManipulationInput {
  kSquash,  ///< resized to side x side, aspect ratio given up (the published 512 variant)
  kPad,  ///< at its own size at the top left, black beyond; what is beyond the side is cut off (the published HR variant)
};

struct ManipulationInfo {
  std::string name;
  std::string architecture;     ///< "anixplore"
  std::string sha256;           ///< of the weights file
  std::int64_t parameters = 0;  ///< that take part in the answer
  int side = 0;                 ///< of the input, in pixels
  ManipulationInput input = ManipulationInput::kSquash;
  bool released_quirks = true;  ///< docs/anixplore.md
  bool bfloat16 = false;        ///< what is computed in
  std::string licence, source;  ///< from the file's metadata; may be empty
};

struct ManipulationOptions {
  std::string device = "cpu";  ///< "cpu", "cuda", "cuda:1"
  int threads = 1;             ///< of one call on the CPU, >= 1
  bool bfloat16 =
      false;  ///< compute in bfloat16 where the machine multiplies it in hardware, else in float32
};

struct ManipulationPrediction {
  /// Logit of "made or replaced" at each position of the input that the picture covers: side x side for kSquash, the picture's
  /// own width and height, at most side each, for kPad.
  image::Plane mask;
  double label = 0;  ///< logit of "this picture is made or edited", from the label's own head
};

/// Immutable after Open; Predict is thread-safe.
class ManipulationNetwork {
 public:
  /// kNotFound, kCorrupt (truncated, missing or surplus tensors: named; not finite; metadata out of range), kUnsupported (not
  /// an architecture of ours), kInvalidArgument (threads, device), kUnavailable (device).
  static Result<std::unique_ptr<ManipulationNetwork>> Open(const std::filesystem::path& weights,
                                                           const ManipulationOptions& options = {});
  virtual ~ManipulationNetwork() = default;

  virtual const ManipulationInfo& info() const = 0;
  /// 1 or 3 channels, upright sRGB, any size. kInvalidArgument for an empty picture, kTooLarge when memory runs out, kInternal
  /// when the network gives values that are not finite.
  virtual Result<ManipulationPrediction> Predict(const image::Image& picture) const = 0;
};

}  // namespace kantei::nn
