#include "kantei/store/hamming_index.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <tuple>

#if defined(__x86_64__)
#include <immintrin.h>
#define KANTEI_HAMMING_X86 1
#endif

namespace kantei::store {
namespace {

// A block of codes (64 KiB) stays in the second-level cache while all queries pass over it; the queries of
// one pass (2 KiB) stay in the first-level cache while the codes of the block pass over them.
constexpr std::size_t kCodesPerBlock = 2048;
constexpr std::size_t kQueriesPerPass = 64;

struct Pass {
  const Code256* codes = nullptr;  // of the block
  std::size_t count = 0;
  std::uint32_t first_position = 0;
  const Code256* queries = nullptr;
  std::size_t query_count = 0;
  std::uint16_t first_query = 0;
  int radius = 0;
  std::vector<HammingHit>* hits = nullptr;

  void Add(std::size_t code, std::size_t query, std::uint64_t distance) const {
    hits->push_back({first_position + static_cast<std::uint32_t>(code),
                     static_cast<std::uint16_t>(first_query + query), static_cast<std::uint16_t>(distance)});
  }
};

// Without a popcount instruction: bits are counted in fields of 2, 4, then 8 bits, the four words of a code
// together from the 4-bit stage on, since four times 4 bits still fit a byte's field.
inline std::uint64_t PlainDistance(const Code256& a, const Code256& b) {
  constexpr std::uint64_t k1 = 0x5555555555555555, k2 = 0x3333333333333333, k4 = 0x0F0F0F0F0F0F0F0F;
  std::uint64_t bytes = 0;
  for (std::size_t w = 0; w < 4; ++w) {
    std::uint64_t x = a.words[w] ^ b.words[w];
    x -= (x >> 1) & k1;
    x = (x & k2) + ((x >> 2) & k2);
    bytes += (x + (x >> 4)) & k4;
  }
  // 0..32 in each byte; the total of 0..256 needs more than the top byte of a multiplication: add pairs
  // first.
  const std::uint64_t pairs = (bytes & 0x00FF00FF00FF00FF) + ((bytes >> 8) & 0x00FF00FF00FF00FF);
  return (pairs * 0x0001000100010001) >> 48;
}

void ScanPlain(const Pass& pass, std::size_t from) {
  for (std::size_t q = 0; q < pass.query_count; ++q) {
    const Code256 query = pass.queries[q];
    for (std::size_t i = from; i < pass.count; ++i) {
      const std::uint64_t distance = PlainDistance(pass.codes[i], query);
      if (distance <= static_cast<std::uint64_t>(pass.radius)) pass.Add(i, q, distance);
    }
  }
}

void ScanPlainPass(const Pass& pass) {
  ScanPlain(pass, 0);
}

#if KANTEI_HAMMING_X86

// The hardware's own prefetch stops at page ends and lags behind the arithmetic: asked for by hand, the scan
// runs at nine tenths of the rate of a plain read instead of half. The address may lie past the last code; a
// prefetch never faults.
inline void PrefetchAhead(const Code256* codes, std::size_t bytes) {
  constexpr std::uintptr_t kAhead = 2048, kLine = 64;
  const std::uintptr_t from = reinterpret_cast<std::uintptr_t>(codes) + kAhead;
  for (std::uintptr_t at = from; at < from + bytes; at += kLine) {
    _mm_prefetch(reinterpret_cast<const char*>(at), _MM_HINT_T0);
  }
}

// Eight codes at a time, transposed once so that lane l of vector w is word w of code l: each query then
// costs four xors, four popcounts and three adds for eight distances, with no sum across lanes.
__attribute__((target("avx512f,avx512vpopcntdq"))) void ScanAvx512(const Pass& pass) {
  const __m512i radius = _mm512_set1_epi64(pass.radius);
  const __mmask8 all = 0xFF;  // the unmasked unpack draws a false warning from GCC 12
  const __m512i even = _mm512_set_epi64(13, 12, 5, 4, 9, 8, 1, 0);
  const __m512i odd = _mm512_set_epi64(15, 14, 7, 6, 11, 10, 3, 2);
  alignas(64) std::uint64_t distances[8];
  std::size_t i = 0;
  for (; i + 8 <= pass.count; i += 8) {
    PrefetchAhead(pass.codes + i, 256);
    const auto* at = reinterpret_cast<const char*>(pass.codes + i);
    const __m512i z0 = _mm512_loadu_si512(at), z1 = _mm512_loadu_si512(at + 64);
    const __m512i z2 = _mm512_loadu_si512(at + 128), z3 = _mm512_loadu_si512(at + 192);
    // Words 0, 2 and 1, 3 of the codes 0 2 | 1 3 and 4 6 | 5 7, then one word of all; the lane order of the
    // codes is 0 2 4 6 1 3 5 7.
    const __m512i low02 = _mm512_maskz_unpacklo_epi64(all, z0, z1),
                  low13 = _mm512_maskz_unpackhi_epi64(all, z0, z1);
    const __m512i high02 = _mm512_maskz_unpacklo_epi64(all, z2, z3),
                  high13 = _mm512_maskz_unpackhi_epi64(all, z2, z3);
    const __m512i w0 = _mm512_permutex2var_epi64(low02, even, high02);
    const __m512i w2 = _mm512_permutex2var_epi64(low02, odd, high02);
    const __m512i w1 = _mm512_permutex2var_epi64(low13, even, high13);
    const __m512i w3 = _mm512_permutex2var_epi64(low13, odd, high13);
    for (std::size_t q = 0; q < pass.query_count; ++q) {
      const auto& words = pass.queries[q].words;
      const auto count = [](std::uint64_t word) { return static_cast<long long>(word); };
      const __m512i x0 = _mm512_popcnt_epi64(_mm512_xor_si512(w0, _mm512_set1_epi64(count(words[0]))));
      const __m512i x1 = _mm512_popcnt_epi64(_mm512_xor_si512(w1, _mm512_set1_epi64(count(words[1]))));
      const __m512i x2 = _mm512_popcnt_epi64(_mm512_xor_si512(w2, _mm512_set1_epi64(count(words[2]))));
      const __m512i x3 = _mm512_popcnt_epi64(_mm512_xor_si512(w3, _mm512_set1_epi64(count(words[3]))));
      const __m512i sum = _mm512_add_epi64(_mm512_add_epi64(x0, x1), _mm512_add_epi64(x2, x3));
      unsigned near = _mm512_cmple_epu64_mask(sum, radius);
      if (near == 0) [[likely]]
        continue;
      _mm512_store_si512(distances, sum);
      for (; near != 0; near &= near - 1) {
        const auto lane = static_cast<unsigned>(std::countr_zero(near));
        pass.Add(i + (2 * (lane & 3) | lane >> 2), q, distances[lane]);
      }
    }
  }
  ScanPlain(pass, i);
}

// Four codes at a time, transposed likewise. Nibbles are counted by table; four words give at most 32 a byte,
// so one sum of absolute differences per query makes the four distances.
__attribute__((target("avx2"))) void ScanAvx2(const Pass& pass) {
  const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2,
                                         3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i nibble = _mm256_set1_epi8(15);
  const __m256i radius = _mm256_set1_epi64x(pass.radius);
  const __m256i zero = _mm256_setzero_si256();
  alignas(32) std::uint64_t distances[4];
  std::size_t i = 0;
  for (; i + 4 <= pass.count; i += 4) {
    PrefetchAhead(pass.codes + i, 128);
    const auto* at = reinterpret_cast<const __m256i*>(pass.codes + i);
    const __m256i c0 = _mm256_loadu_si256(at), c1 = _mm256_loadu_si256(at + 1);
    const __m256i c2 = _mm256_loadu_si256(at + 2), c3 = _mm256_loadu_si256(at + 3);
    const __m256i low02 = _mm256_unpacklo_epi64(c0, c1), low13 = _mm256_unpackhi_epi64(c0, c1);
    const __m256i high02 = _mm256_unpacklo_epi64(c2, c3), high13 = _mm256_unpackhi_epi64(c2, c3);
    const __m256i words[4] = {
        _mm256_permute2x128_si256(low02, high02, 0x20), _mm256_permute2x128_si256(low13, high13, 0x20),
        _mm256_permute2x128_si256(low02, high02, 0x31), _mm256_permute2x128_si256(low13, high13, 0x31)};
    for (std::size_t q = 0; q < pass.query_count; ++q) {
      __m256i low = zero, high = zero;
      for (std::size_t w = 0; w < 4; ++w) {
        const __m256i x =
            _mm256_xor_si256(words[w], _mm256_set1_epi64x(static_cast<long long>(pass.queries[q].words[w])));
        low = _mm256_add_epi8(low, _mm256_shuffle_epi8(table, _mm256_and_si256(x, nibble)));
        high = _mm256_add_epi8(high,
                               _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(x, 4), nibble)));
      }
      const __m256i sum = _mm256_sad_epu8(_mm256_add_epi8(low, high), zero);
      const __m256i far = _mm256_cmpgt_epi64(sum, radius);
      auto near = static_cast<unsigned>(~_mm256_movemask_pd(_mm256_castsi256_pd(far))) & 15u;
      if (near == 0) [[likely]]
        continue;
      _mm256_store_si256(reinterpret_cast<__m256i*>(distances), sum);
      for (; near != 0; near &= near - 1) {
        const auto lane = static_cast<unsigned>(std::countr_zero(near));
        pass.Add(i + lane, q, distances[lane]);
      }
    }
  }
  ScanPlain(pass, i);
}

