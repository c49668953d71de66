#include "kantei/copy/pdq.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <vector>

#include "kantei/base/cpu.h"

namespace kantei::copy {
namespace {

constexpr int kGrid = 64;  // samples per axis
constexpr int kBand = 16;  // DCT coefficients per axis: frequencies 1..16

using Grid = std::array<std::array<float, kGrid>, kGrid>;
using Coefficients = std::array<float, kBand * kBand>;  // row-major, row = vertical frequency - 1

// The filter and the sampling along one axis are linear, so both box passes and the choice of 64 points fold
// into 64 short weight vectors over the pixels: every pixel is then read about once instead of four times.
struct AxisWeights {
  struct Sample {
    int first = 0;           // pixel of the first weight
    int count = 0;           // weights
    std::size_t offset = 0;  // of the first weight in `weights`
  };
  std::array<Sample, kGrid> samples;
  std::vector<float> weights;
};

// `full` pixels along the axis of the picture, of which `stored` <= full are in memory, each the mean of full
// / stored.
AxisWeights MakeAxisWeights(int full, int stored) {
  const int window = (full + 127) / 128;
  const int before = window - (window + 2) / 2;  // the box covers [i - before, i + after], cut at the ends
  const int after = window - 1 - before;
  const auto low = [&](int i) { return std::max(0, i - before); };
  const auto high = [&](int i) { return std::min(full - 1, i + after); };

  AxisWeights axis;
  std::vector<double> steps, taps;
  for (int s = 0; s < kGrid; ++s) {
    const int centre = static_cast<int>((s + 0.5) * full / kGrid);
    // A box of boxes: each pixel of the outer box adds its own box, entered as a rise and a fall.
    const int begin = low(low(centre)), end = high(high(centre)) + 1;
    steps.assign(static_cast<std::size_t>(end - begin) + 1, 0.0);
    const double outer = 1.0 / (high(centre) - low(centre) + 1);
    for (int j = low(centre); j <= high(centre); ++j) {
      const double share = outer / (high(j) - low(j) + 1);
      steps[static_cast<std::size_t>(low(j) - begin)] += share;
      steps[static_cast<std::size_t>(high(j) + 1 - begin)] -= share;
    }
    auto& sample = axis.samples[static_cast<std::size_t>(s)];
    sample.offset = axis.weights.size();
    double weight = 0;
    if (stored == full) {
      sample.first = begin;
      sample.count = end - begin;
      for (int k = 0; k < sample.count; ++k) {
        axis.weights.push_back(static_cast<float>(weight += steps[static_cast<std::size_t>(k)]));
      }
      continue;
    }
    // Pixel k of the full picture covers [k, k + 1) × stored / full of the pixels in memory.
    const double scale = static_cast<double>(stored) / full;
    const auto cell = [&](double at) { return std::min(static_cast<int>(at), stored - 1); };
    sample.first = cell(begin * scale);
    sample.count = cell(end * scale) - sample.first + 1;
    taps.assign(static_cast<std::size_t>(sample.count), 0.0);
    for (int k = begin; k < end; ++k) {
      weight += steps[static_cast<std::size_t>(k - begin)];
      const double left = k * scale, right = (k + 1) * scale;
      for (int p = cell(left); p <= cell(right); ++p) {
        const double overlap = std::min(right, p + 1.0) - std::max(left, static_cast<double>(p));
        if (overlap > 0) taps[static_cast<std::size_t>(p - sample.first)] += weight * overlap / scale;
      }
    }
    for (const double tap : taps) axis.weights.push_back(static_cast<float>(tap));
  }
  return axis;
}

KANTEI_MULTIARCH void AddFourRows(const std::uint8_t* __restrict__ a, const std::uint8_t* __restrict__ b,
                                  const std::uint8_t* __restrict__ c, const std::uint8_t* __restrict__ d,
                                  const float* weights, float* __restrict__ sum, std::size_t count) {
  const float wa = weights[0], wb = weights[1], wc = weights[2], wd = weights[3];
  for (std::size_t x = 0; x < count; ++x) {
    sum[x] += (wa * static_cast<float>(a[x]) + wb * static_cast<float>(b[x])) +
              (wc * static_cast<float>(c[x]) + wd * static_cast<float>(d[x]));
  }
}

KANTEI_MULTIARCH void AddRow(const std::uint8_t* __restrict__ a, float weight, float* __restrict__ sum,
                             std::size_t count) {
  for (std::size_t x = 0; x < count; ++x) sum[x] += weight * static_cast<float>(a[x]);
}

KANTEI_MULTIARCH void RgbToLuma(const float* __restrict__ rgb, float* __restrict__ luma, std::size_t count) {
  for (std::size_t x = 0; x < count; ++x) {
    luma[x] = 0.299f * rgb[3 * x] + 0.587f * rgb[3 * x + 1] + 0.114f * rgb[3 * x + 2];
  }
}

KANTEI_MULTIARCH float Dot(const float* __restrict__ a, const float* __restrict__ b, int count) {
  float lanes[16] = {};
  int k = 0;
  for (; k + 16 <= count; k += 16) {
    for (int lane = 0; lane < 16; ++lane) lanes[lane] += a[k + lane] * b[k + lane];
  }
  float sum = 0;
  for (; k < count; ++k) sum += a[k] * b[k];
  for (const float lane : lanes) sum += lane;
  return sum;
}

Grid SampleGrid(const image::Image& image, int original_width, int original_height) {
  KANTEI_CHECK(!image.empty());
  const AxisWeights rows = MakeAxisWeights(std::max(original_height, image.height()), image.height());
  const AxisWeights columns = MakeAxisWeights(std::max(original_width, image.width()), image.width());
  const std::size_t count = image.stride();
  std::vector<float> sum(count), luma(static_cast<std::size_t>(image.width()));
  Grid grid;
  for (std::size_t i = 0; i < kGrid; ++i) {
    const auto& sample = rows.samples[i];
    const float* weights = rows.weights.data() + sample.offset;
    std::fill(sum.begin(), sum.end(), 0.0f);
    int k = 0;
    for (; k + 4 <= sample.count; k += 4) {
      const int y = sample.first + k;
      AddFourRows(image.row(y), image.row(y + 1), image.row(y + 2), image.row(y + 3), weights + k, sum.data(),
                  count);
    }
    for (; k < sample.count; ++k) AddRow(image.row(sample.first + k), weights[k], sum.data(), count);

    const float* line = sum.data();
    if (image.channels() == 3) {
      RgbToLuma(sum.data(), luma.data(), luma.size());
      line = luma.data();
    }
    for (std::size_t j = 0; j < kGrid; ++j) {
      const auto& across = columns.samples[j];
      grid[i][j] = Dot(line + across.first, columns.weights.data() + across.offset, across.count);
    }
  }
  return grid;
}

// Sum of the steps between neighbours in percent of the full range, each cut to a whole number, over 90.
int Quality(const Grid& grid) {
  int sum = 0;
  const auto step = [](float u, float v) { return std::abs(static_cast<int>((u - v) * 100 / 255)); };
  for (std::size_t i = 0; i < kGrid; ++i) {
    for (std::size_t j = 0; j < kGrid; ++j) {
      if (i + 1 < kGrid) sum += step(grid[i][j], grid[i + 1][j]);
      if (j + 1 < kGrid) sum += step(grid[i][j], grid[i][j + 1]);
    }
  }
  return std::min(100, sum / 90);
}

// cosines[k][f]: DCT-II basis of frequency f + 1 at sample k.
using Basis = std::array<std::array<float, kBand>, kGrid>;
const Basis& DctBasis() {
  static const Basis basis = [] {
    Basis made;
    for (std::size_t k = 0; k < kGrid; ++k) {
      for (std::size_t f = 0; f < kBand; ++f) {
        const auto turns = static_cast<double>((f + 1) * (2 * k + 1));
        made[k][f] =
            static_cast<float>(std::sqrt(2.0 / kGrid) * std::cos(std::numbers::pi / (2 * kGrid) * turns));
      }
    }
    return made;
  }();
  return basis;
}

Coefficients Dct(const Grid& grid) {
  const Basis& basis = DctBasis();
  std::array<std::array<float, kGrid>, kBand> vertical{};
  for (std::size_t k = 0; k < kGrid; ++k) {
    for (std::size_t f = 0; f < kBand; ++f) {
      for (std::size_t j = 0; j < kGrid; ++j) vertical[f][j] += basis[k][f] * grid[k][j];
    }
  }
  Coefficients out{};
  for (std::size_t i = 0; i < kBand; ++i) {
    for (std::size_t k = 0; k < kGrid; ++k) {
      for (std::size_t f = 0; f < kBand; ++f) out[kBand * i + f] += vertical[i][k] * basis[k][f];
    }
  }
  return out;
}

Code256 AboveMedian(const Coefficients& values) {
  Coefficients sorted = values;
  const auto middle =
      sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2 - 1);  // the lower median
  std::nth_element(sorted.begin(), middle, sorted.end());
  Code256 code;
  for (std::size_t k = 0; k < values.size(); ++k) {
    if (values[k] > *middle) code.set(static_cast<int>(k));
  }
  return code;
}

// Mirroring an axis negates its odd frequencies (index 0 is frequency 1); transposing exchanges the axes.
Code256 Variant(const Coefficients& values, bool mirror_rows, bool mirror_columns, bool transpose) {
  Coefficients out;
  for (std::size_t i = 0; i < kBand; ++i) {
    for (std::size_t j = 0; j < kBand; ++j) {
      const bool negate = (mirror_rows && i % 2 == 0) != (mirror_columns && j % 2 == 0);
      const float value = values[kBand * i + j];
      out[transpose ? kBand * j + i : kBand * i + j] = negate ? -value : value;
    }
  }
  return AboveMedian(out);
}

}  // namespace

PdqHash ComputePdq(const image::Image& image, int original_width, int original_height) {
  const Grid grid = SampleGrid(image, original_width, original_height);
  return {AboveMedian(Dct(grid)), Quality(grid)};
}

PdqHash ComputePdq(const image::Image& image) {
  return ComputePdq(image, image.width(), image.height());
}

PdqDihedral ComputePdqDihedral(const image::Image& image, int original_width, int original_height) {
  const Grid grid = SampleGrid(image, original_width, original_height);
  const Coefficients values = Dct(grid);
  PdqDihedral result;
  result.quality = Quality(grid);
  result.codes = {
      AboveMedian(values),                  // kOriginal
      Variant(values, false, true, true),   // kRotate90
      Variant(values, true, true, false),   // kRotate180
      Variant(values, true, false, true),   // kRotate270
      Variant(values, true, false, false),  // kFlipX
      Variant(values, false, true, false),  // kFlipY
      Variant(values, false, false, true),  // kFlipPlus1
      Variant(values, true, true, true),    // kFlipMinus1
  };
  return result;
}

PdqDihedral ComputePdqDihedral(const image::Image& image) {
  return ComputePdqDihedral(image, image.width(), image.height());
}

}  // namespace kantei::copy
