#include "kantei/nn/token_kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <exception>

#include "kantei/base/cpu.h"

// GNU's OpenMP without its pragmas: the pool of threads that oneDNN uses is used here too.
extern "C" {
void GOMP_parallel(void (*body)(void*), void* data, unsigned threads, unsigned flags);
int omp_get_thread_num(void);
int omp_get_num_threads(void);
}

#define KANTEI_INLINE inline __attribute__((always_inline))

namespace kantei::nn {
namespace {

constexpr std::size_t kLanes = 16;

KANTEI_INLINE void Store(float value, float* out) {
  *out = value;
}

// To the nearest, ties to even.
KANTEI_INLINE void Store(float value, std::uint16_t* out) {
  std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  bits += 0x7fffu + (bits >> 16 & 1u);
  *out = static_cast<std::uint16_t>(bits >> 16);
}

// Sums in lanes: the compiler may not reorder a plain sum of floats.
template <typename Term>
KANTEI_INLINE float LaneSum(std::size_t count, const Term& term) {
  float lanes[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::size_t j = 0; j < kLanes; ++j) lanes[j] += term(i + j);
  }
  float sum = 0;
  for (; i < count; ++i) sum += term(i);
  for (const float lane : lanes) sum += lane;
  return sum;
}

struct Moments {
  float mean = 0, scale = 0;  // scale: 1 / standard deviation
};

KANTEI_INLINE Moments MomentsOf(const float* row, std::size_t columns, float eps) {
  const float mean = LaneSum(columns, [&](std::size_t i) { return row[i]; }) / static_cast<float>(columns);
  const float squares = LaneSum(columns, [&](std::size_t i) { return (row[i] - mean) * (row[i] - mean); });
  return {mean, 1.0f / std::sqrt(squares / static_cast<float>(columns) + eps)};
}

template <typename Out>
KANTEI_INLINE void NormRow(const float* __restrict__ in, std::size_t columns,
                           const float* __restrict__ weight, const float* __restrict__ bias, float eps,
                           Out* __restrict__ out) {
  const Moments moments = MomentsOf(in, columns, eps);
  for (std::size_t i = 0; i < columns; ++i)
    Store((in[i] - moments.mean) * moments.scale * weight[i] + bias[i], out + i);
}

KANTEI_MULTIARCH void NormRowFloat(const float* in, std::size_t columns, const float* weight,
                                   const float* bias, float eps, float* out) {
  NormRow(in, columns, weight, bias, eps, out);
}

KANTEI_MULTIARCH void NormRowBfloat16(const float* in, std::size_t columns, const float* weight,
                                      const float* bias, float eps, std::uint16_t* out) {
  NormRow(in, columns, weight, bias, eps, out);
}

KANTEI_MULTIARCH float NormDotRow(const float* in, std::size_t columns, const float* direction, float eps) {
  const Moments moments = MomentsOf(in, columns, eps);
  return moments.scale *
         LaneSum(columns, [&](std::size_t i) { return (in[i] - moments.mean) * direction[i]; });
}

// e^x for x <= 0 within 2e-7 relative: 2^n times a polynomial of the fraction; below -87 it is that of -87.
KANTEI_INLINE float Exp(float x) {
  const float clamped = x < -87.0f ? -87.0f : x;
  const float power = clamped * 1.44269504088896341f;
  const float whole = std::bit_cast<float>(std::bit_cast<std::uint32_t>(power + 12582912.0f)) - 12582912.0f;
  const float f = power - whole;  // -0.5..0.5
  float p = 1.5403530393381609e-4f;
  p = p * f + 1.3333558146428443e-3f;
  p = p * f + 9.6181291076284772e-3f;
  p = p * f + 5.5504108664821580e-2f;
  p = p * f + 2.4022650695910072e-1f;
  p = p * f + 6.9314718055994531e-1f;
  p = p * f + 1.0f;
  const auto exponent = static_cast<std::int32_t>(whole) + 127;
  return p * std::bit_cast<float>(static_cast<std::uint32_t>(exponent) << 23);
}

template <typename Out>
KANTEI_INLINE void SoftmaxRow(const float* in, std::size_t columns, float* exponentials, Out* out) {
  float lanes[kLanes];
  std::fill_n(lanes, kLanes, in[0]);
  std::size_t i = 0;
  for (; i + kLanes <= columns; i += kLanes) {
    for (std::size_t j = 0; j < kLanes; ++j) lanes[j] = lanes[j] < in[i + j] ? in[i + j] : lanes[j];
  }
  float most = in[0];
  for (; i < columns; ++i) most = std::max(most, in[i]);
  for (const float lane : lanes) most = std::max(most, lane);
  for (std::size_t k = 0; k < columns; ++k) exponentials[k] = Exp(in[k] - most);
  const float scale = 1.0f / LaneSum(columns, [&](std::size_t k) { return exponentials[k]; });
  for (std::size_t k = 0; k < columns; ++k) Store(exponentials[k] * scale, out + k);
}

KANTEI_MULTIARCH void SoftmaxRowFloat(const float* in, std::size_t columns, float* exponentials, float* out) {
  SoftmaxRow(in, columns, exponentials, out);
}

KANTEI_MULTIARCH void SoftmaxRowBfloat16(const float* in, std::size_t columns, float* exponentials,
                                         std::uint16_t* out) {
  SoftmaxRow(in, columns, exponentials, out);
}

template <typename Out>
void PoolRow(const float* above, const float* below, std::size_t width, std::size_t channels, Out* out) {
  for (std::size_t x = 0; x < width / 2; ++x) {
    const std::size_t left = 2 * x * channels, right = left + channels;
    for (std::size_t c = 0; c < channels; ++c) {
      Store(std::max({above[left + c], above[right + c], below[left + c], below[right + c]}),
            out + x * channels + c);
    }
  }
}

template <typename Out>
void Pool(const float* in, std::size_t height, std::size_t width, std::size_t channels, int threads,
          Out* out) {
  const std::size_t stride = width * channels;
  ForRows(height / 2, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t y = begin; y < end; ++y)
      PoolRow(in + 2 * y * stride, in + (2 * y + 1) * stride, width, channels,
              out + y * (width / 2) * channels);
  });
}

