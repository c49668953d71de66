#include "kantei/evaluate/ranked_list.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kantei/base/random.h"

namespace kantei::evaluate {
namespace {

double Percentile(std::vector<double>* values, double share) {
  std::sort(values->begin(), values->end());
  const double at = share * static_cast<double>(values->size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, values->size() - 1);
  const double part = at - static_cast<double>(below);
  return (*values)[below] * (1 - part) + (*values)[above] * part;
}

}  // namespace

RankedList RankPairs(std::span<const ScoredPair> pairs, std::span<const std::vector<std::uint32_t>> truths) {
  struct Row {
    ScoredPair pair;
    bool correct;
  };
  std::vector<Row> rows;
  rows.reserve(pairs.size());
  for (const ScoredPair& pair : pairs) {
    KANTEI_CHECK(pair.query < truths.size());
    const auto& right = truths[pair.query];
    rows.push_back({pair, std::find(right.begin(), right.end(), pair.reference) != right.end()});
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    if (a.pair.score != b.pair.score) return a.pair.score > b.pair.score;
    if (a.correct != b.correct) return b.correct;
    return a.pair.query != b.pair.query ? a.pair.query < b.pair.query : a.pair.reference < b.pair.reference;
  });
  RankedList list;
  list.score.reserve(rows.size());
  list.query.reserve(rows.size());
  list.reference.reserve(rows.size());
  list.correct.reserve(rows.size());
  for (const Row& row : rows) {
    list.score.push_back(row.pair.score);
    list.query.push_back(row.pair.query);
    list.reference.push_back(row.pair.reference);
    list.correct.push_back(row.correct);
  }
  for (const auto& right : truths) list.truths.push_back(static_cast<std::uint32_t>(right.size()));
  return list;
}

ListScore ScoreList(const RankedList& list, std::span<const std::uint32_t> weights) {
  KANTEI_CHECK(weights.empty() || weights.size() == list.truths.size());
  const auto weight = [&](std::size_t query) -> std::int64_t {
    return weights.empty() ? 1 : static_cast<std::int64_t>(weights[query]);
  };
  ListScore result;
  for (std::size_t q = 0; q < list.truths.size(); ++q) result.true_pairs += weight(q) * list.truths[q];
  result.threshold_at_p90 = std::numeric_limits<double>::infinity();
  double precision_sum = 0;
  std::int64_t best_found = 0;
  for (std::size_t begin = 0; begin < list.size();) {
    std::size_t end = begin;
    std::int64_t wrong = 0, right = 0;
    for (; end < list.size() && list.score[end] == list.score[begin]; ++end)
      (list.correct[end] != 0 ? right : wrong) += weight(list.query[end]);
    result.predictions += wrong;
    for (std::int64_t i = 0; i < right; ++i) {
      ++result.predictions;
      ++result.found_pairs;
      precision_sum += static_cast<double>(result.found_pairs) / static_cast<double>(result.predictions);
    }
    // 0.9 has no exact double: compared as whole numbers, so that 9 of 10 passes.
    if (result.found_pairs > best_found && 10 * result.found_pairs >= 9 * result.predictions) {
      best_found = result.found_pairs;
      result.threshold_at_p90 = list.score[begin];
    }
    begin = end;
  }
  if (result.true_pairs > 0) {
    const auto total = static_cast<double>(result.true_pairs);
    result.micro_average_precision = precision_sum / total;
    result.recall_at_p90 = static_cast<double>(best_found) / total;
  }
  return result;
}

double RecallAt(const RankedList& list, double threshold, std::span<const std::uint32_t> weights) {
  std::int64_t truths = 0, found = 0;
  for (std::size_t q = 0; q < list.truths.size(); ++q) {
    if (weights.empty() || weights[q] > 0) truths += list.truths[q];
  }
  for (std::size_t i = 0; i < list.size() && list.score[i] >= threshold; ++i)
    found += list.correct[i] != 0 && (weights.empty() || weights[list.query[i]] > 0);
  return truths > 0 ? static_cast<double>(found) / static_cast<double>(truths) : 0;
}

std::vector<PrecisionRecallPoint> PrecisionRecallCurve(const RankedList& list, std::size_t most) {
  KANTEI_CHECK(most >= 2);
  const double total = std::max<double>(1, std::accumulate(list.truths.begin(), list.truths.end(), 0.0));
  std::vector<PrecisionRecallPoint> all;
  double found = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    found += list.correct[i];
    if (i + 1 < list.size() && list.score[i + 1] == list.score[i]) continue;
    all.push_back({list.score[i], found / static_cast<double>(i + 1), found / total});
  }
  if (all.size() <= most) return all;
  std::vector<double> length(all.size());
  for (std::size_t i = 1; i < all.size(); ++i) {
    length[i] = length[i - 1] + std::abs(all[i].recall - all[i - 1].recall) +
                std::abs(all[i].precision - all[i - 1].precision);
  }
  std::vector<PrecisionRecallPoint> thinned;
  std::size_t at = 0;
  for (std::size_t k = 0; k < most; ++k) {
    const double goal = length.back() * static_cast<double>(k) / static_cast<double>(most - 1);
    while (at + 1 < all.size() && length[at] < goal) ++at;
    if (k + 1 == most) at = all.size() - 1;
    if (thinned.empty() || thinned.back().threshold != all[at].threshold) thinned.push_back(all[at]);
  }
  return thinned;
}

BootstrapIntervals Bootstrap(const RankedList& list, int samples, std::uint64_t seed) {
  KANTEI_CHECK(samples >= 1);
  std::vector<std::uint32_t> with, without;
  for (std::uint32_t q = 0; q < list.truths.size(); ++q) (list.truths[q] > 0 ? with : without).push_back(q);
  std::vector<double> precision, recall;
  std::vector<std::uint32_t> weights(list.truths.size());
  const Random root(seed);
  for (int sample = 0; sample < samples; ++sample) {
    Random random = root.Fork(static_cast<std::uint64_t>(sample));
    std::fill(weights.begin(), weights.end(), 0u);
    for (const auto* group : {&with, &without}) {
      for (std::size_t i = 0; i < group->size(); ++i) ++weights[(*group)[random.Below(group->size())]];
    }
    const ListScore score = ScoreList(list, weights);
    precision.push_back(score.micro_average_precision);
    recall.push_back(score.recall_at_p90);
  }
  return {{Percentile(&precision, 0.025), Percentile(&precision, 0.975)},
          {Percentile(&recall, 0.025), Percentile(&recall, 0.975)}};
}

}  // namespace kantei::evaluate
