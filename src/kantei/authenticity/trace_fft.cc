#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "kantei/authenticity/trace_spectrum.h"
#include "kantei/base/cpu.h"

namespace kantei::authenticity::trace {
namespace {

constexpr std::size_t kSide = kSpectrumSide;

struct Tables {
  std::array<float, kSide> cosine{}, sine{}, hann{};
  std::array<std::size_t, kSide> reversed{};
  Tables() {
    for (std::size_t i = 0; i < kSide; ++i) {
      const double angle = 2 * std::numbers::pi * static_cast<double>(i) / kSide;
      cosine[i] = static_cast<float>(std::cos(angle));
      sine[i] = static_cast<float>(-std::sin(angle));
      hann[i] = static_cast<float>(0.5 - 0.5 * std::cos(angle));
      for (std::size_t bit = 0; bit < 6; ++bit) reversed[i] |= (i >> bit & 1) << (5 - bit);
    }
  }
};
const Tables& Get() {
  static const Tables kTables;
  return kTables;
}

// Transforms all 64 columns at once: every step works on whole rows.
KANTEI_MULTIARCH void Columns(float* __restrict re, float* __restrict im, const float* cosine,
                              const float* sine) {
  for (std::size_t half = 1; half < kSide; half *= 2) {
    const std::size_t turn = kSide / (2 * half);
    for (std::size_t group = 0; group < kSide; group += 2 * half) {
      for (std::size_t k = 0; k < half; ++k) {
        const float wr = cosine[k * turn], wi = sine[k * turn];
        float* ar = re + (group + k) * kSide;
        float* ai = im + (group + k) * kSide;
        float* br = ar + half * kSide;
        float* bi = ai + half * kSide;
        for (std::size_t x = 0; x < kSide; ++x) {
          const float tr = br[x] * wr - bi[x] * wi, ti = br[x] * wi + bi[x] * wr;
          br[x] = ar[x] - tr;
          bi[x] = ai[x] - ti;
          ar[x] += tr;
          ai[x] += ti;
        }
      }
    }
  }
}

void SwapRows(float* values, const std::array<std::size_t, kSide>& reversed) {
  for (std::size_t i = 0; i < kSide; ++i) {
    if (reversed[i] > i)
      std::swap_ranges(values + i * kSide, values + (i + 1) * kSide, values + reversed[i] * kSide);
  }
}
void Transpose(float* values) {
  for (std::size_t y = 0; y < kSide; ++y) {
    for (std::size_t x = y + 1; x < kSide; ++x) std::swap(values[y * kSide + x], values[x * kSide + y]);
  }
}

void TakeMeanAndWindow(float* values) {
  const Tables& tables = Get();
  double sum = 0;
  for (std::size_t i = 0; i < kSide * kSide; ++i) sum += values[i];
  const auto mean = static_cast<float>(sum / (kSide * kSide));
  for (std::size_t y = 0; y < kSide; ++y) {
    for (std::size_t x = 0; x < kSide; ++x)
      values[y * kSide + x] = (values[y * kSide + x] - mean) * tables.hann[y] * tables.hann[x];
  }
}

// Power over the mean of the 11 × 11 bins around, without the 3 × 3 in the middle (a Hann window's peak is that wide).
void OverSurroundings(const std::array<float, kSide * kSide>& power, Spectrum* out) {
  constexpr int kReach = 5, kHole = 1;
  constexpr std::size_t kWide = kSide + 2 * kReach;
  constexpr float kBins = 121 - 9;
  // Sums of 11 and of 3 along rows (wrapped), then along columns.
  static thread_local std::array<float, kWide * kSide> wide{}, narrow{};
  for (std::size_t v = 0; v < kSide; ++v) {
    const float* row = power.data() + v * kSide;
    for (std::size_t u = 0; u < static_cast<std::size_t>(kSpectrumColumns); ++u) {
      float sum = 0;
      for (int d = -kReach; d <= kReach; ++d)
        sum += row[(u + kSide + static_cast<std::size_t>(d + 64)) % kSide];
      wide[v * kSide + u] = sum;
      narrow[v * kSide + u] = row[(u + kSide - 1) % kSide] + row[u] + row[(u + 1) % kSide];
    }
  }
  float total = 0;
  for (const float value : power) total += value;
  const float floor = 1e-6f * total / (kSide * kSide) + 1e-20f;
  for (std::size_t v = 0; v < kSide; ++v) {
    for (std::size_t u = 0; u < static_cast<std::size_t>(kSpectrumColumns); ++u) {
      float around = 0;
      for (int d = -kReach; d <= kReach; ++d)
        around += wide[(v + static_cast<std::size_t>(d + 64)) % kSide * kSide + u];
      for (int d = -kHole; d <= kHole; ++d)
        around -= narrow[(v + static_cast<std::size_t>(d + 64)) % kSide * kSide + u];
      (*out)[v * kSpectrumColumns + u] = power[v * kSide + u] / (std::max(around, 0.0f) / kBins + floor);
    }
  }
}

}  // namespace

void Fft64(float* re, float* im) {
  const Tables& tables = Get();
  for (int pass = 0; pass < 2; ++pass) {
    SwapRows(re, tables.reversed);
    SwapRows(im, tables.reversed);
    Columns(re, im, tables.cosine.data(), tables.sine.data());
    Transpose(re);
    Transpose(im);
  }
}

void RelativePower(float* first, float* second, Spectrum* first_power, Spectrum* second_power) {
  std::array<float, kSide * kSide> none{};
  TakeMeanAndWindow(first);
  if (second != nullptr) TakeMeanAndWindow(second);
  float* im = second != nullptr ? second : none.data();
  Fft64(first, im);
  // Two real windows went as real and imaginary part: F(f) and conj F(-f) take them apart.
  std::array<float, kSide * kSide> a{}, b{};
  for (std::size_t v = 0; v < kSide; ++v) {
    for (std::size_t u = 0; u < kSide; ++u) {
      const std::size_t i = v * kSide + u, j = (kSide - v) % kSide * kSide + (kSide - u) % kSide;
      const float ar = first[i] + first[j], ai = im[i] - im[j], br = im[i] + im[j], bi = first[j] - first[i];
      a[i] = ar * ar + ai * ai;
      b[i] = br * br + bi * bi;
    }
  }
  OverSurroundings(a, first_power);
  if (second != nullptr) OverSurroundings(b, second_power);
}

}  // namespace kantei::authenticity::trace
