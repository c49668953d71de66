#include "kantei/image/draw.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace kantei::image {
namespace {

bool IsFinite(Point p) {
  return std::isfinite(p.x) && std::isfinite(p.y);
}

/// Mixes the colour in, share 0..1.
inline void Mix(std::uint8_t* pixel, Colour colour, float share) {
  const std::array<std::uint8_t, 3> target{colour.r, colour.g, colour.b};
  for (std::size_t c = 0; c < 3; ++c) {
    const float from = pixel[c];
    pixel[c] = static_cast<std::uint8_t>(from + (static_cast<float>(target[c]) - from) * share + 0.5f);
  }
}

/// First and one past the last pixel whose centre may lie in [low, high], clipped to [0, size).
struct Range {
  int begin, end;
};
Range PixelRange(double low, double high, int size) {
  const double begin = std::clamp(std::floor(low - 0.5), 0.0, static_cast<double>(size));
  const double end = std::clamp(std::ceil(high + 0.5), 0.0, static_cast<double>(size));
  return {static_cast<int>(begin), static_cast<int>(end)};
}

/// Where the horizontal line at height y crosses the edges, sorted. Even-odd: inside lies between pairs.
void Crossings(const Polygon& polygon, float y, std::vector<float>* xs) {
  xs->clear();
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const Point a = polygon[i], b = polygon[(i + 1) % polygon.size()];
    // Half-open, so that a corner on the line counts once.
    if ((a.y <= y) == (b.y <= y)) continue;
    xs->push_back(a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x));
  }
  std::sort(xs->begin(), xs->end());
}

bool IsDrawable(const Polygon& polygon) {
  return polygon.size() >= 3 && std::all_of(polygon.begin(), polygon.end(), IsFinite);
}

Range RowsOf(const Polygon& polygon, int height) {
  const auto [low, high] =
      std::minmax_element(polygon.begin(), polygon.end(), [](Point a, Point b) { return a.y < b.y; });
  return PixelRange(low->y, high->y, height);
}

}  // namespace

void DrawLine(Image* image, Point a, Point b, Colour colour, float thickness) {
  KANTEI_CHECK(image->channels() == 3);
  if (!IsFinite(a) || !IsFinite(b) || !(thickness > 0)) return;
  // A thin line keeps a width of one pixel and loses strength instead.
  const double radius = std::max(1.0f, thickness) / 2.0;
  const float strength = std::min(1.0f, thickness);
  const double reach = radius + 0.5;
  const double dx = static_cast<double>(b.x) - a.x, dy = static_cast<double>(b.y) - a.y;
  const double length2 = dx * dx + dy * dy;
  const Range rows = PixelRange(std::min(a.y, b.y) - reach, std::max(a.y, b.y) + reach, image->height());
  for (int y = rows.begin; y < rows.end; ++y) {
    const double cy = y + 0.5;
    // The part of the segment within reach of this row bounds the columns.
    double t0 = 0, t1 = 1;
    if (std::abs(dy) > 1e-9) {
      const double u0 = (cy - reach - a.y) / dy, u1 = (cy + reach - a.y) / dy;
      t0 = std::clamp(std::min(u0, u1), 0.0, 1.0);
      t1 = std::clamp(std::max(u0, u1), 0.0, 1.0);
    }
    const double x0 = a.x + t0 * dx, x1 = a.x + t1 * dx;
    const Range columns = PixelRange(std::min(x0, x1) - reach, std::max(x0, x1) + reach, image->width());
    std::uint8_t* row = image->row(y);
    for (int x = columns.begin; x < columns.end; ++x) {
      const double px = x + 0.5 - a.x, py = cy - a.y;
      const double t = length2 > 0 ? std::clamp((px * dx + py * dy) / length2, 0.0, 1.0) : 0.0;
      const double distance = std::hypot(px - t * dx, py - t * dy);
      const double covered = std::clamp(radius + 0.5 - distance, 0.0, 1.0);
      if (covered > 0)
        Mix(row + 3 * static_cast<std::ptrdiff_t>(x), colour, static_cast<float>(covered) * strength);
    }
  }
}

void DrawPolygon(Image* image, const Polygon& polygon, Colour colour, float thickness) {
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    DrawLine(image, polygon[i], polygon[(i + 1) % polygon.size()], colour, thickness);
  }
}

void FillPolygon(Image* image, const Polygon& polygon, Colour colour, float opacity) {
  KANTEI_CHECK(image->channels() == 3);
  if (!IsDrawable(polygon)) return;
  opacity = std::clamp(opacity, 0.0f, 1.0f);
  constexpr int kLines = 4;  // sampling lines a row; coverage along a line is exact
  const auto width = static_cast<float>(image->width());
  std::vector<float> xs, covered(static_cast<std::size_t>(image->width()));
  const Range rows = RowsOf(polygon, image->height());
  for (int y = rows.begin; y < rows.end; ++y) {
    std::fill(covered.begin(), covered.end(), 0.0f);
    for (int line = 0; line < kLines; ++line) {
      Crossings(polygon, static_cast<float>(y) + (static_cast<float>(line) + 0.5f) / kLines, &xs);
      for (std::size_t k = 0; k + 1 < xs.size(); k += 2) {
        const float begin = std::clamp(xs[k], 0.0f, width), end = std::clamp(xs[k + 1], 0.0f, width);
        for (int x = static_cast<int>(begin); static_cast<float>(x) < end; ++x) {
          const float left = std::max(begin, static_cast<float>(x)),
                      right = std::min(end, static_cast<float>(x + 1));
          covered[static_cast<std::size_t>(x)] += (right - left) / kLines;
        }
      }
    }
    std::uint8_t* row = image->row(y);
    for (std::size_t x = 0; x < covered.size(); ++x) {
      if (covered[x] > 0) Mix(row + 3 * x, colour, std::min(1.0f, covered[x]) * opacity);
    }
  }
}

Image PolygonMask(const Polygon& polygon, int width, int height) {
  Image mask(width, height, 1);
  if (!IsDrawable(polygon)) return mask;
  std::vector<float> xs;
  const Range rows = RowsOf(polygon, height);
  for (int y = rows.begin; y < rows.end; ++y) {
    Crossings(polygon, static_cast<float>(y) + 0.5f, &xs);
    std::uint8_t* row = mask.row(y);
    for (std::size_t k = 0; k + 1 < xs.size(); k += 2) {
      // Centres x + 0.5 in [begin, end): neighbours that share an edge share no pixel.
      const double begin = std::clamp(std::ceil(xs[k] - 0.5f), 0.0f, static_cast<float>(width));
      const double end = std::clamp(std::ceil(xs[k + 1] - 0.5f), 0.0f, static_cast<float>(width));
      std::fill(row + static_cast<int>(begin), row + std::max(static_cast<int>(begin), static_cast<int>(end)),
                std::uint8_t{255});
    }
  }
  return mask;
}

void BlendMask(Image* image, const Image& mask, Colour colour, float opacity) {
  KANTEI_CHECK(image->channels() == 3 && mask.channels() == 1);
  KANTEI_CHECK(image->width() == mask.width() && image->height() == mask.height());
  opacity = std::clamp(opacity, 0.0f, 1.0f);
  const std::span<const std::uint8_t> shares = mask.pixels();
  std::uint8_t* pixel = image->pixels().data();
  for (std::size_t i = 0; i < shares.size(); ++i, pixel += 3) {
    if (shares[i] != 0) Mix(pixel, colour, static_cast<float>(shares[i]) / 255.0f * opacity);
  }
}

}  // namespace kantei::image
