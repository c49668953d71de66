#include "kantei/copy/sift_detect.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "kantei/base/cpu.h"
#include "kantei/copy/sift_math.h"

// All values are finite: without these the compiler may not turn comparisons into vector minima.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-math-errno", "no-trapping-math", "finite-math-only", "no-signed-zeros")
#endif

namespace kantei::copy::sift {
namespace {

constexpr int kBorder = 4;  // octave pixels without keypoints: replicated edges distort the extrema there
constexpr int kMaxSteps = 5;

// Largest and smallest value of the 3×3 neighbourhood of each pixel 1..n-2. column_* are scratch of n floats.
KANTEI_MULTIARCH void NeighbourhoodRow(const float* __restrict__ up, const float* __restrict__ mid,
                                       const float* __restrict__ down, int n, float* __restrict__ column_max,
                                       float* __restrict__ column_min, float* __restrict__ max_out,
                                       float* __restrict__ min_out) {
  for (int x = 0; x < n; ++x) {
    column_max[x] = Larger(Larger(up[x], down[x]), mid[x]);
    column_min[x] = Smaller(Smaller(up[x], down[x]), mid[x]);
  }
  for (int x = 1; x < n - 1; ++x) {
    max_out[x] = Larger(Larger(column_max[x - 1], column_max[x + 1]), column_max[x]);
    min_out[x] = Smaller(Smaller(column_min[x - 1], column_min[x + 1]), column_min[x]);
  }
}

// flags[x] = 1 where the centre exceeds the threshold and is the extremum of the three neighbourhoods.
KANTEI_MULTIARCH void FlagRow(const float* __restrict__ centre, const float* const* max_in,
                              const float* const* min_in, float threshold, int n,
                              std::uint8_t* __restrict__ flags) {
  const float* a = max_in[0];
  const float* b = max_in[1];
  const float* c = max_in[2];
  const float* d = min_in[0];
  const float* e = min_in[1];
  const float* f = min_in[2];
  for (int x = 0; x < n; ++x) {
    const float high = Larger(Larger(a[x], b[x]), Larger(c[x], threshold));
    const float low = Smaller(Smaller(d[x], e[x]), Smaller(f[x], -threshold));
    flags[x] = static_cast<std::uint8_t>((centre[x] >= high) | (centre[x] <= low));
  }
}

// Solves H·offset = -gradient for the symmetric H by Cramer's rule; false when H is singular.
bool SolveOffset(const double g[3], double xx, double yy, double ss, double xy, double xs, double ys,
                 double offset[3]) {
  const double cxx = yy * ss - ys * ys, cxy = xs * ys - xy * ss, cxs = xy * ys - xs * yy;
  const double det = xx * cxx + xy * cxy + xs * cxs;
  if (std::abs(det) < 1e-30) return false;
  const double cyy = xx * ss - xs * xs, cys = xs * xy - xx * ys, css = xx * yy - xy * xy;
  offset[0] = -(cxx * g[0] + cxy * g[1] + cxs * g[2]) / det;
  offset[1] = -(cxy * g[0] + cyy * g[1] + cys * g[2]) / det;
  offset[2] = -(cxs * g[0] + cys * g[1] + css * g[2]) / det;
  return true;
}

// Moves to the sampled place next to the true extremum, fits the quadratic, applies both tests.
bool Refine(const Octave& octave, int x, int y, int level, float contrast, float edge_ratio, Extremum* out) {
  const int width = octave.dog[0].width, height = octave.dog[0].height;
  const std::ptrdiff_t stride = octave.dog[0].stride;
  double offset[3] = {};
  for (int step = 0;; ++step) {
    const float* below = octave.dog[static_cast<std::size_t>(level) - 1].row(y) + x;
    const float* at = octave.dog[static_cast<std::size_t>(level)].row(y) + x;
    const float* above = octave.dog[static_cast<std::size_t>(level) + 1].row(y) + x;
    const double twice = 2.0 * at[0];
    const double gradient[3] = {0.5 * (at[1] - at[-1]), 0.5 * (at[stride] - at[-stride]),
                                0.5 * (above[0] - below[0])};
    const double xx = at[1] + at[-1] - twice, yy = at[stride] + at[-stride] - twice,
                 ss = above[0] + below[0] - twice;
    const double xy = 0.25 * (at[stride + 1] - at[stride - 1] - at[-stride + 1] + at[-stride - 1]);
    const double xs = 0.25 * (above[1] - above[-1] - below[1] + below[-1]);
    const double ys = 0.25 * (above[stride] - above[-stride] - below[stride] + below[-stride]);
    if (!SolveOffset(gradient, xx, yy, ss, xy, xs, ys, offset)) return false;
    const bool inside =
        std::abs(offset[0]) <= 0.5 && std::abs(offset[1]) <= 0.5 && std::abs(offset[2]) <= 0.5;
    if (!inside) {
      if (step + 1 == kMaxSteps) return false;
      if (std::abs(offset[0]) > width || std::abs(offset[1]) > height || std::abs(offset[2]) > kDogLevels)
        return false;
      x += static_cast<int>(std::lround(offset[0]));
      y += static_cast<int>(std::lround(offset[1]));
      level += static_cast<int>(std::lround(offset[2]));
      if (level < 1 || level > kScalesPerOctave || x < kBorder || x >= width - kBorder || y < kBorder ||
          y >= height - kBorder) {
        return false;
      }
      continue;
    }
    const double value =
        at[0] + 0.5 * (gradient[0] * offset[0] + gradient[1] * offset[1] + gradient[2] * offset[2]);
    if (std::abs(value) < contrast) return false;
    const double trace = xx + yy, det = xx * yy - xy * xy;
    const double r = edge_ratio;
    if (det <= 0 || trace * trace * r >= (r + 1) * (r + 1) * det) return false;
    out->x = static_cast<float>(x + offset[0]);
    out->y = static_cast<float>(y + offset[1]);
    out->level = static_cast<float>(level + offset[2]);
    out->gaussian_level = level;
    out->response = static_cast<float>(std::abs(value));
    return true;
  }
}

}  // namespace

std::vector<Extremum> FindExtrema(const ScaleSpace& space, float contrast, float edge_ratio) {
  std::vector<Extremum> found;
  // The refined value is larger than the sampled one; half the threshold lets the latter through.
  const float early = 0.5f * contrast;
  for (std::size_t o = 0; o < space.octaves.size(); ++o) {
    const Octave& octave = space.octaves[o];
    const int width = octave.dog[0].width, height = octave.dog[0].height;
    if (width <= 2 * kBorder || height <= 2 * kBorder) break;
    const auto n = static_cast<std::size_t>(width);
    std::vector<float> scratch(n * (2 + 2 * kDogLevels));
    std::vector<std::uint8_t> flags((n + 15) / 8 * 8);
    float* column_max = scratch.data();
    float* column_min = column_max + n;
    const float* maxima[kDogLevels];
    const float* minima[kDogLevels];
    for (int y = kBorder; y < height - kBorder; ++y) {
      for (std::size_t level = 0; level < kDogLevels; ++level) {
        const PlaneView& dog = octave.dog[level];
        float* high = scratch.data() + n * (2 + 2 * level);
        NeighbourhoodRow(dog.row(y - 1), dog.row(y), dog.row(y + 1), width, column_max, column_min, high,
                         high + n);
        maxima[level] = high;
        minima[level] = high + n;
      }
      for (int level = 1; level <= kScalesPerOctave; ++level) {
        std::fill(flags.begin(), flags.end(), std::uint8_t{0});
        const int count = width - 2 * kBorder;
        const float* high[3];
        const float* low[3];
        for (int i = 0; i < 3; ++i) {
          high[i] = maxima[level - 1 + i] + kBorder;
          low[i] = minima[level - 1 + i] + kBorder;
        }
        FlagRow(octave.dog[static_cast<std::size_t>(level)].row(y) + kBorder, high, low, early, count,
                flags.data());
        for (int block = 0; block < count; block += 8) {
          std::uint64_t eight = 0;
          std::memcpy(&eight, flags.data() + block, 8);
          if (eight == 0) continue;
          for (int x = block; x < std::min(block + 8, count); ++x) {
            if (flags[static_cast<std::size_t>(x)] == 0) continue;
            Extremum extremum;
            extremum.octave = static_cast<int>(o);
            if (Refine(octave, x + kBorder, y, level, contrast, edge_ratio, &extremum))
              found.push_back(extremum);
          }
        }
      }
    }
  }
  return found;
}

}  // namespace kantei::copy::sift
