// Any bytes as a C2PA manifest store, and as CBOR.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "kantei/authenticity/metadata_internal.h"
#include "kantei/base/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto summary = kantei::authenticity::origin::ReadC2pa(bytes);
  if (summary && summary->signature_checked) std::abort();
  const auto value = kantei::ParseCbor(kantei::authenticity::origin::AsText(bytes), "input");
  if (value.ok()) (void)kantei::DumpJson(*value);
  return 0;
}
