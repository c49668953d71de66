// "What does the file say about its own origin?" Private to inspect.
#pragma once

#include <memory>

#include "kantei/authenticity/metadata.h"
#include "kantei/inspect/inspector.h"

namespace kantei::inspect {

CheckReport DescribeMetadata();
CheckReport ReportMetadata(const authenticity::Metadata& metadata);
std::unique_ptr<Check> MakeMetadataCheck();

}  // namespace kantei::inspect
