// Canny edge count that equals OpenCV's Canny(image, low, high, 3, L2gradient = false), without its edge
// picture.
#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "kantei/authenticity/realism_kernels.h"
#include "kantei/base/cpu.h"

namespace kantei::authenticity::internal {
namespace {

constexpr int kWords = kSquare / 64;  // of 64 pixels each
using BitRow = std::array<std::uint64_t, kWords>;

// One row of int16 with a value before and after it. 16 in front keep the data aligned for vectors.
struct PaddedRow {
  alignas(64) std::array<std::int16_t, kSquare + 64> storage{};
  std::int16_t* data() { return storage.data() + 32; }
  const std::int16_t* data() const { return storage.data() + 32; }
};

struct GradientRow {
  PaddedRow dx, dy, magnitude;  // magnitude is 0 outside the picture
};

// Sobel sums down the three rows: smooth = above + 2·centre + below, step = below - above.
KANTEI_MULTIARCH void SobelColumns(const std::uint8_t* __restrict__ above,
                                   const std::uint8_t* __restrict__ centre,
                                   const std::uint8_t* __restrict__ below, std::int16_t* __restrict__ smooth,
                                   std::int16_t* __restrict__ step) {
  for (int x = 0; x < kSquare; ++x) {
    smooth[x] = static_cast<std::int16_t>(above[x] + 2 * centre[x] + below[x]);
    step[x] = static_cast<std::int16_t>(below[x] - above[x]);
  }
}

KANTEI_MULTIARCH void SobelRow(const std::int16_t* __restrict__ smooth, const std::int16_t* __restrict__ step,
                               std::int16_t* __restrict__ dx, std::int16_t* __restrict__ dy,
                               std::int16_t* __restrict__ magnitude) {
  for (int x = 0; x < kSquare; ++x) {
    const auto gx = static_cast<std::int16_t>(smooth[x + 1] - smooth[x - 1]);
    const auto gy = static_cast<std::int16_t>(step[x - 1] + 2 * step[x] + step[x + 1]);
    dx[x] = gx;
    dy[x] = gy;
    const auto ax = static_cast<std::int16_t>(gx < 0 ? -gx : gx);
    const auto ay = static_cast<std::int16_t>(gy < 0 ? -gy : gy);
    magnitude[x] = static_cast<std::int16_t>(ax + ay);
  }
}

// Non-maximum suppression of one row: bit 0 of out[x] = a maximum above low, bit 1 = also above high.
// OpenCV compares |gy|·2^15 with |gx|·13573 (tan 22.5°) and with that + |gx|·2^16 (tan 67.5°). As 13573 is
// odd, the product is no multiple of 2^15 unless gx = 0, so the comparison with its floor is the same one, in
// 16 bits.
KANTEI_MULTIARCH void SuppressRow(const std::int16_t* __restrict__ dx, const std::int16_t* __restrict__ dy,
                                  const std::int16_t* __restrict__ above,
                                  const std::int16_t* __restrict__ centre,
                                  const std::int16_t* __restrict__ below, std::int16_t low, std::int16_t high,
                                  std::uint8_t* __restrict__ out) {
  for (int x = 0; x < kSquare; ++x) {
    const std::int16_t gx = dx[x], gy = dy[x], m = centre[x];
    const auto ax = static_cast<std::int16_t>(gx < 0 ? -gx : gx);
    const auto ay = static_cast<std::int16_t>(gy < 0 ? -gy : gy);
    const auto tangent = static_cast<std::int16_t>((ax * 27146) >> 16);  // floor(ax·13573 / 2^15)
    const auto beyond = static_cast<std::int16_t>(ay - 2 * ax);
    // All neighbours are read whatever the direction, so that every instruction set can do this without
    // branches.
    const std::int16_t left = centre[x - 1], right = centre[x + 1];
    const std::int16_t top_left = above[x - 1], top = above[x], top_right = above[x + 1];
    const std::int16_t bottom_left = below[x - 1], bottom = below[x], bottom_right = below[x + 1];
    const bool flat = ay <= tangent, steep = beyond > tangent,
               falling = static_cast<std::int16_t>(gx ^ gy) < 0;
    // The first neighbour must be smaller; the second may be equal (one less is smaller) except on diagonals.
    std::int16_t first = falling ? top_right : top_left, second = falling ? bottom_left : bottom_right;
    first = steep ? top : first;
    second = steep ? static_cast<std::int16_t>(bottom - 1) : second;
    first = flat ? left : first;
    second = flat ? static_cast<std::int16_t>(right - 1) : second;
    const std::int16_t rival = std::max(std::max(first, second), low);
    out[x] = static_cast<std::uint8_t>((m > rival ? 1 : 0) + (m > std::max(rival, high) ? 2 : 0));
  }
}

// Bit `bit` of 512 bytes as 512 bits, pixel 0 lowest.
void PackBits(const std::uint8_t* bytes, int bit, BitRow* bits) {
  for (int w = 0; w < kWords; ++w) {
    std::uint64_t word = 0;
    for (int group = 0; group < 8; ++group) {
      std::uint64_t eight;
      std::memcpy(&eight, bytes + w * 64 + group * 8, 8);
      // The lowest bits of eight bytes gather in the top byte (x86 and ARM are little-endian).
      eight = ((eight >> bit) & 0x0101010101010101ull) * 0x0102040810204080ull >> 56;
      word |= eight << (group * 8);
    }
    (*bits)[static_cast<std::size_t>(w)] = word;
  }
}

// Extends `seed` along the runs of `mask` towards higher bits: a carry runs through the ones of the mask.
std::uint64_t FillUp(std::uint64_t mask, std::uint64_t seed) {
  return (((mask + seed) ^ mask) & mask) | seed;
}

// The same towards lower bits, by doubling steps.
std::uint64_t FillDown(std::uint64_t mask, std::uint64_t seed) {
  for (int step = 1; step < 64; step *= 2) {
    seed |= mask & (seed >> step);
    mask &= mask >> step;
  }
  return seed;
}

// Adds to `edge` all of `mask` that is joined to `edge` or (8-connected) to `neighbour`; true when edge grew.
bool GrowRow(const BitRow& mask, const BitRow& neighbour, BitRow* edge) {
  BitRow grown;
  std::uint64_t any_new = 0;
  for (std::size_t w = 0; w < kWords; ++w) {
    const std::uint64_t n = neighbour[w];
    const std::uint64_t from_left = w > 0 ? neighbour[w - 1] >> 63 : 0;
    const std::uint64_t from_right = w + 1 < kWords ? neighbour[w + 1] << 63 : 0;
    grown[w] = mask[w] & (n | (n << 1) | from_left | (n >> 1) | from_right);
    any_new |= grown[w] & ~(*edge)[w];
  }
  if (any_new == 0) return false;
  std::uint64_t carry = 0;
  for (std::size_t w = 0; w < kWords; ++w) {
    std::uint64_t seed = grown[w] | (*edge)[w] | (carry & mask[w]);
    if (seed != mask[w]) seed = FillUp(mask[w], seed);
    grown[w] = seed;
    carry = seed >> 63;
  }
  carry = 0;
  for (std::size_t w = kWords; w-- > 0;) {
    std::uint64_t seed = grown[w] | (carry & mask[w]);
    if (seed != mask[w]) seed = FillDown(mask[w], seed);
    (*edge)[w] = seed;
    carry = seed << 63;
  }
  return true;
}

struct EdgeMaps {
  // Row y of the picture is entry y + 1; the entries around it stay empty.
  std::array<BitRow, kSquare + 2> mask{}, edge{};
};

// Hysteresis: sweeps down and up until no row grows. A row is looked at only when a neighbour grew since.
int Trace(EdgeMaps* maps) {
  std::array<bool, kSquare + 2> dirty;
  for (int y = 1; y <= kSquare; ++y) {
    const auto at = static_cast<std::size_t>(y);
    dirty[at] = true;
    // Seeds spread along their own row first.
    GrowRow(maps->mask[at], maps->edge[at], &maps->edge[at]);
  }
  dirty.front() = dirty.back() = false;
  bool again = true;
  const auto visit = [&](std::size_t y) {
    if (!dirty[y]) return;
    dirty[y] = false;
    const bool a = GrowRow(maps->mask[y], maps->edge[y - 1], &maps->edge[y]);
    const bool b = GrowRow(maps->mask[y], maps->edge[y + 1], &maps->edge[y]);
    if (a || b) {
      dirty[y - 1] = y > 1;
      dirty[y + 1] = y < kSquare;
      again = true;
    }
  };
  while (again) {
    again = false;
    for (std::size_t y = 1; y <= kSquare; ++y) visit(y);
    for (std::size_t y = kSquare; y >= 1; --y) visit(y);
  }
  int count = 0;
  for (const BitRow& row : maps->edge) {
    for (const std::uint64_t word : row) count += __builtin_popcountll(word);
  }
  return count;
}

}  // namespace

int CountCannyEdges(const std::uint8_t* grey, int low, int high) {
  std::array<GradientRow, 3> rows;
  static constexpr PaddedRow kOutside{};
  PaddedRow smooth, step;
  EdgeMaps maps;

  const auto line = [&](int y) {
    return grey + static_cast<std::ptrdiff_t>(std::clamp(y, 0, kSquare - 1)) * kSquare;
  };
  const auto gradient = [&](int y) {
    SobelColumns(line(y - 1), line(y), line(y + 1), smooth.data(), step.data());
    for (PaddedRow* padded : {&smooth, &step}) {  // replicated border
      padded->data()[-1] = padded->data()[0];
      padded->data()[kSquare] = padded->data()[kSquare - 1];
    }
    GradientRow& row = rows[static_cast<std::size_t>(y % 3)];
    SobelRow(smooth.data(), step.data(), row.dx.data(), row.dy.data(), row.magnitude.data());
  };

  std::array<std::uint8_t, kSquare> classes;
  gradient(0);
  for (int y = 0; y < kSquare; ++y) {
    if (y + 1 < kSquare) gradient(y + 1);
    const GradientRow& row = rows[static_cast<std::size_t>(y % 3)];
    const PaddedRow& above = y > 0 ? rows[static_cast<std::size_t>((y + 2) % 3)].magnitude : kOutside;
    const PaddedRow& below =
        y + 1 < kSquare ? rows[static_cast<std::size_t>((y + 1) % 3)].magnitude : kOutside;
    SuppressRow(row.dx.data(), row.dy.data(), above.data(), row.magnitude.data(), below.data(),
                static_cast<std::int16_t>(low), static_cast<std::int16_t>(high), classes.data());
    const auto at = static_cast<std::size_t>(y) + 1;
    PackBits(classes.data(), 0, &maps.mask[at]);
    PackBits(classes.data(), 1, &maps.edge[at]);
  }
  return Trace(&maps);
}

}  // namespace kantei::authenticity::internal
