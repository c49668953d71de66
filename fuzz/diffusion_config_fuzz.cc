// The first byte chooses a reader of a diffusion model's configs; what it takes must be sound and come back the same when it is
// written and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "kantei/generate/diffusion_config_json.h"
#include "kantei/generate/original_layout.h"

namespace {

namespace generate = kantei::generate;

template <typename Read>
bool Sound(const kantei::Json& json, const Read& read) {
  const auto config = read(json, "fuzzed");
  if (!config.ok()) {
    if (config.error().message.empty()) std::abort();
    return false;
  }
  if (!config->Validate().ok()) std::abort();
  const kantei::Json written = generate::ConfigJson(*config);
  const auto again = read(written, "fuzzed");
  if (!again.ok() || generate::ConfigJson(*again) != written) std::abort();
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const auto json = kantei::ParseJson({reinterpret_cast<const char*>(data) + 1, size - 1}, "fuzzed");
  if (!json.ok()) return 0;
  switch (data[0] % 5) {
    case 0:
      if (Sound(*json, generate::ReadUnetConfig) &&
          generate::UnetNames(*generate::ReadUnetConfig(*json, "")).empty())
        std::abort();
      break;
    case 1:
      Sound(*json, generate::ReadControlnetConfig);
      break;
    case 2:
      Sound(*json, generate::ReadAutoencoderKlConfig);
      break;
    case 3:
      Sound(*json, generate::ReadClipTextConfig);
      break;
    default:
      Sound(*json, generate::ReadSchedulerConfig);
  }
  return 0;
}
