#include "kantei/copy/sift_scale_space.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kantei/base/cpu.h"

namespace kantei::copy::sift {
namespace {

constexpr int kMaxRadius = 12;
constexpr int kSmallestSide = 12;  // an octave below this has no room for a keypoint inside its border
constexpr std::ptrdiff_t kAlign = 16;

std::ptrdiff_t Stride(int width) {
  return (width + kAlign - 1) / kAlign * kAlign;
}

// out[x] = w[0]·taps[R][x] + Σ w[i]·(taps[R-i][x] + taps[R+i][x]): rows of a picture, or shifts of one row.
template <int R>
[[gnu::always_inline]] inline void SymmetricFilter(const float* const* taps, const float* w, int n,
                                                   float* __restrict__ out) {
  const float* t[2 * R + 1];
  float k[R + 1];
  for (int i = 0; i <= 2 * R; ++i) t[i] = taps[i];
  for (int i = 0; i <= R; ++i) k[i] = w[i];
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC ivdep
#endif
  for (int x = 0; x < n; ++x) {
    float sum = k[0] * t[R][x];
    for (int i = 1; i <= R; ++i) sum += k[i] * (t[R - i][x] + t[R + i][x]);
    out[x] = sum;
  }
}

KANTEI_MULTIARCH void FilterRow(const float* const* taps, const float* w, int radius, int n,
                                float* __restrict__ out) {
  switch (radius) {
    case 1:
      SymmetricFilter<1>(taps, w, n, out);
      return;
    case 2:
      SymmetricFilter<2>(taps, w, n, out);
      return;
    case 3:
      SymmetricFilter<3>(taps, w, n, out);
      return;
    case 4:
      SymmetricFilter<4>(taps, w, n, out);
      return;
    case 5:
      SymmetricFilter<5>(taps, w, n, out);
      return;
    case 6:
      SymmetricFilter<6>(taps, w, n, out);
      return;
    case 7:
      SymmetricFilter<7>(taps, w, n, out);
      return;
    case 8:
      SymmetricFilter<8>(taps, w, n, out);
      return;
    case 9:
      SymmetricFilter<9>(taps, w, n, out);
      return;
    case 10:
      SymmetricFilter<10>(taps, w, n, out);
      return;
    case 11:
      SymmetricFilter<11>(taps, w, n, out);
      return;
    default:
      SymmetricFilter<12>(taps, w, n, out);
      return;
  }
}

KANTEI_MULTIARCH void SubtractRow(const float* __restrict__ a, const float* __restrict__ b, int n,
                                  float* __restrict__ out) {
  for (int x = 0; x < n; ++x) out[x] = a[x] - b[x];
}

KANTEI_MULTIARCH void AddWeightedBytes(const std::uint8_t* __restrict__ in, float weight, int n,
                                       float* __restrict__ sum) {
  for (int i = 0; i < n; ++i) sum[i] += weight * static_cast<float>(in[i]);
}

KANTEI_MULTIARCH void LumaRow(const float* __restrict__ rgb, int n, float* __restrict__ out) {
  for (int x = 0; x < n; ++x)
    out[x] = 0.299f * rgb[3 * x] + 0.587f * rgb[3 * x + 1] + 0.114f * rgb[3 * x + 2];
}

// For each output position: the first input, and the weights of it and its followers (they sum to `total`).
struct Resampling {
  std::vector<int> first;
  std::vector<int> begin;  // into weights; size outputs + 1
  std::vector<float> weights;
};

Resampling MakeResampling(int in, int out, float total) {
  Resampling r;
  r.begin.push_back(0);
  const double step = static_cast<double>(in) / out;
  for (int o = 0; o < out; ++o) {
    if (step > 1) {
      const double low = o * step, high = std::min<double>((o + 1) * step, in);
      const int first = std::min(static_cast<int>(low), in - 1);
      const int last = std::min(static_cast<int>(std::ceil(high)), in);
      r.first.push_back(first);
      for (int i = first; i < last; ++i) {
        const double overlap = std::min<double>(i + 1, high) - std::max<double>(i, low);
        r.weights.push_back(static_cast<float>(total * std::max(0.0, overlap) / (high - low)));
      }
    } else {
      const double centre = std::clamp((o + 0.5) * step - 0.5, 0.0, in - 1.0);
      const int first = static_cast<int>(centre);
      const double part = centre - first;
      r.first.push_back(first);
      r.weights.push_back(static_cast<float>(total * (1 - part)));
      if (first + 1 < in) r.weights.push_back(static_cast<float>(total * part));
    }
    r.begin.push_back(static_cast<int>(r.weights.size()));
  }
  return r;
}

// Half of a normalised Gaussian, centre first. 3.25 σ on each side leave 0.1 % of the mass out.
int MakeKernel(float sigma, float* w) {
  const int radius = std::clamp(static_cast<int>(std::lround(3.25f * sigma)), 1, kMaxRadius);
  double sum = 0;
  double values[kMaxRadius + 1];
  for (int i = 0; i <= radius; ++i) {
    values[i] = std::exp(-0.5 * i * i / (static_cast<double>(sigma) * sigma));
    sum += i == 0 ? values[i] : 2 * values[i];
  }
  for (int i = 0; i <= radius; ++i) w[i] = static_cast<float>(values[i] / sum);
  return radius;
}

void Halve(const PlaneView& src, const PlaneView& dst) {
  for (int y = 0; y < dst.height; ++y) {
    const float* in = src.row(2 * y);
    float* out = dst.row(y);
    for (int x = 0; x < dst.width; ++x) out[x] = in[2 * x];
  }
}

}  // namespace

float* Workspace::Reserve(std::size_t count) {
  if (count > size_) {
    data_.reset();
    data_ = std::make_unique_for_overwrite<float[]>(count);
    size_ = count;
  }
  return data_.get();
}

void Workspace::Trim(std::size_t limit) {
  if (size_ <= limit) return;
  data_.reset();
  size_ = 0;
}

void ResampleLuma(const image::Image& image, const PlaneView& out) {
  const int channels = image.channels();
  const int row_values = image.width() * channels;
  const Resampling vertical = MakeResampling(image.height(), out.height, 1.0f / 255.0f);
  const Resampling horizontal = MakeResampling(image.width(), out.width, 1.0f);
  std::vector<float> sum(static_cast<std::size_t>(row_values));
  std::vector<float> luma(static_cast<std::size_t>(image.width()));
  for (int y = 0; y < out.height; ++y) {
    std::fill(sum.begin(), sum.end(), 0.0f);
    const auto at = static_cast<std::size_t>(y);
    for (int i = vertical.begin[at]; i < vertical.begin[at + 1]; ++i) {
      AddWeightedBytes(image.row(vertical.first[at] + i - vertical.begin[at]),
                       vertical.weights[static_cast<std::size_t>(i)], row_values, sum.data());
    }
    const float* grey = sum.data();
    if (channels == 3) {
      LumaRow(sum.data(), image.width(), luma.data());
      grey = luma.data();
    }
    float* to = out.row(y);
    for (int x = 0; x < out.width; ++x) {
      const auto column = static_cast<std::size_t>(x);
      const float* w = horizontal.weights.data() + horizontal.begin[column];
      const float* in = grey + horizontal.first[column];
      const int count = horizontal.begin[column + 1] - horizontal.begin[column];
      float value = 0;
      for (int i = 0; i < count; ++i) value += w[i] * in[i];
      to[x] = value;
    }
  }
}

float ContrastRange(const PlaneView& plane) {
  constexpr int kRowStep = 3;  // percentiles do not need every row
  std::array<std::uint32_t, 257> histogram{};
  std::uint64_t total = 0;
  for (int y = 0; y < plane.height; y += kRowStep) {
    const float* row = plane.row(y);
    for (int x = 0; x < plane.width; ++x) {
      ++histogram[static_cast<std::size_t>(std::clamp(row[x], 0.0f, 1.0f) * 256.0f)];
    }
    total += static_cast<std::uint64_t>(plane.width);
  }
  const std::uint64_t tail = total / 100;
  std::uint64_t below = 0, above = 0;
  int low = 0, high = 256;
  while (low < 256 && (below += histogram[static_cast<std::size_t>(low)]) <= tail) ++low;
  while (high > 0 && (above += histogram[static_cast<std::size_t>(high)]) <= tail) --high;
  return static_cast<float>(std::max(0, high - low)) / 256.0f;
}

ScaleSpace LayOutScaleSpace(int width, int height, Workspace* workspace) {
  ScaleSpace space;
  std::size_t total = static_cast<std::size_t>(Stride(width)) * static_cast<std::size_t>(height);
  for (int w = width, h = height; std::min(w, h) >= kSmallestSide; w /= 2, h /= 2) {
    total +=
        static_cast<std::size_t>(Stride(w)) * static_cast<std::size_t>(h) * (kGaussianLevels + kDogLevels);
    space.octaves.emplace_back();
  }
  float* next = workspace->Reserve(total);
  const auto take = [&next](int w, int h) {
    PlaneView view{next, w, h, Stride(w)};
    next += view.stride * h;
    return view;
  };
  space.base = take(width, height);
  int w = width, h = height;
  for (Octave& octave : space.octaves) {
    for (PlaneView& plane : octave.gaussian) plane = take(w, h);
    for (PlaneView& plane : octave.dog) plane = take(w, h);
    w /= 2;
    h /= 2;
  }
  return space;
}

void GaussianBlur(const PlaneView& src, float sigma, const PlaneView& dst, const PlaneView* dog) {
  float weights[kMaxRadius + 1];
  const int radius = MakeKernel(sigma, weights);
  const int width = src.width, height = src.height;
  std::vector<float> padded(static_cast<std::size_t>(width + 2 * radius));
  float* middle = padded.data() + radius;
  const float* rows[2 * kMaxRadius + 1];
  const float* shifts[2 * kMaxRadius + 1];
  for (int i = 0; i <= 2 * radius; ++i) shifts[i] = padded.data() + i;
  for (int y = 0; y < height; ++y) {
    for (int i = 0; i <= 2 * radius; ++i) rows[i] = src.row(std::clamp(y + i - radius, 0, height - 1));
    FilterRow(rows, weights, radius, width, middle);
    std::fill(padded.data(), middle, middle[0]);
    std::fill(middle + width, middle + width + radius, middle[width - 1]);
    FilterRow(shifts, weights, radius, width, dst.row(y));
    if (dog != nullptr) SubtractRow(dst.row(y), src.row(y), width, dog->row(y));
  }
}

void BuildScaleSpace(const ScaleSpace& space, float base_blur) {
  for (std::size_t o = 0; o < space.octaves.size(); ++o) {
    const Octave& octave = space.octaves[o];
    if (o == 0) {
      const float extra = std::sqrt(std::max(0.01f, kBaseSigma * kBaseSigma - base_blur * base_blur));
      GaussianBlur(space.base, extra, octave.gaussian[0], nullptr);
    } else {
      Halve(space.octaves[o - 1].gaussian[kScalesPerOctave], octave.gaussian[0]);
    }
    for (int level = 1; level < kGaussianLevels; ++level) {
      const float before = kBaseSigma * std::exp2(static_cast<float>(level - 1) / kScalesPerOctave);
      const float after = kBaseSigma * std::exp2(static_cast<float>(level) / kScalesPerOctave);
      const auto at = static_cast<std::size_t>(level);
      GaussianBlur(octave.gaussian[at - 1], std::sqrt(after * after - before * before), octave.gaussian[at],
                   &octave.dog[at - 1]);
    }
  }
}

}  // namespace kantei::copy::sift
