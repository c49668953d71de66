// A convolutional autoencoder: what is left of a picture after a generator's decoder has drawn it anew. Reconstructions aligned
// with their originals are the cleanest examples of "made by a network" (no difference of subject, style or composition).
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/image/image.h"

namespace kantei::generate {

/// How a decoder doubles the side; each leaves another trace.
enum class Upsampling { kNearest, kBilinear, kTransposed, kShuffle };
std::string_view UpsamplingName(Upsampling upsampling);  ///< "nearest", "bilinear", "transposed", "shuffle"
Result<Upsampling> ParseUpsampling(std::string_view name);

struct AutoencoderShape {
  Upsampling upsampling = Upsampling::kNearest;
  int latent = 8;                       ///< channels of the code, 1..64
  std::vector<int> widths{16, 32, 64};  ///< channels at full, half, ... resolution, 2..5 values of 4..512
  int factor() const { return 1 << (widths.size() - 1); }
  Status Validate() const;
};

/// Immutable after Open, thread-safe.
class Autoencoder {
 public:
  struct Network;  ///< torch inside
  /// A file written by `kantei train autoencoder`. kCorrupt names missing, surplus and misshapen tensors.
  static Result<std::unique_ptr<Autoencoder>> Open(const std::filesystem::path& path);
  ~Autoencoder();

  const AutoencoderShape& shape() const { return shape_; }
  /// The picture encoded and decoded, of the same size. RGB, 8 px a side or more; sides are padded to multiples of the factor by
  /// their edge and cut again.
  Result<image::Image> Reconstruct(const image::Image& picture) const;

 private:
  Autoencoder() = default;
  AutoencoderShape shape_;
  std::unique_ptr<Network> network_;
};

}  // namespace kantei::generate
