// The kernel of every resize: separable weights, one output row at a time. Private to image/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kantei::image {

/// For each of the output positions of one axis: which source positions count, with weights that sum to
/// 65536.
struct AxisTaps {
  std::vector<std::int32_t> first;     ///< first source position of output i
  std::vector<std::int32_t> offset;    ///< weights of output i are [offset[i], offset[i + 1])
  std::vector<std::uint32_t> weights;  ///< 16-bit fixed point
  int count(std::size_t i) const { return offset[i + 1] - offset[i]; }
};

/// Area averaging when to < from, the identity when equal, bilinear when to > from. from, to >= 1.
AxisTaps MakeTaps(int from, int to);

/// Resizes interleaved 8-bit rows of 1, 3 or 4 channels. A flat picture stays exactly flat.
class RowResizer {
 public:
  RowResizer(int from_width, int from_height, int channels, int to_width, int to_height);

  /// Takes the source rows in order and writes output rows to `out` (to_width × to_height × channels) as they
  /// become complete: memory does not grow with the source. Only when to_height <= from_height.
  void PushRow(const std::uint8_t* row, std::uint8_t* out);
  /// The number of output rows that PushRow has completed.
  int rows_done() const { return next_out_; }
  /// Resizes a whole picture at once.
  void Run(const std::uint8_t* pixels, std::uint8_t* out);

 private:
  void Emit(std::uint8_t* out_row);

  int channels_, to_height_;
  std::size_t from_stride_, to_stride_;
  AxisTaps across_, down_;
  bool same_width_;
  std::vector<std::uint32_t>
      sums_;  ///< one row of weighted sums, padded so that four lanes can be read anywhere
  int next_in_ = 0, next_out_ = 0;
};

}  // namespace kantei::image
