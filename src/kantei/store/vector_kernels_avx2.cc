// Four rows at a time, or four queries with two rows. Processors with AVX-VNNI do an int8 step in one instruction.
#if defined(__x86_64__)
#include <immintrin.h>

#include "kantei/store/vector_kernels.h"

#define KANTEI_AVX2 __attribute__((target("avx2,fma,f16c")))
#define KANTEI_AVX2_INLINE __attribute__((target("avx2,fma,f16c"), always_inline)) inline
#define KANTEI_AVXVNNI __attribute__((target("avx2,fma,f16c,avxvnni")))
#define KANTEI_AVXVNNI_INLINE __attribute__((target("avx2,fma,f16c,avxvnni"), always_inline)) inline

namespace kantei::store {
namespace {

constexpr std::uintptr_t kAhead = 4096;  // as in vector_kernels_avx512.cc

KANTEI_AVX2_INLINE void Prefetch(const void* row, std::size_t bytes) {
  const std::uintptr_t from = reinterpret_cast<std::uintptr_t>(row) + kAhead;
  for (std::uintptr_t at = from; at < from + bytes; at += 64)
    _mm_prefetch(reinterpret_cast<const char*>(at), _MM_HINT_T0);
}

KANTEI_AVX2_INLINE __m256i Load(const void* at) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(at));
}

/// The sums over the lanes of four registers.
KANTEI_AVX2_INLINE __m128i SumEach(__m256i a, __m256i b, __m256i c, __m256i d) {
  const __m256i sum = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
  return _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
}
KANTEI_AVX2_INLINE __m128 SumEach(__m256 a, __m256 b, __m256 c, __m256 d) {
  const __m256 sum = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
  return _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps(sum, 1));
}

// maddubs adds two products of unsigned and signed bytes in 16 bits: with code + 128 it would overflow, with the
// magnitude of the query and the row's code carrying the query's sign the most is 2 * 127 * 127.
KANTEI_AVX2_INLINE __m256i Step(__m256i sum, __m256i row, __m256i query) {
  const __m256i code = _mm256_xor_si256(row, _mm256_set1_epi8(static_cast<char>(0x80)));
  const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(query), _mm256_sign_epi8(code, query));
  return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

KANTEI_AVX2_INLINE void Dots4(const std::uint8_t* const* rows, std::size_t stride, const std::int8_t* query,
                              std::int32_t* dots) {
  __m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
  for (std::size_t i = 0; i < stride; i += 32) {
    const __m256i q = Load(query + i);
    a = Step(a, Load(rows[0] + i), q);
    b = Step(b, Load(rows[1] + i), q);
    c = Step(c, Load(rows[2] + i), q);
    d = Step(d, Load(rows[3] + i), q);
  }
  _mm_storeu_si128(reinterpret_cast<__m128i*>(dots), SumEach(a, b, c, d));
}

KANTEI_AVX2 void Int8Gather(const std::uint8_t* const* rows, std::size_t count, std::size_t stride,
                            const Int8Query& query, std::int32_t* dots) {
  std::size_t r = 0;
  for (; r + 4 <= count; r += 4) Dots4(rows + r, stride, query.codes, dots + r);
  if (r == count) return;
  const std::uint8_t* four[4];
  std::int32_t last[4];
  for (std::size_t i = 0; i < 4; ++i) four[i] = rows[r + i < count ? r + i : count - 1];
  Dots4(four, stride, query.codes, last);
  for (std::size_t i = 0; r + i < count; ++i) dots[r + i] = last[i];
}

KANTEI_AVX2 void Int8Rows(const std::uint8_t* rows, std::size_t count, std::size_t stride,
                          const Int8Query& query, std::int32_t* dots) {
  for (std::size_t r = 0; r < count; r += 4) {
    const std::size_t here = count - r < 4 ? count - r : 4;
    const std::uint8_t* four[4];
    for (std::size_t i = 0; i < 4; ++i) four[i] = rows + (r + (i < here ? i : here - 1)) * stride;
    Prefetch(four[0], here * stride);
    std::int32_t found[4];
    Dots4(four, stride, query.codes, found);
    for (std::size_t i = 0; i < here; ++i) dots[r + i] = found[i];
  }
}

KANTEI_AVX2 void Int8Batch(const std::uint8_t* rows, std::size_t count, std::size_t stride,
                           const Int8Query* queries, std::size_t query_count, std::int32_t* dots,
                           std::uint8_t* /*scratch*/) {
  for (std::size_t r = 0; r < count; r += 4) {
    const std::size_t here = count - r < 4 ? count - r : 4;
    const std::uint8_t* four[4];
    for (std::size_t i = 0; i < 4; ++i) four[i] = rows + (r + (i < here ? i : here - 1)) * stride;
    for (std::size_t q = 0; q < query_count; ++q) {
      std::int32_t found[4];
      Dots4(four, stride, queries[q].codes, found);
      for (std::size_t i = 0; i < here; ++i) dots[q * count + r + i] = found[i];
    }
  }
}

// The 256-bit form takes code + 128 as the AVX-512 one does.
KANTEI_AVXVNNI_INLINE void VnniDots4(const std::uint8_t* const* rows, std::size_t stride,
                                     const Int8Query& query, std::int32_t* dots) {
  __m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
  for (std::size_t i = 0; i < stride; i += 32) {
    const __m256i q = Load(query.codes + i);
    a = _mm256_dpbusd_avx_epi32(a, Load(rows[0] + i), q);
    b = _mm256_dpbusd_avx_epi32(b, Load(rows[1] + i), q);
    c = _mm256_dpbusd_avx_epi32(c, Load(rows[2] + i), q);
    d = _mm256_dpbusd_avx_epi32(d, Load(rows[3] + i), q);
  }
  const __m128i sums = _mm_sub_epi32(SumEach(a, b, c, d), _mm_set1_epi32(128 * query.sum));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(dots), sums);
}

