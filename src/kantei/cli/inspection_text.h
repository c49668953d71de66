// An inspection as lines for a terminal and as CSV.
#pragma once

#include <string>

#include "kantei/base/text.h"
#include "kantei/inspect/evidence.h"

namespace kantei::cli {

/// File line, then per check its band, headline and first grounds, then conflicts, then an empty line;
/// `width` in columns.
std::string InspectionText(const inspect::Inspection& inspection, Language language, int width);

/// Columns: path, sha256, format, width, height, then band and headline of each check, the best copy,
/// conflicts, error.
std::string InspectionCsvHeader();
std::string InspectionCsv(const inspect::Inspection& inspection, Language language);

}  // namespace kantei::cli
