// Any text as a plan; what is read must be written and read again the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "kantei/dataset/build_plan.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kantei::dataset;
  const auto plan = ParseBuildPlan({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!plan.ok()) return 0;
  const auto again = ParseBuildPlan(kantei::DumpJson(BuildPlanJson(*plan)), "fuzz");
  if (!again.ok() || BuildPlanJson(*again) != BuildPlanJson(*plan)) std::abort();
  return 0;
}
