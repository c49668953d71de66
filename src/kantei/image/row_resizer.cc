#include "kantei/image/row_resizer.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kantei/base/cpu.h"

namespace kantei::image {
namespace {

constexpr std::uint32_t kOne = 65536;

KANTEI_MULTIARCH void Accumulate1(std::uint32_t* __restrict__ sums, const std::uint8_t* __restrict__ row,
                                  std::size_t count, std::uint32_t weight) {
  for (std::size_t i = 0; i < count; ++i) sums[i] += weight * row[i];
}

KANTEI_MULTIARCH void Accumulate4(std::uint32_t* __restrict__ sums, const std::uint8_t* __restrict__ a,
                                  const std::uint8_t* __restrict__ b, const std::uint8_t* __restrict__ c,
                                  const std::uint8_t* __restrict__ d, std::size_t count,
                                  const std::uint32_t* __restrict__ w) {
  const std::uint32_t wa = w[0], wb = w[1], wc = w[2], wd = w[3];
  for (std::size_t i = 0; i < count; ++i) sums[i] += wa * a[i] + wb * b[i] + wc * c[i] + wd * d[i];
}

/// Sums of 8.16 bits to rounded 8-bit values.
KANTEI_MULTIARCH void RoundRow(const std::uint32_t* __restrict__ sums, std::uint8_t* __restrict__ out,
                               std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::uint8_t>((sums[i] + 32768) >> 16);
}

/// Sums of 8.16 bits to 8.8 bits, so that a second weight of 16 bits still fits: 65280 × 65536 + 2^23 < 2^32.
KANTEI_MULTIARCH void NarrowRow(std::uint32_t* __restrict__ sums, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) sums[i] = (sums[i] + 128) >> 8;
}

using Lanes = std::uint32_t __attribute__((vector_size(16)));

template <int kChannels>
void AcrossLanes(const std::uint32_t* sums, const AxisTaps& taps, std::uint8_t* out) {
  const std::size_t count = taps.first.size();
  for (std::size_t x = 0; x < count; ++x) {
    const std::uint32_t* source = sums + static_cast<std::size_t>(taps.first[x]) * kChannels;
    const std::uint32_t* weight = taps.weights.data() + taps.offset[x];
    const int n = taps.count(x);
    constexpr std::uint32_t kHalf = 1u << 23;
    Lanes total = {kHalf, kHalf, kHalf, kHalf};
    for (int k = 0; k < n; ++k, source += kChannels) {
      Lanes value;
      std::memcpy(&value, source, sizeof value);
      total += value * weight[k];
    }
    for (int c = 0; c < kChannels; ++c)
      out[x * kChannels + static_cast<std::size_t>(c)] = static_cast<std::uint8_t>(total[c] >> 24);
  }
}

void AcrossGrey(const std::uint32_t* sums, const AxisTaps& taps, std::uint8_t* out) {
  const std::size_t count = taps.first.size();
  for (std::size_t x = 0; x < count; ++x) {
    const std::uint32_t* source = sums + taps.first[x];
    const std::uint32_t* weight = taps.weights.data() + taps.offset[x];
    const int n = taps.count(x);
    std::uint32_t total = 1u << 23;
    for (int k = 0; k < n; ++k) total += source[k] * weight[k];
    out[x] = static_cast<std::uint8_t>(total >> 24);
  }
}

void AreaTaps(int from, int to, AxisTaps* taps) {
  const double scale = static_cast<double>(from) / to;
  for (int i = 0; i < to; ++i) {
    const double begin = i * scale;
    const double end = std::min<double>(from, (i + 1) * scale);
    const int first = std::min(from - 1, static_cast<int>(std::floor(begin + 1e-9)));
    const int last = std::clamp(static_cast<int>(std::ceil(end - 1e-9)), first + 1, from);
    taps->first.push_back(first);
    // Differences of the rounded cumulative weight: the sum is exact however small each weight is.
    std::uint32_t before = 0;
    for (int k = first; k < last; ++k) {
      const double covered = std::clamp((k + 1 - begin) / (end - begin), 0.0, 1.0);
      const auto upto = k + 1 == last ? kOne : static_cast<std::uint32_t>(std::lround(covered * kOne));
      taps->weights.push_back(upto - before);
      before = upto;
    }
    taps->offset.push_back(static_cast<std::int32_t>(taps->weights.size()));
  }
}

void BilinearTaps(int from, int to, AxisTaps* taps) {
  const double scale = static_cast<double>(from) / to;
  for (int i = 0; i < to; ++i) {
    const double position = std::clamp((i + 0.5) * scale - 0.5, 0.0, static_cast<double>(from - 1));
    const int first = std::min(static_cast<int>(position), std::max(0, from - 2));
    const auto second = static_cast<std::uint32_t>(std::lround((position - first) * kOne));
    taps->first.push_back(first);
    taps->weights.push_back(kOne - second);
    if (from > 1) taps->weights.push_back(second);
    taps->offset.push_back(static_cast<std::int32_t>(taps->weights.size()));
  }
}

}  // namespace

