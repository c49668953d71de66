#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "kantei/authenticity/trace_jpeg.h"
#include "kantei/authenticity/trace_maps.h"

namespace kantei::authenticity::trace {
namespace {

constexpr std::array<int, 64> kLuma = {16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,
                                       14, 13, 16, 24, 40,  57,  69,  56,  14, 17, 22, 29, 51,  87,  80,  62,
                                       18, 22, 37, 56, 68,  109, 103, 77,  24, 35, 55, 64, 81,  104, 113, 92,
                                       49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99};

constexpr std::array<int, 13> kQualities = {40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 93, 95};
/// Sizes of a rounded coefficient that are told apart: 1, 2, 3, 4 and more.
constexpr std::size_t kSizes = 4;
constexpr std::size_t kCount = kLowFrequencies.size();
constexpr int kSide = 5;  // blocks of a window

/// Squared distance to the nearest multiple of a step (`inverse` is 1 / step), 1 being the mean of evenly spread values; the multiple in *size
/// (0: the coefficient vanishes and says nothing).
float Remainder(std::int16_t value, float inverse, std::size_t* size) {
  const float level = std::abs(static_cast<float>(value)) * inverse;
  const float whole = static_cast<float>(static_cast<int>(level + 0.5f));
  *size = std::min(static_cast<std::size_t>(whole), kSizes);
  const float rest = level - whole;
  return 12 * rest * rest;
}

struct Cellwise {
  double sum = 0, squares = 0, count = 0;
  void Add(double value) { sum += value, squares += value * value, ++count; }
  double mean() const { return count > 0 ? sum / count : 1; }
  double variance() const { return count > 1 ? std::max(0.0, squares / count - mean() * mean()) : 0.8; }
};

}  // namespace

std::array<int, 64> LumaSteps(int quality) {
  const int scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  std::array<int, 64> steps{};
  for (std::size_t i = 0; i < 64; ++i) steps[i] = std::clamp((kLuma[i] * scale + 50) / 100, 1, 255);
  return steps;
}

std::array<std::uint16_t, 64> OrientedSteps(const JpegFacts& facts) {
  if (facts.orientation < 5) return facts.luma_steps;
  std::array<std::uint16_t, 64> turned{};
  for (std::size_t i = 0; i < 64; ++i) turned[i % 8 * 8 + i / 8] = facts.luma_steps[i];
  return turned;
}

void FindGhosts(const LowCoefficients& blocks, const image::Image& picture,
                const CancellationToken& cancellation, Trace* trace) {
  constexpr int kLeast = 12;
  if (blocks.across < kLeast || blocks.down < kLeast) {
    trace->obstacle = TraceObstacle::kTooSmall;
    trace->reason = "the picture is too small to compare parts of it; 104 pixels a side are needed";
    return;
  }
  trace->applicable = true;
  const int across = blocks.across, down = blocks.down;
  image::Plane cells(across, down), sums(across, down), variances(across, down);
  double best = 0, best_direction = 0;
  int best_quality = 0;
  for (const int quality : kQualities) {
    if (cancellation.cancelled()) return;
    const std::array<int, 64> steps = LumaSteps(quality);
    // What every frequency and size leaves in the picture as a whole.
    std::array<std::array<Cellwise, kSizes + 1>, kCount> usual{};
    std::array<float, kCount> inverse{};
    for (std::size_t i = 0; i < kCount; ++i)
      inverse[i] = 1 / static_cast<float>(steps[static_cast<std::size_t>(kLowFrequencies[i])] * 16);
    for (std::size_t b = 0; b < blocks.values.size(); b += kCount) {
      if (blocks.clipped[b / kCount]) continue;
      for (std::size_t i = 0; i < kCount; ++i) {
        std::size_t size = 0;
        const float rest = Remainder(blocks.values[b + i], inverse[i], &size);
        if (size > 0) usual[i][size].Add(rest);
      }
    }
    std::array<std::array<float, kSizes + 1>, kCount> means{}, spreads{};
    for (std::size_t i = 0; i < kCount; ++i) {
      for (std::size_t s = 1; s <= kSizes; ++s) {
        means[i][s] = static_cast<float>(usual[i][s].mean());
        spreads[i][s] = static_cast<float>(std::max(0.05, usual[i][s].variance()));
      }
    }
    for (std::size_t b = 0; b < blocks.values.size(); b += kCount) {
      float sum = 0, variance = 0;
      for (std::size_t i = 0; i < kCount && !blocks.clipped[b / kCount]; ++i) {
        std::size_t size = 0;
        const float rest = Remainder(blocks.values[b + i], inverse[i], &size);
        if (size == 0) continue;
        sum += rest - means[i][size];
        variance += spreads[i][size];
      }
      sums.values[b / kCount] = sum;
      variances.values[b / kCount] = variance;
    }
    const Integral sum(sums), variance(variances);
    image::Plane windows(across - kSide + 1, down - kSide + 1);
    std::vector<float> informative;
    for (int y = 0; y < windows.height; ++y) {
      for (int x = 0; x < windows.width; ++x) {
        const double v = variance.Sum(x, y, x + kSide, y + kSide);
        // Fewer than some 20 coefficients are taken for too few.
        const double z = v < 16 ? 0 : sum.Sum(x, y, x + kSide, y + kSide) / std::sqrt(v);
        windows.row(y)[x] = static_cast<float>(z);
        if (v >= 16) informative.push_back(static_cast<float>(z));
      }
    }
    if (informative.size() < 30) continue;
    const Spread spread = RobustSpread(std::move(informative));
    const double unit = std::max(1.0, spread.deviation);
    for (float& z : windows.values) {
      if (z == 0) continue;
      const double signed_score = (z - spread.middle) / unit;
      z = static_cast<float>(std::abs(signed_score));
      if (z > best) best = z, best_quality = quality, best_direction = signed_score;
    }
    SpreadWindows(windows, kSide, &cells);
  }
  trace->score = best;
  for (float& value : cells.values) value = value > 0 ? Soft(value, 7, 1.5) : 0.0f;
  // Block (0, 0) begins at the phase; the map's cells at 0.
  image::Plane map((picture.width() + 7) / 8, (picture.height() + 7) / 8);
  const int ox = blocks.phase_x >= 4 ? 1 : 0, oy = blocks.phase_y >= 4 ? 1 : 0;
  for (int y = 0; y < down && y + oy < map.height; ++y) {
    for (int x = 0; x < across && x + ox < map.width; ++x) map.row(y + oy)[x + ox] = cells.row(y)[x];
  }
  trace->map = std::move(map);
  trace->map_scale = 8;
  trace->regions = FindRegions(trace->map, 8, picture.width(), picture.height(), 12);
  if (best_quality > 0) {
    trace->numbers.emplace_back("quality", best_quality);
    // Negative: the part fits that quality better than the rest does.
    trace->numbers.emplace_back("direction", best_direction < 0 ? -1 : 1);
  }
}

}  // namespace kantei::authenticity::trace
