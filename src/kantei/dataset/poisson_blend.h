// Pasting without a seam.
#pragma once

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/image/image.h"

namespace kantei::dataset {

struct PoissonOptions {
  /// Where the ground changes more than what is pasted, its step is taken: texture of the ground shows through (holes, glass).
  bool mixed = false;
  double tolerance =
      1e-4;  ///< the residual's length at the end, as a share of what it is at the beginning; 1e-12..0.1
  int most_rounds = 500;  ///< 1..100000
  Status Validate() const;
};

/// Poisson image editing (Perez, Gangnet, Blake, SIGGRAPH 2003): inside `mask` the picture whose steps from pixel to pixel are those of
/// `source` and whose rim meets `ground`; outside, `ground` bit for bit. Conjugate gradients with a modified incomplete Cholesky
/// factorisation, each channel on its own. `source` counts inside the mask only; across the rim no step is asked for. A mask without any
/// pixel of the ground beside it gives `source`. All of one size; `mask` has 1 channel, anything but 0 is inside. kInvalidArgument,
/// kCancelled.
Result<image::Image> PoissonBlend(const image::Image& ground, const image::Image& source,
                                  const image::Image& mask, const PoissonOptions& options,
                                  const CancellationToken& cancellation);

}  // namespace kantei::dataset
