#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "kantei/authenticity/trace_corners.h"
#include "kantei/authenticity/trace_dct.h"
#include "kantei/base/cpu.h"
#include "kantei/base/parallel.h"

namespace kantei::authenticity::trace {
namespace {

constexpr int kTile = 512, kBorder = 12;
constexpr std::size_t kPatch = 64;  // 8×8 values of 2×2 pixels each
constexpr int kLeastDistance = 20;  // pixels between a patch and its copy

using Patch = std::array<float, kPatch>;

KANTEI_MULTIARCH void GradientRow(const float* __restrict above, const float* __restrict row,
                                  const float* __restrict below, float* __restrict xx, float* __restrict xy,
                                  float* __restrict yy, int count) {
  for (int x = 0; x < count; ++x) {
    const float gx = row[x + 2] - row[x], gy = below[x + 1] - above[x + 1];
    xx[x] = gx * gx;
    xy[x] = gx * gy;
    yy[x] = gy * gy;
  }
}

KANTEI_MULTIARCH void SumRows(const float* __restrict in, std::size_t stride, float* __restrict out,
                              int count) {
  for (int x = 0; x < count; ++x)
    out[x] = in[x] + in[x + stride] + in[x + 2 * stride] + in[x + 3 * stride] + in[x + 4 * stride];
}
KANTEI_MULTIARCH void SumAlong(const float* __restrict in, float* __restrict out, int count) {
  for (int x = 0; x < count; ++x) out[x] = in[x] + in[x + 1] + in[x + 2] + in[x + 3] + in[x + 4];
}

}  // namespace

image::Plane Box5(const image::Plane& plane) {
  image::Plane out(plane.width - 4, plane.height - 4);
  std::vector<float> sums(static_cast<std::size_t>(plane.width));
  for (int y = 0; y < out.height; ++y) {
    SumRows(plane.row(y), static_cast<std::size_t>(plane.width), sums.data(), plane.width);
    SumAlong(sums.data(), out.row(y), out.width);
  }
  return out;
}

namespace {

KANTEI_MULTIARCH void SmallerEigenvalue(const float* __restrict xx, const float* __restrict xy,
                                        const float* __restrict yy, float* __restrict out, int count) {
  for (int x = 0; x < count; ++x) {
    const float half = 0.5f * (xx[x] + yy[x]), difference = 0.5f * (xx[x] - yy[x]);
    out[x] = half - std::sqrt(difference * difference + xy[x] * xy[x]);
  }
}

/// Corners of one tile: local maxima (7×7) of the smaller eigenvalue of the structure tensor.
std::vector<Corner> TileCorners(const image::Image& picture, int x0, int y0) {
  const int x1 = std::min(x0 + kTile, picture.width() - kBorder),
            y1 = std::min(y0 + kTile, picture.height() - kBorder);
  x0 = std::max(x0, kBorder), y0 = std::max(y0, kBorder);
  std::vector<Corner> corners;
  if (x1 <= x0 || y1 <= y0) return corners;
  constexpr int kMargin = 6;  // 1 gradient + 2 box + 3 neighbourhood
  const image::Plane luma =
      LumaTile(picture, x0 - kMargin, y0 - kMargin, x1 - x0 + 2 * kMargin, y1 - y0 + 2 * kMargin);
  image::Plane xx(luma.width - 2, luma.height - 2), xy(xx), yy(xx);
  for (int y = 0; y < xx.height; ++y)
    GradientRow(luma.row(y), luma.row(y + 1), luma.row(y + 2), xx.row(y), xy.row(y), yy.row(y), xx.width);
  const image::Plane sxx = Box5(xx), sxy = Box5(xy), syy = Box5(yy);
  image::Plane strength(sxx.width, sxx.height);  // begins at (x0 - 3, y0 - 3)
  for (int y = 0; y < strength.height; ++y)
    SmallerEigenvalue(sxx.row(y), sxy.row(y), syy.row(y), strength.row(y), strength.width);
  constexpr float kLeast = 25 * 16.0f;  // a contrast of about 4
  for (int y = 3; y < strength.height - 3; ++y) {
    for (int x = 3; x < strength.width - 3; ++x) {
      const float here = strength.row(y)[x];
      if (here < kLeast) continue;
      bool largest = true;
      for (int dy = -3; dy <= 3 && largest; ++dy) {
        const float* row = strength.row(y + dy) + x;
        for (int dx = -3; dx <= 3; ++dx) {
          if (row[dx] > here || (row[dx] == here && (dy < 0 || (dy == 0 && dx < 0)))) {
            largest = false;
            break;
          }
        }
      }
      if (largest) corners.push_back({x0 + x - 3, y0 + y - 3, here});
    }
  }
  return corners;
}

bool Describe(const image::Image& picture, const Corner& corner, Patch* patch) {
  const image::Plane luma = LumaTile(picture, corner.x - 8, corner.y - 8, 16, 16);
  float mean = 0;
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 8; ++x) {
      const float *a = luma.row(2 * y) + 2 * x, *b = luma.row(2 * y + 1) + 2 * x;
      const float value = 0.25f * (a[0] + a[1] + b[0] + b[1]);
      (*patch)[static_cast<std::size_t>(8 * y + x)] = value;
      mean += value / kPatch;
    }
  }
  float power = 0;
  for (float& value : *patch) {
    value -= mean;
    power += value * value;
  }
  constexpr float kLeastContrast = 4;
  if (power < kPatch * kLeastContrast * kLeastContrast) return false;
  const float inverse = 1 / std::sqrt(power);
  for (float& value : *patch) value *= inverse;
  return true;
}

