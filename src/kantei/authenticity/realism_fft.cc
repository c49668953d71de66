// Mean magnitude of the 512×512 spectrum. Only the sum over all bins is wanted, so the transform may leave
// its bins in any order, one half of the (Hermitian) spectrum is enough, and single precision is ample
// (relative error about 1e-7).
//
//   1. Columns x and x+256 form one complex column; 256 transforms of length 512 along y, in blocks of
//   neighbouring
//      columns, one column per vector lane.
//   2. Each is split into the spectra of its two real columns, for v = 0..256; v = 0 and v = 256 are real and
//   share one
//      complex row. The blocks are transposed, so that now one v is one vector lane.
//   3. 256 transforms of length 512 along x, and the magnitudes are added up.
#include <array>
#include <cmath>
#include <cstddef>
#include <memory>
#include <numbers>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "kantei/authenticity/realism_kernels.h"

namespace kantei::authenticity::internal {
namespace {

constexpr int kRadix = 8;
constexpr int kHalf = kSquare / 2;
static_assert(kRadix * kRadix * kRadix == kSquare);

// W_n^k = exp(-2πik/n) for the first pass (n = 512) and the second (n = 64): entry [position][k], k = 0..7.
struct Twiddles {
  std::array<std::array<float, kRadix>, 64> first_re, first_im;
  std::array<std::array<float, kRadix>, 8> second_re, second_im;
  Twiddles() {
    Fill(first_re, first_im, 512);
    Fill(second_re, second_im, 64);
  }

