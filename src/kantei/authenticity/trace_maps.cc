#include "kantei/authenticity/trace_maps.h"

#include <algorithm>
#include <cmath>

namespace kantei::authenticity::trace {

double Quantile(std::vector<float>* values, double q) {
  if (values->empty()) return 0;
  const auto at = static_cast<std::ptrdiff_t>(q * static_cast<double>(values->size() - 1) + 0.5);
  std::nth_element(values->begin(), values->begin() + at, values->end());
  return (*values)[static_cast<std::size_t>(at)];
}

Spread RobustSpread(std::vector<float> values) {
  Spread spread;
  spread.middle = Quantile(&values, 0.5);
  for (float& value : values) value = std::abs(value - static_cast<float>(spread.middle));
  spread.deviation = 1.4826 * Quantile(&values, 0.5);
  return spread;
}

Integral::Integral(const image::Plane& plane)
    : width_(plane.width),
      height_(plane.height),
      sums_(static_cast<std::size_t>(plane.width + 1) * static_cast<std::size_t>(plane.height + 1)) {
  const auto stride = static_cast<std::size_t>(width_ + 1);
  for (int y = 0; y < height_; ++y) {
    double line = 0;
    double* out = sums_.data() + static_cast<std::size_t>(y + 1) * stride;
    for (int x = 0; x < width_; ++x) {
      line += plane.row(y)[x];
      out[x + 1] = out[static_cast<std::ptrdiff_t>(x + 1) - static_cast<std::ptrdiff_t>(stride)] + line;
    }
  }
}

double Integral::Sum(int x0, int y0, int x1, int y1) const {
  x0 = std::clamp(x0, 0, width_), x1 = std::clamp(x1, x0, width_);
  y0 = std::clamp(y0, 0, height_), y1 = std::clamp(y1, y0, height_);
  return At(x1, y1) - At(x0, y1) - At(x1, y0) + At(x0, y0);
}

namespace {

/// out[i] = the largest of the windows that have cell i of `cells` in their middle half; in[] holds `count` windows.
void LargestAround(const float* in, std::ptrdiff_t step, int count, int side, int cells, float* out) {
  const int margin = side / 4;
  std::vector<int> queue(static_cast<std::size_t>(count));
  std::size_t head = 0, tail = 0;
  int next = 0;
  for (int i = 0; i < cells; ++i) {
    const int low = std::clamp(i - side + 1 + margin, 0, count - 1),
              high = std::clamp(i - margin, 0, count - 1);
    for (; next <= high; ++next) {
      while (tail > head && in[queue[tail - 1] * step] <= in[next * step]) --tail;
      queue[tail++] = next;
    }
    while (queue[head] < low) ++head;
    out[i] = in[queue[head] * step];
  }
}

}  // namespace

void SpreadWindows(const image::Plane& windows, int side, image::Plane* cells) {
  if (windows.width <= 0 || windows.height <= 0) return;
  const int width = windows.width + side - 1, height = windows.height + side - 1;
  image::Plane across(width, windows.height);
  for (int y = 0; y < windows.height; ++y)
    LargestAround(windows.row(y), 1, windows.width, side, width, across.row(y));
  std::vector<float> column(static_cast<std::size_t>(height));
  for (int x = 0; x < width; ++x) {
    LargestAround(across.values.data() + x, width, windows.height, side, height, column.data());
    for (int y = 0; y < height; ++y)
      cells->row(y)[x] = std::max(cells->row(y)[x], column[static_cast<std::size_t>(y)]);
  }
}

float Soft(double value, double middle, double scale) {
  return static_cast<float>(1 / (1 + std::exp(-std::clamp((value - middle) / scale, -30.0, 30.0))));
}

std::vector<TraceRegion> FindRegions(const image::Plane& map, int scale, int width, int height,
                                     int least_cells) {
  constexpr std::size_t kMost = 8;
  struct Found {
    TraceRegion region;
    double mass = 0;
  };
  std::vector<Found> found;
  std::vector<std::uint8_t> seen(map.values.size());
  std::vector<std::pair<int, int>> stack;
  for (int y = 0; y < map.height; ++y) {
    for (int x = 0; x < map.width; ++x) {
      const auto index = [&](int cx, int cy) {
        return static_cast<std::size_t>(cy) * static_cast<std::size_t>(map.width) +
               static_cast<std::size_t>(cx);
      };
      if (seen[index(x, y)] || map.row(y)[x] <= 0.5f) continue;
      int x0 = x, x1 = x, y0 = y, y1 = y, cells = 0;
      double mass = 0;
      stack.assign(1, {x, y});
      seen[index(x, y)] = 1;
      while (!stack.empty()) {
        const auto [cx, cy] = stack.back();
        stack.pop_back();
        x0 = std::min(x0, cx), x1 = std::max(x1, cx), y0 = std::min(y0, cy), y1 = std::max(y1, cy);
        mass += map.row(cy)[cx];
        ++cells;
        constexpr std::array<std::pair<int, int>, 4> kSteps = {{{1, 0}, {-1, 0}, {0, 1}, {0, -1}}};
        for (const auto& [dx, dy] : kSteps) {
          const int nx = cx + dx, ny = cy + dy;
          if (nx < 0 || ny < 0 || nx >= map.width || ny >= map.height) continue;
          if (seen[index(nx, ny)] || map.row(ny)[nx] <= 0.5f) continue;
          seen[index(nx, ny)] = 1;
          stack.emplace_back(nx, ny);
        }
      }
      if (cells < least_cells) continue;
      Found one;
      one.region.box = {x0 * scale, y0 * scale, std::min((x1 + 1) * scale, width) - x0 * scale,
                        std::min((y1 + 1) * scale, height) - y0 * scale};
      one.region.strength = mass / cells;
      one.mass = mass;
      if (one.region.box.width > 0 && one.region.box.height > 0) found.push_back(one);
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Found& a, const Found& b) { return a.mass > b.mass; });
  if (found.size() > kMost) found.resize(kMost);
  std::vector<TraceRegion> regions;
  for (const Found& one : found) regions.push_back(one.region);
  return regions;
}

double LogTailAbove(double n, double k, double p) {
  if (n <= 0 || k <= n * p) return 0;
  const double share = std::min(k / n, 1.0);
  double divergence = share * std::log(share / p);
  if (share < 1) divergence += (1 - share) * std::log((1 - share) / (1 - p));
  return -n * divergence / std::log(10.0);
}

double LogTailBelow(double n, double k, double p) {
  return LogTailAbove(n, n - k, 1 - p);
}

}  // namespace kantei::authenticity::trace
