// Resampling as picture programs do it: cubic and Lanczos kernels.
#pragma once

#include "kantei/image/image.h"

namespace kantei::image {

enum class SmoothKernel {
  kCatmullRom,  ///< cubic, a = -0.5, support 2
  kLanczos3,    ///< windowed sinc, support 3
};

/// Separable; when shrinking the kernel is widened by the factor, so that nothing aliases. Values beyond 0..255 (both kernels
/// overshoot at edges) are clipped. width, height >= 1. Slower than image::Resize, which is what Kantei itself looks at pictures with.
Image SmoothResize(const Image& image, int width, int height, SmoothKernel kernel);

}  // namespace kantei::image
