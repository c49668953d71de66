// kantei dataset ideas, judge.
#pragma once

#include "kantei/cli/session.h"

namespace kantei::cli {

/// Add the verbs below `dataset`.
void AddDatasetIdeas(CLI::App* dataset, Session* session);
void AddDatasetJudge(CLI::App* dataset, Session* session);

}  // namespace kantei::cli
