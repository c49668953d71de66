// Small statistics of answers: intervals of shares, agreement of raters, correlation of ranks.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace kantei::evaluate {

struct Interval {
  double low = 0, high = 1;
};
/// Score interval of a share (Wilson 1927) with 95 % confidence. `trials` 0 gives 0..1.
Interval Wilson(std::int64_t successes, std::int64_t trials);

/// One value that one rater gave one unit.
struct Rating {
  std::size_t unit = 0;
  int value = 0;
};
/// Krippendorff's alpha for nominal values and any number of raters, missing values allowed (Krippendorff 2011, "Computing Krippendorff's
/// alpha-reliability"): 1 is perfect agreement, 0 what chance brings. Units with one rating take no part. None when no unit has two
/// ratings or all paired values are the same.
std::optional<double> KrippendorffAlpha(std::span<const Rating> ratings);

/// Pearson's correlation; with x of 0 and 1 it is the point-biserial one. None below 3 pairs or when a side does not vary.
std::optional<double> Correlation(std::span<const double> x, std::span<const double> y);
/// Spearman's: that of the midranks.
std::optional<double> RankCorrelation(std::span<const double> x, std::span<const double> y);
/// 95 % interval of a rank correlation of `pairs` pairs by Fisher's transform with a standard error of 1.03 / √(pairs - 3) (Fieller,
/// Hartley and Pearson 1957). None below 4 pairs.
std::optional<Interval> RankCorrelationInterval(double correlation, std::size_t pairs);

/// Linear between the two nearest (type 7); `share` 0..1. 0 for no values.
double Quantile(std::vector<double> values, double share);

}  // namespace kantei::evaluate
