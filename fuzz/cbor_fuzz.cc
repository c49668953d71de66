// Any bytes as CBOR: refused, or a value that can be shown as JSON.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "kantei/base/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto value = kantei::ParseCbor(bytes, "input");
  if (value.ok() && kantei::DumpJson(*value).empty()) std::abort();
  return 0;
}
