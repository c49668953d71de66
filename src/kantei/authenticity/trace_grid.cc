#include "kantei/authenticity/trace_grid.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kantei/authenticity/trace_dct.h"
#include "kantei/authenticity/trace_maps.h"
#include "kantei/base/cpu.h"
#include "kantei/base/parallel.h"

namespace kantei::authenticity::trace {
namespace {

constexpr int kTile = 512;
constexpr int kCell = 8;
constexpr int kPhases = 64;
/// A cell votes when this many of its 64 pixels agree.
constexpr int kMajority = 40;

using Key = std::uint16_t;

KANTEI_MULTIARCH void LargerOf(const Key* __restrict a, const Key* __restrict b, Key* __restrict out,
                               std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) out[i] = a[i] > b[i] ? a[i] : b[i];
}

/// For every pixel the largest key of the 64 blocks that cover it: keys of width × height blocks become those of
/// (width - 7) × (height - 7) pixels, in place, rows `width` apart.
void LargestOfCovering(std::vector<Key>* keys, int width, int height) {
  const auto stride = static_cast<std::size_t>(width);
  std::vector<Key> row(stride);
  for (int y = 0; y < height; ++y) {
    Key* line = keys->data() + static_cast<std::size_t>(y) * stride;
    for (std::size_t step = 1, count = stride - 1; step <= 4; step *= 2, count -= step) {
      LargerOf(line, line + step, row.data(), count);
      std::copy_n(row.begin(), static_cast<std::ptrdiff_t>(count), line);
    }
  }
  for (int step = 1, count = height - 1; step <= 4; step *= 2, count -= step) {
    for (int y = 0; y < count; ++y) {
      Key* line = keys->data() + static_cast<std::size_t>(y) * stride;
      LargerOf(line, line + static_cast<std::size_t>(step) * stride, row.data(), stride);
      std::copy(row.begin(), row.end(), line);
    }
  }
}

/// Votes of the cells of one tile whose top left pixel is (x0, y0), multiples of 8.
void VoteTile(const image::Image& picture, int x0, int y0, GridVotes* votes) {
  const int x1 = std::min(x0 + kTile, picture.width()), y1 = std::min(y0 + kTile, picture.height());
  // Blocks that cover the tile begin up to 7 pixels before it; those across the picture's border have no say.
  const int left = std::max(0, x0 - 7), top = std::max(0, y0 - 7);
  const int right = std::min(x1 + 7, picture.width()), bottom = std::min(y1 + 7, picture.height());
  const ZeroCounts zeros = CountZeros(LumaTile(picture, left, top, right - left, bottom - top));
  // Padding of 7 blocks with the key 0 on all sides, so that every pixel has 64 of them.
  const int width = zeros.width + 14, height = zeros.height + 14;
  std::vector<Key> high(static_cast<std::size_t>(width) * static_cast<std::size_t>(height)), low(high.size());
  for (int y = 0; y < zeros.height; ++y) {
    const std::uint8_t* counts =
        zeros.counts.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(zeros.width);
    const std::size_t at = static_cast<std::size_t>(y + 7) * static_cast<std::size_t>(width) + 7;
    for (int x = 0; x < zeros.width; ++x) {
      const int phase = (top + y) % 8 * 8 + (left + x) % 8;
      const auto i = at + static_cast<std::size_t>(x);
      // A constant block outbids all and never agrees with itself: its pixels do not vote.
      const int zero_count = counts[x] == kConstantBlock ? 64 : counts[x];
      high[i] = static_cast<Key>(zero_count * kPhases + (counts[x] == kConstantBlock ? kPhases - 1 : phase));
      low[i] = static_cast<Key>(zero_count * kPhases +
                                (counts[x] == kConstantBlock ? kPhases - 1 : kPhases - 1 - phase));
    }
  }
  // Equal numbers of zeros at two phases: the highest and the lowest phase among the best differ, and nobody wins.
  LargestOfCovering(&high, width, height);
  LargestOfCovering(&low, width, height);
  for (int cy = y0 / kCell; cy * kCell < y1 && cy < votes->height; ++cy) {
    for (int cx = x0 / kCell; cx * kCell < x1 && cx < votes->width; ++cx) {
      std::array<int, kPhases> counts{};
      for (int y = cy * kCell; y < cy * kCell + kCell; ++y) {
        for (int x = cx * kCell; x < cx * kCell + kCell; ++x) {
          // Pixel (x, y) is covered by the padded blocks from (x - left, y - top) to 7 further.
          const auto i = static_cast<std::size_t>(y - top) * static_cast<std::size_t>(width) +
                         static_cast<std::size_t>(x - left);
          const int a = high[i] % kPhases, b = kPhases - 1 - low[i] % kPhases;
          if (high[i] / kPhases > 0 && high[i] / kPhases < 64 && a == b)
            ++counts[static_cast<std::size_t>(a)];
        }
      }
      const auto best = std::max_element(counts.begin(), counts.end());
      if (*best >= kMajority)
        votes->phases[static_cast<std::size_t>(cy) * static_cast<std::size_t>(votes->width) +
                      static_cast<std::size_t>(cx)] = static_cast<std::uint8_t>(best - counts.begin());
    }
  }
}

/// Plane of 1 where the vote is (is not) for `phase`, and of 1 where there is a vote.
image::Plane VotesFor(const GridVotes& votes, int phase) {
  image::Plane plane(votes.width, votes.height);
  for (std::size_t i = 0; i < votes.phases.size(); ++i)
    plane.values[i] = votes.phases[i] == phase ? 1.0f : 0.0f;
  return plane;
}
image::Plane AllVotes(const GridVotes& votes) {
  image::Plane plane(votes.width, votes.height);
  for (std::size_t i = 0; i < votes.phases.size(); ++i)
    plane.values[i] = votes.phases[i] != kNoVote ? 1.0f : 0.0f;
  return plane;
}

constexpr std::array<int, 4> kWindows = {5, 8, 12, 20};  // cells

/// -log10 of the number of false alarms for every window position; tests: how many windows were tried in all. A window is on
/// the map when `pure` says of its votes and hits that most of it belongs there, so that the map ends where the part does.
template <typename LogTail, typename Pure>
double ScoreWindows(const Integral& hits, const Integral& all, double tests, const LogTail& log_tail,
                    const Pure& pure, image::Plane* cells) {
  double best = 0;
  for (const int side : kWindows) {
    if (side > cells->width || side > cells->height) continue;
    image::Plane windows(cells->width - side + 1, cells->height - side + 1);
    for (int y = 0; y < windows.height; ++y) {
      for (int x = 0; x < windows.width; ++x) {
        const double n = all.Sum(x, y, x + side, y + side), k = hits.Sum(x, y, x + side, y + side);
        const double score = -(std::log10(tests) + log_tail(n, k));
        windows.row(y)[x] = pure(n, k) ? static_cast<float>(std::max(0.0, score)) : 0.0f;
        best = std::max(best, score);
      }
    }
    SpreadWindows(windows, side, cells);
  }
  return best;
}

double WindowCount(const GridVotes& votes) {
  double tests = 1;
  for (const int side : kWindows)
    tests += static_cast<double>(std::max(0, votes.width - side + 1)) * std::max(0, votes.height - side + 1);
  return tests;
}

bool TooSmall(const GridVotes& votes, Trace* trace) {
  if (votes.width >= kWindows[0] && votes.height >= kWindows[0]) return false;
  trace->obstacle = TraceObstacle::kTooSmall;
  trace->reason = "the picture is too small for a map of 8x8 blocks; 40 pixels a side are needed";
  return true;
}

void Finish(const image::Image& picture, image::Plane scores, double best, double middle, double scale,
            Trace* trace) {
  trace->applicable = true;
  trace->score = std::max(0.0, best);
  for (float& value : scores.values) value = value > 0 ? Soft(value, middle, scale) : 0.0f;
  trace->map = std::move(scores);
  trace->map_scale = kCell;
  trace->regions = FindRegions(trace->map, kCell, picture.width(), picture.height(), 12);
}

}  // namespace

