// Exact radius search over 256-bit codes: a linear scan at memory bandwidth.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "kantei/base/code256.h"
#include "kantei/base/files.h"
#include "kantei/base/result.h"

namespace kantei::store {

struct HammingHit {
  std::uint32_t position = 0;  ///< index into the codes
  std::uint16_t query = 0;     ///< index into the queries
  std::uint16_t distance = 0;  ///< 0..256
};

/// The instruction sets a scan can use; kBest picks the widest this processor has.
enum class HammingKernel { kBest, kPlain, kAvx2, kAvx512Vpopcnt };
bool HammingKernelAvailable(HammingKernel kernel);
std::string_view HammingKernelName(HammingKernel kernel);  ///< kBest gives the name of what it picks

/// All (position, query) pairs with distance <= radius, sorted by query, then distance, then position. Exact.
/// The codes are read from memory once for all queries together. queries.size() <= 65535; the
/// kernel must be available. Thread-safe.
std::vector<HammingHit> HammingScan(std::span<const Code256> codes, std::span<const Code256> queries,
                                    int radius, HammingKernel kernel = HammingKernel::kBest);

}  // namespace kantei::store
