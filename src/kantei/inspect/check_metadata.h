// "What does the file say about its own origin?" Private to inspect.
#pragma once

#include <memory>
#include <optional>

#include "kantei/authenticity/metadata.h"
#include "kantei/inspect/inspector.h"

namespace kantei::inspect {

CheckReport DescribeMetadata();
CheckReport ReportMetadata(const authenticity::Metadata& metadata,
                           const std::optional<RecordFinding>& record = {});
std::unique_ptr<Check> MakeMetadataCheck(RecordReader record_reader = {});

}  // namespace kantei::inspect
