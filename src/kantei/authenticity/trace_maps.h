// Robust statistics, window sums and regions over maps of cells. Private to authenticity.
#pragma once

#include <cstddef>
#include <vector>

#include "kantei/authenticity/traces.h"
#include "kantei/image/image.h"

namespace kantei::authenticity::trace {

/// The value at share q of the sorted values (0..1); 0 when there are none. Reorders `values`.
double Quantile(std::vector<float>* values, double q);

struct Spread {
  double middle = 0, deviation = 0;  ///< median, 1.4826 × median absolute deviation
};
Spread RobustSpread(std::vector<float> values);

/// Sums over rectangles of cells in constant time.
class Integral {
 public:
  explicit Integral(const image::Plane& plane);
  int width() const { return width_; }
  int height() const { return height_; }
  /// Over [x0, x1) × [y0, y1), clamped to the plane.
  double Sum(int x0, int y0, int x1, int y1) const;

 private:
  double At(int x, int y) const {
    return sums_[static_cast<std::size_t>(y) * static_cast<std::size_t>(width_ + 1) +
                 static_cast<std::size_t>(x)];
  }
  int width_, height_;
  std::vector<double> sums_;
};

/// Every cell becomes the largest value of the windows of side × side cells that have it in their middle half (at the border:
/// of the nearest such windows), if that is more than it has. `windows` has one value for each position of the window's top
/// left cell: (width - side + 1) × (height - side + 1).
void SpreadWindows(const image::Plane& windows, int side, image::Plane* cells);

/// 0..1 with 0.5 at `middle` and slope by `scale`: a logistic curve.
float Soft(double value, double middle, double scale);

/// 4-connected cells above 0.5 with at least `least_cells` of them, heaviest (sum of the map) first, at most 8.
std::vector<TraceRegion> FindRegions(const image::Plane& map, int scale, int width, int height,
                                     int least_cells);

/// log10 of an upper bound of P(Binomial(n, p) >= k) (Hoeffding's), 0 when k/n <= p.
double LogTailAbove(double n, double k, double p);
/// The same for P(Binomial(n, p) <= k).
double LogTailBelow(double n, double k, double p);

}  // namespace kantei::authenticity::trace
