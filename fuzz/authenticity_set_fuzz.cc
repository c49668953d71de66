// Any text as a set of pictures with a known history and as the lists of public sets; a set that is read must survive being written.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "kantei/dataset/authenticity_readers.h"
#include "kantei/dataset/authenticity_set.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kantei::dataset;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto samples = ParseAuthenticitySet(text, "set", "fuzz"); samples.ok()) {
    const auto written = FormatAuthenticitySet(*samples, "set");
    if (!written.ok()) std::abort();
    const auto again = ParseAuthenticitySet(*written, "set", "fuzz");
    if (!again.ok() || again->size() != samples->size()) std::abort();
    for (std::size_t i = 0; i < samples->size(); ++i) {
      const AuthenticitySample &a = (*samples)[i], &b = (*again)[i];
      if (a.history != b.history || a.engine != b.engine || a.source != b.source || a.split != b.split ||
          a.picture != b.picture || a.mask != b.mask || a.original != b.original)
        std::abort();
    }
  }
  AuthenticityReadOptions options;
  (void)ParseAnimeDl2m(text, options, "d", "fuzz");
  (void)ParsePairs(text, options, "d", "fuzz");
  (void)ParseSampleCsv(text, options, "d", "fuzz");
  options.csv.picture = "{category}/{image_id}_{mask_variation}.png";
  (void)ParseSampleCsv(text, options, "d", "fuzz");
  return 0;
}
