#include "kantei/authenticity/trace_dct.h"

#include <algorithm>
#include <cmath>

#include "kantei/base/cpu.h"

namespace kantei::authenticity::trace {
namespace {

// cos(kπ/16) / 2 for k = 1..7.
constexpr float kC1 = 0.49039264f, kC2 = 0.46193977f, kC3 = 0.41573481f, kC4 = 0.35355339f, kC5 = 0.27778512f,
                kC6 = 0.19134172f, kC7 = 0.09754516f;
constexpr std::size_t kChunk = 64;

// 64 columns with the bounds known to the compiler, so that it takes whole registers.
KANTEI_MULTIARCH void DctChunk(const float* const* in, float* const* out, std::size_t at) {
  const float* __restrict i0 = in[0] + at;
  const float* __restrict i1 = in[1] + at;
  const float* __restrict i2 = in[2] + at;
  const float* __restrict i3 = in[3] + at;
  const float* __restrict i4 = in[4] + at;
  const float* __restrict i5 = in[5] + at;
  const float* __restrict i6 = in[6] + at;
  const float* __restrict i7 = in[7] + at;
  float* __restrict o0 = out[0] + at;
  float* __restrict o1 = out[1] + at;
  float* __restrict o2 = out[2] + at;
  float* __restrict o3 = out[3] + at;
  float* __restrict o4 = out[4] + at;
  float* __restrict o5 = out[5] + at;
  float* __restrict o6 = out[6] + at;
  float* __restrict o7 = out[7] + at;
  for (std::size_t x = 0; x < kChunk; ++x) {
    const float s0 = i0[x] + i7[x], s1 = i1[x] + i6[x], s2 = i2[x] + i5[x], s3 = i3[x] + i4[x];
    const float d0 = i0[x] - i7[x], d1 = i1[x] - i6[x], d2 = i2[x] - i5[x], d3 = i3[x] - i4[x];
    const float a0 = s0 + s3, a1 = s1 + s2, a2 = s1 - s2, a3 = s0 - s3;
    o0[x] = (a0 + a1) * kC4;
    o4[x] = (a0 - a1) * kC4;
    o2[x] = a3 * kC2 + a2 * kC6;
    o6[x] = a3 * kC6 - a2 * kC2;
    o1[x] = d0 * kC1 + d1 * kC3 + d2 * kC5 + d3 * kC7;
    o3[x] = d0 * kC3 - d1 * kC7 - d2 * kC1 - d3 * kC5;
    o5[x] = d0 * kC5 - d1 * kC1 + d2 * kC7 + d3 * kC3;
    o7[x] = d0 * kC7 - d1 * kC5 + d2 * kC3 - d3 * kC1;
  }
}

// Adds how many of the frequencies 1..7 are not zero; floats, since mixed widths vectorise badly.
KANTEI_MULTIARCH void AddNonZero(const float* const* rows, float* __restrict sums, std::size_t count) {
  const float* __restrict r1 = rows[1];
  const float* __restrict r2 = rows[2];
  const float* __restrict r3 = rows[3];
  const float* __restrict r4 = rows[4];
  const float* __restrict r5 = rows[5];
  const float* __restrict r6 = rows[6];
  const float* __restrict r7 = rows[7];
  const auto nonzero = [](float value) { return std::abs(value) >= 0.5f ? 1.0f : 0.0f; };
  for (std::size_t x = 0; x < count; ++x) {
    sums[x] += nonzero(r1[x]) + nonzero(r2[x]) + nonzero(r3[x]) + nonzero(r4[x]) + nonzero(r5[x]) +
               nonzero(r6[x]) + nonzero(r7[x]);
  }
}

KANTEI_MULTIARCH void LumaRow(const std::uint8_t* __restrict rgb, float* __restrict out, int count) {
  for (int x = 0; x < count; ++x) {
    out[x] = 0.299f * static_cast<float>(rgb[3 * x]) + 0.587f * static_cast<float>(rgb[3 * x + 1]) +
             0.114f * static_cast<float>(rgb[3 * x + 2]);
  }
}

std::size_t Padded(int count) {
  return (static_cast<std::size_t>(count) + kChunk - 1) / kChunk * kChunk;
}

}  // namespace

image::Plane LumaTile(const image::Image& picture, int x, int y, int width, int height) {
  image::Plane tile(width, height);
  const int channels = picture.channels();
  const int from = std::clamp(x, 0, picture.width() - 1),
            to = std::clamp(x + width, from + 1, picture.width());
  for (int row = 0; row < height; ++row) {
    const std::uint8_t* in = picture.row(std::clamp(y + row, 0, picture.height() - 1));
    float* out = tile.row(row);
    // Tile columns of the part inside the picture; the rest repeats its ends.
    const int first = std::clamp(from - x, 0, width - 1), count = std::min(to - from, width - first);
    if (channels == 3) {
      LumaRow(in + 3 * from, out + first, count);
    } else {
      for (int i = 0; i < count; ++i) out[first + i] = static_cast<float>(in[from + i]);
    }
    for (int i = 0; i < first; ++i) out[i] = out[first];
    for (int i = first + count; i < width; ++i) out[i] = out[first + count - 1];
  }
  return tile;
}

void Dct8(const float* const in[8], float* const out[8], std::size_t count) {
  std::size_t at = 0;
  for (; at + kChunk <= count; at += kChunk) DctChunk(in, out, at);
  if (at == count) return;
  std::array<std::array<float, kChunk>, 16> spare{};
  const float* part_in[8];
  float* part_out[8];
  for (std::size_t k = 0; k < 8; ++k) {
    std::copy(in[k] + at, in[k] + count, spare[k].begin());
    part_in[k] = spare[k].data();
    part_out[k] = spare[8 + k].data();
  }
  DctChunk(part_in, part_out, 0);
  for (std::size_t k = 0; k < 8; ++k)
    std::copy_n(spare[8 + k].begin(), static_cast<std::ptrdiff_t>(count - at), out[k] + at);
}

ZeroCounts CountZeros(const image::Plane& luma) {
  ZeroCounts zeros;
  zeros.width = std::max(0, luma.width - 7);
  zeros.height = std::max(0, luma.height - 7);
  if (zeros.width == 0 || zeros.height == 0) return zeros;
  const auto count = static_cast<std::size_t>(zeros.width);
  const std::size_t stride = Padded(zeros.width);
  zeros.counts.resize(count * static_cast<std::size_t>(zeros.height));
  // Eight rows of eight horizontal frequencies; row y stands in slot y % 8.
  std::vector<float> ring(64 * stride), vertical(8 * stride), mixed(stride), along_y(stride), along_x(stride);
  for (int y = 0; y < luma.height; ++y) {
    const float* in[8];
    float* out[8];
    for (std::size_t k = 0; k < 8; ++k) {
      in[k] = luma.row(y) + k;
      out[k] = ring.data() + (static_cast<std::size_t>(y % 8) * 8 + k) * stride;
    }
    Dct8(in, out, count);
    if (y < 7) continue;
    std::fill(mixed.begin(), mixed.end(), 0.0f);
    std::fill(along_x.begin(), along_x.end(), 0.0f);
    std::fill(along_y.begin(), along_y.end(), 0.0f);
    for (std::size_t u = 0; u < 8; ++u) {
      const float* frequency[8];
      for (std::size_t v = 0; v < 8; ++v) {
        in[v] = ring.data() + (static_cast<std::size_t>((y - 7 + static_cast<int>(v)) % 8) * 8 + u) * stride;
        out[v] = vertical.data() + v * stride;
        frequency[v] = out[v];
      }
      Dct8(in, out, count);
      if (u == 0) {
        AddNonZero(frequency, along_y.data(), count);
      } else {
        AddNonZero(frequency, mixed.data(), count);
        for (std::size_t x = 0; x < count; ++x) along_x[x] += std::abs(frequency[0][x]) >= 0.5f ? 1.0f : 0.0f;
      }
    }
    std::uint8_t* row = zeros.counts.data() + static_cast<std::size_t>(y - 7) * count;
    for (std::size_t x = 0; x < count; ++x) {
      const float others = mixed[x];
      const bool constant = others + along_x[x] == 0 || others + along_y[x] == 0;
      row[x] = constant ? kConstantBlock : static_cast<std::uint8_t>(63 - others - along_x[x] - along_y[x]);
    }
  }
  return zeros;
}

LowCoefficients MakeLowCoefficients(int width, int height, int phase_x, int phase_y) {
  LowCoefficients made;
  made.phase_x = phase_x;
  made.phase_y = phase_y;
  made.across = std::max(0, (width - phase_x) / 8);
  made.down = std::max(0, (height - phase_y) / 8);
  if (made.across == 0 || made.down == 0) made.across = made.down = 0;
  made.values.resize(static_cast<std::size_t>(made.across) * static_cast<std::size_t>(made.down) *
                     kLowFrequencies.size());
  made.clipped.resize(static_cast<std::size_t>(made.across) * static_cast<std::size_t>(made.down));
  return made;
}

void TransformBlockRow(const image::Image& picture, int block_row, LowCoefficients* coefficients) {
  const auto across = static_cast<std::size_t>(coefficients->across);
  const image::Plane luma = LumaTile(picture, coefficients->phase_x, coefficients->phase_y + 8 * block_row,
                                     8 * coefficients->across, 8);
  std::uint8_t* clipped = coefficients->clipped.data() + static_cast<std::size_t>(block_row) * across;
  const std::size_t samples = 8 * static_cast<std::size_t>(picture.channels());
  for (int y = 0; y < 8; ++y) {
    const std::uint8_t* row = picture.row(coefficients->phase_y + 8 * block_row + y) +
                              static_cast<std::ptrdiff_t>(coefficients->phase_x) * picture.channels();
    for (std::size_t b = 0; b < across; ++b) {
      std::uint8_t any = 0;
      for (std::size_t i = 0; i < samples; ++i) any |= row[b * samples + i] < 3 || row[b * samples + i] > 252;
      clipped[b] |= any;
    }
  }
  // Down the columns first, then along the rows with the blocks side by side.
  const std::size_t width = 8 * across;
  std::vector<float> vertical(8 * width), turned(8 * across), result(8 * across);
  const float* in[8];
  float* out[8];
  for (std::size_t k = 0; k < 8; ++k) {
    in[k] = luma.row(static_cast<int>(k));
    out[k] = vertical.data() + k * width;
  }
  Dct8(in, out, width);
  std::int16_t* values =
      coefficients->values.data() + static_cast<std::size_t>(block_row) * across * kLowFrequencies.size();
  for (std::size_t v = 0; v < 6; ++v) {
    for (std::size_t b = 0; b < across; ++b) {
      for (std::size_t k = 0; k < 8; ++k) turned[k * across + b] = vertical[v * width + 8 * b + k];
    }
    for (std::size_t k = 0; k < 8; ++k) {
      in[k] = turned.data() + k * across;
      out[k] = result.data() + k * across;
    }
    Dct8(in, out, across);
    for (std::size_t i = 0; i < kLowFrequencies.size(); ++i) {
      if (static_cast<std::size_t>(kLowFrequencies[i]) / 8 != v) continue;
      const float* row = result.data() + static_cast<std::size_t>(kLowFrequencies[i] % 8) * across;
      for (std::size_t b = 0; b < across; ++b)
        values[b * kLowFrequencies.size() + i] =
            static_cast<std::int16_t>(std::lround(std::clamp(row[b] * 16, -32767.0f, 32767.0f)));
    }
  }
}

}  // namespace kantei::authenticity::trace
