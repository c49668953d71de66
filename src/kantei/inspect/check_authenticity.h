// "Was it made or changed by AI?", from what the file declares and from its pixels. Private to inspect.
#pragma once

#include <memory>
#include <vector>

#include "kantei/authenticity/authenticity_profile.h"
#include "kantei/authenticity/manipulation_detector.h"
#include "kantei/authenticity/traces.h"
#include "kantei/inspect/inspector.h"
#include "kantei/inspect/pixel_evidence.h"

namespace kantei::inspect {

CheckReport DescribeAuthenticity();

/// What was read from the pixels; without views they were not looked at.
struct PixelReading {
  std::vector<PixelView> views;
  std::vector<authenticity::Trace> traces;  ///< of the first view's picture
};
/// `profile` is that of the detector that made the views.
CheckReport ReportAuthenticity(const std::vector<CheckReport>& earlier, const PixelReading& pixels = {},
                               const authenticity::AuthenticityProfile& profile = {});
/// A null detector: declarations only. The profile must have the questions kAiMade and kEdited.
std::unique_ptr<Check> MakeAuthenticityCheck(
    std::shared_ptr<const authenticity::ManipulationDetector> detector,
    authenticity::AuthenticityProfile profile, const InspectOptions& options);

}  // namespace kantei::inspect
