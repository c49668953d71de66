#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "kantei/authenticity/trace_jpeg.h"
#include "kantei/authenticity/trace_maps.h"

namespace kantei::authenticity::trace {
namespace {

constexpr std::size_t kCount = 15;  // of kLowFrequencies: the higher ones are mostly zero
constexpr int kRange = 400;         // sizes of coefficients that are looked at, in units of luma
constexpr int kLargestFirstStep = 64;
/// What a coefficient must say for "once" beyond nothing, in nats: where the model of wandering is a little off, it is so for
/// thousands of coefficients of a texture.
constexpr float kDoubt = 0.08f;

using Histogram = std::vector<double>;

/// Shares of the second quantisation's levels 0..kRange / second: of `fine` (sizes in units of 1/4) quantised once, or first
/// with the step `first` and then, after rounding of pixels in between, with `second`.
Histogram Levels(const Histogram& fine, double first, double second) {
  Histogram levels(static_cast<std::size_t>(kRange / second) + 2);
  // The pixels between are whole numbers: a coefficient wanders by about 0.4.
  constexpr std::array<std::pair<double, double>, 5> kWander = {
      {{-0.75, 0.06}, {-0.35, 0.24}, {0, 0.4}, {0.35, 0.24}, {0.75, 0.06}}};
  for (std::size_t i = 0; i < fine.size(); ++i) {
    if (fine[i] == 0) continue;
    const double size = (static_cast<double>(i) + 0.5) / 4;
    const auto put = [&](double value, double mass) {
      const auto level = static_cast<std::size_t>(std::abs(value) / second + 0.5);
      if (level < levels.size()) levels[level] += mass;
    };
    if (first <= 0) {
      put(size, fine[i]);
    } else {
      const double once = std::floor(size / first + 0.5) * first;
      for (const auto& [by, mass] : kWander) put(once + by, fine[i] * mass);
    }
  }
  double sum = 0;
  for (double& level : levels) sum += level;
  // Never impossible: one part in a thousand is spread over what the model excludes.
  const double floor = 1e-3 / static_cast<double>(levels.size());
  for (double& level : levels) level = 0.999 * level / std::max(sum, 1e-9) + floor;
  return levels;
}

struct Fit {
  bool informative = false;
  double first = 0, share = 0, gain = 0;
  std::vector<float> evidence;  ///< ln P(level | once) - ln P(level | twice)
};

Fit FitFrequency(const Histogram& seen, const Histogram& fine, double second) {
  Fit fit;
  const Histogram once = Levels(fine, 0, second);
  double nonzero = 0;
  for (std::size_t i = 1; i < seen.size(); ++i) nonzero += seen[i];
  if (nonzero < 200) return fit;
  Histogram twice_best;
  for (int first = 2; first <= kLargestFirstStep; ++first) {
    // From pixels alone a first step of 2 drowns in their rounding.
    if (first == second || (second == 1 && first == 2)) continue;
    const Histogram twice = Levels(fine, first, second);
    for (const double share : {0.3, 0.6, 0.8, 0.9, 0.97}) {
      double gain = 0;
      for (std::size_t i = 1; i < seen.size(); ++i)
        gain += seen[i] * std::log((share * twice[i] + (1 - share) * once[i]) / once[i]);
      if (gain > fit.gain) fit.gain = gain, fit.first = first, fit.share = share, twice_best = twice;
    }
  }
  // Misfits of the model alone gain a little a coefficient.
  fit.informative = fit.gain > 30 && fit.gain > 0.05 * nonzero;
  if (!fit.informative) return fit;
  fit.evidence.resize(seen.size());
  for (std::size_t i = 1; i < seen.size(); ++i)
    fit.evidence[i] = static_cast<float>(std::clamp(std::log(once[i] / twice_best[i]), -3.0, 3.0));
  return fit;
}

}  // namespace

void FindDoubleQuantisation(const LowCoefficients& blocks, const LowCoefficients& shifted,
                            const std::array<std::uint16_t, 64>& steps, const image::Image& picture,
                            const CancellationToken& cancellation, Trace* trace) {
  constexpr int kLeast = 12;
  if (blocks.across < kLeast || blocks.down < kLeast) {
    trace->obstacle = TraceObstacle::kTooSmall;
    trace->reason =
        "the picture is too small for histograms of its coefficients; 104 pixels a side are needed";
    return;
  }
  trace->applicable = true;
  image::Plane evidence(blocks.across, blocks.down);
  double gain = 0, first_of_lowest = 0;
  int frequencies = 0;
  for (std::size_t i = 0; i < kCount; ++i) {
    if (cancellation.cancelled()) return;
    const double second = std::max<int>(1, steps[static_cast<std::size_t>(kLowFrequencies[i])]);
    Histogram seen(static_cast<std::size_t>(kRange / second) + 2), fine(4 * kRange);
    for (std::size_t b = i; b < blocks.values.size(); b += kLowFrequencies.size()) {
      if (blocks.clipped[b / kLowFrequencies.size()]) continue;
      const auto level = static_cast<std::size_t>(std::abs(blocks.values[b]) / 16.0 / second + 0.5);
      if (level < seen.size()) ++seen[level];
    }
    for (std::size_t b = i; b < shifted.values.size(); b += kLowFrequencies.size()) {
      if (shifted.clipped[b / kLowFrequencies.size()]) continue;
      const auto at = static_cast<std::size_t>(std::abs(shifted.values[b]) / 4);
      if (at < fine.size()) ++fine[at];
    }
    // The shifted histogram is rough where it is thin.
    Histogram smooth(fine.size());
    for (std::size_t at = 0; at < fine.size(); ++at) {
      const std::size_t reach = 2 + at / 8, from = at > reach ? at - reach : 0,
                        to = std::min(fine.size() - 1, at + reach);
      double sum = 0;
      for (std::size_t j = from; j <= to; ++j) sum += fine[j];
      smooth[at] = sum / static_cast<double>(to - from + 1);
    }
    const Fit fit = FitFrequency(seen, smooth, second);
    if (!fit.informative) continue;
    if (frequencies++ == 0) first_of_lowest = fit.first;
    gain += fit.gain;
    for (std::size_t b = i, block = 0; b < blocks.values.size(); b += kLowFrequencies.size(), ++block) {
      const auto level = static_cast<std::size_t>(std::abs(blocks.values[b]) / 16.0 / second + 0.5);
      if (level == 0 || level >= fit.evidence.size() || blocks.clipped[block]) continue;
      evidence.values[block] += fit.evidence[level] - kDoubt;
    }
  }
  trace->numbers.emplace_back("frequencies", frequencies);
  trace->numbers.emplace_back("gain", gain);
  if (frequencies > 0) trace->numbers.emplace_back("first_step", first_of_lowest);
  image::Plane cells(blocks.across, blocks.down);
  double best = 0;
  if (frequencies > 0) {
    const Integral sum(evidence);
    for (const int side : {4, 7, 11}) {
      if (side > blocks.across || side > blocks.down) continue;
      image::Plane windows(blocks.across - side + 1, blocks.down - side + 1);
      for (int y = 0; y < windows.height; ++y) {
        for (int x = 0; x < windows.width; ++x) {
          const double nats = std::max(0.0, sum.Sum(x, y, x + side, y + side));
          windows.row(y)[x] = static_cast<float>(nats);
          best = std::max(best, nats);
        }
      }
      // The largest windows find faint parts, but say little of where they end.
      if (side < 11) SpreadWindows(windows, side, &cells);
    }
  }
  trace->score = best;
  image::Plane map((picture.width() + 7) / 8, (picture.height() + 7) / 8);
  const int ox = blocks.phase_x >= 4 ? 1 : 0, oy = blocks.phase_y >= 4 ? 1 : 0;
  for (int y = 0; y < blocks.down && y + oy < map.height; ++y) {
    for (int x = 0; x < blocks.across && x + ox < map.width; ++x)
      map.row(y + oy)[x + ox] = cells.row(y)[x] > 0 ? Soft(cells.row(y)[x], 100, 20) : 0.0f;
  }
  trace->map = std::move(map);
  trace->map_scale = 8;
  trace->regions = FindRegions(trace->map, 8, picture.width(), picture.height(), 12);
}

}  // namespace kantei::authenticity::trace
