// Query and known picture side by side, with the matched regions drawn. Private to inspect.
#pragma once

#include "kantei/inspect/check_copy.h"
#include "kantei/inspect/evidence.h"

namespace kantei::inspect {

/// Panels: the query with outlines and changed areas, the known picture with outlines, and, when a region
/// matched, the known picture laid onto the query. Longer sides at most 480 px. A preview that cannot be had
/// leaves the query alone.
Figure DrawMatch(const copy::CopyMatch& match, const CopyView& view);

}  // namespace kantei::inspect
