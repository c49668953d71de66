// A realism reference from a hostile file: refused, or good enough to score with and to save.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "kantei/authenticity/realism_score.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace authenticity = kantei::authenticity;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto reference = authenticity::internal::ParseRealismReference(text, "fuzzed");
  if (!reference.ok()) return 0;
  for (const authenticity::RealismMeasures& measures : {authenticity::RealismMeasures{}, reference->mean}) {
    const authenticity::RealismScore score = authenticity::ScoreRealism(measures, *reference);
    if (!std::isfinite(score.irs) || !(score.robust >= 0 && score.robust <= 1)) std::abort();
    for (const double percentile : score.percentiles) {
      if (!(percentile >= 0 && percentile <= 100)) std::abort();
    }
  }
  return 0;
}