struct RowJob {
  std::size_t count;
  const std::function<void(std::size_t, std::size_t)>* body;
};

extern "C" void RunRowJob(void* data) {
  const auto& job = *static_cast<const RowJob*>(data);
  const auto index = static_cast<std::size_t>(omp_get_thread_num());
  const auto threads = static_cast<std::size_t>(omp_get_num_threads());
  const std::size_t begin = job.count * index / threads, end = job.count * (index + 1) / threads;
  if (begin < end) (*job.body)(begin, end);
}

}  // namespace

void ForRows(std::size_t count, int threads, const std::function<void(std::size_t, std::size_t)>& body) {
  if (threads <= 1 || count <= 1) {
    if (count > 0) body(0, count);
    return;
  }
  RowJob job{count, &body};
  GOMP_parallel(RunRowJob, &job, static_cast<unsigned>(threads), 0);
}

void NormRows(const float* in, std::size_t rows, std::size_t columns, const NormView& norm,
              std::span<const std::uint32_t> order, int threads, float* out) {
  ForRows(rows, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i)
      NormRowFloat(in + i * columns, columns, norm.weight, norm.bias, norm.eps,
                   out + (order.empty() ? i : order[i]) * columns);
  });
}

void NormRows(const float* in, std::size_t rows, std::size_t columns, const NormView& norm,
              std::span<const std::uint32_t> order, int threads, std::uint16_t* out) {
  ForRows(rows, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i)
      NormRowBfloat16(in + i * columns, columns, norm.weight, norm.bias, norm.eps,
                      out + (order.empty() ? i : order[i]) * columns);
  });
}

void NormDotRows(const float* in, std::size_t rows, std::size_t columns, const float* direction, float eps,
                 float constant, int threads, float* out) {
  ForRows(rows, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i)
      out[i] = constant + NormDotRow(in + i * columns, columns, direction, eps);
  });
}