#endif

HammingKernel Resolve(HammingKernel kernel) {
  if (kernel != HammingKernel::kBest) return kernel;
  static const HammingKernel best = HammingKernelAvailable(HammingKernel::kAvx512Vpopcnt)
                                        ? HammingKernel::kAvx512Vpopcnt
                                    : HammingKernelAvailable(HammingKernel::kAvx2) ? HammingKernel::kAvx2
                                                                                   : HammingKernel::kPlain;
  return best;
}

using ScanFunction = void (*)(const Pass&);
ScanFunction Function(HammingKernel kernel) {
#if KANTEI_HAMMING_X86
  if (kernel == HammingKernel::kAvx512Vpopcnt) return ScanAvx512;
  if (kernel == HammingKernel::kAvx2) return ScanAvx2;
#else
  (void)kernel;
#endif
  return ScanPlainPass;
}

}  // namespace

bool HammingKernelAvailable(HammingKernel kernel) {
#if KANTEI_HAMMING_X86
  if (kernel == HammingKernel::kAvx512Vpopcnt) {
    return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512vpopcntdq") != 0;
  }
  if (kernel == HammingKernel::kAvx2) return __builtin_cpu_supports("avx2") != 0;
#endif
  return kernel == HammingKernel::kPlain || kernel == HammingKernel::kBest;
}

