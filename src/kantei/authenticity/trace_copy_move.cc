#include "kantei/authenticity/trace_copy_move.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

#include "kantei/authenticity/trace_dct.h"
#include "kantei/authenticity/trace_maps.h"
#include "kantei/base/cpu.h"
#include "kantei/base/parallel.h"

namespace kantei::authenticity::trace {
namespace {

constexpr int kTile = 512, kBorder = 12;
constexpr std::size_t kPatch = 64;    // 8×8 values of 2×2 pixels each
constexpr int kLeastDistance = 20;    // pixels between a patch and its copy
constexpr int kCell = 8, kReach = 4;  // a cell is judged by its 16×16 pixels

struct Corner {
  int x = 0, y = 0;
  float strength = 0;
};
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

/// Sums over 5×5 pixels; (width - 4) × (height - 4).
image::Plane Box5(const image::Plane& plane) {
  image::Plane out(plane.width - 4, plane.height - 4);
  std::vector<float> sums(static_cast<std::size_t>(plane.width));
  for (int y = 0; y < out.height; ++y) {
    SumRows(plane.row(y), static_cast<std::size_t>(plane.width), sums.data(), plane.width);
    SumAlong(sums.data(), out.row(y), out.width);
  }
  return out;
}

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

struct Match {
  std::size_t a = 0, b = 0;
};

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

/// Cells of [cx0, cx1) × [cy0, cy1) against the same moved by (dx, dy): normalised correlation of the band-passed luma.
/// -2 where there is not enough detail or the twin lies outside.
image::Plane CompareMoved(const image::Image& picture, const image::Rect& cells, int dx, int dy) {
  image::Plane out(cells.width, cells.height);
  const int x = cells.x * kCell - kReach, y = cells.y * kCell - kReach;
  const int width = cells.width * kCell + 2 * kReach, height = cells.height * kCell + 2 * kReach;
  const auto band_pass = [&](int at_x, int at_y) {
    // Finer than JPEG leaves alone says nothing, coarser is alike wherever two things look alike: the mean of 3×3
    // pixels less that of 5×5 taken twice.
    const image::Plane luma = LumaTile(picture, at_x - 4, at_y - 4, width + 8, height + 8);
    const image::Plane five = Box5(luma);
    image::Plane coarse = Box5(five);
    for (int row = 0; row < height; ++row) {
      float* sum = coarse.row(row);
      const float *above = luma.row(row + 3) + 3, *centre = luma.row(row + 4) + 3,
                  *below = luma.row(row + 5) + 3;
      for (int i = 0; i < width; ++i) {
        const float fine = above[i] + above[i + 1] + above[i + 2] + centre[i] + centre[i + 1] +
                           centre[i + 2] + below[i] + below[i + 1] + below[i + 2];
        sum[i] = fine * (1.0f / 9) - sum[i] * (1.0f / 625);
      }
    }
    return coarse;
  };
  const image::Plane a = band_pass(x, y), b = band_pass(x + dx, y + dy);
  for (int cy = 0; cy < cells.height; ++cy) {
    for (int cx = 0; cx < cells.width; ++cx) {
      const int px = (cells.x + cx) * kCell + dx, py = (cells.y + cy) * kCell + dy;
      out.row(cy)[cx] = -2;
      if (px < 0 || py < 0 || px + kCell > picture.width() || py + kCell > picture.height()) continue;
      float ab = 0, aa = 0, bb = 0, xx = 0, xy = 0, yy = 0;
      for (int j = 0; j < 15; ++j) {
        const float *ra = a.row(cy * kCell + j) + cx * kCell, *rb = b.row(cy * kCell + j) + cx * kCell;
        const float* next = a.row(cy * kCell + j + 1) + cx * kCell;
        for (int i = 0; i < 15; ++i) {
          const float gx = ra[i + 1] - ra[i], gy = next[i] - ra[i];
          ab += ra[i] * rb[i], aa += ra[i] * ra[i], bb += rb[i] * rb[i];
          xx += gx * gx, xy += gx * gy, yy += gy * gy;
        }
      }
      constexpr float kLeastPower = 225 * 2.0f, kLeastCrossing = 0.12f;
      if (aa < kLeastPower || bb < kLeastPower) continue;
      // A straight edge is like itself wherever one moves along it: detail must run in more than one direction.
      const float half = 0.5f * (xx + yy), root = std::sqrt(0.25f * (xx - yy) * (xx - yy) + xy * xy);
      if (half - root < kLeastCrossing * (half + root)) continue;
      out.row(cy)[cx] = ab / std::sqrt(aa * bb);
    }
  }
  return out;
}

struct Candidate {
  int dx = 0, dy = 0, votes = 0;
  std::vector<Corner> corners;  ///< the members at the near end of the offset
};

/// Popular offsets, the most popular first; a pair counts once, towards dy > 0 (or dx > 0).
std::vector<Candidate> PopularOffsets(const std::vector<Corner>& corners, const std::vector<Match>& matches) {
  std::map<std::pair<int, int>, std::vector<std::pair<Corner, Corner>>> votes;
  for (const Match& match : matches) {
    Corner from = corners[match.a], to = corners[match.b];
    if (to.y < from.y || (to.y == from.y && to.x < from.x)) std::swap(from, to);
    votes[{to.x - from.x, to.y - from.y}].emplace_back(from, to);
  }
  std::vector<Candidate> candidates;
  for (const auto& [offset, pairs] : votes) {
    int around = 0;
    for (int dy = -1; dy <= 1; ++dy) {
      for (int dx = -1; dx <= 1; ++dx) {
        const auto near = votes.find({offset.first + dx, offset.second + dy});
        if (near != votes.end()) around += static_cast<int>(near->second.size());
      }
    }
    if (around < 4) continue;
    Candidate candidate{
        offset.first, offset.second, around * 16 + std::min<int>(15, static_cast<int>(pairs.size())), {}};
    for (int dy = -1; dy <= 1; ++dy) {
      for (int dx = -1; dx <= 1; ++dx) {
        const auto near = votes.find({offset.first + dx, offset.second + dy});
        if (near == votes.end()) continue;
        for (const auto& pair : near->second) candidate.corners.push_back(pair.first);
      }
    }
    candidates.push_back(std::move(candidate));
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.votes > b.votes; });
  std::vector<Candidate> kept;
  for (Candidate& candidate : candidates) {
    const bool known = std::any_of(kept.begin(), kept.end(), [&](const Candidate& other) {
      return std::abs(other.dx - candidate.dx) <= 2 && std::abs(other.dy - candidate.dy) <= 2;
    });
    if (!known) kept.push_back(std::move(candidate));
    if (kept.size() == 6) break;
  }
  return kept;
}

constexpr float kAgrees = 0.85f;

/// Grows from the corners over agreeing cells. Returns the cells of the largest connected part.
std::vector<std::pair<int, int>> GrowRegion(const image::Image& picture, const Candidate& candidate) {
  const int across = picture.width() / kCell, down = picture.height() / kCell;
  // Cells are compared in tiles as the region reaches them, so that a small copy in a large picture is cheap.
  constexpr int kTileCells = 16;
  std::map<std::pair<int, int>, image::Plane> tiles;
  const auto value = [&](int cx, int cy) {
    const std::pair<int, int> key{cx / kTileCells, cy / kTileCells};
    auto found = tiles.find(key);
    if (found == tiles.end()) {
      const image::Rect rect{key.first * kTileCells, key.second * kTileCells,
                             std::min(kTileCells, across - key.first * kTileCells),
                             std::min(kTileCells, down - key.second * kTileCells)};
      found = tiles.emplace(key, CompareMoved(picture, rect, candidate.dx, candidate.dy)).first;
    }
    return found->second.row(cy % kTileCells)[cx % kTileCells];
  };
  std::vector<std::uint8_t> seen(static_cast<std::size_t>(across) * static_cast<std::size_t>(down));
  std::vector<std::pair<int, int>> best;
  for (const Corner& corner : candidate.corners) {
    std::vector<std::pair<int, int>> region, stack{{corner.x / kCell, corner.y / kCell}};
    while (!stack.empty()) {
      const auto [cx, cy] = stack.back();
      stack.pop_back();
      if (cx < 0 || cy < 0 || cx >= across || cy >= down) continue;
      std::uint8_t& mark = seen[static_cast<std::size_t>(cy) * static_cast<std::size_t>(across) +
                                static_cast<std::size_t>(cx)];
      if (mark) continue;
      mark = 1;
      if (value(cx, cy) < kAgrees) continue;
      region.emplace_back(cx, cy);
      for (int dy = -1; dy <= 1; ++dy) {
        for (int dx = -1; dx <= 1; ++dx) stack.emplace_back(cx + dx, cy + dy);
      }
    }
    if (region.size() > best.size()) best = std::move(region);
  }
  return best;
}

}  // namespace

