#include "kantei/copy/matching_kernels.h"

#include <cstring>

#include "kantei/base/result.h"
#include "kantei/copy/local_features.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define KANTEI_MATCH_X86 1
#include <immintrin.h>
#endif

namespace kantei::copy::match {
namespace {

constexpr std::size_t kSize = kDescriptorSize;
constexpr std::size_t kGroup = 16;

void DotsPlain(const std::int16_t* known, std::size_t padded, const std::uint8_t* queries, std::size_t count,
               std::int32_t* out) {
  std::int16_t query[kSize];
  for (std::size_t q = 0; q < count; ++q) {
    for (std::size_t i = 0; i < kSize; ++i) query[i] = queries[q * kSize + i];
    for (std::size_t k = 0; k < padded; ++k) {
      const std::int16_t* row = known + k * kSize;
      std::int32_t sum = 0;
      for (std::size_t i = 0; i < kSize; ++i) sum += row[i] * query[i];
      out[q * padded + k] = sum;
    }
  }
}

#ifdef KANTEI_MATCH_X86

// known: per group of 8, per pair of elements, 8 × 2 words.
[[gnu::target("avx2")]] void DotsAvx2(const std::int16_t* known, std::size_t padded,
                                      const std::uint8_t* queries, std::size_t count, std::int32_t* out) {
  alignas(32) std::int16_t words[kQueriesAtOnce][kSize] = {};
  for (std::size_t q = 0; q < count; ++q) {
    for (std::size_t i = 0; i < kSize; ++i) words[q][i] = queries[q * kSize + i];
  }
  for (std::size_t k = 0; k < padded; k += 8) {
    const std::int16_t* group = known + k * kSize;
    __m256i sum0 = _mm256_setzero_si256(), sum1 = sum0, sum2 = sum0, sum3 = sum0;
    for (std::size_t pair = 0; pair < kSize / 2; ++pair) {
      const __m256i row = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(group + pair * 16));
      std::int32_t both[kQueriesAtOnce];
      for (std::size_t q = 0; q < kQueriesAtOnce; ++q) std::memcpy(&both[q], &words[q][2 * pair], 4);
      sum0 = _mm256_add_epi32(sum0, _mm256_madd_epi16(row, _mm256_set1_epi32(both[0])));
      sum1 = _mm256_add_epi32(sum1, _mm256_madd_epi16(row, _mm256_set1_epi32(both[1])));
      sum2 = _mm256_add_epi32(sum2, _mm256_madd_epi16(row, _mm256_set1_epi32(both[2])));
      sum3 = _mm256_add_epi32(sum3, _mm256_madd_epi16(row, _mm256_set1_epi32(both[3])));
    }
    const __m256i sums[kQueriesAtOnce] = {sum0, sum1, sum2, sum3};
    for (std::size_t q = 0; q < count; ++q) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + q * padded + k), sums[q]);
    }
  }
}

// known: per group of 16, per four elements, 16 × 4 bytes less 128, as the instruction multiplies unsigned by
// signed bytes. Hence 128 × the sum of the query's bytes is added back.
[[gnu::target("avx512f,avx512bw,avx512vnni")]] void DotsVnni(const std::uint8_t* known, std::size_t padded,
                                                             const std::uint8_t* queries, std::size_t count,
                                                             std::int32_t* out) {
  alignas(64) std::uint8_t bytes[kQueriesAtOnce][kSize] = {};
  std::memcpy(bytes, queries, count * kSize);
  __m512i start[kQueriesAtOnce];
  for (std::size_t q = 0; q < kQueriesAtOnce; ++q) {
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < kSize; ++i) sum += bytes[q][i];
    start[q] = _mm512_set1_epi32(128 * sum);
  }
  for (std::size_t k = 0; k < padded; k += kGroup) {
    const std::uint8_t* group = known + k * kSize;
    __m512i sum0 = start[0], sum1 = start[1], sum2 = start[2], sum3 = start[3];
    for (std::size_t four = 0; four < kSize / 4; ++four) {
      const __m512i row = _mm512_loadu_si512(group + four * 64);
      std::int32_t part[kQueriesAtOnce];
      for (std::size_t q = 0; q < kQueriesAtOnce; ++q) std::memcpy(&part[q], &bytes[q][4 * four], 4);
      sum0 = _mm512_dpbusd_epi32(sum0, _mm512_set1_epi32(part[0]), row);
      sum1 = _mm512_dpbusd_epi32(sum1, _mm512_set1_epi32(part[1]), row);
      sum2 = _mm512_dpbusd_epi32(sum2, _mm512_set1_epi32(part[2]), row);
      sum3 = _mm512_dpbusd_epi32(sum3, _mm512_set1_epi32(part[3]), row);
    }
    const __m512i sums[kQueriesAtOnce] = {sum0, sum1, sum2, sum3};
    for (std::size_t q = 0; q < count; ++q) _mm512_storeu_si512(out + q * padded + k, sums[q]);
  }
}

