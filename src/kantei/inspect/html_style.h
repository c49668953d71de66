// The look of the report, on screen and on A4. Private to inspect.
#pragma once

#include <string_view>

namespace kantei::inspect {

std::string_view ReportStyle();

}  // namespace kantei::inspect
