// Connected parts of a manipulation map.
#pragma once

#include <vector>

#include "kantei/image/image.h"

namespace kantei::authenticity {

struct MapRegion {
  image::Rect box;        ///< in the map's pixels
  double share = 0;       ///< of the picture's area, 0..1
  double map = 0;         ///< mean of the map over it, 0..1
  double confidence = 0;  ///< mean of the confidence over it, 0..1; 0 without one
};

struct MapRegionOptions {
  float threshold = 0.5f;      ///< pixels above it belong to a region
  double least_share = 0.002;  ///< smaller ones are left out
  std::size_t most = 10;       ///< largest first
};

/// Regions of 4-connected cells of 4 x 4 pixels whose mean is above the threshold. `confidence` is empty or of the map's size.
std::vector<MapRegion> FindMapRegions(const image::Plane& map, const image::Plane& confidence,
                                      const MapRegionOptions& options);

}  // namespace kantei::authenticity
