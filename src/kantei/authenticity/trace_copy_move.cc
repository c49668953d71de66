#include "kantei/authenticity/trace_copy_move.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <map>
#include <utility>
#include <vector>

#include "kantei/authenticity/trace_corners.h"
#include "kantei/authenticity/trace_dct.h"
#include "kantei/authenticity/trace_maps.h"

namespace kantei::authenticity::trace {
namespace {

constexpr int kCell = 8, kReach = 4;  // a cell is judged by its 16×16 pixels

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
    trace->obstacle = TraceObstacle::kTooSmall;
    trace->reason = "the picture is too small to look for copies within it; 96 pixels a side are needed";
    return {};
  }
  KANTEI_TRY(const AlikeCorners alike, FindAlikeCorners(picture, threads, cancellation));
  trace->applicable = true;
  trace->map = image::Plane((picture.width() + kCell - 1) / kCell, (picture.height() + kCell - 1) / kCell);
  trace->map_scale = kCell;
  trace->numbers.emplace_back("corners", static_cast<double>(alike.corners.size()));
  std::vector<Candidate> candidates = PopularOffsets(alike.corners, alike.matches);
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
