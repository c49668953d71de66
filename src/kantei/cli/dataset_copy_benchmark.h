// kantei dataset copy-benchmark.
#pragma once

#include "kantei/cli/session.h"

namespace kantei::cli {

/// Adds the verb below `dataset`.
void AddDatasetCopyBenchmark(CLI::App* dataset, Session* session);

}  // namespace kantei::cli
