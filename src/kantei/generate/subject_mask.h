// Where a picture's subject is: from a map of what the words look at, or from the picture itself.
#pragma once

#include <optional>
#include <string_view>

#include "kantei/image/image.h"

namespace kantei::generate {

enum class MaskSource {
  kAttention,  ///< attention of places to the prompt's words
  kSaliency,   ///< what differs from the picture's border
  kNone        ///< neither showed a subject: the mask is empty
};
std::string_view MaskSourceName(MaskSource source);  ///< "attention", "saliency", "none"

struct SubjectMask {
  image::Image pixels;  ///< 1 channel, the picture's size, 255 on the subject
  MaskSource source = MaskSource::kNone;
  double area = 0;  ///< share of the picture, 0..1
  /// Variance between subject and rest as a share of the map's whole variance, 0..1: a map of two levels has 1, an even slope 0.75.
  double separation = 0;
};

/// The map, of any size, is enlarged to width x height, parted by Otsu's threshold (IEEE Trans. SMC 1979) and freed of parts of less
/// than a fifth of the largest. Nothing when the map is flat (its range is less than a tenth of its greatest value) or the area is not
/// 3 to 85 %. `source` is only noted.
std::optional<SubjectMask> MaskOfMap(const image::Plane& map, int width, int height, MaskSource source);

/// Geodesic saliency (Wei et al., ECCV 2012): the least sum of colour steps (CIELAB) on any way from a pixel to the picture's border,
/// where entering costs as much as the border pixel differs from the border's mean colour. Longer side at most 32; CIELAB units, not below 0.
image::Plane GeodesicSaliency(const image::Image& rgb);

/// By attention (an empty map: none was seen), else by saliency; with `only` in no other way, so that masks of two pictures can be
/// compared. `rgb`: the picture.
SubjectMask FindSubject(const image::Plane& attention, const image::Image& rgb,
                        std::optional<MaskSource> only = std::nullopt);

/// Of two masks of one size: pixels set in both as a share of those set in any; 0 when none is set.
double MaskIou(const image::Image& a, const image::Image& b);
/// Pixels that are not 0, as a share of all.
double MaskArea(const image::Image& mask);

}  // namespace kantei::generate
