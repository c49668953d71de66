// What a worker does with one picture: inspect it, keep what shows the evidence, write the case.
#pragma once

#include "kantei/base/result.h"
#include "kantei/server/app.h"
#include "kantei/store/job_store.h"

namespace kantei::server {

/// Finishes the item, or returns why it failed (the queue writes that down). Case, item, and event are one change.
Status InspectItem(App& app, const store::JobItem& item);

/// What lists and filters need of an inspection. kInternal errors of checks are told in `error`, not returned.
store::CaseFindings FindingsOf(const inspect::Inspection& inspection, const inspect::RunFacts& run);

}  // namespace kantei::server
