// The ISC2021 measures of copy detection (2106.09672 section 4), defined anew from their description.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "kantei/base/result.h"

namespace kantei::evaluate {

struct CopyPrediction {
  std::string query_id, reference_id;
  double score = 0;  ///< more is a surer copy; comparable between queries
};
using CopyTruth = std::vector<std::pair<std::string, std::string>>;  ///< (query_id, reference_id)

struct PrecisionRecallPoint {
  double threshold = 0, precision = 0, recall = 0;
};

struct CopyScore {
  double micro_average_precision = 0;  ///< µAP, 0..1
  double recall_at_p90 = 0;            ///< highest recall at any threshold with precision >= 0.9
  double threshold_at_p90 = 0;         ///< the threshold that gives it
  std::int64_t predictions = 0, true_pairs = 0, found_pairs = 0;
  std::vector<PrecisionRecallPoint> curve;  ///< one point at each distinct score, thinned to at most 2,000
};

/// One global list over all queries, descending by score; among equal scores the false ones come first (worst case). Missing
/// pairs cost recall, predictions for queries without a source cost precision. kInvalidArgument: a pair given twice, a score
/// that is not a number.
Result<CopyScore> ScoreCopyPredictions(std::vector<CopyPrediction> predictions, const CopyTruth& truth);

}  // namespace kantei::evaluate