KANTEI_AVXVNNI void VnniGather(const std::uint8_t* const* rows, std::size_t count, std::size_t stride,
                               const Int8Query& query, std::int32_t* dots) {
  std::size_t r = 0;
  for (; r + 4 <= count; r += 4) VnniDots4(rows + r, stride, query, dots + r);
  if (r == count) return;
  const std::uint8_t* four[4];
  std::int32_t last[4];
  for (std::size_t i = 0; i < 4; ++i) four[i] = rows[r + i < count ? r + i : count - 1];
  VnniDots4(four, stride, query, last);
  for (std::size_t i = 0; r + i < count; ++i) dots[r + i] = last[i];
}

KANTEI_AVXVNNI_INLINE void VnniRowsOf(const std::uint8_t* rows, std::size_t count, std::size_t stride,
                                      const Int8Query* queries, std::size_t query_count, std::int32_t* dots) {
  for (std::size_t r = 0; r < count; r += 4) {
    const std::size_t here = count - r < 4 ? count - r : 4;
    const std::uint8_t* four[4];
    for (std::size_t i = 0; i < 4; ++i) four[i] = rows + (r + (i < here ? i : here - 1)) * stride;
    if (query_count == 1) Prefetch(four[0], here * stride);
    for (std::size_t q = 0; q < query_count; ++q) {
      std::int32_t found[4];
      VnniDots4(four, stride, queries[q], found);
      for (std::size_t i = 0; i < here; ++i) dots[q * count + r + i] = found[i];
    }
  }
}
KANTEI_AVXVNNI void VnniRows(const std::uint8_t* rows, std::size_t count, std::size_t stride,
                             const Int8Query& query, std::int32_t* dots) {
  VnniRowsOf(rows, count, stride, &query, 1, dots);
}
KANTEI_AVXVNNI void VnniBatch(const std::uint8_t* rows, std::size_t count, std::size_t stride,
                              const Int8Query* queries, std::size_t query_count, std::int32_t* dots,
                              std::uint8_t* /*scratch*/) {
  VnniRowsOf(rows, count, stride, queries, query_count, dots);
}

KANTEI_AVX2_INLINE void HalfDots4(const std::uint16_t* const* rows, std::size_t stride, const float* query,
                                  float* dots) {
  __m256 a = _mm256_setzero_ps(), b = a, c = a, d = a;
  for (std::size_t i = 0; i < stride; i += 8) {
    const __m256 q = _mm256_loadu_ps(query + i);
    const auto half = [](const std::uint16_t* at) {
      return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    };
    a = _mm256_fmadd_ps(_mm256_cvtph_ps(half(rows[0] + i)), q, a);
    b = _mm256_fmadd_ps(_mm256_cvtph_ps(half(rows[1] + i)), q, b);
    c = _mm256_fmadd_ps(_mm256_cvtph_ps(half(rows[2] + i)), q, c);
    d = _mm256_fmadd_ps(_mm256_cvtph_ps(half(rows[3] + i)), q, d);
  }
  _mm_storeu_ps(dots, SumEach(a, b, c, d));
}

KANTEI_AVX2_INLINE void HalfTileOf(const std::uint16_t* rows, std::size_t count, std::size_t stride,
                                   const float* const* queries, std::size_t query_count, float* dots) {
  for (std::size_t r = 0; r < count; r += 4) {
    const std::size_t here = count - r < 4 ? count - r : 4;
    const std::uint16_t* four[4];
    for (std::size_t i = 0; i < 4; ++i) four[i] = rows + (r + (i < here ? i : here - 1)) * stride;
    if (query_count == 1) Prefetch(four[0], here * stride * sizeof(std::uint16_t));
    for (std::size_t q = 0; q < query_count; ++q) {
      float found[4];
      HalfDots4(four, stride, queries[q], found);
      for (std::size_t i = 0; i < here; ++i) dots[q * count + r + i] = found[i];
    }
  }
}
KANTEI_AVX2 void HalfRows(const std::uint16_t* rows, std::size_t count, std::size_t stride,
                          const float* query, float* dots) {
  HalfTileOf(rows, count, stride, &query, 1, dots);
}
KANTEI_AVX2 void HalfTile(const std::uint16_t* rows, std::size_t count, std::size_t stride,
                          const float* const* queries, float* dots) {
  HalfTileOf(rows, count, stride, queries, kTileQueries, dots);
}

KANTEI_AVX2 void ToHalf(const float* from, std::size_t count, std::uint16_t* to) {
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const __m128i half = _mm256_cvtps_ph(_mm256_loadu_ps(from + i), _MM_FROUND_TO_NEAREST_INT);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i), half);
  }
  for (; i < count; ++i) to[i] = HalfOf(from[i]);
}

}  // namespace

const VectorKernels kAvx2Kernels = {"avx2", Int8Rows, Int8Batch, Int8Gather, HalfRows, HalfTile, ToHalf};
const VectorKernels kAvxVnniKernels = {"avx-vnni", VnniRows, VnniBatch, VnniGather,
                                       HalfRows,   HalfTile, ToHalf};

}  // namespace kantei::store
#endif
