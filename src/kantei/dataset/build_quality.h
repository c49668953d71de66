// What is measured of a picture that was made, and what the plan refuses.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "kantei/authenticity/manipulation_detector.h"
#include "kantei/authenticity/realism.h"
#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/dataset/build_plan.h"
#include "kantei/dataset/built_sample.h"
#include "kantei/image/image.h"

namespace kantei::dataset {

class BuildQuality {
 public:
  static Result<BuildQuality> Open(const PlanQuality& plan);

  /// Of the picture as it was made, before post-processing: PSNR over the pixels outside the mask, SSIM of the whole with the mask's
  /// pixels set to the original's, and whether both are the same there.
  Status MeasureOutside(const image::Image& original, const image::Image& made, const image::Image& mask,
                        BuiltSample* sample) const;
  /// Of the finished picture. `mask` may be empty. detector_uncertainty is the binary entropy of 1 / (1 + exp(-logit)), where the
  /// logit is the greater of the detector's two: an uncalibrated stand-in for how hard the picture is, no measure of what people see.
  Status MeasureWhole(const image::Image& finished, const image::Image& mask,
                      const CancellationToken& cancellation, BuiltSample* sample) const;
  /// Why the plan refuses it, or nothing.
  std::optional<std::string> Refusal(const BuiltSample& sample) const;

 private:
  PlanQuality plan_;
  std::optional<authenticity::RealismReference> reference_;
  std::shared_ptr<const authenticity::ManipulationDetector> detector_;
};

}  // namespace kantei::dataset
