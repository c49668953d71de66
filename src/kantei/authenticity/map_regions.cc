#include "kantei/authenticity/map_regions.h"

#include <algorithm>
#include <utility>

#include "kantei/base/result.h"

namespace kantei::authenticity {
namespace {

constexpr int kCell = 4;

/// Means of cells; the last ones of a row or column may be cut.
image::Plane Cells(const image::Plane& plane) {
  image::Plane cells((plane.width + kCell - 1) / kCell, (plane.height + kCell - 1) / kCell);
  std::vector<int> counts(cells.values.size());
  for (int y = 0; y < plane.height; ++y) {
    const std::size_t row = static_cast<std::size_t>(y / kCell) * static_cast<std::size_t>(cells.width);
    for (int x = 0; x < plane.width; ++x) {
      cells.values[row + static_cast<std::size_t>(x / kCell)] += plane.row(y)[x];
      ++counts[row + static_cast<std::size_t>(x / kCell)];
    }
  }
  for (std::size_t i = 0; i < counts.size(); ++i) cells.values[i] /= static_cast<float>(counts[i]);
  return cells;
}

}  // namespace

std::vector<MapRegion> FindMapRegions(const image::Plane& map, const image::Plane& confidence,
                                      const MapRegionOptions& options) {
  KANTEI_CHECK(confidence.values.empty() ||
               (confidence.width == map.width && confidence.height == map.height));
  std::vector<MapRegion> regions;
  if (map.values.empty()) return regions;
  const image::Plane cells = Cells(map);
  const image::Plane sure = confidence.values.empty() ? image::Plane() : Cells(confidence);
  std::vector<bool> seen(cells.values.size());
  std::vector<std::pair<int, int>> front;
  for (int y0 = 0; y0 < cells.height; ++y0) {
    for (int x0 = 0; x0 < cells.width; ++x0) {
      double sum = 0, sure_sum = 0, count = 0;
      int left = x0, right = x0, top = y0, bottom = y0;
      const auto visit = [&](int x, int y) {
        if (x < 0 || y < 0 || x >= cells.width || y >= cells.height) return;
        const std::size_t at =
            static_cast<std::size_t>(y) * static_cast<std::size_t>(cells.width) + static_cast<std::size_t>(x);
        if (seen[at] || !(cells.values[at] > options.threshold)) return;
        seen[at] = true;
        front.emplace_back(x, y);
        sum += cells.values[at];
        sure_sum += sure.values.empty() ? 0 : sure.values[at];
        count += 1;
        left = std::min(left, x), right = std::max(right, x);
        top = std::min(top, y), bottom = std::max(bottom, y);
      };
      visit(x0, y0);
      while (!front.empty()) {
        const auto [x, y] = front.back();
        front.pop_back();
        visit(x - 1, y), visit(x + 1, y), visit(x, y - 1), visit(x, y + 1);
      }
      const double share = count / static_cast<double>(cells.values.size());
      if (count == 0 || share < options.least_share) continue;
      MapRegion region;
      region.box = {left * kCell, top * kCell, std::min(map.width, (right + 1) * kCell) - left * kCell,
                    std::min(map.height, (bottom + 1) * kCell) - top * kCell};
      region.share = share;
      region.map = sum / count;
      region.confidence = sure_sum / count;
      regions.push_back(region);
    }
  }
  std::stable_sort(regions.begin(), regions.end(),
                   [](const MapRegion& a, const MapRegion& b) { return a.share > b.share; });
  if (regions.size() > options.most) regions.resize(options.most);
  return regions;
}

}  // namespace kantei::authenticity
