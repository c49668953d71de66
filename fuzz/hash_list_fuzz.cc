// Any text as a hash list; what is read must survive being written and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "kantei/store/hash_list.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto list = kantei::store::ParseHashList({reinterpret_cast<const char*>(data), size});
  if (!list.ok()) return 0;
  const auto again = kantei::store::ParseHashList(kantei::store::FormatHashList(list->rows));
  if (!again.ok() || !again->problems.empty() || again->rows.size() != list->rows.size()) std::abort();
  for (std::size_t i = 0; i < list->rows.size(); ++i) {
    const auto &a = list->rows[i], &b = again->rows[i];
    if (a.pdq != b.pdq || a.quality != b.quality || a.label != b.label || a.source_id != b.source_id)
      std::abort();
  }
  return 0;
}
