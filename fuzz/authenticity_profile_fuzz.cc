// Any text as an authenticity profile; what is read must be written and read again the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "kantei/authenticity/authenticity_profile.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kantei::authenticity;
  const auto profile = ParseAuthenticityProfile({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!profile.ok()) return 0;
  const std::string text = FormatAuthenticityProfile(*profile);
  const auto again = ParseAuthenticityProfile(text, "fuzz");
  if (!again.ok() || FormatAuthenticityProfile(*again) != text) std::abort();
  for (const auto& [question, calibration] : profile->questions) {
    const double probability = calibration.Probability(1.5);
    if (!(probability >= 0 && probability <= 1)) std::abort();
  }
  return 0;
}
