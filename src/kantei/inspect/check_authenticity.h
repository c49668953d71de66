// "Was it made or changed by AI?", from what the file declares and from its pixels. Private to inspect.
#pragma once

#include <memory>
#include <vector>

#include "kantei/authenticity/authenticity_profile.h"
#include "kantei/authenticity/manipulation_detector.h"
#include "kantei/inspect/inspector.h"
#include "kantei/inspect/pixel_evidence.h"

namespace kantei::inspect {

CheckReport DescribeAuthenticity();
/// `views` may be empty: pixels were not looked at. `profile` is then not used.
CheckReport ReportAuthenticity(const std::vector<CheckReport>& earlier, const std::vector<PixelView>& views = {},
                               const authenticity::AuthenticityProfile& profile = {});
/// A null detector: declarations only. The profile must have the questions kAiMade and kEdited.
std::unique_ptr<Check> MakeAuthenticityCheck(std::shared_ptr<const authenticity::ManipulationDetector> detector,
                                             authenticity::AuthenticityProfile profile,
                                             const InspectOptions& options);

}  // namespace kantei::inspect
