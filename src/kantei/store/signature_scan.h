// The innermost loop of the inverted index: which of a word's 64-bit signatures lie near a query's. Private
// to store/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace kantei::store {

/// Signatures that one call takes at most; their distances and positions then stay in the first-level cache.
constexpr std::size_t kScanChunk = 2048;

struct NearSignatures {
  std::size_t count = 0;
  std::uint16_t position[kScanChunk];
  std::uint8_t distance[kScanChunk];  ///< 0..64
};

enum class ScanKernel { kBest, kPlain, kAvx2, kAvx512Vpopcnt };
bool ScanKernelAvailable(ScanKernel kernel);

/// All positions with a Hamming distance <= radius, ascending. signatures.size() <= kScanChunk.
using ScanFunction = void (*)(std::span<const std::uint64_t> signatures, std::uint64_t query, int radius,
                              NearSignatures* near);
/// `kernel` must be available.
ScanFunction PickScan(ScanKernel kernel);

}  // namespace kantei::store
