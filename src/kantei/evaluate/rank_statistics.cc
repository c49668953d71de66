#include "kantei/evaluate/rank_statistics.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "kantei/base/result.h"

namespace kantei::evaluate {
namespace {

constexpr double kNormal95 = 1.959963984540054;

std::vector<double> Midranks(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (std::size_t i = begin; i < end; ++i)
      ranks[order[i]] = 0.5 * static_cast<double>(begin + end - 1) + 1;
    begin = end;
  }
  return ranks;
}

}  // namespace

Interval Wilson(std::int64_t successes, std::int64_t trials) {
  if (trials <= 0) return {};
  const auto n = static_cast<double>(trials);
  const double share = static_cast<double>(successes) / n, z2 = kNormal95 * kNormal95;
  const double centre = (share + z2 / (2 * n)) / (1 + z2 / n);
  const double half = kNormal95 / (1 + z2 / n) * std::sqrt(share * (1 - share) / n + z2 / (4 * n * n));
  return {successes == 0 ? 0 : std::max(0.0, centre - half),
          successes == trials ? 1 : std::min(1.0, centre + half)};
}

std::optional<double> KrippendorffAlpha(std::span<const Rating> ratings) {
  std::map<std::size_t, std::map<int, double>> units;
  for (const Rating& rating : ratings) ++units[rating.unit][rating.value];
  // Pairs of values within units, each unit weighted so that a value counts once however many raters it has.
  std::map<int, double> totals;
  double agreeing = 0, all = 0;
  for (const auto& [unit, values] : units) {
    double count = 0;
    for (const auto& [value, times] : values) count += times;
    if (count < 2) continue;
    for (const auto& [value, times] : values) {
      agreeing += times * (times - 1) / (count - 1);
      totals[value] += times;
    }
    all += count;
  }
  if (all == 0) return std::nullopt;
  double by_chance = 0;
  for (const auto& [value, times] : totals) by_chance += times * (times - 1);
  by_chance /= all - 1;
  if (all - by_chance < 1e-12) return std::nullopt;
  return 1 - (all - agreeing) / (all - by_chance);
}

std::optional<double> Correlation(std::span<const double> x, std::span<const double> y) {
  KANTEI_CHECK(x.size() == y.size());
  if (x.size() < 3) return std::nullopt;
  // Not by the sum of squares: the mean of equal numbers is not always exactly that number.
  for (const auto& side : {x, y})
    if (std::all_of(side.begin(), side.end(), [&](double value) { return value == side.front(); }))
      return std::nullopt;
  const auto n = static_cast<double>(x.size());
  const double mean_x = std::accumulate(x.begin(), x.end(), 0.0) / n;
  const double mean_y = std::accumulate(y.begin(), y.end(), 0.0) / n;
  double xx = 0, yy = 0, xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
    xy += (x[i] - mean_x) * (y[i] - mean_y);
  }
  if (!(xx > 0) || !(yy > 0)) return std::nullopt;
  return std::clamp(xy / std::sqrt(xx * yy), -1.0, 1.0);
}

std::optional<double> RankCorrelation(std::span<const double> x, std::span<const double> y) {
  return Correlation(Midranks(x), Midranks(y));
}

std::optional<Interval> RankCorrelationInterval(double correlation, std::size_t pairs) {
  if (pairs < 4) return std::nullopt;
  const double z = std::atanh(std::clamp(correlation, -0.999999, 0.999999));
  const double half = kNormal95 * 1.03 / std::sqrt(static_cast<double>(pairs) - 3);
  return Interval{std::tanh(z - half), std::tanh(z + half)};
}

double Quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double place = std::clamp(share, 0.0, 1.0) * static_cast<double>(values.size() - 1);
  const auto low = static_cast<std::size_t>(place);
  const std::size_t high = std::min(low + 1, values.size() - 1);
  return values[low] + (place - static_cast<double>(low)) * (values[high] - values[low]);
}

}  // namespace kantei::evaluate
