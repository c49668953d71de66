#include "kantei/store/signature_scan.h"

#include <bit>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace kantei::store {
namespace {

void ScanPlain(std::span<const std::uint64_t> signatures, std::uint64_t query, int radius,
               NearSignatures* near) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < signatures.size(); ++i) {
    const int distance = std::popcount(signatures[i] ^ query);
    near->position[count] = static_cast<std::uint16_t>(i);
    near->distance[count] = static_cast<std::uint8_t>(distance);
    count += distance <= radius ? 1 : 0;
  }
  near->count = count;
}

#if defined(__x86_64__)

// About one random signature in a hundred is near at the usual radius, so lanes that pass are taken one by
// one.
__attribute__((target("avx512f,avx512vpopcntdq,popcnt"))) void ScanAvx512(
    std::span<const std::uint64_t> signatures, std::uint64_t query, int radius, NearSignatures* near) {
  const std::uint64_t* data = signatures.data();
  const __m512i wanted = _mm512_set1_epi64(static_cast<long long>(query));
  const __m512i limit = _mm512_set1_epi64(radius);
  std::size_t count = 0, i = 0;
  for (; i + 16 <= signatures.size(); i += 16) {
    const __m512i low = _mm512_popcnt_epi64(_mm512_xor_si512(_mm512_loadu_si512(data + i), wanted));
    const __m512i high = _mm512_popcnt_epi64(_mm512_xor_si512(_mm512_loadu_si512(data + i + 8), wanted));
    unsigned mask = static_cast<unsigned>(_mm512_cmple_epi64_mask(low, limit)) |
                    static_cast<unsigned>(_mm512_cmple_epi64_mask(high, limit)) << 8;
    for (; mask != 0; mask &= mask - 1) {
      const std::size_t position = i + static_cast<std::size_t>(__builtin_ctz(mask));
      near->position[count] = static_cast<std::uint16_t>(position);
      near->distance[count++] = static_cast<std::uint8_t>(__builtin_popcountll(data[position] ^ query));
    }
  }
  for (; i < signatures.size(); ++i) {
    const int distance = __builtin_popcountll(data[i] ^ query);
    if (distance > radius) continue;
    near->position[count] = static_cast<std::uint16_t>(i);
    near->distance[count++] = static_cast<std::uint8_t>(distance);
  }
  near->count = count;
}

// Bit counts of nibbles by table look-up, summed per 64-bit lane (Mula, Kurz and Lemire 2018, section 3).
__attribute__((target("avx2,popcnt"))) void ScanAvx2(std::span<const std::uint64_t> signatures,
                                                     std::uint64_t query, int radius, NearSignatures* near) {
  const std::uint64_t* data = signatures.data();
  const __m256i wanted = _mm256_set1_epi64x(static_cast<long long>(query));
  const __m256i beyond = _mm256_set1_epi64x(radius);
  const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2,
                                         3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i nibble = _mm256_set1_epi8(15);
  std::size_t count = 0, i = 0;
  for (; i + 4 <= signatures.size(); i += 4) {
    const __m256i difference =
        _mm256_xor_si256(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(data + i)), wanted);
    const __m256i low = _mm256_shuffle_epi8(table, _mm256_and_si256(difference, nibble));
    const __m256i high =
        _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(difference, 4), nibble));
    const __m256i sums = _mm256_sad_epu8(_mm256_add_epi8(low, high), _mm256_setzero_si256());
    unsigned mask =
        ~static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpgt_epi64(sums, beyond)))) &
        15u;
    for (; mask != 0; mask &= mask - 1) {
      const std::size_t position = i + static_cast<std::size_t>(__builtin_ctz(mask));
      near->position[count] = static_cast<std::uint16_t>(position);
      near->distance[count++] = static_cast<std::uint8_t>(__builtin_popcountll(data[position] ^ query));
    }
  }
  for (; i < signatures.size(); ++i) {
    const int distance = __builtin_popcountll(data[i] ^ query);
    if (distance > radius) continue;
    near->position[count] = static_cast<std::uint16_t>(i);
    near->distance[count++] = static_cast<std::uint8_t>(distance);
  }
  near->count = count;
}

#endif

}  // namespace

bool ScanKernelAvailable(ScanKernel kernel) {
  switch (kernel) {
    case ScanKernel::kBest:
    case ScanKernel::kPlain:
      return true;
#if defined(__x86_64__)
    case ScanKernel::kAvx2:
      return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("popcnt") != 0;
    case ScanKernel::kAvx512Vpopcnt:
      return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512vpopcntdq") != 0;
#else
    case ScanKernel::kAvx2:
    case ScanKernel::kAvx512Vpopcnt:
      return false;
#endif
  }
  return false;
}

ScanFunction PickScan(ScanKernel kernel) {
#if defined(__x86_64__)
  if (kernel == ScanKernel::kBest) {
    kernel = ScanKernelAvailable(ScanKernel::kAvx512Vpopcnt) ? ScanKernel::kAvx512Vpopcnt
             : ScanKernelAvailable(ScanKernel::kAvx2)        ? ScanKernel::kAvx2
                                                             : ScanKernel::kPlain;
  }
  if (kernel == ScanKernel::kAvx512Vpopcnt) return ScanAvx512;
  if (kernel == ScanKernel::kAvx2) return ScanAvx2;
#else
  (void)kernel;
#endif
  return ScanPlain;
}

}  // namespace kantei::store
