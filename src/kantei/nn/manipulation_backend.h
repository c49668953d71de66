// The part of manipulation networks that needs LibTorch: weights of all naming conventions, and other devices than the CPU.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/nn/anixplore_cpu.h"
#include "kantei/nn/manipulation_file.h"
#include "kantei/nn/safetensors.h"

namespace kantei::nn {

/// Ready inputs -> logits. Thread-safe.
class ManipulationPass {
 public:
  virtual ~ManipulationPass() = default;
  /// side x side x 6 each.
  virtual Result<AniXploreValues> Run(const std::vector<float>& high,
                                      const std::vector<float>& low) const = 0;
  virtual bool bfloat16() const = 0;
};

/// On oneDNN for "cpu", else on LibTorch's device. Errors as ManipulationNetwork::Open's.
Result<std::unique_ptr<ManipulationPass>> OpenManipulationPass(const SafetensorsFile& file,
                                                               std::string_view file_name,
                                                               const ManipulationDescription& description,
                                                               const ManipulationOptions& options,
                                                               std::int64_t* parameters);

}  // namespace kantei::nn
