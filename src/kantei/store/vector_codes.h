// Unit vectors as int8 and float16 codes, and queries made ready for the kernels. Private to store/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/store/vector_kernels.h"
#include "kantei/store/vector_memory.h"

namespace kantei::store {

enum class VectorCode { kInt8, kFloat16 };

/// Bytes from row to row.
constexpr std::size_t RowStride(VectorCode code, int dimension) {
  const auto bytes = static_cast<std::size_t>(dimension) * (code == VectorCode::kInt8 ? 1 : 2);
  return (bytes + 63) / 64 * 64;
}

/// Checks that `vectors` is rows of `dimension` finite numbers of unit length (within one percent: float16 descriptors of
/// large dimension pass). kInvalidArgument names the first bad row; `what` is "vector" or "query".
Status CheckUnitVectors(std::span<const float> vectors, int dimension, std::string_view what);

/// Code + 128 of each component, symmetric about 0: the largest magnitude becomes 127. *scale is one over the length of
/// the codes, so that the decoded vector has length 1 again. The padding is set to 128.
void QuantizeInt8(std::span<const float> vector, std::size_t stride, std::uint8_t* row, float* scale);
/// The vector at length 1. The padding is set to 0.
void QuantizeHalf(std::span<const float> vector, std::size_t stride_bytes, const VectorKernels& kernels,
                  std::uint16_t* row);

/// A row of codes + 128 as a query; `codes` has `stride` bytes and is 64-byte aligned.
Int8Query QueryOfRow(const std::uint8_t* row, std::size_t stride, std::int8_t* codes);

/// Queries as the kernels take them. For float16 rows they stay float32; for int8 rows they are quantised as rows are.
class PreparedQueries {
 public:
  /// False when there is no memory for them.
  [[nodiscard]] bool Prepare(std::span<const float> queries, int dimension, VectorCode code);
  std::size_t size() const { return size_; }
  const Int8Query* int8() const { return int8_.data(); }  ///< one a query
  float scale(std::size_t query) const { return scales_[query]; }
  const float* const* half() const { return halves_.data(); }  ///< one a query

 private:
  std::size_t size_ = 0;
  GrowArray<std::int8_t> codes_;
  std::vector<Int8Query> int8_;
  std::vector<float> scales_;
  GrowArray<float> floats_;
  std::vector<const float*> halves_;
};

}  // namespace kantei::store