void SoftmaxRows(const float* in, std::size_t rows, std::size_t columns, int threads, float* out) {
  ForRows(rows, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i)
      SoftmaxRowFloat(in + i * columns, columns, out + i * columns, out + i * columns);
  });
}

void SoftmaxRows(const float* in, std::size_t rows, std::size_t columns, int threads, std::uint16_t* out) {
  ForRows(rows, threads, [&](std::size_t begin, std::size_t end) {
    std::vector<float> exponentials(columns);
    for (std::size_t i = begin; i < end; ++i)
      SoftmaxRowBfloat16(in + i * columns, columns, exponentials.data(), out + i * columns);
  });
}

void MaxPoolRows(const float* in, std::size_t height, std::size_t width, std::size_t channels, int threads,
                 float* out) {
  Pool(in, height, width, channels, threads, out);
}

void MaxPoolRows(const float* in, std::size_t height, std::size_t width, std::size_t channels, int threads,
                 std::uint16_t* out) {
  Pool(in, height, width, channels, threads, out);
}

void PatchRows(const std::byte* in, std::size_t height, std::size_t width, std::size_t pixel_bytes,
               std::size_t kernel, int threads, std::byte* out) {
  const std::size_t across = width / kernel, run = kernel * pixel_bytes;
  ForRows(height / kernel, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t y = begin; y < end; ++y) {
      for (std::size_t x = 0; x < across; ++x) {
        for (std::size_t k = 0; k < kernel; ++k) {
          std::memcpy(out + ((y * across + x) * kernel + k) * run,
                      in + ((y * kernel + k) * width + x * kernel) * pixel_bytes, run);
        }
      }
    }
  });
}

void SplitRows(const std::byte* in, std::size_t rows, std::size_t row_bytes, std::size_t offset,
               std::size_t heads, std::size_t piece_bytes, int threads, std::byte* out) {
  ForRows(rows, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t h = 0; h < heads; ++h) {
      for (std::size_t i = begin; i < end; ++i)
        std::memcpy(out + (h * rows + i) * piece_bytes, in + i * row_bytes + offset + h * piece_bytes,
                    piece_bytes);
    }
  });
}

void MergeRows(const std::byte* in, std::size_t rows, std::size_t heads, std::size_t piece_bytes, int threads,
               std::byte* out) {
  ForRows(rows, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t h = 0; h < heads; ++h)
        std::memcpy(out + (i * heads + h) * piece_bytes, in + (h * rows + i) * piece_bytes, piece_bytes);
    }
  });
}

void AddBilinear(std::span<const float> in, int in_width, int in_height, bool align_corners, int width,
                 int height, float* out) {
  struct Place {
    std::size_t low = 0, high = 0;
    float part = 0;  // of `high`
  };
  const auto places = [&](int from, int to) {
    std::vector<Place> all(static_cast<std::size_t>(to));
    for (int i = 0; i < to; ++i) {
      double at = 0;
      if (!align_corners) {
        at = std::max(0.0, (i + 0.5) * from / to - 0.5);
      } else if (to > 1) {
        at = static_cast<double>(i) * (from - 1) / (to - 1);
      }
      const int low = std::min(static_cast<int>(at), from - 1);
      all[static_cast<std::size_t>(i)] = {static_cast<std::size_t>(low),
                                          static_cast<std::size_t>(std::min(low + 1, from - 1)),
                                          static_cast<float>(at - low)};
    }
    return all;
  };
  const auto across = places(in_width, width), down = places(in_height, height);
  const auto stride = static_cast<std::size_t>(in_width);
  std::vector<float> row(stride);
  for (const Place& y : down) {
    const float *above = in.data() + y.low * stride, *below = in.data() + y.high * stride;
    for (std::size_t x = 0; x < stride; ++x) row[x] = above[x] + y.part * (below[x] - above[x]);
    for (const Place& x : across) *out++ += row[x.low] + x.part * (row[x.high] - row[x.low]);
  }
}

}  // namespace kantei::nn
