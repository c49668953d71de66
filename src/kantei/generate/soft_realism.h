// What pictures of a set are like in the five measures of the Image Realism Score (2309.14756), in a form that can be differentiated.
#pragma once

#include <array>
#include <string>

#include "kantei/base/json.h"
#include "kantei/base/result.h"

namespace kantei::generate {

/// Logarithms of: soft edge density, GLCM contrast, GLCM energy of a soft histogram, variance of the Laplacian, mean spectrum. They go
/// with the measures of authenticity/realism.h, but are no substitute for them: other levels, no thinned edges, the picture's own size.
inline constexpr std::size_t kSoftMeasures = 5;

struct SoftRealismReference {
  int side = 128;  ///< of the pictures that were measured; measures depend on it
  int pictures = 0;
  std::array<double, kSoftMeasures> mean{}, deviation{};  ///< of the logarithms; deviations above 0
};

Json SoftRealismJson(const SoftRealismReference& reference);
/// kCorrupt names what is wrong; `name` is used in messages only.
Result<SoftRealismReference> ParseSoftRealism(const Json& json, const std::string& name);

}  // namespace kantei::generate
