#include "kantei/copy/descriptor_math.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kantei/base/cpu.h"
#include "kantei/base/parallel.h"

namespace kantei::copy {
namespace {

constexpr std::size_t kPanel = 32;  // rows of b that are multiplied at once: two AVX-512 registers
constexpr std::size_t kTile =
    6;  // rows of a at once: 12 accumulators, 2 loads and a broadcast fit 32 registers
constexpr std::size_t kBlock = 64;  // rows of a for which a panel of b is packed once

typedef float Lane __attribute__((vector_size(64), aligned(64)));

// packed[k * kPanel + j] = b[j][k]; missing rows are zeros.
void Pack(const float* __restrict__ b, std::size_t rows, std::size_t dimension, float* __restrict__ packed) {
  for (std::size_t k = 0; k < dimension; ++k) {
    for (std::size_t j = 0; j < kPanel; ++j) packed[k * kPanel + j] = j < rows ? b[j * dimension + k] : 0.0f;
  }
}

KANTEI_MULTIARCH void MultiplyTile(const float* __restrict__ a, std::size_t dimension,
                                   const float* __restrict__ packed, float* __restrict__ out) {
  Lane low[kTile] = {}, high[kTile] = {};
  for (std::size_t k = 0; k < dimension; ++k) {
    Lane first, second;
    std::memcpy(&first, packed + k * kPanel, sizeof first);
    std::memcpy(&second, packed + k * kPanel + kPanel / 2, sizeof second);
#pragma GCC unroll 6
    for (std::size_t i = 0; i < kTile; ++i) {
      const float value = a[i * dimension + k];
      low[i] += first * value;
      high[i] += second * value;
    }
  }
  for (std::size_t i = 0; i < kTile; ++i) {
    std::memcpy(out + i * kPanel, &low[i], sizeof(Lane));
    std::memcpy(out + i * kPanel + kPanel / 2, &high[i], sizeof(Lane));
  }
}

}  // namespace

void InnerProducts(std::span<const float> a, std::span<const float> b, int dimension, float* out) {
  const auto d = static_cast<std::size_t>(dimension);
  const std::size_t a_rows = a.size() / d, b_rows = b.size() / d;
  std::vector<float> packed(d * kPanel), last(kTile * d), tile(kTile * kPanel);
  for (std::size_t j = 0; j < b_rows; j += kPanel) {
    const std::size_t columns = std::min(kPanel, b_rows - j);
    Pack(b.data() + j * d, columns, d, packed.data());
    for (std::size_t i = 0; i < a_rows; i += kTile) {
      const std::size_t rows = std::min(kTile, a_rows - i);
      const float* from = a.data() + i * d;
      if (rows < kTile) {  // the last rows are filled up with zeros
        std::copy_n(from, rows * d, last.begin());
        from = last.data();
      }
      MultiplyTile(from, d, packed.data(), tile.data());
      for (std::size_t r = 0; r < rows; ++r)
        std::copy_n(tile.data() + r * kPanel, columns, out + (i + r) * b_rows + j);
    }
  }
}

bool NormaliseRow(std::span<float> row) {
  double square = 0;
  for (const float value : row) square += static_cast<double>(value) * value;
  if (!(square > 0) || !std::isfinite(square)) return false;
  const auto scale = static_cast<float>(1 / std::sqrt(square));
  if (!std::isfinite(scale)) return false;
  for (float& value : row) value *= scale;
  return true;
}

std::vector<std::uint8_t> RowsPresent(std::span<const float> matrix, int dimension) {
  const auto d = static_cast<std::size_t>(dimension);
  std::vector<std::uint8_t> present(matrix.size() / d);
  for (std::size_t i = 0; i < present.size(); ++i) {
    double square = 0;
    for (std::size_t k = 0; k < d; ++k) square += static_cast<double>(matrix[i * d + k]) * matrix[i * d + k];
    present[i] = std::abs(square - 1) < 0.02;
  }
  return present;
}

void ForProductBlocks(std::span<const float> a, std::span<const float> b, int dimension, int threads,
                      const CancellationToken& cancellation, const ProductBlock& use) {
  const auto d = static_cast<std::size_t>(dimension);
  const std::size_t a_rows = a.size() / d, b_rows = b.size() / d;
  ParallelFor((a_rows + kBlock - 1) / kBlock, threads, cancellation, [&](std::size_t block) {
    const std::size_t first = block * kBlock, last = std::min(a_rows, first + kBlock);
    thread_local std::vector<float> products;
    products.resize((last - first) * b_rows);
    InnerProducts(a.subspan(first * d, (last - first) * d), b, dimension, products.data());
    use(first, last, products);
  });
}

std::vector<std::vector<Neighbour>> NearestRows(std::span<const float> queries, std::span<const float> base,
                                                int dimension, int k, int threads,
                                                const CancellationToken& cancellation) {
  const auto d = static_cast<std::size_t>(dimension);
  const std::size_t base_rows = base.size() / d;
  const std::size_t wanted = std::min(static_cast<std::size_t>(std::max(k, 0)), base_rows);
  std::vector<std::vector<Neighbour>> nearest(queries.size() / d);
  if (wanted == 0) return nearest;
  const auto closer = [](const Neighbour& x, const Neighbour& y) {
    return x.similarity != y.similarity ? x.similarity > y.similarity : x.row < y.row;
  };
  ForProductBlocks(queries, base, dimension, threads, cancellation,
                   [&](std::size_t first, std::size_t last, std::span<const float> products) {
                     for (std::size_t i = first; i < last; ++i) {
                       const float* values = products.data() + (i - first) * base_rows;
                       auto& best = nearest[i];  // a heap whose front is the worst that is kept
                       best.reserve(wanted);
                       for (std::size_t j = 0; j < base_rows; ++j) {
                         const Neighbour one{static_cast<std::uint32_t>(j), values[j]};
                         if (best.size() < wanted) {
                           best.push_back(one);
                           std::push_heap(best.begin(), best.end(), closer);
                         } else if (closer(one, best.front())) {
                           std::pop_heap(best.begin(), best.end(), closer);
                           best.back() = one;
                           std::push_heap(best.begin(), best.end(), closer);
                         }
                       }
                       std::sort_heap(best.begin(), best.end(), closer);
                     }
                   });
  return nearest;
}

}  // namespace kantei::copy
