// Any text as a ground truth and as predictions; what is read must survive being written and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "kantei/dataset/disc_files.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kantei::dataset;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto rows = ParseGroundTruth(text, "fuzz"); rows.ok()) {
    const auto again = ParseGroundTruth(FormatGroundTruth(*rows), "fuzz");
    if (!again.ok() || again->size() != rows->size()) std::abort();
    for (std::size_t i = 0; i < rows->size(); ++i) {
      const TruthRow &a = (*rows)[i], &b = (*again)[i];
      if (a.query_id != b.query_id || a.reference_id != b.reference_id || a.edits != b.edits ||
          a.source != b.source || a.kind != b.kind)
        std::abort();
    }
  }
  if (const auto rows = ParsePredictions(text, "fuzz"); rows.ok()) {
    const auto again = ParsePredictions(FormatPredictions(*rows), "fuzz");
    if (!again.ok() || again->size() != rows->size()) std::abort();
    for (std::size_t i = 0; i < rows->size(); ++i) {
      if ((*rows)[i].query_id != (*again)[i].query_id || (*rows)[i].score != (*again)[i].score) std::abort();
    }
  }
  return 0;
}
