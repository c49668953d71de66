// The disguises of a query that change its descriptors in a known way: mirrored, inverted in tone, both.
#pragma once

#include <array>
#include <vector>

#include "kantei/copy/local_features.h"
#include "kantei/copy/vocabulary.h"
#include "kantei/store/inverted_index.h"

namespace kantei::copy {

/// Features of the picture as they would be without the disguise.
struct QuerySide {
  bool mirrored = false;  ///< positions are those of the mirrored query
  bool inverted = false;  ///< light and dark changed places
  LocalFeatures features;
  std::vector<store::Posting> postings;
};

inline constexpr std::size_t kQuerySides = 4;

/// Plain, mirrored, inverted, mirrored and inverted. `assignments` as in Vocabulary::QuantiseQuery.
std::array<QuerySide, kQuerySides> MakeQuerySides(LocalFeatures features, const Vocabulary& vocabulary,
                                                  int assignments);

/// Features of the picture with light and dark exchanged: every gradient turns round, so the dominant orientation does too
/// and each descriptor is read half a turn on.
LocalFeatures InvertFeatures(const LocalFeatures& features);

}  // namespace kantei::copy
