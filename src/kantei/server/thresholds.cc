#include "kantei/server/thresholds.h"

#include <algorithm>

namespace kantei::server {

std::vector<ThresholdPoint> ThresholdCurve(std::vector<store::ReviewedScore> reviewed,
                                           const std::vector<double>& all, std::size_t limit) {
  std::sort(reviewed.begin(), reviewed.end(), [](const auto& a, const auto& b) { return a.score < b.score; });
  std::int64_t confirmed = 0, dismissed = 0;  // at or above the current one
  for (const store::ReviewedScore& row : reviewed) ++(row.confirmed ? confirmed : dismissed);
  const std::int64_t right = confirmed;
  std::vector<ThresholdPoint> points;
  for (std::size_t i = 0; i < reviewed.size(); ++i) {
    if (i == 0 || reviewed[i].score != reviewed[i - 1].score) {
      ThresholdPoint point;
      point.threshold = reviewed[i].score;
      point.confirmed = confirmed;
      point.dismissed = dismissed;
      if (confirmed + dismissed > 0)
        point.precision = static_cast<double>(confirmed) / static_cast<double>(confirmed + dismissed);
      if (right > 0) point.recall = static_cast<double>(confirmed) / static_cast<double>(right);
      const auto above = all.end() - std::lower_bound(all.begin(), all.end(), point.threshold);
      if (!all.empty())
        point.per_1000 = 1000.0 * static_cast<double>(above) / static_cast<double>(all.size());
      points.push_back(point);
    }
    --(reviewed[i].confirmed ? confirmed : dismissed);
  }
  if (points.size() <= limit) return points;
  std::vector<ThresholdPoint> thinned;
  for (std::size_t i = 0; i < limit; ++i) thinned.push_back(points[i * (points.size() - 1) / (limit - 1)]);
  return thinned;
}

}  // namespace kantei::server
