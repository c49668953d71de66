#include "kantei/nn/frequency_planes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numbers>

#include "kantei/base/cpu.h"
#include "kantei/base/parallel.h"
#include "kantei/base/result.h"

namespace kantei::nn {
namespace {

constexpr double kLowShare = 0.05;  // of each side's frequencies
constexpr double kEpsilon = 1e-8;

// db4: Daubechies' wavelet with four vanishing moments, scaling filter (Ten Lectures on Wavelets, table 6.1).
constexpr std::array<double, 8> kScaling = {0.2303778133088964,    0.7148465705529154,   0.6308807679298587,
                                            -0.027983769416859854, -0.18703481171888114, 0.030841381835986965,
                                            0.032883011666982945,  -0.010597401785069032};
constexpr int kTaps = 8, kReach = kTaps - 1, kBand = 2 * kReach + 1;

// out += factor * in
KANTEI_MULTIARCH void AddScaled(const float* __restrict__ in, float factor, std::size_t count,
                                float* __restrict__ out) {
  for (std::size_t i = 0; i < count; ++i) out[i] += factor * in[i];
}

KANTEI_MULTIARCH void AddProduct(const float* __restrict__ in, const float* __restrict__ factors,
                                 std::size_t count, float* __restrict__ out) {
  for (std::size_t i = 0; i < count; ++i) out[i] += factors[i] * in[i];
}

struct Matrix {
  std::size_t rows = 0, columns = 0;
  std::vector<float> values;
  Matrix(std::size_t r, std::size_t c) : rows(r), columns(c), values(r * c) {}
  float* row(std::size_t i) { return values.data() + i * columns; }
  const float* row(std::size_t i) const { return values.data() + i * columns; }
};

Matrix Transposed(const Matrix& a) {
  Matrix out(a.columns, a.rows);
  for (std::size_t i = 0; i < a.rows; ++i) {
    for (std::size_t j = 0; j < a.columns; ++j) out.row(j)[i] = a.row(i)[j];
  }
  return out;
}

// out += sign * a b, where b has rows of out's length.
void AddProductOf(const Matrix& a, const float* b, float sign, std::size_t columns, float* out) {
  for (std::size_t i = 0; i < a.rows; ++i) {
    for (std::size_t k = 0; k < a.columns; ++k)
      AddScaled(b + k * columns, sign * a.row(i)[k], columns, out + i * columns);
  }
}

Matrix Product(const Matrix& a, const float* b, std::size_t columns) {
  Matrix out(a.rows, columns);
  AddProductOf(a, b, 1, columns, out.values.data());
  return out;
}

// The lowest `count` rows of the orthonormal DCT-II matrix of this length.
Matrix LowRows(int count, int length) {
  Matrix rows(static_cast<std::size_t>(count), static_cast<std::size_t>(length));
  for (int k = 0; k < count; ++k) {
    const double scale = std::sqrt((k == 0 ? 1.0 : 2.0) / length);
    for (int n = 0; n < length; ++n) {
      rows.row(static_cast<std::size_t>(k))[n] =
          static_cast<float>(scale * std::cos(std::numbers::pi * k * (2 * n + 1) / (2.0 * length)));
    }
  }
  return rows;
}

// The transform is orthonormal: what a few low frequencies contribute is had from those few rows of its matrix, and a picture
// without them is the difference. No full transform is ever made.
struct LowRank {
  Matrix down, across, across_columns;  // rows for the height, for the width, and the latter transposed
  LowRank(int k_height, int height, int k_width, int width)
      : down(LowRows(k_height, height)),
        across(LowRows(k_width, width)),
        across_columns(Transposed(across)) {}
};

int RemovedByHigh(int side) {
  return static_cast<int>(kLowShare * side);
}
int KeptByLow(int side) {
  return side - static_cast<int>((1.0 - kLowShare) * side);
}

// out += sign * (the block of low frequencies of x)
void AddLowBlock(const LowRank& low, const float* x, float sign, float* out) {
  const std::size_t width = low.across.columns, height = low.down.columns;
  Matrix columns(height, low.across.rows);  // x times across^T
  const Matrix plane = [&] {
    Matrix m(height, width);
    std::copy_n(x, height * width, m.values.begin());
    return m;
  }();
  AddProductOf(plane, low.across_columns.values.data(), 1, low.across.rows, columns.values.data());
  const Matrix block = Product(low.down, columns.values.data(), low.across.rows);
  const Matrix rows = Product(block, low.across.values.data(), width);
  AddProductOf(Transposed(low.down), rows.values.data(), sign, width, out);
}

// The rows and columns of low frequencies together: Q x + x P - Q x P, with Q, P the projections on them.
void AddLowStrip(const LowRank& low, const float* x, float* out) {
  const std::size_t width = low.across.columns, height = low.down.columns;
  Matrix plane(height, width);
  std::copy_n(x, height * width, plane.values.begin());
  const Matrix columns = Product(plane, low.across_columns.values.data(), low.across.rows);
  Matrix rows = Product(low.down, x, width);
  const Matrix block = Product(low.down, columns.values.data(), low.across.rows);
  AddProductOf(block, low.across.values.data(), -1, width, rows.values.data());
  AddProductOf(columns, low.across.values.data(), 1, width, out);
  AddProductOf(Transposed(low.down), rows.values.data(), 1, width, out);
}

// Analysis and synthesis of one direction in one matrix, whose entries are within kReach of the diagonal:
// tap[t][i] multiplies x[i + t - kReach].
struct BandMatrix {
  std::array<std::vector<float>, kBand> tap;
};

BandMatrix WaveletBand(int side, Synthesis synthesis, bool with_high) {
  const bool flipped = synthesis == Synthesis::kFlipped;
  // Three zeros at each end give half as many coefficients, of which the border cannot be had back; six give all.
  const int padding = flipped ? 3 : 6;
  const int coefficients = (side + 2 * padding - kTaps) / 2 + 1;
  std::array<double, kTaps> wavelet{};
  for (int n = 0; n < kTaps; ++n)
    wavelet[static_cast<std::size_t>(n)] =
        (n % 2 == 0 ? 1 : -1) * kScaling[static_cast<std::size_t>(kReach - n)];
  BandMatrix band;
  for (int t = 0; t < kBand; ++t) {
    auto& tap = band.tap[static_cast<std::size_t>(t)];
    tap.resize(static_cast<std::size_t>(side));
    for (int i = 0; i < side; ++i) {
      const int j = i + t - kReach;
      if (j < 0 || j >= side) continue;
      double sum = 0;
      for (int o = std::max(0, (i + padding - kReach + 1) / 2 - 1); o < coefficients && 2 * o <= i + padding;
           ++o) {
        const int analysis = j - 2 * o + padding, placed = i - 2 * o + padding;
        if (analysis < 0 || analysis >= kTaps || placed < 0 || placed >= kTaps) continue;
        const auto a = static_cast<std::size_t>(analysis),
                   s = static_cast<std::size_t>(flipped ? kReach - placed : placed);
        sum += kScaling[a] * kScaling[s];
        if (with_high) sum += wavelet[a] * wavelet[s];
      }
      tap[static_cast<std::size_t>(i)] = static_cast<float>(sum);
    }
  }
  return band;
}

// out += sign * (down x across^T)
void AddBanded(const BandMatrix& down, const BandMatrix& across, const float* x, int height, int width,
               float sign, float* out) {
  const auto w = static_cast<std::size_t>(width);
  std::vector<float> wide(w + 2 * kReach), filtered(w * static_cast<std::size_t>(height));
  for (int y = 0; y < height; ++y) {
    std::copy_n(x + static_cast<std::size_t>(y) * w, w, wide.begin() + kReach);
    for (std::size_t t = 0; t < kBand; ++t)
      AddProduct(wide.data() + t, across.tap[t].data(), w, filtered.data() + static_cast<std::size_t>(y) * w);
  }
  for (int y = 0; y < height; ++y) {
    for (int t = 0; t < kBand; ++t) {
      const int from = y + t - kReach;
      const float factor = down.tap[static_cast<std::size_t>(t)][static_cast<std::size_t>(y)];
      if (from < 0 || from >= height || factor == 0) continue;
      AddScaled(filtered.data() + static_cast<std::size_t>(from) * w, sign * factor, w,
                out + static_cast<std::size_t>(y) * w);
    }
  }
}

struct WaveletOperators {
  BandMatrix low_down, low_across, all_down,
      all_across;  // `all` only for the flipped synthesis: else the identity
  WaveletOperators(int height, int width, Synthesis synthesis)
      : low_down(WaveletBand(height, synthesis, false)), low_across(WaveletBand(width, synthesis, false)) {
    if (synthesis == Synthesis::kInverse) return;
    all_down = WaveletBand(height, synthesis, true);
    all_across = WaveletBand(width, synthesis, true);
  }
};

void WaveletHigh(const WaveletOperators& operators, Synthesis synthesis, const float* x, int height,
                 int width, float* out) {
  if (synthesis == Synthesis::kInverse) {
    std::copy_n(x, static_cast<std::size_t>(height) * static_cast<std::size_t>(width), out);
  } else {
    AddBanded(operators.all_down, operators.all_across, x, height, width, 1, out);
  }
  AddBanded(operators.low_down, operators.low_across, x, height, width, -1, out);
}

using PlaneBody = std::function<void(const float* in, float* out)>;

Planes EachPlane(const Planes& in, int threads, const PlaneBody& body) {
  KANTEI_CHECK(in.values.size() == in.plane_size() * static_cast<std::size_t>(in.channels));
  Planes out(in.channels, in.height, in.width);
  ParallelFor(static_cast<std::size_t>(in.channels), std::min(threads, in.channels), {}, [&](std::size_t c) {
    body(in.values.data() + c * in.plane_size(), out.values.data() + c * in.plane_size());
  });
  return out;
}

Planes High(const Planes& planes, int threads) {
  const LowRank low(RemovedByHigh(planes.height), planes.height, RemovedByHigh(planes.width), planes.width);
  return EachPlane(planes, threads, [&](const float* in, float* out) {
    std::copy_n(in, planes.plane_size(), out);
    AddLowBlock(low, in, -1, out);
  });
}

Planes Low(const Planes& planes, LowBand band, int threads) {
  const auto count = band == LowBand::kStrip ? KeptByLow : RemovedByHigh;
  const LowRank low(count(planes.height), planes.height, count(planes.width), planes.width);
  return EachPlane(planes, threads, [&](const float* in, float* out) {
    if (band == LowBand::kStrip) {
      AddLowStrip(low, in, out);
    } else {
      AddLowBlock(low, in, 1, out);
    }
  });
}

Planes Wavelet(const Planes& planes, Synthesis synthesis, int threads) {
  KANTEI_CHECK(planes.height % 2 == 0 && planes.width % 2 == 0);
  const WaveletOperators operators(planes.height, planes.width, synthesis);
  return EachPlane(planes, threads, [&](const float* in, float* out) {
    WaveletHigh(operators, synthesis, in, planes.height, planes.width, out);
  });
}

}  // namespace

Planes DctHigh(const Planes& planes) {
  return High(planes, 1);
}

Planes DctLow(const Planes& planes, LowBand band) {
  return Low(planes, band, 1);
}

Planes DwtHigh(const Planes& planes, Synthesis synthesis) {
  return Wavelet(planes, synthesis, 1);
}

void ScaleToUnit(std::span<float> values, double epsilon) {
  if (values.empty()) return;
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  const float low = *least, range = *most - low;
  const float scale = range > 0 ? static_cast<float>(1.0 / (range + epsilon)) : 0.0f;
  for (float& value : values) value = (value - low) * scale;
}

FrequencyPictures MakeFrequencyPictures(const Planes& normalised, bool released, int threads) {
  FrequencyPictures pictures{High(normalised, threads),
                             Low(normalised, released ? LowBand::kStrip : LowBand::kSquare, threads)};
  ScaleToUnit(pictures.high.values, released ? 0 : kEpsilon);
  ScaleToUnit(pictures.low.values, released ? 0 : kEpsilon);
  Planes wavelet = Wavelet(normalised, released ? Synthesis::kFlipped : Synthesis::kInverse, threads);
  ScaleToUnit(wavelet.values, kEpsilon);
  for (std::size_t i = 0; i < wavelet.values.size(); ++i)
    pictures.high.values[i] = 0.5f * (pictures.high.values[i] + wavelet.values[i]);
  return pictures;
}

}  // namespace kantei::nn
