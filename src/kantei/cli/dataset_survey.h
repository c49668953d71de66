// kantei dataset survey, survey-report.
#pragma once

#include "kantei/cli/session.h"

namespace kantei::cli {

/// Adds both verbs below `dataset`.
void AddDatasetSurvey(CLI::App* dataset, Session* session);

}  // namespace kantei::cli
