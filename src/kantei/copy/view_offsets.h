// How far the score of each kind of view is to be trusted: a query has a dozen parts, and each of them may by chance come near a
// stranger.
#pragma once

#include <array>
#include <vector>

#include "kantei/copy/query_views.h"

namespace kantei::copy {

inline constexpr std::size_t kViewKinds = 8;

/// Added to the normalised score of a view, by ViewKind; 0 for the whole query.
using ViewOffsets = std::array<float, kViewKinds>;

struct LabelledView {
  double score = 0;
  ViewKind kind = ViewKind::kWhole;
  bool copy = false;
};

/// Logistic regression of "is a copy" on the score with an intercept for each kind of view, drawn towards the whole query's (ridge):
/// a kind with few examples hardly moves. The offsets make equal scores equally sure. All zeros when copies do not score
/// higher than strangers.
ViewOffsets FitViewOffsets(const std::vector<LabelledView>& views);

}  // namespace kantei::copy
