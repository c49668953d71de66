#include "kantei/dataset/edit_detail.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "kantei/base/cpu.h"
#include "kantei/dataset/edit_math.h"

namespace kantei::dataset {
namespace {

KANTEI_MULTIARCH void AddWeighted(std::uint32_t* __restrict__ sums, const std::uint8_t* __restrict__ row,
                                  std::size_t count, std::uint32_t weight) {
  for (std::size_t i = 0; i < count; ++i) sums[i] += weight * row[i];
}

KANTEI_MULTIARCH void AddPair(std::uint32_t* __restrict__ sums, const std::uint8_t* __restrict__ a,
                              const std::uint8_t* __restrict__ b, std::size_t count, std::uint32_t weight) {
  for (std::size_t i = 0; i < count; ++i)
    sums[i] += weight * (static_cast<std::uint32_t>(a[i]) + static_cast<std::uint32_t>(b[i]));
}

KANTEI_MULTIARCH void RoundSums(const std::uint32_t* __restrict__ sums, std::uint8_t* __restrict__ out,
                                std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::uint8_t>((sums[i] + 32768) >> 16);
}

/// picture + (picture - blurred) · amount, amount in 256ths.
KANTEI_MULTIARCH void Unsharp(std::uint8_t* __restrict__ picture, const std::uint8_t* __restrict__ blurred,
                              std::size_t count, std::int32_t amount) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t value = picture[i] + (((picture[i] - blurred[i]) * amount + 128) >> 8);
    picture[i] = static_cast<std::uint8_t>(std::clamp(value, 0, 255));
  }
}

KANTEI_MULTIARCH void AddNoise(std::uint8_t* __restrict__ picture, const std::int16_t* __restrict__ noise,
                               std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    picture[i] = static_cast<std::uint8_t>(std::clamp(picture[i] + noise[i], 0, 255));
}

/// Half a kernel, middle first, in 16-bit fixed point; middle + 2 × the rest is exactly 65536.
std::vector<std::uint32_t> HalfKernel(double sigma) {
  const int radius = std::clamp(static_cast<int>(std::ceil(3 * sigma)), 1, 120);
  std::vector<double> exact(static_cast<std::size_t>(radius) + 1);
  double sum = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const double x = static_cast<double>(i) / sigma;
    exact[i] = Exp(-x * x / 2);
    sum += i == 0 ? exact[i] : 2 * exact[i];
  }
  std::vector<std::uint32_t> kernel(exact.size());
  std::uint32_t rest = 0;
  for (std::size_t i = 1; i < exact.size(); ++i) {
    kernel[i] = static_cast<std::uint32_t>(Round(exact[i] / sum * 65536));
    rest += 2 * kernel[i];
  }
  kernel[0] = 65536 - rest;
  return kernel;
}

}  // namespace

void GaussianBlur(Image* picture, double sigma) {
  if (sigma < 0.2) return;
  const std::vector<std::uint32_t> kernel = HalfKernel(sigma);
  const int radius = static_cast<int>(kernel.size()) - 1, w = picture->width(), h = picture->height();
  const std::size_t stride = picture->stride(), margin = static_cast<std::size_t>(radius) * 3;
  std::vector<std::uint32_t> sums(stride);
  std::vector<std::uint8_t> padded(stride + 2 * margin);
  Image across(w, h, 3);
  for (int y = 0; y < h; ++y) {
    const std::uint8_t* row = picture->row(y);
    std::memcpy(padded.data() + margin, row, stride);
    for (std::size_t i = 0; i < margin; i += 3) {
      std::memcpy(padded.data() + i, row, 3);
      std::memcpy(padded.data() + margin + stride + i, row + stride - 3, 3);
    }
    std::fill(sums.begin(), sums.end(), 0u);
    AddWeighted(sums.data(), padded.data() + margin, stride, kernel[0]);
    for (std::size_t k = 1; k < kernel.size(); ++k)
      AddPair(sums.data(), padded.data() + margin - 3 * k, padded.data() + margin + 3 * k, stride, kernel[k]);
    RoundSums(sums.data(), across.row(y), stride);
  }
  for (int y = 0; y < h; ++y) {
    std::fill(sums.begin(), sums.end(), 0u);
    AddWeighted(sums.data(), across.row(y), stride, kernel[0]);
    for (int k = 1; k <= radius; ++k)
      AddPair(sums.data(), across.row(std::max(0, y - k)), across.row(std::min(h - 1, y + k)), stride,
              kernel[static_cast<std::size_t>(k)]);
    RoundSums(sums.data(), picture->row(y), stride);
  }
}

