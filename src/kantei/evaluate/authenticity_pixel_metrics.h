// How well a map says which pixels were changed, for one picture.
#pragma once

#include <optional>

#include "kantei/image/image.h"

namespace kantei::evaluate {

/// Which way the map may be read: as it is, inverted, or whichever of the two is better (IMDL-BenCo's "origin", "reverse", "double").
enum class MapReading { kOrigin, kReverse, kDouble };

struct PixelScores {
  double f1 = 0, iou = 0;
  std::optional<double> auc;  ///< none when every pixel was changed
};

/// As IMDL-BenCo defines them (2406.10580; evaluation/F1.py, IOU.py, AUC.py): a pixel is called changed when map > 0.5, F1 and IoU with
/// 1e-8 in the denominators, the AUC 0 for an empty mask. A value of exactly 0.5 counts as changed in the inverted F1 and not in the
/// inverted IoU, as there. Among equal values the AUC takes midranks, where theirs depends on the order of the pixels.
/// `map`: values 0..1; `mask`: one channel of the same size, changed from 128 on.
PixelScores ScorePixels(const image::Plane& map, const image::Image& mask,
                        MapReading reading = MapReading::kOrigin);

struct TruForPixelScores {
  double f1 = 0;  ///< at the threshold 0.5
  double best_f1 =
      0;  ///< at the best threshold of this picture: an upper bound that nobody can reach without the truth
};
/// TruFor's F1 (2212.10957, their metrics script): the better of the map and the inverted map; the border of the mask is left out:
/// changed is what a minimum filter of 15 × 15 keeps, unchanged what a maximum filter of 11 × 11 does not reach. None when either is
/// empty, where their script gives no number or 0.
std::optional<TruForPixelScores> ScorePixelsTruFor(const image::Plane& map, const image::Image& mask);

/// Share of the pixels that are called changed (map > 0.5), 0..1.
double ChangedShare(const image::Plane& map);

}  // namespace kantei::evaluate
