// From descriptors or hashes to the one list of candidate pairs that the ISC2021 protocol scores (2106.09672 section 4).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/code256.h"
#include "kantei/base/result.h"
#include "kantei/copy/score_normalisation.h"
#include "kantei/copy/view_offsets.h"
#include "kantei/evaluate/ranked_list.h"

namespace kantei::evaluate {

struct CandidateOptions {
  std::int64_t global = 500'000;  ///< pairs kept over all queries, best first (the challenge's rule)
  int per_query = 0;              ///< when positive: the best so many of each query instead (SSCD's rule)
  int threads = 1;
  Status Validate() const;
};

/// Descriptors of the queries: each has one row or several (views of it), of which the best counts for a pair.
struct QueryRows {
  int dimension = 0;
  std::vector<float> values;  ///< row-major unit rows; a row of zeros counts for nothing
  std::vector<std::uint32_t> first{
      0u};  ///< rows first[q] .. first[q + 1] are those of query q; queries + 1 values
  std::vector<copy::ViewKind> kinds;  ///< of each row; empty: every row is a whole query
  std::size_t queries() const { return first.size() - 1; }
};

/// Scores every query against every reference (unit rows; zeros: no descriptor) under the normaliser, adds the offset of the
/// view's kind, and keeps the best pairs:
/// higher scores first, then lower query, then lower reference. The same on any number of threads. kCancelled when stopped.
Result<std::vector<ScoredPair>> RankDescriptors(QueryRows queries, std::vector<float> references,
                                                const copy::ScoreNormaliser& normaliser,
                                                const copy::ViewOffsets& offsets,
                                                const CandidateOptions& options,
                                                const CancellationToken& cancellation);

/// A picture's PDQ hash; `codes[0]` is the picture's own, the others its dihedral variants.
struct PictureHash {
  std::array<Code256, 8> codes;
  int quality = 0;
  bool present = false;  ///< false: the picture could not be read
};
/// All pairs within `radius`, score = -distance, the best of `variants` (1 or 8) hashes of the query. The radius shrinks until
/// at most options.global pairs are left, a distance being kept whole or not at all (per_query: ties by lower reference).
Result<std::vector<ScoredPair>> RankHashes(std::span<const PictureHash> queries,
                                           std::span<const PictureHash> references, int radius, int variants,
                                           const CandidateOptions& options,
                                           const CancellationToken& cancellation);

}  // namespace kantei::evaluate