#endif

Kernel Choose(Kernel wanted) {
  if (wanted != Kernel::kBest) {
    KANTEI_CHECK(Supported(wanted));
    return wanted;
  }
  if (Supported(Kernel::kAvx512Vnni)) return Kernel::kAvx512Vnni;
  return Supported(Kernel::kAvx2) ? Kernel::kAvx2 : Kernel::kPlain;
}

}  // namespace

bool Supported(Kernel kernel) {
#ifdef KANTEI_MATCH_X86
  if (kernel == Kernel::kAvx2) return __builtin_cpu_supports("avx2") != 0;
  if (kernel == Kernel::kAvx512Vnni) {
    return __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vnni") != 0;
  }
#endif
  return kernel == Kernel::kBest || kernel == Kernel::kPlain;
}

std::int32_t SquaredNorm(const std::uint8_t* descriptor) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < kSize; ++i) sum += descriptor[i] * descriptor[i];
  return sum;
}

PackedDescriptors::PackedDescriptors(const std::uint8_t* descriptors, std::size_t count, Kernel kernel)
    : kernel_(Choose(kernel)), padded_((count + kGroup - 1) / kGroup * kGroup), norms_(padded_, 0) {
  for (std::size_t k = 0; k < count; ++k) norms_[k] = SquaredNorm(descriptors + k * kSize);
  if (kernel_ == Kernel::kAvx512Vnni) {
    bytes_.assign(padded_ * kSize, 128);
    for (std::size_t k = 0; k < count; ++k) {
      std::uint8_t* group = bytes_.data() + k / kGroup * kGroup * kSize + k % kGroup * 4;
      for (std::size_t i = 0; i < kSize; ++i) {
        group[i / 4 * 64 + i % 4] = static_cast<std::uint8_t>(descriptors[k * kSize + i] ^ 0x80);
      }
    }
    return;
  }
  words_.assign(padded_ * kSize, 0);
  for (std::size_t k = 0; k < count; ++k) {
    if (kernel_ == Kernel::kPlain) {
      for (std::size_t i = 0; i < kSize; ++i) words_[k * kSize + i] = descriptors[k * kSize + i];
    } else {
      std::int16_t* group = words_.data() + k / 8 * 8 * kSize + k % 8 * 2;
      for (std::size_t i = 0; i < kSize; ++i) group[i / 2 * 16 + i % 2] = descriptors[k * kSize + i];
    }
  }
}

void PackedDescriptors::Dots(const std::uint8_t* queries, std::size_t count, std::int32_t* out) const {
#ifdef KANTEI_MATCH_X86
  if (kernel_ == Kernel::kAvx512Vnni) return DotsVnni(bytes_.data(), padded_, queries, count, out);
  if (kernel_ == Kernel::kAvx2) return DotsAvx2(words_.data(), padded_, queries, count, out);
#endif
  DotsPlain(words_.data(), padded_, queries, count, out);
}

}  // namespace kantei::copy::match
