// "How real does it look?" Information, never a verdict. Private to inspect.
#pragma once

#include <memory>
#include <string>

#include "kantei/authenticity/realism.h"
#include "kantei/inspect/inspector.h"

namespace kantei::inspect {

CheckReport DescribeRealism();
/// `primary_of` and `second_of` describe the references; `second` and `second_of` may be null together.
CheckReport ReportRealism(const authenticity::RealismScore& primary,
                          const authenticity::RealismReference& primary_of,
                          const authenticity::RealismScore* second,
                          const authenticity::RealismReference* second_of);

/// Fails when `reference` is neither shipped nor fitted. A shipped reference that is missing on this machine
/// becomes the error of the check instead, so that the other questions are still answered.
Result<std::unique_ptr<Check>> MakeRealismCheck(const std::string& reference);

}  // namespace kantei::inspect
