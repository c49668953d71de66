// Any bytes as stored local features: what parses must be written back byte for byte and bear mirroring and
// matching.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "kantei/copy/local_features.h"
#include "kantei/copy/matching.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kantei::copy;
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto parsed = ParseFeatures(bytes);
  if (!parsed.ok()) return 0;
  const kantei::Bytes again = SerializeFeatures(*parsed);
  if (!std::equal(again.begin(), again.end(), bytes.begin(), bytes.end())) std::abort();
  const LocalFeatures mirrored = MirrorFeatures(*parsed);
  for (const Match& match : MatchMutualRatio(*parsed, mirrored, 0.8f, true)) {
    if (match.query >= parsed->size() || match.known >= mirrored.size()) std::abort();
  }
  return 0;
}
