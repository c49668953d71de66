// Classical traces as words, a table, a figure and JSON. Private to inspect.
#pragma once

#include <vector>

#include "kantei/authenticity/traces.h"
#include "kantei/inspect/evidence.h"

namespace kantei::inspect {

/// Adds grounds for what is rare among authentic pictures, a table of all traces with their rates of false alarms, the maps of the
/// rare ones, and the JSON member `traces`. Never moves the band: a trace says how a picture was handled, not by whom or why.
void AddTraceEvidence(const std::vector<authenticity::Trace>& traces, const image::Image& picture,
                      CheckReport* report);

}  // namespace kantei::inspect
