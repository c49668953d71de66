// An evaluation of generated pictures as JSON and as a page with its table and the most similar pairs (docs/generation.md).
#pragma once

#include <string>
#include <string_view>

#include "kantei/base/json.h"
#include "kantei/evaluate/generation_evaluation.h"

namespace kantei::evaluate {

inline constexpr std::string_view kGenerationReportSchema = "kantei.evaluate-generation/1";

/// Schema kantei.evaluate-generation/1; the `pairs` most similar pictures of each set are listed.
Json GenerationReportJson(const GenerationEvaluation& evaluation, int pairs, std::string_view version);

/// One self-contained page: nothing is fetched, no scripts. Pictures are read from the files.
std::string GenerationReportHtml(const GenerationEvaluation& evaluation, int pairs, std::string_view version);

}  // namespace kantei::evaluate
