#include "kantei/authenticity/detector_factory.h"
#include "kantei/base/files.h"
#include "kantei/inspect/inspector.h"

namespace kantei::inspect {

Result<PixelDetector> OpenPixelDetector(const std::filesystem::path& weights,
                                        const std::filesystem::path& profile,
                                        const authenticity::DetectorOptions& options) {
  std::filesystem::path chosen = weights;
  if (chosen.empty()) {
    KANTEI_TRY(chosen, FindModel(authenticity::kShippedDetector));
  }
  PixelDetector pixels;
  KANTEI_TRY(pixels.detector, authenticity::OpenDetector(chosen, options));
  KANTEI_TRY(pixels.profile, authenticity::LoadAuthenticityProfile(
                                 profile.empty() ? authenticity::DetectorProfilePath(chosen) : profile,
                                 pixels.detector->id()));
  return pixels;
}

}  // namespace kantei::inspect
