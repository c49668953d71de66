// Inner products of many descriptors with many others. Matrices are row-major, one descriptor a row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "kantei/base/cancellation.h"

namespace kantei::copy {

/// out[i * b_rows + j] = row i of a · row j of b; one thread. The value of a pair does not depend on what stands beside it.
void InnerProducts(std::span<const float> a, std::span<const float> b, int dimension, float* out);

/// Scales the row to unit length; false (and left as it is) when its length is not a positive finite number.
bool NormaliseRow(std::span<float> row);
/// 1 for every row of about unit length; a row of zeros stands for a picture without a descriptor.
std::vector<std::uint8_t> RowsPresent(std::span<const float> matrix, int dimension);

/// A block of rows of a against all of b: `products` holds last - first rows of b_rows values.
using ProductBlock =
    std::function<void(std::size_t first, std::size_t last, std::span<const float> products)>;
/// Calls `use` once for every block of rows of a, on `threads` threads in no order; blocks end at multiples of 64 rows.
void ForProductBlocks(std::span<const float> a, std::span<const float> b, int dimension, int threads,
                      const CancellationToken& cancellation, const ProductBlock& use);

struct Neighbour {
  std::uint32_t row = 0;
  float similarity = 0;  ///< inner product, more is closer
};
/// The k most similar rows of `base` for each query, best first, ties by lower row.
std::vector<std::vector<Neighbour>> NearestRows(std::span<const float> queries, std::span<const float> base,
                                                int dimension, int k, int threads,
                                                const CancellationToken& cancellation);

}  // namespace kantei::copy
