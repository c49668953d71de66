#include "kantei/evaluate/copy_metrics.h"

#include <cmath>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "kantei/evaluate/ranked_list.h"

namespace kantei::evaluate {
namespace {

constexpr std::size_t kCurvePoints = 2000;

/// Positions for names, in the order of their first use.
class Names {
 public:
  std::uint32_t Of(std::string_view name) {
    return positions_.try_emplace(name, static_cast<std::uint32_t>(positions_.size())).first->second;
  }
  std::size_t size() const { return positions_.size(); }

 private:
  std::unordered_map<std::string_view, std::uint32_t> positions_;
};

std::uint64_t PairKey(std::uint32_t query, std::uint32_t reference) {
  return std::uint64_t{query} << 32 | reference;
}

Error Twice(std::string_view list, std::string_view query, std::string_view reference) {
  return {ErrorCode::kInvalidArgument, std::string(list) + " name the pair (" + std::string(query) + ", " +
                                           std::string(reference) +
                                           ") twice; each pair may stand there once"};
}

}  // namespace

Result<CopyScore> ScoreCopyPredictions(std::vector<CopyPrediction> predictions, const CopyTruth& truth) {
  Names queries, references;
  std::vector<std::vector<std::uint32_t>> truths;
  std::unordered_set<std::uint64_t> seen;
  seen.reserve(predictions.size());
  for (const auto& [query_id, reference_id] : truth) {
    const std::uint32_t query = queries.Of(query_id), reference = references.Of(reference_id);
    if (!seen.insert(PairKey(query, reference)).second)
      return Twice("the true pairs", query_id, reference_id);
    truths.resize(queries.size());
    truths[query].push_back(reference);
  }
  seen.clear();
  std::vector<ScoredPair> pairs;
  pairs.reserve(predictions.size());
  for (const CopyPrediction& prediction : predictions) {
    const std::uint32_t query = queries.Of(prediction.query_id);
    const std::uint32_t reference = references.Of(prediction.reference_id);
    if (std::isnan(prediction.score)) {
      return Error{ErrorCode::kInvalidArgument, "the score of the pair (" + prediction.query_id + ", " +
                                                    prediction.reference_id + ") is not a number"};
    }
    if (!seen.insert(PairKey(query, reference)).second)
      return Twice("the predictions", prediction.query_id, prediction.reference_id);
    pairs.push_back({prediction.score, query, reference});
  }
  truths.resize(queries.size());
  const RankedList list = RankPairs(pairs, truths);
  const ListScore measured = ScoreList(list);
  CopyScore score;
  score.micro_average_precision = measured.micro_average_precision;
  score.recall_at_p90 = measured.recall_at_p90;
  score.threshold_at_p90 = measured.threshold_at_p90;
  score.predictions = measured.predictions;
  score.true_pairs = measured.true_pairs;
  score.found_pairs = measured.found_pairs;
  score.curve = PrecisionRecallCurve(list, kCurvePoints);
  return score;
}

}  // namespace kantei::evaluate
