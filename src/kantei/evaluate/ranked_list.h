// One list of scored pairs over all queries, best first: what every figure of a copy evaluation is counted on.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kantei/evaluate/copy_metrics.h"

namespace kantei::evaluate {

/// A scored pair by position in the lists of queries and references.
struct ScoredPair {
  double score = 0;
  std::uint32_t query = 0, reference = 0;
};

/// Columns of equal length, sorted by falling score, wrong before right among equal scores.
struct RankedList {
  std::vector<double> score;
  std::vector<std::uint32_t> query, reference;
  std::vector<std::uint8_t> correct;
  std::vector<std::uint32_t> truths;  ///< true pairs of each query
  std::size_t size() const { return score.size(); }
};

/// `truths[q]` holds the references that are right for query q. Queries of the pairs are below truths.size(), pairs are given
/// once and scores are numbers (ScoreCopyPredictions checks what comes from outside).
RankedList RankPairs(std::span<const ScoredPair> pairs, std::span<const std::vector<std::uint32_t>> truths);

struct ListScore {
  double micro_average_precision = 0, recall_at_p90 = 0;
  double threshold_at_p90 = 0;  ///< +infinity when no threshold reaches 90 % precision
  std::int64_t true_pairs = 0, found_pairs = 0, predictions = 0;
};

/// `weights[q]`: how often query q counts (0 leaves it out, more than 1 as in a bootstrap sample); empty means once each.
ListScore ScoreList(const RankedList& list, std::span<const std::uint32_t> weights = {});

/// Share of the true pairs of the queries with weight > 0 whose score is at least `threshold`.
double RecallAt(const RankedList& list, double threshold, std::span<const std::uint32_t> weights = {});

/// One point at each distinct score, thinned to at most `most` (>= 2) evenly along the curve.
std::vector<PrecisionRecallPoint> PrecisionRecallCurve(const RankedList& list, std::size_t most);

struct Interval {
  double low = 0, high = 0;
};
struct BootstrapIntervals {
  Interval micro_average_precision, recall_at_p90;
};
/// The 2.5 and 97.5 percentiles over `samples` draws of as many queries with replacement, those with a source and those
/// without each among themselves (their shares are a choice of the benchmark, not chance).
BootstrapIntervals Bootstrap(const RankedList& list, int samples, std::uint64_t seed);

}  // namespace kantei::evaluate