Result<GridVotes> VoteForGrid(const image::Image& picture, int threads,
                              const CancellationToken& cancellation) {
  GridVotes votes;
  votes.width = picture.width() / kCell;
  votes.height = picture.height() / kCell;
  votes.phases.assign(static_cast<std::size_t>(votes.width) * static_cast<std::size_t>(votes.height),
                      kNoVote);
  if (votes.phases.empty()) return votes;
  const int across = (picture.width() + kTile - 1) / kTile, down = (picture.height() + kTile - 1) / kTile;
  ParallelFor(static_cast<std::size_t>(across) * static_cast<std::size_t>(down), threads, cancellation,
              [&](std::size_t tile) {
                const int tx = static_cast<int>(tile) % across, ty = static_cast<int>(tile) / across;
                VoteTile(picture, tx * kTile, ty * kTile, &votes);
              });
  KANTEI_RETURN_IF_ERROR(cancellation.Check());
  std::array<double, kPhases> counts{};
  for (const std::uint8_t phase : votes.phases) {
    if (phase == kNoVote) continue;
    ++votes.votes;
    ++counts[phase];
  }
  const auto best = std::max_element(counts.begin(), counts.end());
  if (votes.votes > 0) {
    votes.share = *best / votes.votes;
    votes.log_false_alarms = std::log10(double{kPhases}) + LogTailAbove(votes.votes, *best, 1.0 / kPhases);
    if (votes.log_false_alarms < -2) votes.phase = static_cast<int>(best - counts.begin());
  }
  return votes;
}

