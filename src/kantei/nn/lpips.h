// LPIPS, a distance of two pictures that follows what people see (Zhang et al., CVPR 2018, 1801.03924), with weights of the user's.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "kantei/base/result.h"
#include "kantei/image/image.h"

namespace kantei::nn {

struct LpipsOptions {
  std::string device = "cpu";  ///< "cpu", "cuda", "cuda:1"
  int threads = 1;             ///< of one call on the CPU, >= 1
};

/// Immutable after Open; Distance is thread-safe.
class Lpips {
 public:
  /// Safetensors with the features of torchvision's AlexNet or VGG-16 ("features.0.weight", ...; the classifier may be there) and the
  /// linear layers of the lpips package ("lin0.model.1.weight", ...), in one file or one after the other in several; or what
  /// lpips.LPIPS().state_dict() has ("net.slice1.0.weight", ...). kNotFound, kCorrupt (missing and surplus tensors: named; shapes; not
  /// finite), kUnsupported (other networks; pickles, with the way to convert them), kInvalidArgument, kUnavailable (device).
  static Result<std::unique_ptr<Lpips>> Open(std::span<const std::filesystem::path> files,
                                             const LpipsOptions& options = {});
  virtual ~Lpips() = default;

  virtual const std::string& network() const = 0;  ///< "alex", "vgg"
  virtual const std::string& sha256()
      const = 0;  ///< of the file; of several, of their digests one after the other
  /// 0 for equal pictures, about 0.7 for unrelated ones with the published weights. Both of one size, 1 or 3 channels, at least 32
  /// pixels a side (kInvalidArgument) and at most 4 million pixels (kTooLarge). kInternal when the network's values are not finite.
  virtual Result<double> Distance(const image::Image& a, const image::Image& b) const = 0;
};

}  // namespace kantei::nn
