// A copy evaluation as JSON and as a page with plot, tables and examples (docs/evaluate-copy.md).
#pragma once

#include <string>

#include "kantei/base/json.h"
#include "kantei/dataset/copy_folder.h"
#include "kantei/evaluate/copy_evaluation.h"

namespace kantei::evaluate {

inline constexpr std::string_view kCopyReportSchema = "kantei.evaluate-copy/1";

/// Schema kantei.evaluate-copy/1. A threshold that does not exist is null.
Json CopyReportJson(const dataset::CopyBenchmark& benchmark, const CopyEvaluation& evaluation,
                    std::string_view version);

/// One self-contained page: nothing is fetched, no scripts. Examples are read from the benchmark's files.
std::string CopyReportHtml(const dataset::CopyBenchmark& benchmark, const CopyEvaluation& evaluation,
                           std::string_view version);

}  // namespace kantei::evaluate
