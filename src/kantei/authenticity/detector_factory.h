// Manipulation detectors by name.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "kantei/authenticity/manipulation_detector.h"
#include "kantei/base/result.h"

namespace kantei::authenticity {

struct DetectorOptions {
  bool bfloat16 = false;  ///< compute in bfloat16 where the processor has it
  Status Validate() const { return {}; }
};

inline constexpr const char* kShippedDetector = "forensic.safetensors";

/// `model`: a file of weights; empty: the one that is shipped. kNotFound: no such file; kUnsupported: a file that is no detector's.
Result<std::unique_ptr<ManipulationDetector>> OpenDetector(const std::string& model,
                                                           const DetectorOptions& options);

/// WEIGHTS.profile.json beside WEIGHTS.safetensors: where the profile of a detector is looked for.
std::filesystem::path DetectorProfilePath(const std::filesystem::path& weights);

}  // namespace kantei::authenticity
