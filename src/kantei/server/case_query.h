// Query parameters of lists of inspections.
#pragma once

#include "kantei/server/app.h"

namespace kantei::server {

/// band, min_band, state, label, from, to, assignee, text, job, cursor, limit.
Result<store::CaseFilter> CaseFilterOf(const Call& call);
/// {items, next}
Result<Json> CaseListJson(App& app, const store::CaseFilter& filter);

}  // namespace kantei::server
