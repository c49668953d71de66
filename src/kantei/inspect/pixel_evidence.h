// What the pixels say of a picture's making, as words, figures and JSON. Private to inspect.
#pragma once

#include <string>
#include <vector>

#include "kantei/authenticity/authenticity_profile.h"
#include "kantei/authenticity/manipulation_detector.h"
#include "kantei/inspect/evidence.h"

namespace kantei::inspect {

/// One reading of the picture by the detector.
struct PixelView {
  std::string name;  ///< "native", or "fitted" when the picture was shrunk first
  image::Image picture;
  authenticity::PixelFindings findings;
  double softness = 0;  ///< of `picture`
};

/// Adds what the views say to `report`: grounds, limits, heat map (when the band is moderate), error rates, JSON members ai_made, edited, regions, views;
/// raises the band to moderate at most (pixels alone are never strong evidence). The first view decides; when it is too soft for the
/// profile nothing is said and both questions stay open. `profile` must be the
/// detector's.
void AddPixelEvidence(const std::vector<PixelView>& views, const authenticity::AuthenticityProfile& profile,
                      CheckReport* report);

}  // namespace kantei::inspect
