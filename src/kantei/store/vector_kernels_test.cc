#include "kantei/store/vector_kernels.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "kantei/store/flat_scan.h"
#include "kantei/store/vector_codes.h"
#include "kantei/store/vector_rows.h"
#include "kantei/store/vector_test_util.h"

namespace kantei::store {
namespace {

std::vector<VectorKernel> Available() {
  std::vector<VectorKernel> kernels;
  for (const VectorKernel kernel :
       {VectorKernel::kPlain, VectorKernel::kAvx2, VectorKernel::kAvxVnni, VectorKernel::kAvx512Vnni})
    if (VectorKernelAvailable(kernel)) kernels.push_back(kernel);
  return kernels;
}

TEST(VectorKernels, Int8ProductsAreThoseOfIntegersInEverySet) {
  for (const std::size_t stride : {64, 128, 320, 4096}) {
    constexpr std::size_t kRows = 71, kQueries = 21;  // whole and partial groups of every kernel
    Random random(stride);
    GrowArray<std::uint8_t> rows, scratch;
    GrowArray<std::int8_t> codes;
    ASSERT_TRUE(rows.Resize(kRows * stride) && scratch.Resize(kPackedRows * stride) &&
                codes.Resize(kQueries * stride));
    // The first row and query have the largest codes everywhere: nothing may overflow or saturate.
    for (std::size_t i = 0; i < rows.size(); ++i)
      rows[i] = static_cast<std::uint8_t>(i < stride ? 255 : i < 2 * stride ? 1 : 1 + random.Below(255));
    std::vector<Int8Query> queries(kQueries);
    for (std::size_t q = 0; q < kQueries; ++q) {
      queries[q].codes = codes.data() + q * stride;
      for (std::size_t i = 0; i < stride; ++i) {
        codes[q * stride + i] =
            static_cast<std::int8_t>(q == 0   ? 127
                                     : q == 1 ? -127
                                              : static_cast<int>(random.Below(255)) - 127);
        queries[q].sum += codes[q * stride + i];
      }
    }
    std::vector<std::int32_t> wanted(kQueries * kRows);
    std::vector<const std::uint8_t*> places;
    for (std::size_t r = 0; r < kRows; ++r) {
      places.push_back(rows.data() + r * stride);
      for (std::size_t q = 0; q < kQueries; ++q)
        for (std::size_t i = 0; i < stride; ++i)
          wanted[q * kRows + r] += (rows[r * stride + i] - 128) * queries[q].codes[i];
    }
    EXPECT_EQ(wanted[0], static_cast<std::int32_t>(stride) * 127 * 127);
    for (const VectorKernel kernel : Available()) {
      const VectorKernels& table = KernelsOf(kernel);
      SCOPED_TRACE(table.name);
      std::vector<std::int32_t> dots(kQueries * kRows, -1);
      table.int8_batch(rows.data(), kRows, stride, queries.data(), kQueries, dots.data(), scratch.data());
      EXPECT_EQ(dots, wanted);
      for (std::size_t q = 0; q < kQueries; ++q) {
        const std::vector<std::int32_t> one(wanted.begin() + static_cast<std::ptrdiff_t>(q * kRows),
                                            wanted.begin() + static_cast<std::ptrdiff_t>((q + 1) * kRows));
        std::vector<std::int32_t> found(kRows, -1);
        table.int8_rows(rows.data(), kRows, stride, queries[q], found.data());
        EXPECT_EQ(found, one);
        found.assign(kRows, -1);
        table.int8_gather(places.data(), kRows, stride, queries[q], found.data());
        EXPECT_EQ(found, one);
      }
    }
  }
}

TEST(VectorKernels, Float16ProductsAreCloseAndTheSameInRowsAndTiles) {
  constexpr std::size_t kStride = 96, kRows = 37;
  const Floats vectors = RandomUnits(kRows, kStride, 1), queries = RandomUnits(kTileQueries, kStride, 2);
  std::vector<std::uint16_t> halves(kRows * kStride);
  for (std::size_t i = 0; i < halves.size(); ++i) halves[i] = HalfOf(vectors[i]);
  std::vector<const float*> pointers;
  for (std::size_t q = 0; q < kTileQueries; ++q) pointers.push_back(queries.data() + q * kStride);
  for (const VectorKernel kernel : Available()) {
    const VectorKernels& table = KernelsOf(kernel);
    SCOPED_TRACE(table.name);
    std::vector<float> tile(kTileQueries * kRows), row(kRows);
    table.half_tile(halves.data(), kRows, kStride, pointers.data(), tile.data());
    for (std::size_t q = 0; q < kTileQueries; ++q) {
      table.half_rows(halves.data(), kRows, kStride, pointers[q], row.data());
      for (std::size_t r = 0; r < kRows; ++r) {
        EXPECT_EQ(row[r], tile[q * kRows + r]);
        double wanted = 0;
        for (std::size_t d = 0; d < kStride; ++d)
          wanted += static_cast<double>(FloatOfHalf(halves[r * kStride + d])) * pointers[q][d];
        EXPECT_NEAR(row[r], wanted, 1e-6);
      }
    }
    std::vector<std::uint16_t> converted(halves.size());
    table.to_half(vectors.data(), vectors.size() - 3, converted.data());
    for (std::size_t i = 0; i + 3 < halves.size(); ++i) ASSERT_EQ(converted[i], halves[i]);
  }
}

TEST(VectorKernels, HalfFloatsGoThereAndBack) {
  for (std::uint32_t half = 0; half < 0x10000; ++half) {
    const float value = FloatOfHalf(static_cast<std::uint16_t>(half));
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(FloatOfHalf(HalfOf(value))));
    } else {
      ASSERT_EQ(HalfOf(value), half);
    }
  }
  EXPECT_EQ(HalfOf(1.0f), 0x3C00);
  EXPECT_EQ(HalfOf(65504.0f), 0x7BFF);
  EXPECT_EQ(HalfOf(65520.0f), 0x7C00);
  EXPECT_EQ(HalfOf(1.0f + 0x1p-11f), 0x3C00);  // a tie goes to even
  EXPECT_EQ(HalfOf(1.0f + 0x3p-11f), 0x3C02);
  EXPECT_EQ(HalfOf(0x1p-24f), 0x0001);
  EXPECT_EQ(HalfOf(0x1p-25f), 0x0000);
}

