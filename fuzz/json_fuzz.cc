// Any bytes as JSON: what is accepted survives being written and read again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "kantei/base/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto json = kantei::ParseJson(text, "input");
  if (!json.ok()) return 0;
  const auto again = kantei::ParseJson(kantei::DumpJson(*json), "output");
  if (!again.ok() || *again != *json) std::abort();
  return 0;
}
