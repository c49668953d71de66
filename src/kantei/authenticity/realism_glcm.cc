// Co-occurrence statistics and the Laplacian: integer arithmetic, exact.
#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "kantei/authenticity/realism_kernels.h"
#include "kantei/base/cpu.h"

namespace kantei::authenticity::internal {
namespace {

// A pair of neighbours (a, b) counts in cell [|a-b|][min(a, b)]: the matrix is symmetric, so the order of the
// two does not matter, and since neighbours are mostly alike the cells in use lie in the first few rows and
// stay in the L1 cache.
constexpr int kLevels = 256;
constexpr int kCells = kLevels * kLevels;
// Four private tables, so that runs of equal pairs do not wait for their own last store. Each takes a quarter
// of the rows, 128 × 511 = 65,408 pairs, which a 16-bit counter holds.
constexpr int kTables = 4;
constexpr int kBandRows = kSquare / kTables;
constexpr int kPairs = kSquare - 1;
static_assert(kBandRows * kPairs <= 65535);

struct GlcmScratch {
  std::array<std::array<std::uint16_t, kCells>, kTables> counts;
  std::array<std::array<std::uint16_t, kSquare>, kTables> cells;
};

// Writes the cell of every horizontal pair of one row; returns the largest difference.
KANTEI_MULTIARCH int RowCells(const std::uint8_t* __restrict__ row, std::uint16_t* __restrict__ cells) {
  std::uint16_t largest = 0;
  for (int x = 0; x < kPairs; ++x) {
    const std::uint16_t a = row[x], b = row[x + 1];
    const std::uint16_t low = a < b ? a : b;
    const std::uint16_t high = a < b ? b : a;
    const auto difference = static_cast<std::uint16_t>(high - low);
    cells[x] = static_cast<std::uint16_t>((difference << 8) | low);
    largest = difference > largest ? difference : largest;
  }
  return largest;
}

struct RowSums {
  std::uint64_t count = 0, squares = 0;
};

// Sum and sum of squares of one table row over the four tables.
KANTEI_MULTIARCH RowSums SumRow(const std::uint16_t* __restrict__ a, const std::uint16_t* __restrict__ b,
                                const std::uint16_t* __restrict__ c, const std::uint16_t* __restrict__ d) {
  std::uint32_t count = 0;
  std::uint64_t squares = 0;
  for (int i = 0; i < kLevels; ++i) {
    const std::uint32_t n = static_cast<std::uint32_t>(a[i]) + b[i] + c[i] + d[i];
    count += n;
    squares += static_cast<std::uint64_t>(n) * n;
  }
  return {count, squares};
}

struct LaplacianSums {
  std::int32_t sum = 0;
  std::uint32_t squares = 0;  // at most 512 × 1020² = 532,684,800
};

// `centre` has one readable pixel before and after the row, already reflected.
KANTEI_MULTIARCH LaplacianSums LaplacianRow(const std::uint8_t* __restrict__ above,
                                            const std::uint8_t* __restrict__ centre,
                                            const std::uint8_t* __restrict__ below) {
  std::int32_t sum = 0, squares = 0;
  for (int x = 0; x < kSquare; ++x) {
    const auto value =
        static_cast<std::int16_t>(above[x] + below[x] + centre[x - 1] + centre[x + 1] - 4 * centre[x]);
    sum += value;
    squares += value * value;
  }
  return {sum, static_cast<std::uint32_t>(squares)};
}

}  // namespace

GlcmStatistics MeasureGlcm(const std::uint8_t* grey) {
  static thread_local const std::unique_ptr<GlcmScratch> scratch(new GlcmScratch);
  // The table rows that the last picture used are cleared after use below, the first time all of them here.
  static thread_local bool cleared = false;
  if (!cleared) {
    for (auto& table : scratch->counts) table.fill(0);
    cleared = true;
  }

  int largest = 0;
  for (int y = 0; y < kBandRows; ++y) {
    for (int t = 0; t < kTables; ++t) {
      const std::uint8_t* row = grey + static_cast<std::ptrdiff_t>(y + t * kBandRows) * kSquare;
      largest = std::max(largest, RowCells(row, scratch->cells[static_cast<std::size_t>(t)].data()));
    }
    const auto& cells = scratch->cells;
    auto& counts = scratch->counts;
    for (std::size_t x = 0; x < kPairs; ++x) {
      ++counts[0][cells[0][x]];
      ++counts[1][cells[1][x]];
      ++counts[2][cells[2][x]];
      ++counts[3][cells[3][x]];
    }
  }

  std::uint64_t contrast = 0, energy = 0;
  for (int d = 0; d <= largest; ++d) {
    const std::size_t at = static_cast<std::size_t>(d) * kLevels;
    const RowSums row = SumRow(&scratch->counts[0][at], &scratch->counts[1][at], &scratch->counts[2][at],
                               &scratch->counts[3][at]);
    contrast += row.count * static_cast<std::uint64_t>(d) * static_cast<std::uint64_t>(d);
    // S(i,i) = 2n on the diagonal; off it S(i,j) = S(j,i) = n.
    energy += row.squares * (d == 0 ? 4 : 2);
  }
  for (auto& table : scratch->counts) {
    std::memset(table.data(), 0, static_cast<std::size_t>(largest + 1) * kLevels * sizeof(std::uint16_t));
  }

  constexpr double kPairCount = static_cast<double>(kPairs) * kSquare;
  return {static_cast<double>(energy) / (4 * kPairCount * kPairCount),
          static_cast<double>(contrast) / kPairCount};
}

double LaplacianVariance(const std::uint8_t* grey) {
  std::int64_t sum = 0, squares = 0;
  std::array<std::uint8_t, kSquare + 2> centre;
  for (int y = 0; y < kSquare; ++y) {
    const auto row = [&](int line) { return grey + static_cast<std::ptrdiff_t>(line) * kSquare; };
    std::memcpy(centre.data() + 1, row(y), kSquare);
    centre.front() = row(y)[1];
    centre.back() = row(y)[kSquare - 2];
    const LaplacianSums line =
        LaplacianRow(row(y == 0 ? 1 : y - 1), centre.data() + 1, row(y == kSquare - 1 ? kSquare - 2 : y + 1));
    sum += line.sum;
    squares += line.squares;
  }
  const double mean = static_cast<double>(sum) / kSquarePixels;
  return static_cast<double>(squares) / kSquarePixels - mean * mean;
}

}  // namespace kantei::authenticity::internal
