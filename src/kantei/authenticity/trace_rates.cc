#include "kantei/authenticity/trace_rates.h"

#include <array>
#include <cmath>
#include <cstddef>

namespace kantei::authenticity::trace {
namespace {

/// Shares of authentic pictures, and for every source and kind the score that this share reached. Made by
/// `trace_rates_trial rates TRAIN photo` and `... drawn` (bench/); docs/traces.md says of which pictures.
constexpr std::array<double, 6> kShares = {0.5, 0.2, 0.1, 0.05, 0.02, 0.01};
constexpr std::array<std::array<std::array<double, 6>, kTraceKinds.size()>, 2> kScores = {{
#include "kantei/authenticity/trace_rates_table.inc"
}};

}  // namespace

double RateAbove(TraceKind kind, Source source, double score) {
  const auto& scores = kScores[source == Source::kPhoto ? 0 : 1][static_cast<std::size_t>(kind)];
  if (!(score > 0) || score < scores[0]) return 1;
  std::size_t at = 0;
  while (at + 1 < scores.size() && score >= scores[at + 1]) ++at;
  if (at + 1 == scores.size()) return kShares.back();
  const double width = scores[at + 1] - scores[at];
  const double along = width > 0 ? (score - scores[at]) / width : 0;
  return std::exp(std::log(kShares[at]) + along * (std::log(kShares[at + 1]) - std::log(kShares[at])));
}

}  // namespace kantei::authenticity::trace
