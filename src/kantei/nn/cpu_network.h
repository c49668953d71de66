// Runs an embedding network on the CPU with oneDNN's convolutions.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/nn/network_file.h"

namespace kantei::nn {

/// Weights are laid out once for the machine, ReLU and the residual sums run inside the convolutions, and activations
/// live in four buffers that are used again from call to call. Thread-safe: calls share only the weights.
class CpuNetwork {
 public:
  /// `bfloat16`: weights and activations in bfloat16, sums in float32; only if HasBfloat16().
  static Result<std::unique_ptr<CpuNetwork>> Make(NetworkWeights weights, bool bfloat16);
  ~CpuNetwork();
  CpuNetwork(const CpuNetwork&) = delete;
  CpuNetwork& operator=(const CpuNetwork&) = delete;

  /// `input`: count x height x width x 3, normalised. `threads` holds for this call alone: OpenMP keeps the number per
  /// calling thread. Returns count x dimension values, not yet of unit length.
  Result<std::vector<float>> Run(const float* input, int count, int width, int height, int threads) const;

  int dimension() const;
  bool bfloat16() const;

  /// Whether this processor multiplies bfloat16 in hardware (AVX512-BF16 or AMX).
  static bool HasBfloat16();

 private:
  struct State;
  explicit CpuNetwork(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace kantei::nn