void FindGridShift(const GridVotes& votes, const image::Image& picture, Trace* trace) {
  if (TooSmall(votes, trace)) return;
  const Integral all(AllVotes(votes));
  const double tests = WindowCount(votes) * kPhases;
  std::array<double, kPhases> counts{};
  for (const std::uint8_t phase : votes.phases) {
    if (phase != kNoVote) ++counts[phase];
  }
  image::Plane cells(votes.width, votes.height);
  double best = 0;
  int best_phase = -1;
  for (int phase = 0; phase < kPhases; ++phase) {
    const double count = counts[static_cast<std::size_t>(phase)];
    if (phase == votes.phase || count < 10) continue;
    // Content favours some phases everywhere: a window must beat what the picture gives that phase as a whole.
    const double share = std::max(1.0 / kPhases, count / votes.votes);
    const double score = ScoreWindows(
        Integral(VotesFor(votes, phase)), all, tests,
        [&](double n, double k) { return LogTailAbove(n, k, share); },
        [](double n, double k) { return k > 0.5 * n; }, &cells);
    if (score > best) best = score, best_phase = phase;
  }
  Finish(picture, std::move(cells), best, 3, 1, trace);
  if (best_phase >= 0) {
    trace->numbers.emplace_back("grid_x", best_phase % 8);
    trace->numbers.emplace_back("grid_y", best_phase / 8);
  }
  if (votes.phase >= 0) {
    trace->numbers.emplace_back("main_grid_x", votes.phase % 8);
    trace->numbers.emplace_back("main_grid_y", votes.phase / 8);
    trace->numbers.emplace_back("main_grid_share", votes.share);
  }
}

void FindGridLoss(const GridVotes& votes, const image::Image& picture, Trace* trace) {
  if (TooSmall(votes, trace)) return;
  if (votes.phase < 0) {
    trace->obstacle = TraceObstacle::kNoGrid;
    trace->reason = "the picture as a whole shows no 8x8 grid that a part could lack";
    return;
  }
  const Integral hits(VotesFor(votes, votes.phase)), all(AllVotes(votes));
  image::Plane cells(votes.width, votes.height);
  const double best = ScoreWindows(
      hits, all, WindowCount(votes),
      [&](double n, double k) { return LogTailBelow(n, k, std::min(votes.share, 0.99)); },
      [&](double n, double k) { return k < 0.5 * votes.share * n; }, &cells);
  Finish(picture, std::move(cells), best, 7, 2, trace);
  trace->numbers.emplace_back("main_grid_x", votes.phase % 8);
  trace->numbers.emplace_back("main_grid_y", votes.phase / 8);
  trace->numbers.emplace_back("main_grid_share", votes.share);
}

}  // namespace kantei::authenticity::trace
