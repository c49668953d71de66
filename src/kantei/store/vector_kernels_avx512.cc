// One query with sixteen rows at a time; float16 also four queries with four rows. A batch of int8 queries meets rows that
// lie packed, sixteen to a register: no sum across lanes is left to do.
#if defined(__x86_64__)
#include <immintrin.h>

#include <cstring>

#include "kantei/store/vector_kernels.h"

#define KANTEI_AVX512 __attribute__((target("avx512f,avx512bw,avx512vnni,avx2,fma,f16c")))
#define KANTEI_AVX512_INLINE \
  __attribute__((target("avx512f,avx512bw,avx512vnni,avx2,fma,f16c"), always_inline)) inline

// GCC 12 would read one round of int8_batch ahead, run out of registers and copy them all, at a third of the speed.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-pre")
#endif

namespace kantei::store {
namespace {

constexpr std::size_t kPairs = 16;
constexpr __mmask16 kAll = 0xFFFF;  // the unmasked forms of some intrinsics draw a false warning from GCC 12

// A scan of one query waits for memory only. The hardware's own prefetch stops at page ends: ask ahead by hand. The
// address may lie past the last row; a prefetch never faults.
constexpr std::uintptr_t kAhead = 4096;

KANTEI_AVX512_INLINE void Prefetch(const void* row, std::size_t bytes) {
  const std::uintptr_t from = reinterpret_cast<std::uintptr_t>(row) + kAhead;
  for (std::uintptr_t at = from; at < from + bytes; at += 64)
    _mm_prefetch(reinterpret_cast<const char*>(at), _MM_HINT_T0);
}

KANTEI_AVX512_INLINE __m512i AddPairs32(__m512i a, __m512i b) {
  return _mm512_add_epi32(_mm512_maskz_unpacklo_epi32(kAll, a, b), _mm512_maskz_unpackhi_epi32(kAll, a, b));
}
KANTEI_AVX512_INLINE __m512i AddPairs64(__m512i a, __m512i b) {
  return _mm512_add_epi32(_mm512_maskz_unpacklo_epi64(0xFF, a, b), _mm512_maskz_unpackhi_epi64(0xFF, a, b));
}
KANTEI_AVX512_INLINE __m512i AddLanes(__m512i a, __m512i b) {
  return _mm512_add_epi32(_mm512_maskz_shuffle_i32x4(kAll, a, b, 0x88),
                          _mm512_maskz_shuffle_i32x4(kAll, a, b, 0xDD));
}

/// Lane i of the result is the sum over the lanes of s[i]: the registers are halved four times.
KANTEI_AVX512_INLINE __m512i SumEach(const __m512i* s) {
  __m512i four[4];
  for (int i = 0; i < 4; ++i)
    four[i] = AddPairs64(AddPairs32(s[4 * i], s[4 * i + 1]), AddPairs32(s[4 * i + 2], s[4 * i + 3]));
  return AddLanes(AddLanes(four[0], four[1]), AddLanes(four[2], four[3]));
}

KANTEI_AVX512_INLINE __m512 AddPairs32(__m512 a, __m512 b) {
  return _mm512_add_ps(_mm512_maskz_unpacklo_ps(kAll, a, b), _mm512_maskz_unpackhi_ps(kAll, a, b));
}
KANTEI_AVX512_INLINE __m512 AddPairs64(__m512 a, __m512 b) {
  const __m512d x = _mm512_castps_pd(a), y = _mm512_castps_pd(b);
  return _mm512_add_ps(_mm512_castpd_ps(_mm512_maskz_unpacklo_pd(0xFF, x, y)),
                       _mm512_castpd_ps(_mm512_maskz_unpackhi_pd(0xFF, x, y)));
}
KANTEI_AVX512_INLINE __m512 AddLanes(__m512 a, __m512 b) {
  return _mm512_add_ps(_mm512_maskz_shuffle_f32x4(kAll, a, b, 0x88),
                       _mm512_maskz_shuffle_f32x4(kAll, a, b, 0xDD));
}
KANTEI_AVX512_INLINE __m512 SumEach(const __m512* s) {
  __m512 four[4];
  for (int i = 0; i < 4; ++i)
    four[i] = AddPairs64(AddPairs32(s[4 * i], s[4 * i + 1]), AddPairs32(s[4 * i + 2], s[4 * i + 3]));
  return AddLanes(AddLanes(four[0], four[1]), AddLanes(four[2], four[3]));
}

KANTEI_AVX512_INLINE __mmask16 FirstLanes(std::size_t count) {
  return static_cast<__mmask16>((1u << count) - 1u);
}

KANTEI_AVX512_INLINE __m512i Dots16(const std::uint8_t* const* rows, std::size_t stride,
                                    const Int8Query& query) {
  __m512i sums[kPairs];
  for (auto& sum : sums) sum = _mm512_setzero_si512();
  for (std::size_t i = 0; i < stride; i += 64) {
    const __m512i q = _mm512_load_si512(query.codes + i);
    for (std::size_t r = 0; r < kPairs; ++r)
      sums[r] = _mm512_dpbusd_epi32(sums[r], _mm512_loadu_si512(rows[r] + i), q);
  }
  return _mm512_sub_epi32(SumEach(sums), _mm512_set1_epi32(128 * query.sum));
}

/// With fewer than sixteen rows the last stands in for the missing ones.
KANTEI_AVX512 void Int8Gather(const std::uint8_t* const* rows, std::size_t count, std::size_t stride,
                              const Int8Query& query, std::int32_t* dots) {
  for (std::size_t r = 0; r < count; r += kPairs) {
    const std::size_t here = count - r < kPairs ? count - r : kPairs;
    const std::uint8_t* sixteen[kPairs];
    for (std::size_t i = 0; i < kPairs; ++i) sixteen[i] = rows[r + (i < here ? i : here - 1)];
    _mm512_mask_storeu_epi32(dots + r, FirstLanes(here), Dots16(sixteen, stride, query));
  }
}

KANTEI_AVX512 void Int8Rows(const std::uint8_t* rows, std::size_t count, std::size_t stride,
                            const Int8Query& query, std::int32_t* dots) {
  for (std::size_t r = 0; r < count; r += kPairs) {
    const std::size_t here = count - r < kPairs ? count - r : kPairs;
    const std::uint8_t* sixteen[kPairs];
    for (std::size_t i = 0; i < kPairs; ++i) sixteen[i] = rows + (r + (i < here ? i : here - 1)) * stride;
    Prefetch(rows + r * stride, here * stride);
    _mm512_mask_storeu_epi32(dots + r, FirstLanes(here), Dots16(sixteen, stride, query));
  }
}

/// Four bytes of each of sixteen rows side by side: the 16 x 16 words of 64 bytes of the rows, transposed.
KANTEI_AVX512_INLINE void Pack16(const std::uint8_t* const* rows, std::size_t from, std::uint8_t* packed,
                                 std::size_t step) {
  __m512i w[kPairs], t[kPairs];
#pragma GCC unroll 16
  for (std::size_t r = 0; r < kPairs; ++r) w[r] = _mm512_loadu_si512(rows[r] + from);
#pragma GCC unroll 8
  for (std::size_t r = 0; r < kPairs; r += 2) {
    t[r] = _mm512_maskz_unpacklo_epi32(kAll, w[r], w[r + 1]);
    t[r + 1] = _mm512_maskz_unpackhi_epi32(kAll, w[r], w[r + 1]);
  }
  // w[4 g + c]: column c of each 128-bit lane, of the rows 4 g .. 4 g + 3.
#pragma GCC unroll 4
  for (std::size_t g = 0; g < kPairs; g += 4) {
    w[g] = _mm512_maskz_unpacklo_epi64(0xFF, t[g], t[g + 2]);
    w[g + 1] = _mm512_maskz_unpackhi_epi64(0xFF, t[g], t[g + 2]);
    w[g + 2] = _mm512_maskz_unpacklo_epi64(0xFF, t[g + 1], t[g + 3]);
    w[g + 3] = _mm512_maskz_unpackhi_epi64(0xFF, t[g + 1], t[g + 3]);
  }
#pragma GCC unroll 4
  for (std::size_t c = 0; c < 4; ++c) {
    const __m512i even_low = _mm512_maskz_shuffle_i32x4(kAll, w[c], w[4 + c], 0x88);
    const __m512i odd_low = _mm512_maskz_shuffle_i32x4(kAll, w[c], w[4 + c], 0xDD);
    const __m512i even_high = _mm512_maskz_shuffle_i32x4(kAll, w[8 + c], w[12 + c], 0x88);
    const __m512i odd_high = _mm512_maskz_shuffle_i32x4(kAll, w[8 + c], w[12 + c], 0xDD);
    _mm512_store_si512(packed + c * step, _mm512_maskz_shuffle_i32x4(kAll, even_low, even_high, 0x88));
    _mm512_store_si512(packed + (4 + c) * step, _mm512_maskz_shuffle_i32x4(kAll, odd_low, odd_high, 0x88));
    _mm512_store_si512(packed + (8 + c) * step, _mm512_maskz_shuffle_i32x4(kAll, even_low, even_high, 0xDD));
    _mm512_store_si512(packed + (12 + c) * step, _mm512_maskz_shuffle_i32x4(kAll, odd_low, odd_high, 0xDD));
  }
}

/// kQueries queries with 32 packed rows: the words of a query are spread over a register each.
template <std::size_t kQueries>
KANTEI_AVX512_INLINE void StorePacked(const std::uint8_t* packed, std::size_t stride,
                                      const Int8Query* queries, std::size_t here, std::size_t count,
                                      std::int32_t* dots) {
  __m512i low[kQueries], high[kQueries];
#pragma GCC unroll 8
  for (std::size_t q = 0; q < kQueries; ++q) low[q] = high[q] = _mm512_set1_epi32(-128 * queries[q].sum);
  const std::int8_t* codes[kQueries];
  for (std::size_t q = 0; q < kQueries; ++q) codes[q] = queries[q].codes;
  for (std::size_t i = 0; i < stride; i += 4) {
    const __m512i first = _mm512_load_si512(packed + 32 * i),
                  second = _mm512_load_si512(packed + 32 * i + 64);
#pragma GCC unroll 8
    for (std::size_t q = 0; q < kQueries; ++q) {
      std::int32_t word;
      std::memcpy(&word, codes[q] + i, sizeof word);
      const __m512i spread = _mm512_set1_epi32(word);
      low[q] = _mm512_dpbusd_epi32(low[q], first, spread);
      high[q] = _mm512_dpbusd_epi32(high[q], second, spread);
    }
  }
  const auto lanes = static_cast<std::uint32_t>((std::uint64_t{1} << here) - 1);
  for (std::size_t q = 0; q < kQueries; ++q) {
    _mm512_mask_storeu_epi32(dots + q * count, static_cast<__mmask16>(lanes), low[q]);
    _mm512_mask_storeu_epi32(dots + q * count + kPairs, static_cast<__mmask16>(lanes >> 16), high[q]);
  }
}

KANTEI_AVX512 void Int8Batch(const std::uint8_t* rows, std::size_t count, std::size_t stride,
                             const Int8Query* queries, std::size_t query_count, std::int32_t* dots,
                             std::uint8_t* scratch) {
  constexpr std::size_t kTogether = 8;  // 16 sums, and room for the rows and the words
  for (std::size_t r = 0; r < count; r += kPackedRows) {
    const std::size_t here = count - r < kPackedRows ? count - r : kPackedRows;
    for (std::size_t half = 0; half < 2; ++half) {
      const std::uint8_t* sixteen[kPairs];
      for (std::size_t i = 0; i < kPairs; ++i) {
        const std::size_t row = kPairs * half + i;
        sixteen[i] = rows + (r + (row < here ? row : here - 1)) * stride;
      }
      for (std::size_t i = 0; i < stride; i += 64) Pack16(sixteen, i, scratch + 32 * i + 64 * half, 128);
    }
    std::size_t q = 0;
    for (; q + kTogether <= query_count; q += kTogether)
      StorePacked<kTogether>(scratch, stride, queries + q, here, count, dots + q * count + r);
    for (; q < query_count; ++q)
      StorePacked<1>(scratch, stride, queries + q, here, count, dots + q * count + r);
  }
}

KANTEI_AVX512_INLINE __m512 LoadHalf(const std::uint16_t* at) {
  return _mm512_maskz_cvtph_ps(kAll, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)));
}

