// Which steps of the copy search are taken, for every verb that searches a library.
#pragma once

#include <string>
#include <vector>

#include "kantei/cli/network_options.h"
#include "kantei/copy/detector.h"
#include "kantei/inspect/inspector.h"

namespace kantei::cli {

struct CopyArguments {
  NetworkArguments network;
  std::vector<std::string> without;  ///< names of steps
  std::string recall = "balanced", normalisation;
  bool explain = false;
};

void AddCopyOptions(CLI::App* verb, CopyArguments* arguments);
Result<copy::DetectorOptions> DetectorOptionsOf(const CopyArguments& arguments);
/// What each step of the copy search brought; empty when copies were not looked for.
std::string ExplainText(const inspect::Inspection& inspection);

}  // namespace kantei::cli
