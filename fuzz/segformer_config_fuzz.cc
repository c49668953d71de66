// The first byte chooses the reader of a segmenter's config or of its preprocessing; what it takes must be sound.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "kantei/nn/segformer_config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const auto json = kantei::ParseJson({reinterpret_cast<const char*>(data) + 1, size - 1}, "fuzzed");
  if (!json.ok()) return 0;
  if (data[0] % 2 == 0) {
    const auto config = kantei::nn::ReadSegformerConfig(*json, "fuzzed");
    if (!config.ok()) return config.error().message.empty() ? (std::abort(), 0) : 0;
    if (!config->Validate().ok() || config->Parameters() <= 0 || config->MostScores(512, 512) < 0)
      std::abort();
  } else {
    const auto input = kantei::nn::ReadSegformerInput(*json, "fuzzed");
    if (!input.ok()) return input.error().message.empty() ? (std::abort(), 0) : 0;
    if (!input->Validate().ok()) std::abort();
  }
  return 0;
}
