// Training views for detectors: a crop of a picture and of its mask, put through the same random handling whatever the
// picture's history, so that format, size and quality give nothing away.
#pragma once

#include "kantei/base/random.h"
#include "kantei/image/image.h"

namespace kantei::dataset {

struct AuthenticityViewOptions {
  int side = 256;            ///< of the view, 32..2048
  double resize = 0.6;       ///< chance that the picture is resampled first, by one of three kernels
  double least_scale = 0.5;  ///< of that, 0.1..1
  double most_scale = 2.1;   ///< 1..4; sizes are drawn evenly on a scale of octaves
  double coding = 0.7;       ///< chance of JPEG (quality 45..98) or, one time in six, WebP (50..95)
  double twice = 0.15;       ///< of those, chance of a second coding
  double blur = 0.08;        ///< chance of a Gaussian blur, sigma 0.3..1.2
  double noise = 0.08;       ///< chance of Gaussian noise, sigma 1..6 grey levels
  double on_mask = 0.8;      ///< chance that the crop is laid over a changed pixel, if there is one
};

struct AuthenticityView {
  image::Image picture;  ///< RGB, side x side
  image::Image mask;     ///< grey, the same size, 255 where changed
};

/// `mask`: 1 channel of the picture's size, or empty for none. Pictures smaller than the side are mirrored at their edges.
/// The crop starts anywhere, so that the blocks of an earlier JPEG do; it is turned and flipped at random.
AuthenticityView MakeAuthenticityView(const image::Image& picture, const image::Image& mask,
                                      const AuthenticityViewOptions& options, Random& random);

/// `made` where the mask is 255, `original` elsewhere; all of one size.
image::Image CompositeThrough(const image::Image& original, const image::Image& made,
                              const image::Image& mask);

}  // namespace kantei::dataset
