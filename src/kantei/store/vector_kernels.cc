#include "kantei/store/vector_kernels.h"

#include <bit>

#include "kantei/base/result.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace kantei::store {
namespace {

#if defined(__x86_64__)
// Compilers of 2022 do not know these two by name in __builtin_cpu_supports.
bool HasF16c() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c >> 29 & 1u) != 0;
}
bool HasAvxVnni() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a >> 4 & 1u) != 0;
}
#endif

std::int32_t DotInt8(const std::uint8_t* __restrict__ row, const std::int8_t* __restrict__ query,
                     std::size_t stride) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < stride; ++i) {
    const auto code = static_cast<std::int16_t>(row[i] - 128);
    sum += static_cast<std::int16_t>(code * query[i]);
  }
  return sum;
}

void Int8Rows(const std::uint8_t* rows, std::size_t count, std::size_t stride, const Int8Query& query,
              std::int32_t* dots) {
  for (std::size_t r = 0; r < count; ++r) dots[r] = DotInt8(rows + r * stride, query.codes, stride);
}

void Int8Batch(const std::uint8_t* rows, std::size_t count, std::size_t stride, const Int8Query* queries,
               std::size_t query_count, std::int32_t* dots, std::uint8_t* /*scratch*/) {
  for (std::size_t q = 0; q < query_count; ++q) Int8Rows(rows, count, stride, queries[q], dots + q * count);
}

void Int8Gather(const std::uint8_t* const* rows, std::size_t count, std::size_t stride,
                const Int8Query& query, std::int32_t* dots) {
  for (std::size_t r = 0; r < count; ++r) dots[r] = DotInt8(rows[r], query.codes, stride);
}

// Sixteen sums, so that a compiler can keep them in one register or four. Normal numbers and zero only need the
// exponent moved: multiplying by 2^112 does that for subnormal ones too. Infinite and NaN halves come out as large
// finite numbers, which the scan drops.
float DotHalf(const std::uint16_t* __restrict__ row, const float* __restrict__ query, std::size_t stride) {
  float sums[16] = {};
  for (std::size_t i = 0; i < stride; i += 16) {
    for (std::size_t lane = 0; lane < 16; ++lane) {
      const std::uint32_t half = row[i + lane];
      const std::uint32_t bits = (half & 0x7FFFu) << 13 | (half & 0x8000u) << 16;
      sums[lane] += std::bit_cast<float>(bits) * 0x1.0p112f * query[i + lane];
    }
  }
  for (std::size_t width = 8; width > 0; width /= 2) {
    for (std::size_t lane = 0; lane < width; ++lane) sums[lane] += sums[lane + width];
  }
  return sums[0];
}

void HalfRows(const std::uint16_t* rows, std::size_t count, std::size_t stride, const float* query,
              float* dots) {
  for (std::size_t r = 0; r < count; ++r) dots[r] = DotHalf(rows + r * stride, query, stride);
}

void HalfTile(const std::uint16_t* rows, std::size_t count, std::size_t stride, const float* const* queries,
              float* dots) {
  for (std::size_t q = 0; q < kTileQueries; ++q) HalfRows(rows, count, stride, queries[q], dots + q * count);
}

void ToHalf(const float* from, std::size_t count, std::uint16_t* to) {
  for (std::size_t i = 0; i < count; ++i) to[i] = HalfOf(from[i]);
}

VectorKernel BestKernel() {
  for (const VectorKernel kernel : {VectorKernel::kAvx512Vnni, VectorKernel::kAvxVnni, VectorKernel::kAvx2}) {
    if (VectorKernelAvailable(kernel)) return kernel;
  }
  return VectorKernel::kPlain;
}

}  // namespace

std::uint16_t HalfOf(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000u);
  const std::uint32_t magnitude = bits & 0x7FFFFFFFu;
  if (magnitude > 0x7F800000u) return static_cast<std::uint16_t>(sign | 0x7E00u);
  if (magnitude >= 0x477FF000u) return static_cast<std::uint16_t>(sign | 0x7C00u);
  if (magnitude < 0x38800000u) {
    // Subnormal: one unit is 2^-24. Adding 0.5 leaves exactly those bits, rounded to nearest even by the addition.
    const float moved = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(moved) - 0x3F000000u));
  }
  const std::uint32_t rounded = magnitude + 0xFFFu + ((magnitude >> 13) & 1u);
  return static_cast<std::uint16_t>(sign | ((rounded - 0x38000000u) >> 13));
}

float FloatOfHalf(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000u) << 16;
  const std::uint32_t magnitude = half & 0x7FFFu;
  if (magnitude >= 0x7C00u) return std::bit_cast<float>(sign | 0x7F800000u | (magnitude & 0x3FFu) << 13);
  return std::bit_cast<float>(sign | magnitude << 13) * 0x1.0p112f;
}

const VectorKernels kPlainKernels = {"plain", Int8Rows, Int8Batch, Int8Gather, HalfRows, HalfTile, ToHalf};

bool VectorKernelAvailable(VectorKernel kernel) {
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 && HasF16c();
  switch (kernel) {
    case VectorKernel::kAvx2:
      return avx2;
    case VectorKernel::kAvxVnni:
      return avx2 && HasAvxVnni();
    case VectorKernel::kAvx512Vnni:
      return avx2 && __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
             __builtin_cpu_supports("avx512vnni") != 0;
    default:
      return true;
  }
#else
  return kernel == VectorKernel::kPlain || kernel == VectorKernel::kBest;
#endif
}

const VectorKernels& KernelsOf(VectorKernel kernel) {
  static const VectorKernel best = BestKernel();
  if (kernel == VectorKernel::kBest) kernel = best;
  KANTEI_CHECK(VectorKernelAvailable(kernel));
  switch (kernel) {
#if defined(__x86_64__)
    case VectorKernel::kAvx2:
      return kAvx2Kernels;
    case VectorKernel::kAvxVnni:
      return kAvxVnniKernels;
    case VectorKernel::kAvx512Vnni:
      return kAvx512VnniKernels;
#endif
    default:
      return kPlainKernels;
  }
}

}  // namespace kantei::store
