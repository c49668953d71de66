// An evaluation of a manipulation detector as JSON and as a self-contained page.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/json.h"
#include "kantei/evaluate/authenticity_evaluation.h"

namespace kantei::evaluate {

inline constexpr std::string_view kAuthenticityReportSchema = "kantei.evaluate-authenticity/1";

/// docs/evaluate-authenticity.md explains every member, docs/schema/evaluate-authenticity-1.schema.json is its JSON Schema.
Json AuthenticityReportJson(const std::vector<dataset::AuthenticitySample>& samples,
                            const AuthenticityEvaluation& evaluation, std::string_view version);

/// Needs no file and no network beside it; names in it are escaped.
std::string AuthenticityReportHtml(const std::vector<dataset::AuthenticitySample>& samples,
                                   const AuthenticityEvaluation& evaluation, std::string_view version);

}  // namespace kantei::evaluate
