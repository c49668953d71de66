// Inner products of stored codes with queries, for each instruction set. Private to store/.
//
// Rows are padded to a multiple of 64 bytes, queries to the same length with zeros: no kernel has a tail, and what the
// padding of a row holds does not matter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kantei::store {

/// The instruction sets a kernel can use; kBest picks the widest this processor has.
enum class VectorKernel { kBest, kPlain, kAvx2, kAvxVnni, kAvx512Vnni };
bool VectorKernelAvailable(VectorKernel kernel);

/// A query against int8 rows. Rows hold code + 128, so that the unsigned-times-signed instructions need a correction
/// by the sum of the query only.
struct Int8Query {
  const std::int8_t* codes = nullptr;  ///< -127..127, 64-byte aligned
  std::int32_t sum = 0;                ///< of the codes
};

/// Float16 queries that one tile takes: each row that was loaded serves this many.
constexpr std::size_t kTileQueries = 4;
/// Rows that int8_batch packs at a time: it wants that many strides of scratch, 64-byte aligned.
constexpr std::size_t kPackedRows = 32;

/// The int8 answers are the same in every set: integers. Those of float16 differ in the last bits from set to set, but
/// within one set a pair gives the same bits whichever function computes it.
struct VectorKernels {
  std::string_view name;

  /// dots[r] = inner product of the codes of row r with the query.
  void (*int8_rows)(const std::uint8_t* rows, std::size_t count, std::size_t stride, const Int8Query& query,
                    std::int32_t* dots);
  /// dots[q * count + r], for many queries.
  void (*int8_batch)(const std::uint8_t* rows, std::size_t count, std::size_t stride,
                     const Int8Query* queries, std::size_t query_count, std::int32_t* dots,
                     std::uint8_t* scratch);
  /// dots[r] for rows anywhere in memory.
  void (*int8_gather)(const std::uint8_t* const* rows, std::size_t count, std::size_t stride,
                      const Int8Query& query, std::int32_t* dots);

  /// Rows of float16, `stride` numbers each; queries of float32.
  void (*half_rows)(const std::uint16_t* rows, std::size_t count, std::size_t stride, const float* query,
                    float* dots);
  /// dots[q * count + r], for kTileQueries queries.
  void (*half_tile)(const std::uint16_t* rows, std::size_t count, std::size_t stride,
                    const float* const* queries, float* dots);

  /// float32 to float16, to nearest even, and back.
  void (*to_half)(const float* from, std::size_t count, std::uint16_t* to);
};

/// The kernel must be available.
const VectorKernels& KernelsOf(VectorKernel kernel = VectorKernel::kBest);

/// IEEE 754 binary16, by integer arithmetic. To nearest even; values beyond 65504 become infinite.
std::uint16_t HalfOf(float value);
float FloatOfHalf(std::uint16_t half);

// One table a file: vector_kernels.cc, vector_kernels_avx2.cc, vector_kernels_avx512.cc.
extern const VectorKernels kPlainKernels;
#if defined(__x86_64__)
extern const VectorKernels kAvx2Kernels, kAvxVnniKernels, kAvx512VnniKernels;
#endif

}  // namespace kantei::store
