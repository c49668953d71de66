// The photometric check: does the detail of two aligned pictures agree? Another photo of the same thing is not a copy.
#pragma once

#include <vector>

#include "kantei/image/transform.h"

namespace kantei::copy {

/// What the aligned region shows. Coordinates are those of the query that was given.
struct Alignment {
  image::Homography query_to_known;  ///< refined by the detail itself
  image::Polygon query_region;       ///< the overlap, or its agreeing part; empty when too small to judge
  double agreement = 0;  ///< mean normalised correlation of detail over the region's textured blocks, -1..1
  double agreeing_share = 0;  ///< share of the region's textured blocks whose detail agrees, 0..1
  int textured_blocks = 0;    ///< blocks of the region that have detail in either picture
  int agreeing_blocks = 0;
  bool inverted = false;  ///< the detail agrees with light and dark exchanged
  double median_shift =
      0;  ///< pixels by which agreeing blocks still differ after refinement, at the compared size
  std::vector<image::Polygon>
      changed;  ///< parts of the region whose detail differs though both pictures are sharp there
  double changed_share = 0;  ///< area of `changed` / area of the region, 0..1
};

/// Both pictures grey. Warps the query onto the known picture at the coarser of the two resolutions, matches band-passed
/// blocks with small shifts, refits the transform to them, and judges every block. Brightness, contrast and inversion of
/// tone do not matter; parallax, another moment and another light do.
Alignment CompareAligned(const image::Image& query, const image::Image& known,
                         const image::Homography& query_to_known);

}  // namespace kantei::copy
