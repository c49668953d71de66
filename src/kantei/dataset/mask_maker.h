// Random masks: the part of a picture that is to be replaced.
#pragma once

#include <optional>
#include <string_view>

#include "kantei/base/random.h"
#include "kantei/base/result.h"
#include "kantei/image/image.h"

namespace kantei::dataset {

enum class MaskKind {
  kStrokes,    ///< a brush drawn to and fro
  kBlob,       ///< one to three round shapes
  kRectangle,  ///< one or two
  kPolygon,    ///< three to eight corners
  kSegment,    ///< neighbouring segments of even colour: object-like
};
std::string_view MaskKindName(MaskKind kind);

struct MaskOptions {
  double least_share = 0.01;  ///< of the picture's area, 0..1; drawn evenly in the logarithm
  double most_share = 0.40;   ///< at most 0.9
  int dilation = 0;           ///< pixels by which the shape is grown at the end, 0..64
  Status Validate() const;
};

/// 1 channel, 0 and 255, the size of `rgb`. Empty when no such mask was found: a picture without fitting segments, or one
/// of fewer than 16 pixels a side.
std::optional<image::Image> MakeMask(const image::Image& rgb, MaskKind kind, const MaskOptions& options,
                                     Random& random);

/// Grown by a disc of this radius.
image::Image Dilate(const image::Image& mask, int radius);
/// Pixels that are not 0, as a share of all.
double MaskShare(const image::Image& mask);
/// Of the pixels that are not 0; width 0 when there is none.
image::Rect MaskBox(const image::Image& mask);

}  // namespace kantei::dataset
