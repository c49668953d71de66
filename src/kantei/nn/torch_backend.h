// The part of the networks that needs LibTorch: other devices than the CPU, and TorchScript files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/nn/network_file.h"

namespace kantei::nn {

/// Normalised input -> descriptors, not yet of unit length. Thread-safe.
class ForwardPass {
 public:
  virtual ~ForwardPass() = default;
  /// `input`: count x height x width x 3. Returns count x dimension.
  virtual Result<std::vector<float>> Run(const float* input, int count, int width, int height,
                                         int threads) const = 0;
};

/// kUnavailable when the device is not there.
Result<std::unique_ptr<ForwardPass>> OpenOnTorchDevice(const NetworkWeights& weights,
                                                       const NetworkOptions& options);

/// A TorchScript file that was found in the list of trusted ones; it must turn (N, 3, H, W) into (N, dimension).
Result<std::unique_ptr<ForwardPass>> OpenTorchScriptFile(const std::filesystem::path& path, int dimension,
                                                         const NetworkOptions& options,
                                                         std::int64_t* parameters);

}  // namespace kantei::nn
