#include "kantei/authenticity/detector_factory.h"

#include <filesystem>

#include "kantei/base/files.h"

namespace kantei::authenticity {

Result<std::unique_ptr<ManipulationDetector>> OpenDetector(const std::string& model,
                                                           const DetectorOptions& options) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  const std::string shown = DisplayPath(model);
  std::error_code failure;
  if (!model.empty() && std::filesystem::exists(model, failure))
    return Error{ErrorCode::kUnsupported, shown + " holds no manipulation detector that this program knows"};
  return Error{ErrorCode::kNotFound,
               model.empty() ? "no manipulation detector is shipped with this program; name one with --model"
                             : "there is no manipulation detector named \"" + shown +
                                   "\" and no file of that name; see kantei models list"};
}

}  // namespace kantei::authenticity
