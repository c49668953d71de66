// Manipulation detectors by name.
#pragma once

#include <memory>
#include <string>

#include "kantei/authenticity/manipulation_detector.h"
#include "kantei/base/result.h"

namespace kantei::authenticity {

struct DetectorOptions {
  bool bfloat16 = false;  ///< compute in bfloat16 where the processor has it
  Status Validate() const { return {}; }
};

/// `model`: a name, or a file of weights. kNotFound: no detector of this name and no such file; kUnsupported: a file that is no
/// detector's.
Result<std::unique_ptr<ManipulationDetector>> OpenDetector(const std::string& model,
                                                           const DetectorOptions& options);

}  // namespace kantei::authenticity