 private:
  template <typename Table>
  static void Fill(Table& re, Table& im, int n) {
    for (std::size_t position = 0; position < re.size(); ++position) {
      for (std::size_t k = 0; k < kRadix; ++k) {
        const double angle = -2 * std::numbers::pi * static_cast<double>(position * k) / n;
        re[position][k] = static_cast<float>(std::cos(angle));
        im[position][k] = static_cast<float>(std::sin(angle));
      }
    }
  }
};
const Twiddles kTwiddles;

// Entries of a transform stand in eight groups of 64. A gap of one between groups keeps the eight inputs of a
// first-pass butterfly out of the same cache set.
constexpr std::size_t kGroup = 65;
constexpr std::size_t kEntries = kRadix * kGroup;
// Where the three passes leave frequency f: the base-8 digits in reverse.
constexpr std::size_t Position(std::size_t f) {
  return (f % 8) * kGroup + (f / 8 % 8) * 8 + f / 64;
}
// Where the first pass reads entry i.
constexpr std::size_t Slot(std::size_t i) {
  return i / 64 * kGroup + i % 64;
}

// Lanes of float; GCC and Clang vector extension, split into what the target has.
template <int kLanes>
struct Lanes {
  typedef float Vector __attribute__((vector_size(kLanes * 4)));
};

#define KANTEI_INLINE __attribute__((always_inline)) inline

template <typename V>
KANTEI_INLINE void AddSubtract(V& a, V& b) {
  const V difference = a - b;
  a = a + b;
  b = difference;
}

// The 8-point transform in place; result k stands in entry k.
template <typename V>
KANTEI_INLINE void Butterfly8(V* re, V* im) {
  constexpr float kRoot = 0.70710678118654752f;
  for (int k = 0; k < 4; ++k) {
    AddSubtract(re[k], re[k + 4]);
    AddSubtract(im[k], im[k + 4]);
  }
  // Even results from sums 0..3.
  AddSubtract(re[0], re[2]);
  AddSubtract(im[0], im[2]);
  AddSubtract(re[1], re[3]);
  AddSubtract(im[1], im[3]);
  const V r0 = re[0] + re[1], i0 = im[0] + im[1], r4 = re[0] - re[1], i4 = im[0] - im[1];
  const V r2 = re[2] + im[3], i2 = im[2] - re[3], r6 = re[2] - im[3], i6 = im[2] + re[3];
  // Odd results from differences 4..7: (4) ∓ i(6) and (5) ∓ i(7), the second turned by an eighth.
  const V a_re = re[4] + im[6], a_im = im[4] - re[6], b_re = re[4] - im[6], b_im = im[4] + re[6];
  const V c_re = re[5] + im[7], c_im = im[5] - re[7], d_re = re[5] - im[7], d_im = im[5] + re[7];
  const V e_re = (c_re + c_im) * kRoot, e_im = (c_im - c_re) * kRoot;   // × (1 - i)/√2
  const V f_re = (d_im - d_re) * kRoot, f_im = -(d_re + d_im) * kRoot;  // × (-1 - i)/√2
  re[0] = r0, im[0] = i0;
  re[1] = a_re + e_re, im[1] = a_im + e_im;
  re[2] = r2, im[2] = i2;
  re[3] = b_re + f_re, im[3] = b_im + f_im;
  re[4] = r4, im[4] = i4;
  re[5] = a_re - e_re, im[5] = a_im - e_im;
  re[6] = r6, im[6] = i6;
  re[7] = b_re - f_re, im[7] = b_im - f_im;
}

template <typename V>
KANTEI_INLINE void StoreTwiddled(const V* re, const V* im, const float* w_re, const float* w_im,
                                 std::size_t stride, V* out_re, V* out_im) {
  out_re[0] = re[0];
  out_im[0] = im[0];
  for (std::size_t k = 1; k < kRadix; ++k) {
    out_re[k * stride] = re[k] * w_re[k] - im[k] * w_im[k];
    out_im[k * stride] = re[k] * w_im[k] + im[k] * w_re[k];
  }
}

template <typename V>
KANTEI_INLINE void FirstPass(V* re, V* im) {
  for (std::size_t n = 0; n < 64; ++n) {
    V r[kRadix], i[kRadix];
    for (std::size_t k = 0; k < kRadix; ++k) {
      r[k] = re[n + kGroup * k];
      i[k] = im[n + kGroup * k];
    }
    Butterfly8(r, i);
    StoreTwiddled(r, i, kTwiddles.first_re[n].data(), kTwiddles.first_im[n].data(), kGroup, re + n, im + n);
  }
}

// Second pass over all eight sub-transforms of 64.
template <typename V>
KANTEI_INLINE void SecondPass(V* re, V* im) {
  for (std::size_t block = 0; block < kEntries; block += kGroup) {
    for (std::size_t n = 0; n < 8; ++n) {
      V r[kRadix], i[kRadix];
      for (std::size_t k = 0; k < kRadix; ++k) {
        r[k] = re[block + n + 8 * k];
        i[k] = im[block + n + 8 * k];
      }
      Butterfly8(r, i);
      StoreTwiddled(r, i, kTwiddles.second_re[n].data(), kTwiddles.second_im[n].data(), 8, re + block + n,
                    im + block + n);
    }
  }
}

// Interleaves the lower (or upper) halves of two vectors: four (log2 lanes) rounds of it transpose a square.
template <int kLanes, typename V, int... kIdx>
KANTEI_INLINE void Interleave(const V& a, const V& b, V& low, V& high, std::integer_sequence<int, kIdx...>) {
  low = __builtin_shufflevector(a, b, (kIdx % 2 == 0 ? kIdx / 2 : kLanes + kIdx / 2)...);
  high =
      __builtin_shufflevector(a, b, (kIdx % 2 == 0 ? (kLanes + kIdx) / 2 : kLanes + (kLanes + kIdx) / 2)...);
}

template <int kLanes, typename V>
KANTEI_INLINE void InterleaveRound(const V* in, V* out) {
  for (int i = 0; i < kLanes / 2; ++i) {
    Interleave<kLanes>(in[i], in[i + kLanes / 2], out[2 * i], out[2 * i + 1],
                       std::make_integer_sequence<int, kLanes>());
  }
}

template <int kLanes, typename V>
KANTEI_INLINE void TransposeSquare(V* rows) {
  V other[kLanes];
  if constexpr (kLanes == 4) {
    InterleaveRound<kLanes>(rows, other);
    InterleaveRound<kLanes>(other, rows);
  } else if constexpr (kLanes == 8) {
    InterleaveRound<kLanes>(rows, other);
    InterleaveRound<kLanes>(other, rows);
    InterleaveRound<kLanes>(rows, other);
    for (int i = 0; i < kLanes; ++i) rows[i] = other[i];
  } else {
    static_assert(kLanes == 16);
    InterleaveRound<kLanes>(rows, other);
    InterleaveRound<kLanes>(other, rows);
    InterleaveRound<kLanes>(rows, other);
    InterleaveRound<kLanes>(other, rows);
  }
}

enum class Mirror { kAdd, kSubtract, kSubtractFrom };

// Combines the bins v..v+lanes-1 of a plane with their mirror bins and writes them transposed. The bins v = 0
// and v = 256 are real: where an imaginary part is made, `real` (the plane of real parts of that column)
// gives bin 256 for lane 0.
template <int kLanes, Mirror kMirror, typename V>
KANTEI_INLINE void SplitTransposed(const V* plane, std::size_t v, const V* real, V* out) {
  V rows[kLanes];
  for (std::size_t l = 0; l < kLanes; ++l) {
    const V& value = plane[Position(v + l)];
    const V& mirror = plane[Position((kSquare - v - l) % kSquare)];
    rows[l] = kMirror == Mirror::kAdd ? value + mirror
                                      : (kMirror == Mirror::kSubtract ? value - mirror : mirror - value);
  }
  if (kMirror != Mirror::kAdd && v == 0) rows[0] = real[Position(kHalf)] + real[Position(kHalf)];
  TransposeSquare<kLanes>(rows);
  for (std::size_t l = 0; l < kLanes; ++l) out[l] = rows[l];
}

// 1.1 MB, kept by each thread that measures: fresh pages would cost more than the transform.
struct Scratch {
  // One block of columns (step 1). Lane l of entry y is column l of the block.
  alignas(64) std::array<float, kEntries * 16> re, im;
  // Half spectrum before step 3: block of v, then x, then lane = v within its block.
  alignas(64) std::array<float, kHalf * kEntries> half_re, half_im;
};

// What the compiler does not vectorise by itself comes as an Isa with its own target: Load turns `kLanes`
// columns of the picture into floats at the slots of the first pass, RootSum adds up the square roots of 512
// vectors.
template <int kLanes, typename Isa>
KANTEI_INLINE double SumMagnitudes(const std::uint8_t* grey, Scratch* scratch) {
  using V = typename Lanes<kLanes>::Vector;
  V* const re = reinterpret_cast<V*>(scratch->re.data());
  V* const im = reinterpret_cast<V*>(scratch->im.data());
  V* const half_re = reinterpret_cast<V*>(scratch->half_re.data());
  V* const half_im = reinterpret_cast<V*>(scratch->half_im.data());

  for (std::size_t x = 0; x < kHalf; x += kLanes) {
    Isa::Load(grey + x, scratch->re.data());
    Isa::Load(grey + x + kHalf, scratch->im.data());
    FirstPass(re, im);
    SecondPass(re, im);
    for (std::size_t i = 0; i < kSquare; i += 8) Butterfly8(re + Slot(i), im + Slot(i));

    // Split: with Z = Z(v) and C = conj Z(-v), the left column is Z + C and the right one (Z - C)/i, both
    // doubled.
    for (std::size_t v = 0; v < kHalf; v += kLanes) {
      const std::size_t left = v / kLanes * kEntries + Slot(x), right = left + kHalf / 64 * kGroup;
      SplitTransposed<kLanes, Mirror::kAdd>(re, v, re, half_re + left);
      SplitTransposed<kLanes, Mirror::kSubtract>(im, v, re, half_im + left);
      SplitTransposed<kLanes, Mirror::kAdd>(im, v, im, half_re + right);
      SplitTransposed<kLanes, Mirror::kSubtractFrom>(re, v, im, half_im + right);
    }
  }

  double total = 0;
  std::array<float, kEntries> packed_re, packed_im;
  for (std::size_t v = 0; v < kHalf; v += kLanes) {
    V* const row_re = half_re + v / kLanes * kEntries;
    V* const row_im = half_im + v / kLanes * kEntries;
    FirstPass(row_re, row_im);
    SecondPass(row_re, row_im);
    for (std::size_t start = 0; start < kSquare; start += 8) {
      const std::size_t block = Slot(start);
      V r[kRadix], i[kRadix];
      for (std::size_t k = 0; k < kRadix; ++k) {
        r[k] = row_re[block + k];
        i[k] = row_im[block + k];
      }
      Butterfly8(r, i);
      for (std::size_t k = 0; k < kRadix; ++k) {
        V square = r[k] * r[k] + i[k] * i[k];
        if (v == 0) {
          packed_re[block + k] = r[k][0];
          packed_im[block + k] = i[k][0];
          square[0] = 0;
        }
        re[start + k] = square;
      }
    }
    total += 2 * Isa::RootSum(scratch->re.data());  // v and -v
  }

  // Lane 0 of the first block: v = 0 is the part P(u) + conj P(-u), v = 256 the rest.
  for (std::size_t u = 0; u < kSquare; ++u) {
    const std::size_t at = Position(u), opposite = Position((kSquare - u) % kSquare);
    const float a = packed_re[at], b = packed_im[at], c = packed_re[opposite], d = packed_im[opposite];
    total += 0.5f * (std::sqrt((a + c) * (a + c) + (b - d) * (b - d)) +
                     std::sqrt((b + d) * (b + d) + (c - a) * (c - a)));
  }
  return 0.5 * total;  // the split doubled every value
}

struct PlainIsa {
  static void Load(const std::uint8_t* columns, float* out) {
    for (std::size_t y = 0; y < kSquare; ++y) {
      for (std::size_t l = 0; l < 4; ++l) out[Slot(y) * 4 + l] = static_cast<float>(columns[y * kSquare + l]);
    }
  }
  static double RootSum(const float* values) {
    double total = 0;
    for (int i = 0; i < kSquare * 4; ++i) total += static_cast<double>(std::sqrt(values[i]));
    return total;
  }
};
double SumMagnitudes4(const std::uint8_t* grey, Scratch* scratch) {
  return SumMagnitudes<4, PlainIsa>(grey, scratch);
}

#if defined(__x86_64__)
#define KANTEI_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma")))
#define KANTEI_AVX2 __attribute__((target("avx2,fma")))

double AddLanes(const float* lanes, int count) {
  double total = 0;
  for (int l = 0; l < count; ++l) total += static_cast<double>(lanes[l]);
  return total;
}

// The masked forms with a full mask: GCC 12 warns about the plain ones.
struct Avx512Isa {
  KANTEI_AVX512 static void Load(const std::uint8_t* columns, float* out) {
    for (std::size_t y = 0; y < kSquare; ++y) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(columns + y * kSquare));
      _mm512_store_ps(out + Slot(y) * 16,
                      _mm512_maskz_cvtepi32_ps(0xFFFF, _mm512_maskz_cvtepu8_epi32(0xFFFF, bytes)));
    }
  }
  KANTEI_AVX512 static double RootSum(const float* values) {
    __m512 a = _mm512_setzero_ps(), b = a;
    for (int i = 0; i < kSquare * 16; i += 32) {
      a = _mm512_add_ps(a, _mm512_maskz_sqrt_ps(0xFFFF, _mm512_load_ps(values + i)));
      b = _mm512_add_ps(b, _mm512_maskz_sqrt_ps(0xFFFF, _mm512_load_ps(values + i + 16)));
    }
    alignas(64) float lanes[16];
    _mm512_store_ps(lanes, _mm512_add_ps(a, b));
    return AddLanes(lanes, 16);
  }
};
KANTEI_AVX512 double SumMagnitudes16(const std::uint8_t* grey, Scratch* scratch) {
  return SumMagnitudes<16, Avx512Isa>(grey, scratch);
}

