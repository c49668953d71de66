// Pairs of local features that are likely to show the same point (Lowe 2004, section 7.1).
#pragma once

#include <cstdint>
#include <vector>

#include "kantei/copy/local_features.h"

namespace kantei::copy {

struct Match {
  std::uint32_t query = 0, known = 0;  ///< positions in the two feature lists
  float ratio = 0;                     ///< distance to the best / to the second best, 0..1; less is surer
  std::uint32_t distance = 0;          ///< squared, between descriptor bytes
};

/// For each query feature its nearest known feature, if the nearest one elsewhere in the known picture is
/// farther by `max_ratio` (of distances, not squared; 0..1, at 1 all but exact ties with another place pass).
/// Known features that lie nearer to the best than a hundredth of the known picture's longer side count as
/// the same place: a keypoint with two orientations, or found at two scales, must not spoil its own ratio.
/// With `mutual`, the query feature must also be the nearest to the known one. A known list of one place only
/// yields nothing, as no ratio can be taken. Ordered by query.
std::vector<Match> MatchMutualRatio(const LocalFeatures& query, const LocalFeatures& known, float max_ratio,
                                    bool mutual);

}  // namespace kantei::copy