Status FindCopyMove(const image::Image& picture, int threads, const CancellationToken& cancellation,
                    Trace* trace) {
  constexpr int kLeastSide = 96;
  if (std::min(picture.width(), picture.height()) < kLeastSide) {
    trace->reason = "the picture is too small to look for copies within it; 96 pixels a side are needed";
    return {};
  }
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
  std::vector<Corner> corners;
  std::vector<Patch> patches;
  for (const auto& tile : tiles) {
    for (const Corner& corner : tile) {
      Patch patch;
      if (!Describe(picture, corner, &patch)) continue;
      corners.push_back(corner);
      patches.push_back(patch);
    }
  }
  trace->applicable = true;
  trace->map = image::Plane((picture.width() + kCell - 1) / kCell, (picture.height() + kCell - 1) / kCell);
  trace->map_scale = kCell;
  trace->numbers.emplace_back("corners", static_cast<double>(corners.size()));
  const std::vector<Match> matches = MatchPatches(corners, patches, threads, cancellation);
  KANTEI_RETURN_IF_ERROR(cancellation.Check());
  std::vector<Candidate> candidates = PopularOffsets(corners, matches);
  struct Pair {
    Candidate candidate;
    std::vector<std::pair<int, int>> cells;
  };
  std::vector<Pair> pairs;
  for (Candidate& candidate : candidates) {
    KANTEI_RETURN_IF_ERROR(cancellation.Check());
    std::vector<std::pair<int, int>> cells = GrowRegion(picture, candidate);
    if (cells.size() >= 4) pairs.push_back({std::move(candidate), std::move(cells)});
  }
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const Pair& a, const Pair& b) { return a.cells.size() > b.cells.size(); });
  for (const Pair& pair : pairs) {
    const int dx = pair.candidate.dx, dy = pair.candidate.dy;
    const float strength = Soft(std::log2(static_cast<double>(pair.cells.size())), 4, 0.5);
    int x0 = picture.width(), y0 = picture.height(), x1 = 0, y1 = 0;
    for (const auto& [cx, cy] : pair.cells) {
      x0 = std::min(x0, cx * kCell), x1 = std::max(x1, cx * kCell + kCell);
      y0 = std::min(y0, cy * kCell), y1 = std::max(y1, cy * kCell + kCell);
      const int tx = (cx * kCell + dx + kCell / 2) / kCell, ty = (cy * kCell + dy + kCell / 2) / kCell;
      float& here = trace->map.row(cy)[cx];
      here = std::max(here, strength);
      if (tx >= 0 && ty >= 0 && tx < trace->map.width && ty < trace->map.height)
        trace->map.row(ty)[tx] = std::max(trace->map.row(ty)[tx], strength);
    }
    if (strength <= 0.5f) continue;
    TraceRegion region;
    region.box = {x0, y0, x1 - x0, y1 - y0};
    region.source = image::Rect{x0 + dx, y0 + dy, x1 - x0, y1 - y0};
    region.strength = strength;
    trace->regions.push_back(region);
  }
  if (!pairs.empty()) {
    trace->score = static_cast<double>(pairs.front().cells.size());
    trace->numbers.emplace_back("offset_x", pairs.front().candidate.dx);
    trace->numbers.emplace_back("offset_y", pairs.front().candidate.dy);
  }
  return {};
}

}  // namespace kantei::authenticity::trace
