#include "kantei/image/ssim.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "kantei/base/cpu.h"
#include "kantei/image/transform.h"

namespace kantei::image {
namespace {

constexpr int kWindow = 11;
using Weights = std::array<float, kWindow>;

Weights GaussianWeights() {
  constexpr double kSigma = 1.5;
  std::array<double, kWindow> exact{};
  double sum = 0;
  for (int i = 0; i < kWindow; ++i)
    sum += exact[static_cast<std::size_t>(i)] = std::exp(-0.5 * std::pow((i - kWindow / 2) / kSigma, 2));
  Weights weights{};
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(exact[i] / sum);
  return weights;
}

/// The five moments of one row, filtered across. Values are taken from the middle grey, which leaves
/// variances as they are and keeps single precision exact enough.
struct Moments {
  std::vector<float> a, b, aa, bb, ab;
  explicit Moments(std::size_t n) : a(n), b(n), aa(n), bb(n), ab(n) {}
};

KANTEI_MULTIARCH void Products(const std::uint8_t* __restrict__ a, const std::uint8_t* __restrict__ b,
                               std::size_t n, float* __restrict__ ca, float* __restrict__ cb,
                               float* __restrict__ aa, float* __restrict__ bb, float* __restrict__ ab) {
  for (std::size_t i = 0; i < n; ++i) {
    const float x = static_cast<float>(a[i]) - 128.0f, y = static_cast<float>(b[i]) - 128.0f;
    ca[i] = x;
    cb[i] = y;
    aa[i] = x * x;
    bb[i] = y * y;
    ab[i] = x * y;
  }
}

KANTEI_MULTIARCH void FilterAcross(const float* __restrict__ in, float* __restrict__ out, std::size_t n,
                                   const float* __restrict__ w) {
  for (std::size_t i = 0; i < n; ++i) {
    float sum = 0;
    for (std::size_t k = 0; k < kWindow; ++k) sum += w[k] * in[i + k];
    out[i] = sum;
  }
}

KANTEI_MULTIARCH void AddScaled(const float* __restrict__ in, float* __restrict__ out, std::size_t n,
                                float w) {
  for (std::size_t i = 0; i < n; ++i) out[i] += w * in[i];
}

KANTEI_MULTIARCH void SsimRow(const float* __restrict__ ma, const float* __restrict__ mb,
                              const float* __restrict__ aa, const float* __restrict__ bb,
                              const float* __restrict__ ab, std::size_t n, float* __restrict__ out) {
  constexpr float kC1 = 0.01f * 0.01f * 255.0f * 255.0f, kC2 = 0.03f * 0.03f * 255.0f * 255.0f;
  for (std::size_t i = 0; i < n; ++i) {
    const float va = aa[i] - ma[i] * ma[i], vb = bb[i] - mb[i] * mb[i], cov = ab[i] - ma[i] * mb[i];
    const float x = ma[i] + 128.0f, y = mb[i] + 128.0f;
    out[i] = (2.0f * x * y + kC1) * (2.0f * cov + kC2) / ((x * x + y * y + kC1) * (va + vb + kC2));
  }
}

Status CheckSameSize(const Image& a, const Image& b) {
  if (!a.empty() && a.width() == b.width() && a.height() == b.height()) return {};
  return Error{ErrorCode::kInvalidArgument, "two pictures of one size are to be compared, not " +
                                                std::to_string(a.width()) + "x" + std::to_string(a.height()) +
                                                " with " + std::to_string(b.width()) + "x" +
                                                std::to_string(b.height())};
}

}  // namespace

Result<double> Ssim(const Image& a, const Image& b) {
  KANTEI_RETURN_IF_ERROR(CheckSameSize(a, b));
  if (a.width() < kWindow || a.height() < kWindow) {
    return Error{ErrorCode::kInvalidArgument, "SSIM needs pictures of at least 11x11 pixels"};
  }
  const Image grey_a = ToGrey(a), grey_b = ToGrey(b);
  const Weights weights = GaussianWeights();
  const auto width = static_cast<std::size_t>(a.width());
  const std::size_t across = width - kWindow + 1;
  std::vector<Moments> ring(kWindow, Moments(across));
  Moments raw(width), sums(across);
  std::vector<float> values(across);
  double total = 0;
  for (int y = 0; y < a.height(); ++y) {
    Products(grey_a.row(y), grey_b.row(y), width, raw.a.data(), raw.b.data(), raw.aa.data(), raw.bb.data(),
             raw.ab.data());
    Moments& line = ring[static_cast<std::size_t>(y % kWindow)];
    constexpr std::array kFields{&Moments::a, &Moments::b, &Moments::aa, &Moments::bb, &Moments::ab};
    for (const auto field : kFields)
      FilterAcross((raw.*field).data(), (line.*field).data(), across, weights.data());
    if (y < kWindow - 1) continue;
    for (const auto field : kFields) {
      std::vector<float>& sum = sums.*field;
      std::fill(sum.begin(), sum.end(), 0.0f);
      // The window is symmetric, but its rows lie in the ring from the oldest on.
      for (int k = 0; k < kWindow; ++k) {
        const Moments& stored = ring[static_cast<std::size_t>((y + 1 + k) % kWindow)];
        AddScaled((stored.*field).data(), sum.data(), across, weights[static_cast<std::size_t>(k)]);
      }
    }
    SsimRow(sums.a.data(), sums.b.data(), sums.aa.data(), sums.bb.data(), sums.ab.data(), across,
            values.data());
    for (const float value : values) total += value;
  }
  return total / static_cast<double>(across * static_cast<std::size_t>(a.height() - kWindow + 1));
}

Result<double> Psnr(const Image& a, const Image& b) {
  KANTEI_RETURN_IF_ERROR(CheckSameSize(a, b));
  if (a.channels() != b.channels()) {
    return Error{ErrorCode::kInvalidArgument,
                 "PSNR compares pictures with the same channels; convert one to grey or RGB"};
  }
  std::uint64_t squares = 0;
  const auto x = a.pixels(), y = b.pixels();
  for (std::size_t i = 0; i < x.size(); ++i) {
    const int difference = static_cast<int>(x[i]) - static_cast<int>(y[i]);
    squares += static_cast<std::uint64_t>(difference * difference);
  }
  if (squares == 0) return std::numeric_limits<double>::infinity();
  return 10.0 * std::log10(255.0 * 255.0 * static_cast<double>(x.size()) / static_cast<double>(squares));
}

}  // namespace kantei::image
