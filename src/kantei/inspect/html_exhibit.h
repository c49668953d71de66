// Exhibits and band chips as HTML. Private to inspect.
#pragma once

#include <string>

#include "kantei/inspect/evidence.h"

namespace kantei::inspect {

void AppendExhibit(const Exhibit& exhibit, Language language, std::string* out);

/// A band in words, with a three-step meter: readable without colour.
void AppendBandChip(Band band, Language language, std::string* out);
/// The chip of a report: its band, "information only", or "could not be examined".
void AppendReportChip(const CheckReport& report, Language language, std::string* out);
/// The same after the words "Evidence:", where no column head says so.
void AppendLabelledChip(const CheckReport& report, Language language, std::string* out);

}  // namespace kantei::inspect
