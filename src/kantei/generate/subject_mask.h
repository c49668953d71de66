// Where a picture's subject is: from maps of what the words do while it is made, or from the picture itself.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kantei/image/image.h"

namespace kantei::generate {

enum class MaskSource {
  kAttention,     ///< attention of places to the prompt's words
  kGuidance,      ///< where the words change the network's answer
  kSaliency,      ///< what differs from the picture's border
  kSegmentation,  ///< pixels of one class of a segmenter's
  kNone           ///< none of these showed a subject: the mask is empty
};
/// "attention", "guidance", "saliency", "segmentation", "none"
std::string_view MaskSourceName(MaskSource source);

struct SubjectMask {
  image::Image pixels;  ///< 1 channel, the picture's size, 255 on the subject
  MaskSource source = MaskSource::kNone;
  double area = 0;  ///< share of the picture, 0..1
  /// Variance between subject and rest as a share of the map's whole variance, 0..1: a map of two levels has 1, an even slope 0.75.
  double separation = 0;
  std::string class_name;  ///< kSegmentation: of the segmenter's class
  std::string
      class_by;  ///< kSegmentation: why this class, "subject" (it was named), "word" of the prompt, "largest" thing
};

/// The mask freed of parts of less than a fifth of the largest. Nothing when the area is not 3 to 85 %.
std::optional<SubjectMask> MaskOfRegion(image::Image region, MaskSource source, double separation);

/// The map, of any size, is enlarged to width x height and parted by Otsu's threshold (IEEE Trans. SMC 1979); the rest as MaskOfRegion.
/// Nothing when the map is flat (its range is less than a tenth of its greatest value). `source` is only noted.
std::optional<SubjectMask> MaskOfMap(const image::Plane& map, int width, int height, MaskSource source);

/// Geodesic saliency (Wei et al., ECCV 2012): the least sum of colour steps (CIELAB) on any way from a pixel to the picture's border,
/// where entering costs as much as the border pixel differs from the border's mean colour. Longer side at most 32; CIELAB units, not below 0.
image::Plane GeodesicSaliency(const image::Image& rgb);

/// What was seen while a picture was made, both in one size; empty planes: not seen.
struct SubjectMaps {
  image::Plane attention;  ///< share of attention that the content words get
  image::Plane guidance;  ///< length of (answer with the words - answer without), as in DiffEdit (2210.11427)
};

/// By attention, else by guidance, else by saliency. Networks may look at words from around the subject: where attention runs against
/// guidance (a correlation below 0), it is passed over. With `only` in no other way than this, so that masks of two pictures can be
/// compared. `rgb`: the picture.
SubjectMask FindSubject(const SubjectMaps& maps, const image::Image& rgb,
                        std::optional<MaskSource> only = std::nullopt);

/// Of two masks of one size: pixels set in both as a share of those set in any; 0 when none is set.
double MaskIou(const image::Image& a, const image::Image& b);
/// Pixels that are not 0, as a share of all.
double MaskArea(const image::Image& mask);

}  // namespace kantei::generate
