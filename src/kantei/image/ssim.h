// Structural similarity of two pictures of one size.
#pragma once

#include "kantei/image/image.h"

namespace kantei::image {

/// Mean SSIM on grey (Wang et al. 2004): Gaussian window 11, σ 1.5, K1 0.01, K2 0.03, valid windows only;
/// -1..1. kInvalidArgument when the sizes differ or are below 11.
Result<double> Ssim(const Image& a, const Image& b);
/// Peak signal-to-noise ratio in dB over all channels; +infinity when equal.
Result<double> Psnr(const Image& a, const Image& b);

}  // namespace kantei::image