void Sharpen(Image* picture, double sigma, double amount) {
  Image blurred = *picture;
  GaussianBlur(&blurred, sigma);
  Unsharp(picture->row(0), blurred.row(0), picture->pixels().size(), Round(amount * 256));
}

void Noise(Image* picture, double sigma, bool coloured, Random& random) {
  // The sum of four uniform bytes is normal enough (standard deviation 147.8) and costs half a random word.
  const std::int32_t scale = Round(sigma / 147.8 * 65536);
  const auto normal = [scale](std::uint64_t bits) {
    const auto sum =
        static_cast<std::int32_t>((bits & 255) + (bits >> 8 & 255) + (bits >> 16 & 255) + (bits >> 24 & 255));
    return static_cast<std::int16_t>(((sum - 510) * scale + 32768) >> 16);
  };
  std::vector<std::int16_t> noise(picture->stride() + 6);
  for (int y = 0; y < picture->height(); ++y) {
    const std::size_t step = coloured ? 2 : 6;
    for (std::size_t i = 0; i < picture->stride(); i += step) {
      const std::uint64_t bits = random.Next();
      const std::int16_t first = normal(bits), second = normal(bits >> 32);
      if (coloured) {
        noise[i] = first;
        noise[i + 1] = second;
      } else {
        for (std::size_t c = 0; c < 3; ++c) {
          noise[i + c] = first;
          noise[i + 3 + c] = second;
        }
      }
    }
    AddNoise(picture->row(y), noise.data(), picture->stride());
  }
}

Image Pixelise(const Image& picture, double ratio) {
  const int w = picture.width(), h = picture.height();
  const int across = std::clamp(Round(w * ratio), 1, w), down = std::clamp(Round(h * ratio), 1, h);
  const Image small = image::Resize(picture, across, down);
  Image out(w, h, 3);
  int made = -1;
  for (int y = 0; y < h; ++y) {
    const int from = static_cast<int>(static_cast<std::int64_t>(y) * down / h);
    if (from == made) {
      std::memcpy(out.row(y), out.row(y - 1), out.stride());
      continue;
    }
    made = from;
    const std::uint8_t* row = small.row(from);
    std::uint8_t* to = out.row(y);
    for (int x = 0; x < w; ++x)
      std::memcpy(to + 3 * static_cast<std::ptrdiff_t>(x),
                  row + static_cast<std::int64_t>(x) * across / w * 3, 3);
  }
  return out;
}

void ShufflePixels(Image* picture, double share, Random& random) {
  const std::size_t count = picture->pixels().size() / 3;
  std::uint8_t* base = picture->row(0);
  const auto swaps = static_cast<std::size_t>(Round(share * static_cast<double>(count) / 2));
  for (std::size_t i = 0; i < swaps; ++i) {
    const std::uint64_t bits = random.Next();
    std::uint8_t* a = base + 3 * (((bits >> 32) * count) >> 32);
    std::uint8_t* b = base + 3 * (((bits & 0xFFFFFFFFu) * count) >> 32);
    for (int c = 0; c < 3; ++c) std::swap(a[c], b[c]);
  }
}

Image ShuffleTiles(const Image& picture, int across, int down, double share, Random& random) {
  across = std::clamp(across, 1, picture.width());
  down = std::clamp(down, 1, picture.height());
  // Whole tiles only: what the division leaves over stays at the right and bottom edges.
  const int w = picture.width() / across, h = picture.height() / down;
  const int count = across * down;
  std::vector<int> from(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) from[static_cast<std::size_t>(i)] = i;
  const int swaps = std::max(1, Round(share * count / 2));
  for (int i = 0; i < swaps; ++i) {
    const auto a = random.Below(static_cast<std::uint64_t>(count));
    const auto b = random.Below(static_cast<std::uint64_t>(count));
    std::swap(from[a], from[b]);
  }
  Image out = picture;
  for (int i = 0; i < count; ++i) {
    const int source = from[static_cast<std::size_t>(i)];
    if (source == i) continue;
    for (int y = 0; y < h; ++y) {
      std::memcpy(out.row(i / across * h + y) + 3 * static_cast<std::ptrdiff_t>(i % across * w),
                  picture.row(source / across * h + y) + 3 * static_cast<std::ptrdiff_t>(source % across * w),
                  static_cast<std::size_t>(w) * 3);
    }
  }
  return out;
}

}  // namespace kantei::dataset
