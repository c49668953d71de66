// Local verification of the candidates that a global description proposes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/dataset/copy_folder.h"
#include "kantei/evaluate/copy_protocol.h"
#include "kantei/evaluate/picture_features.h"

namespace kantei::evaluate {

struct VerifyOptions {
  int per_query = 10;   ///< candidates of each query that are verified, best first, >= 1
  unsigned sides = 15;  ///< copy::PairOptions::sides
};

struct VerifiedPair {
  std::uint32_t query = 0, reference = 0;
  double evidence = 0;  ///< copy::PairFindings::evidence
  int inliers = 0;      ///< of the best region
};

/// The first `per_query` pairs of each query in `ranked` (best first), verified. What was computed is kept in the context's
/// cache: stored forms of the references (about 90 kB each) and the evidence.
Result<std::vector<VerifiedPair>> VerifyPairs(const dataset::CopyBenchmark& benchmark,
                                              std::span<const ScoredPair> ranked,
                                              const VerifyOptions& options, FeatureContext* context);

/// How a description's score becomes log-odds of being a copy: slope · score + intercept.
struct LogOdds {
  double slope = 1, intercept = 0;
};

/// One list of verified and other pairs: log-odds of the description, between -6 and 6, plus the evidence of the
/// verification, at least -5; a pair that was not verified counts as one whose verification found nothing.
std::vector<ScoredPair> MergeVerified(std::span<const ScoredPair> ranked,
                                      std::span<const VerifiedPair> verified, const LogOdds& description);

}  // namespace kantei::evaluate
