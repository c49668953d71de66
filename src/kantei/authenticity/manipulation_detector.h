// "Was it made or changed by AI, and where?" as a network or a set of measures answers it, from pixels alone.
#pragma once

#include <string>
#include <string_view>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/image/image.h"

namespace kantei::authenticity {

/// Raw answers: logits are not calibrated, whoever shows them as probabilities applies a calibration made on named data.
struct PixelFindings {
  double ai_made_logit = 0;  ///< the whole picture came out of a generator; more is surer
  double edited_logit = 0;   ///< a part of the picture was replaced; more is surer
  image::Plane map;          ///< of the picture's size: how likely each pixel was made or replaced, 0..1
  image::Plane
      confidence;  ///< of the picture's size: how likely the map, cut at 0.5, is right there, 0..1; may be empty
};

/// Immutable, thread-safe.
class ManipulationDetector {
 public:
  virtual ~ManipulationDetector() = default;
  /// Name and digest of what decides, for reports and caches, e.g. "kantei-forensic-1 3fa2…".
  virtual std::string id() const = 0;
  /// "float32" or "bfloat16": answers kept for one are not those of the other, though a profile holds for both.
  virtual std::string_view precision() const { return "float32"; }
  /// Any size of RGB picture from 64 x 64 on, at its own resolution. Errors: kInvalidArgument (too small), kCancelled, kInternal.
  virtual Result<PixelFindings> Analyse(const image::Image& picture,
                                        const CancellationToken& cancellation) const = 0;
};

}  // namespace kantei::authenticity