TEST(VectorKernels, ScansAgreeInEverySet) {
  constexpr std::size_t kDimension = 70, kCount = 900;
  const Floats vectors = ClusteredUnits(kCount, kDimension, 9, 3),
               queries = ClusteredUnits(11, kDimension, 9, 4);
  VectorRows rows(VectorCode::kInt8, kDimension);
  ASSERT_TRUE(rows.Append(Counting(kCount), vectors, 1).ok());
  const auto plain = ScanRows(rows, queries, 50, -2, 1, KernelsOf(VectorKernel::kPlain));
  ASSERT_TRUE(plain.ok());
  for (const VectorKernel kernel : Available()) {
    SCOPED_TRACE(KernelsOf(kernel).name);
    const auto hits = ScanRows(rows, queries, 50, -2, 2, KernelsOf(kernel));
    ASSERT_TRUE(hits.ok());
    EXPECT_TRUE(SameHits(*hits, *plain));
    const auto single = ScanRows(rows, std::span(queries).first(kDimension), 50, -2, 1, KernelsOf(kernel));
    ASSERT_TRUE(single.ok());
    EXPECT_TRUE(SameHits(*single, {plain->front()}));
  }
}

TEST(VectorCodes, QuantisedVectorHasLengthOneAndItsDirection) {
  for (const std::size_t dimension : {8, 100, 256, 4096}) {
    const Floats vectors = RandomUnits(20, dimension, dimension);
    const std::size_t stride = RowStride(VectorCode::kInt8, static_cast<int>(dimension));
    std::vector<std::uint8_t> row(stride);
    for (std::size_t i = 0; i < 20; ++i) {
      float scale = 0;
      QuantizeInt8(Row(vectors, dimension, i), stride, row.data(), &scale);
      double squares = 0, similarity = 0;
      int largest = 0;
      for (std::size_t d = 0; d < stride; ++d) {
        const int code = row[d] - 128;
        if (d >= dimension) {
          EXPECT_EQ(code, 0);
        }
        largest = std::max(largest, std::abs(code));
        squares += static_cast<double>(code) * code * scale * scale;
        if (d < dimension) similarity += static_cast<double>(code) * scale * vectors[i * dimension + d];
      }
      EXPECT_EQ(largest, 127);
      EXPECT_NEAR(squares, 1.0, 1e-5);
      EXPECT_GT(similarity, 0.9998);
    }
  }
}

TEST(VectorMemory, GrowsAcrossTheHeapIntoMapsAndKeepsItsValues) {
  GrowArray<std::uint32_t> array;
  std::size_t size = 0;
  for (const std::size_t wished : {10, 1000, 262'144, 262'145, 600'000, 3'000'000}) {
    ASSERT_TRUE(array.Resize(wished));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(array.data()) % 64, 0u);
    for (; size < wished; ++size) array[size] = static_cast<std::uint32_t>(size * 2654435761u);
    for (std::size_t i = 0; i < wished; i += 97)
      ASSERT_EQ(array[i], static_cast<std::uint32_t>(i * 2654435761u));
  }
  EXPECT_FALSE(array.Resize(std::size_t{1} << 60));
  EXPECT_EQ(array.size(), size);
  EXPECT_EQ(array[size - 1], static_cast<std::uint32_t>((size - 1) * 2654435761u));
}

}  // namespace
}  // namespace kantei::store