KANTEI_AVX512 void HalfRows(const std::uint16_t* rows, std::size_t count, std::size_t stride,
                            const float* query, float* dots) {
  for (std::size_t r = 0; r < count; r += kPairs) {
    const std::size_t here = count - r < kPairs ? count - r : kPairs;
    const std::uint16_t* sixteen[kPairs];
    for (std::size_t i = 0; i < kPairs; ++i) sixteen[i] = rows + (r + (i < here ? i : here - 1)) * stride;
    Prefetch(rows + r * stride, here * stride * sizeof(std::uint16_t));
    __m512 sums[kPairs];
    for (auto& sum : sums) sum = _mm512_setzero_ps();
    for (std::size_t i = 0; i < stride; i += 16) {
      const __m512 q = _mm512_loadu_ps(query + i);
      for (std::size_t k = 0; k < kPairs; ++k)
        sums[k] = _mm512_fmadd_ps(LoadHalf(sixteen[k] + i), q, sums[k]);
    }
    _mm512_mask_storeu_ps(dots + r, FirstLanes(here), SumEach(sums));
  }
}

KANTEI_AVX512 void HalfTile(const std::uint16_t* rows, std::size_t count, std::size_t stride,
                            const float* const* queries, float* dots) {
  for (std::size_t r = 0; r < count; r += 4) {
    const std::size_t here = count - r < 4 ? count - r : 4;
    const std::uint16_t* four[4];
    for (std::size_t i = 0; i < 4; ++i) four[i] = rows + (r + (i < here ? i : here - 1)) * stride;
    __m512 sums[kPairs];
    for (auto& sum : sums) sum = _mm512_setzero_ps();
    for (std::size_t i = 0; i < stride; i += 16) {
      __m512 row[4];
      for (std::size_t k = 0; k < 4; ++k) row[k] = LoadHalf(four[k] + i);
      for (std::size_t q = 0; q < 4; ++q) {
        const __m512 query = _mm512_loadu_ps(queries[q] + i);
        for (std::size_t k = 0; k < 4; ++k) sums[4 * q + k] = _mm512_fmadd_ps(row[k], query, sums[4 * q + k]);
      }
    }
    alignas(64) float tile[kPairs];
    _mm512_store_ps(tile, SumEach(sums));
    for (std::size_t q = 0; q < 4; ++q)
      for (std::size_t k = 0; k < here; ++k) dots[q * count + r + k] = tile[4 * q + k];
  }
}

KANTEI_AVX512 void ToHalf(const float* from, std::size_t count, std::uint16_t* to) {
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const __m256i half = _mm512_maskz_cvtps_ph(kAll, _mm512_loadu_ps(from + i), _MM_FROUND_TO_NEAREST_INT);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i), half);
  }
  for (; i < count; ++i) to[i] = HalfOf(from[i]);
}

}  // namespace

const VectorKernels kAvx512VnniKernels = {"avx512-vnni", Int8Rows, Int8Batch, Int8Gather,
                                          HalfRows,      HalfTile, ToHalf};

}  // namespace kantei::store
#endif
