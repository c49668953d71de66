// Luma rows and 8×8 cosine transforms for many blocks at once. Private to authenticity.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kantei/image/image.h"

namespace kantei::authenticity::trace {

/// BT.601 luma 0..255, not rounded, of [x, x + width) × [y, y + height); positions outside repeat the nearest pixel.
image::Plane LumaTile(const image::Image& picture, int x, int y, int width, int height);

/// Orthonormal 8-point DCT-II (as in JPEG) of `count` columns: in[k] and out[k] are rows of at least `count` floats. The rows
/// may not overlap.
void Dct8(const float* const in[8], float* const out[8], std::size_t count);

/// For every block whose top left pixel is (x, y) of the tile, x < width - 7, y < height - 7: how many of its 63 AC
/// coefficients are below 0.5 in size. kConstantBlock where it is constant along x or along y, which says nothing about a grid.
inline constexpr std::uint8_t kConstantBlock = 255;
struct ZeroCounts {
  int width = 0, height = 0;
  std::vector<std::uint8_t> counts;  ///< row-major
};
ZeroCounts CountZeros(const image::Plane& luma);

/// The AC coefficients that the measures look at: the first of the zigzag, natural order (row × 8 + column).
inline constexpr std::array<int, 20> kLowFrequencies = {1,  8,  16, 9, 2, 3,  10, 17, 24, 32,
                                                        25, 18, 11, 4, 5, 12, 19, 26, 33, 40};

/// kLowFrequencies of all blocks of one grid, in sixteenths.
struct LowCoefficients {
  int phase_x = 0, phase_y = 0;      ///< the first block's top left pixel, 0..7
  int across = 0, down = 0;          ///< blocks; 0 when the picture is smaller than one
  std::vector<std::int16_t> values;  ///< [block row][block column][20]
  /// Blocks with pixels near black or white, which decoding clips: their coefficients are none of a quantiser's.
  std::vector<std::uint8_t> clipped;
  const std::int16_t* block(int bx, int by) const {
    return values.data() +
           (static_cast<std::size_t>(by) * static_cast<std::size_t>(across) + static_cast<std::size_t>(bx)) *
               kLowFrequencies.size();
  }
};
/// One row of blocks at a time.
void TransformBlockRow(const image::Image& picture, int block_row, LowCoefficients* coefficients);
/// Sizes set, values zero.
LowCoefficients MakeLowCoefficients(int width, int height, int phase_x, int phase_y);

}  // namespace kantei::authenticity::trace
