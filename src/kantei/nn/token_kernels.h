// Loops over rows of channels (a feature map or a sequence of tokens: positions x channels) that oneDNN has not, or not with the
// mix of float32 and bfloat16 that is wanted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace kantei::nn {

/// Calls body(begin, end) for parts of [0, count) on this many threads of OpenMP, the ones that oneDNN uses.
void ForRows(std::size_t count, int threads, const std::function<void(std::size_t, std::size_t)>& body);

struct NormView {
  const float* weight = nullptr;
  const float* bias = nullptr;
  float eps = 0;
};

/// Layer norm of each row, to float32 or bfloat16. `order`: row i goes to order[i]; empty: to i.
void NormRows(const float* in, std::size_t rows, std::size_t columns, const NormView& norm,
              std::span<const std::uint32_t> order, int threads, float* out);
void NormRows(const float* in, std::size_t rows, std::size_t columns, const NormView& norm,
              std::span<const std::uint32_t> order, int threads, std::uint16_t* out);

/// out[i] = constant + (row i, normalised without weights) . direction
void NormDotRows(const float* in, std::size_t rows, std::size_t columns, const float* direction, float eps,
                 float constant, int threads, float* out);

/// Softmax of each row of float32, to float32 (may be in place) or bfloat16.
void SoftmaxRows(const float* in, std::size_t rows, std::size_t columns, int threads, float* out);
void SoftmaxRows(const float* in, std::size_t rows, std::size_t columns, int threads, std::uint16_t* out);

/// height x width x channels -> the maximum of each 2 x 2.
void MaxPoolRows(const float* in, std::size_t height, std::size_t width, std::size_t channels, int threads,
                 float* out);
void MaxPoolRows(const float* in, std::size_t height, std::size_t width, std::size_t channels, int threads,
                 std::uint16_t* out);

/// Where height x width x pixel_bytes go when each kernel x kernel square becomes one row.
void PatchRows(const std::byte* in, std::size_t height, std::size_t width, std::size_t pixel_bytes,
               std::size_t kernel, int threads, std::byte* out);

/// rows x row_bytes, of which `heads` pieces of piece_bytes from `offset` on -> heads x rows x piece_bytes.
void SplitRows(const std::byte* in, std::size_t rows, std::size_t row_bytes, std::size_t offset,
               std::size_t heads, std::size_t piece_bytes, int threads, std::byte* out);
/// The way back, for rows of heads x piece_bytes.
void MergeRows(const std::byte* in, std::size_t rows, std::size_t heads, std::size_t piece_bytes, int threads,
               std::byte* out);

/// out += in, resized to width x height as torch's bilinear interpolation does.
void AddBilinear(std::span<const float> in, int in_width, int in_height, bool align_corners, int width,
                 int height, float* out);

}  // namespace kantei::nn
