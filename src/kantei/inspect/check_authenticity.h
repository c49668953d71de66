// "Was it made or changed by AI?" So far from what the file declares. Private to inspect.
#pragma once

#include <memory>
#include <vector>

#include "kantei/inspect/inspector.h"

namespace kantei::inspect {

CheckReport DescribeAuthenticity();
CheckReport ReportAuthenticity(const std::vector<CheckReport>& earlier);
std::unique_ptr<Check> MakeAuthenticityCheck();

}  // namespace kantei::inspect