std::string_view HammingKernelName(HammingKernel kernel) {
  switch (Resolve(kernel)) {
    case HammingKernel::kAvx512Vpopcnt:
      return "avx512-vpopcnt";
    case HammingKernel::kAvx2:
      return "avx2";
    default:
      return "plain";
  }
}

std::vector<HammingHit> HammingScan(std::span<const Code256> codes, std::span<const Code256> queries,
                                    int radius, HammingKernel kernel) {
  KANTEI_CHECK(queries.size() <= std::numeric_limits<std::uint16_t>::max());
  KANTEI_CHECK(codes.size() <= std::numeric_limits<std::uint32_t>::max());
  KANTEI_CHECK(HammingKernelAvailable(kernel));
  std::vector<HammingHit> hits;
  if (radius < 0) return hits;
  const ScanFunction scan = Function(Resolve(kernel));
  for (std::size_t first = 0; first < codes.size(); first += kCodesPerBlock) {
    Pass pass;
    pass.codes = codes.data() + first;
    pass.count = std::min(kCodesPerBlock, codes.size() - first);
    pass.first_position = static_cast<std::uint32_t>(first);
    pass.radius = std::min(radius, 256);
    pass.hits = &hits;
    for (std::size_t query = 0; query < queries.size(); query += kQueriesPerPass) {
      pass.queries = queries.data() + query;
      pass.query_count = std::min(kQueriesPerPass, queries.size() - query);
      pass.first_query = static_cast<std::uint16_t>(query);
      scan(pass);
    }
  }
  std::sort(hits.begin(), hits.end(), [](const HammingHit& a, const HammingHit& b) {
    return std::tie(a.query, a.distance, a.position) < std::tie(b.query, b.distance, b.position);
  });
  return hits;
}

}  // namespace kantei::store
