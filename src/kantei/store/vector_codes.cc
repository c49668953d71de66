#include "kantei/store/vector_codes.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <string>

#include "kantei/base/cpu.h"

namespace kantei::store {
namespace {

constexpr std::size_t kMaxDimension = 4096;
constexpr double kLengthTolerance = 0.01;

/// Eight running sums in a fixed order: the same bits with any instruction set. Not finite when a component is not.
KANTEI_MULTIARCH double SquaredLength(const float* __restrict__ vector, std::size_t count) {
  double sums[8] = {};
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    double squares[8];
    for (std::size_t lane = 0; lane < 8; ++lane) {
      const double x = vector[i + lane];
      squares[lane] = x * x;  // exact: 48 bits
    }
    for (std::size_t lane = 0; lane < 8; ++lane) sums[lane] += squares[lane];
  }
  for (; i < count; ++i) sums[0] += static_cast<double>(vector[i]) * static_cast<double>(vector[i]);
  double sum = 0;
  for (const double lane : sums) sum += lane;
  return sum;
}

KANTEI_MULTIARCH float LargestMagnitude(const float* __restrict__ vector, std::size_t count) {
  std::int32_t most = 0;  // magnitudes order as their bits do
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t bits = std::bit_cast<std::int32_t>(vector[i]) & 0x7FFFFFFF;
    most = bits > most ? bits : most;
  }
  return std::bit_cast<float>(most);
}

KANTEI_MULTIARCH void Scale(const float* __restrict__ from, std::size_t count, float factor,
                            float* __restrict__ to) {
  for (std::size_t i = 0; i < count; ++i) to[i] = from[i] * factor;
}

// Adding 1.5 * 2^23 rounds to nearest even and leaves the integer in the low bits. The product was made by Scale:
// in one loop with the sum some processors would fuse both and round otherwise.
KANTEI_MULTIARCH std::int32_t RoundCodes(const float* __restrict__ scaled, std::size_t count,
                                         std::uint8_t* __restrict__ row) {
  std::int32_t squares = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t code = std::bit_cast<std::int32_t>(scaled[i] + 12582912.0f) - 0x4B400000;
    squares += code * code;
    row[i] = static_cast<std::uint8_t>(code + 128);
  }
  return squares;
}

}  // namespace

Status CheckUnitVectors(std::span<const float> vectors, int dimension, std::string_view what) {
  const auto width = static_cast<std::size_t>(dimension);
  for (std::size_t row = 0; row * width < vectors.size(); ++row) {
    const double squared = SquaredLength(vectors.data() + row * width, width);
    if (!std::isfinite(squared)) {
      return Error{ErrorCode::kInvalidArgument, std::string(what) + " " + std::to_string(row) +
                                                    " has a component that is no finite number"};
    }
    const double length = std::sqrt(squared);
    if (std::abs(length - 1.0) > kLengthTolerance) {
      return Error{ErrorCode::kInvalidArgument, std::string(what) + " " + std::to_string(row) +
                                                    " has length " + std::to_string(length) +
                                                    ", 1 is expected; divide it by its length"};
    }
  }
  return {};
}

void QuantizeInt8(std::span<const float> vector, std::size_t stride, std::uint8_t* row, float* scale) {
  std::array<float, kMaxDimension> scaled;
  Scale(vector.data(), vector.size(), 127.0f / LargestMagnitude(vector.data(), vector.size()), scaled.data());
  const std::int32_t squares = RoundCodes(scaled.data(), vector.size(), row);
  std::memset(row + vector.size(), 128, stride - vector.size());
  *scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(squares)));
}

void QuantizeHalf(std::span<const float> vector, std::size_t stride_bytes, const VectorKernels& kernels,
                  std::uint16_t* row) {
  std::array<float, kMaxDimension> unit;
  const double length = std::sqrt(SquaredLength(vector.data(), vector.size()));
  Scale(vector.data(), vector.size(), static_cast<float>(1.0 / length), unit.data());
  kernels.to_half(unit.data(), vector.size(), row);
  std::fill(row + vector.size(), row + stride_bytes / sizeof *row, std::uint16_t{0});
}

Int8Query QueryOfRow(const std::uint8_t* row, std::size_t stride, std::int8_t* codes) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < stride; ++i) {
    const auto code = static_cast<std::int8_t>(row[i] - 128);
    codes[i] = code;
    sum += code;
  }
  return {codes, sum};
}

bool PreparedQueries::Prepare(std::span<const float> queries, int dimension, VectorCode code) {
  const auto width = static_cast<std::size_t>(dimension);
  size_ = queries.size() / width;
  if (code == VectorCode::kInt8) {
    const std::size_t stride = RowStride(code, dimension);
    if (!codes_.Resize(size_ * stride)) return false;
    int8_.resize(size_);
    scales_.resize(size_);
    std::vector<std::uint8_t> row(stride);
    for (std::size_t q = 0; q < size_; ++q) {
      QuantizeInt8(queries.subspan(q * width, width), stride, row.data(), &scales_[q]);
      int8_[q] = QueryOfRow(row.data(), stride, codes_.data() + q * stride);
    }
    return true;
  }
  const std::size_t stride = RowStride(code, dimension) / sizeof(std::uint16_t);
  if (!floats_.Resize(size_ * stride)) return false;
  halves_.resize(size_);
  for (std::size_t q = 0; q < size_; ++q) {
    float* to = floats_.data() + q * stride;
    const float* from = queries.data() + q * width;
    Scale(from, width, static_cast<float>(1.0 / std::sqrt(SquaredLength(from, width))), to);
    std::fill(to + width, to + stride, 0.0f);
    halves_[q] = to;
  }
  return true;
}

}  // namespace kantei::store
