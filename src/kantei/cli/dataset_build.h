// kantei dataset build, plan and stats.
#pragma once

#include "kantei/cli/session.h"

namespace kantei::cli {

void AddDatasetBuild(CLI::App* dataset, Session* session);
void AddDatasetPlan(CLI::App* dataset, Session* session);
void AddDatasetStats(CLI::App* dataset, Session* session);

}  // namespace kantei::cli
