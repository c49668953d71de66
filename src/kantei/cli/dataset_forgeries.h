// kantei dataset forgeries.
#pragma once

#include "kantei/cli/session.h"

namespace kantei::cli {

/// Adds the verb below `dataset`.
void AddDatasetForgeries(CLI::App* dataset, Session* session);
void AddDatasetReconstructions(CLI::App* dataset, Session* session);

}  // namespace kantei::cli