AxisTaps MakeTaps(int from, int to) {
  AxisTaps taps;
  taps.offset.push_back(0);
  if (to <= from) {
    AreaTaps(from, to, &taps);
  } else {
    BilinearTaps(from, to, &taps);
  }
  return taps;
}

RowResizer::RowResizer(int from_width, int from_height, int channels, int to_width, int to_height)
    : channels_(channels),
      to_height_(to_height),
      from_stride_(static_cast<std::size_t>(from_width) * static_cast<std::size_t>(channels)),
      to_stride_(static_cast<std::size_t>(to_width) * static_cast<std::size_t>(channels)),
      across_(MakeTaps(from_width, to_width)),
      down_(MakeTaps(from_height, to_height)),
      same_width_(from_width == to_width),
      sums_(from_stride_ + 4) {}

void RowResizer::Emit(std::uint8_t* out_row) {
  if (same_width_) {
    RoundRow(sums_.data(), out_row, from_stride_);
  } else {
    NarrowRow(sums_.data(), from_stride_);
    switch (channels_) {
      case 1:
        AcrossGrey(sums_.data(), across_, out_row);
        break;
      case 3:
        AcrossLanes<3>(sums_.data(), across_, out_row);
        break;
      default:
        AcrossLanes<4>(sums_.data(), across_, out_row);
        break;
    }
  }
  std::fill(sums_.begin(), sums_.end(), 0u);
}

void RowResizer::PushRow(const std::uint8_t* row, std::uint8_t* out) {
  const int y = next_in_++;
  while (next_out_ < to_height_) {
    const auto i = static_cast<std::size_t>(next_out_);
    const int k = y - down_.first[i];
    if (k < 0 || k >= down_.count(i)) return;
    Accumulate1(sums_.data(), row, from_stride_,
                down_.weights[static_cast<std::size_t>(down_.offset[i] + k)]);
    if (k + 1 < down_.count(i)) return;
    Emit(out + i * to_stride_);
    ++next_out_;
  }
}

void RowResizer::Run(const std::uint8_t* pixels, std::uint8_t* out) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(to_height_); ++i) {
    const std::uint8_t* row = pixels + static_cast<std::size_t>(down_.first[i]) * from_stride_;
    const std::uint32_t* weight = down_.weights.data() + down_.offset[i];
    const int count = down_.count(i);
    int k = 0;
    for (; k + 4 <= count; k += 4, row += 4 * from_stride_) {
      Accumulate4(sums_.data(), row, row + from_stride_, row + 2 * from_stride_, row + 3 * from_stride_,
                  from_stride_, weight + k);
    }
    for (; k < count; ++k, row += from_stride_) Accumulate1(sums_.data(), row, from_stride_, weight[k]);
    Emit(out + i * to_stride_);
  }
}

}  // namespace kantei::image
