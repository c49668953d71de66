// What a threshold would bring, judged by reviewed cases.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kantei/store/review_store.h"

namespace kantei::server {

struct ThresholdPoint {
  double threshold = 0;
  std::optional<double> precision, recall;    ///< nothing where they would be 0/0
  double per_1000 = 0;                        ///< pictures at or above it among 1,000 inspected
  std::int64_t confirmed = 0, dismissed = 0;  ///< reviewed cases at or above it
};

/// One point for each different score of a reviewed case, thinned evenly to at most `limit` (>= 2; the ends stay), by rising
/// threshold. `all`: the scores of all inspections, ascending.
std::vector<ThresholdPoint> ThresholdCurve(std::vector<store::ReviewedScore> reviewed,
                                           const std::vector<double>& all, std::size_t limit);

}  // namespace kantei::server