constexpr std::size_t kTogether = 4;

// Of four patches with all; sixteen of these stand side by side, one a lane, and are read once for all four.
KANTEI_MULTIARCH void Products(const float* __restrict patches, const float* __restrict others,
                               std::size_t groups, float* __restrict out) {
  for (std::size_t group = 0; group < groups; ++group) {
    float a[16] = {}, b[16] = {}, c[16] = {}, d[16] = {};
    const float* __restrict block = others + group * kPatch * 16;
    for (std::size_t k = 0; k < kPatch; ++k) {
      const float pa = patches[k], pb = patches[kPatch + k], pc = patches[2 * kPatch + k],
                  pd = patches[3 * kPatch + k];
      for (std::size_t lane = 0; lane < 16; ++lane) {
        const float value = block[k * 16 + lane];
        a[lane] += pa * value;
        b[lane] += pb * value;
        c[lane] += pc * value;
        d[lane] += pd * value;
      }
    }
    for (std::size_t lane = 0; lane < 16; ++lane) {
      out[group * 16 + lane] = a[lane];
      out[(groups + group) * 16 + lane] = b[lane];
      out[(2 * groups + group) * 16 + lane] = c[lane];
      out[(3 * groups + group) * 16 + lane] = d[lane];
    }
  }
}

std::vector<Match> MatchPatches(const std::vector<Corner>& corners, const std::vector<Patch>& patches,
                                int threads, const CancellationToken& cancellation) {
  const std::size_t count = patches.size(), groups = (count + 15) / 16;
  std::vector<float> lanes(groups * 16 * kPatch);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t k = 0; k < kPatch; ++k) lanes[(i / 16 * kPatch + k) * 16 + i % 16] = patches[i][k];
  }
  constexpr std::size_t kChunk = 128;
  std::vector<std::vector<Match>> found((count + kChunk - 1) / kChunk);
  ParallelFor(found.size(), threads, cancellation, [&](std::size_t chunk) {
    std::vector<float> four(kTogether * groups * 16), wanted(kTogether * kPatch);
    for (std::size_t i = chunk * kChunk; i < std::min(count, (chunk + 1) * kChunk); ++i) {
      if (i % kTogether == 0) {
        for (std::size_t t = 0; t < kTogether; ++t)
          std::copy(patches[std::min(i + t, count - 1)].begin(), patches[std::min(i + t, count - 1)].end(),
                    wanted.begin() + static_cast<std::ptrdiff_t>(t * kPatch));
        Products(wanted.data(), lanes.data(), groups, four.data());
      }
      const float* products = four.data() + i % kTogether * groups * 16;
      float best = -1, second = -1;
      std::size_t best_at = 0;
      const auto apart = [](const Corner& a, const Corner& b, int distance) {
        return std::abs(a.x - b.x) >= distance || std::abs(a.y - b.y) >= distance;
      };
      for (std::size_t j = 0; j < count; ++j) {
        if (products[j] <= second || !apart(corners[i], corners[j], kLeastDistance)) continue;
        if (products[j] > best) {
          if (best >= 0 && apart(corners[j], corners[best_at], 6)) second = best;
          best = products[j];
          best_at = j;
        } else if (apart(corners[j], corners[best_at], 6)) {
          second = products[j];
        }
      }
      // Distances squared are 2 - 2 × product. Of several equal copies any will do.
      const float distance = 1 - best, next = 1 - second;
      if (best > 0.85f && (distance < 0.5f * next || best > 0.995f)) found[chunk].push_back({i, best_at});
    }
  });
  std::vector<Match> matches;
  for (const auto& part : found) matches.insert(matches.end(), part.begin(), part.end());
  return matches;
}

}  // namespace

Result<AlikeCorners> FindAlikeCorners(const image::Image& picture, int threads,
                                      const CancellationToken& cancellation) {
  const int across = (picture.width() + kTile - 1) / kTile, down = (picture.height() + kTile - 1) / kTile;
  std::vector<std::vector<Corner>> tiles(static_cast<std::size_t>(across) * static_cast<std::size_t>(down));
  // Of every tile the strongest, so that large pictures stay bounded and no part goes without.
  const std::size_t most = std::clamp<std::size_t>(10'000 / tiles.size(), 16, 1000);
  ParallelFor(tiles.size(), threads, cancellation, [&](std::size_t i) {
    tiles[i] =
        TileCorners(picture, static_cast<int>(i) % across * kTile, static_cast<int>(i) / across * kTile);
    std::stable_sort(tiles[i].begin(), tiles[i].end(),
                     [](const Corner& a, const Corner& b) { return a.strength > b.strength; });
    if (tiles[i].size() > most) tiles[i].resize(most);
  });
  KANTEI_RETURN_IF_ERROR(cancellation.Check());
  AlikeCorners alike;
  std::vector<Patch> patches;
  for (const auto& tile : tiles) {
    for (const Corner& corner : tile) {
      Patch patch;
      if (!Describe(picture, corner, &patch)) continue;
      alike.corners.push_back(corner);
      patches.push_back(patch);
    }
  }
  alike.matches = MatchPatches(alike.corners, patches, threads, cancellation);
  KANTEI_RETURN_IF_ERROR(cancellation.Check());
  return alike;
}

}  // namespace kantei::authenticity::trace