struct Avx2Isa {
  KANTEI_AVX2 static void Load(const std::uint8_t* columns, float* out) {
    for (std::size_t y = 0; y < kSquare; ++y) {
      const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(columns + y * kSquare));
      _mm256_store_ps(out + Slot(y) * 8, _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes)));
    }
  }
  KANTEI_AVX2 static double RootSum(const float* values) {
    __m256 a = _mm256_setzero_ps(), b = a;
    for (int i = 0; i < kSquare * 8; i += 16) {
      a = _mm256_add_ps(a, _mm256_sqrt_ps(_mm256_load_ps(values + i)));
      b = _mm256_add_ps(b, _mm256_sqrt_ps(_mm256_load_ps(values + i + 8)));
    }
    alignas(32) float lanes[8];
    _mm256_store_ps(lanes, _mm256_add_ps(a, b));
    return AddLanes(lanes, 8);
  }
};
KANTEI_AVX2 double SumMagnitudes8(const std::uint8_t* grey, Scratch* scratch) {
  return SumMagnitudes<8, Avx2Isa>(grey, scratch);
}
#endif

using SumFunction = double (*)(const std::uint8_t*, Scratch*);

SumFunction ChooseSum() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")) {
    return SumMagnitudes16;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return SumMagnitudes8;
#endif
  return SumMagnitudes4;
}

}  // namespace

double MeanSpectrum(const std::uint8_t* grey) {
  static const SumFunction sum = ChooseSum();
  static thread_local const std::unique_ptr<Scratch> scratch(new Scratch);
  return sum(grey, scratch.get()) / kSquarePixels;
}

}  // namespace kantei::authenticity::internal
