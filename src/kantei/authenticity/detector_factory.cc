#include "kantei/authenticity/detector_factory.h"

#include <filesystem>

#include "kantei/authenticity/anixplore_detector.h"
#include "kantei/authenticity/forensic_detector.h"
#include "kantei/base/files.h"
#include "kantei/nn/safetensors.h"

namespace kantei::authenticity {

Result<std::unique_ptr<ManipulationDetector>> OpenDetector(const std::string& model,
                                                           const DetectorOptions& options) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  std::filesystem::path file = model;
  std::error_code failure;
  if (model.empty()) {
    KANTEI_TRY(file, FindModel(kShippedDetector));
  } else if (!std::filesystem::exists(file, failure)) {
    return Error{ErrorCode::kNotFound, "there is no manipulation detector in a file " + DisplayPath(file) +
                                           "; leave --model away for the one that is shipped"};
  }
  KANTEI_TRY(const nn::SafetensorsFile weights, nn::SafetensorsFile::Open(file));
  const auto architecture = weights.metadata().find("kantei.architecture");
  if (architecture != weights.metadata().end() && architecture->second == "forensic") {
    ForensicDetectorOptions forensic;
    forensic.bfloat16 = options.bfloat16;
    KANTEI_TRY(std::unique_ptr<ForensicDetector> detector, ForensicDetector::Open(file, forensic));
    return std::unique_ptr<ManipulationDetector>(std::move(detector));
  }
  if (architecture != weights.metadata().end() && architecture->second == "anixplore") {
    nn::ManipulationOptions network;
    network.bfloat16 = options.bfloat16;
    return OpenAniXploreDetector(file, network);
  }
  return Error{ErrorCode::kUnsupported,
               DisplayPath(file) + " holds no manipulation detector that this program knows"};
}

std::filesystem::path DetectorProfilePath(const std::filesystem::path& weights) {
  std::filesystem::path path = weights;
  return path.replace_extension(".profile.json");
}

}  // namespace kantei::authenticity
