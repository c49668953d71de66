#include "kantei/dataset/edit_shapes.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kantei/dataset/edit_math.h"

namespace kantei::dataset {
namespace {

/// Points of an arc from one angle to another, clockwise on the screen from the right.
void AddArc(double x, double y, double rx, double ry, double from, double to, int steps,
            std::vector<Point>* points) {
  for (int i = 0; i <= steps; ++i) {
    const SinCos a = SinCosDegrees(from + (to - from) * i / steps);
    points->push_back({static_cast<float>(x + rx * a.cos), static_cast<float>(y + ry * a.sin)});
  }
}

int ArcSteps(double radius, double degrees) {
  return std::clamp(static_cast<int>((radius + 6) * degrees / 720), 3, 64);
}

}  // namespace

Layer::Layer(int width, int height)
    : width_(std::max(1, width)),
      height_(std::max(1, height)),
      rgba_(static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_) * 4),
      covered_(static_cast<std::size_t>(width_)) {}

void Layer::Cover(int x, int y, float share, Colour colour) {
  std::uint8_t* pixel = row(y) + 4 * static_cast<std::ptrdiff_t>(x);
  const int take = std::min(255, static_cast<int>(share * 255 + 0.5f)), under = pixel[3] * (255 - take) / 255;
  const int total = take + under;
  if (total == 0) return;
  const std::array<std::uint8_t, 3> target{colour.r, colour.g, colour.b};
  for (std::size_t c = 0; c < 3; ++c)
    pixel[c] = static_cast<std::uint8_t>((target[c] * take + pixel[c] * under + total / 2) / total);
  pixel[3] = static_cast<std::uint8_t>(total);
}

void Layer::FillPolygon(std::span<const Point> polygon, Colour colour) {
  if (polygon.size() < 3) return;
  float low_x = polygon[0].x, high_x = low_x, low_y = polygon[0].y, high_y = low_y;
  for (const Point& p : polygon) {
    low_x = std::min(low_x, p.x);
    high_x = std::max(high_x, p.x);
    low_y = std::min(low_y, p.y);
    high_y = std::max(high_y, p.y);
  }
  const auto limit_x = static_cast<float>(width_), limit_y = static_cast<float>(height_);
  if (high_x <= 0 || high_y <= 0 || low_x >= limit_x || low_y >= limit_y) return;
  const int left = static_cast<int>(std::max(0.0f, low_x)),
            right = static_cast<int>(std::ceil(std::min(limit_x, high_x)));
  const int top = static_cast<int>(std::max(0.0f, low_y)),
            bottom = static_cast<int>(std::ceil(std::min(limit_y, high_y)));
  constexpr int kLines = 4;
  for (int y = top; y < bottom; ++y) {
    std::fill(covered_.begin() + left, covered_.begin() + right, 0.0f);
    for (int line = 0; line < kLines; ++line) {
      const float at = static_cast<float>(y) + (static_cast<float>(line) + 0.5f) / kLines;
      crossings_.clear();
      for (std::size_t i = 0; i < polygon.size(); ++i) {
        const Point a = polygon[i], b = polygon[i + 1 == polygon.size() ? 0 : i + 1];
        if ((a.y <= at) == (b.y <= at)) continue;  // half-open: a corner on the line counts once
        crossings_.push_back(a.x + (at - a.y) / (b.y - a.y) * (b.x - a.x));
      }
      std::sort(crossings_.begin(), crossings_.end());
      for (std::size_t k = 0; k + 1 < crossings_.size(); k += 2) {
        const float begin = std::clamp(crossings_[k], 0.0f, limit_x),
                    end = std::clamp(crossings_[k + 1], 0.0f, limit_x);
        for (int x = static_cast<int>(begin); static_cast<float>(x) < end; ++x) {
          const float from = std::max(begin, static_cast<float>(x)),
                      to = std::min(end, static_cast<float>(x + 1));
          covered_[static_cast<std::size_t>(x)] += (to - from) / kLines;
        }
      }
    }
    for (int x = left; x < right; ++x) {
      const float share = covered_[static_cast<std::size_t>(x)];
      if (share > 0) Cover(x, y, std::min(1.0f, share), colour);
    }
  }
}

void Layer::Stroke(Point a, Point b, double thickness, Colour colour) {
  const double radius = std::max(1.0, thickness) / 2, dx = static_cast<double>(b.x) - a.x,
               dy = static_cast<double>(b.y) - a.y;
  const double length = std::sqrt(dx * dx + dy * dy);
  const double ux = length > 0 ? dx / length : 1, uy = length > 0 ? dy / length : 0;
  // Around end b from its left to its right, then around a.
  std::array<Point, 14> outline;
  std::size_t n = 0;
  for (int end = 0; end < 2; ++end) {
    const Point centre = end == 0 ? b : a;
    const double sx = end == 0 ? ux : -ux, sy = end == 0 ? uy : -uy;
    for (int i = 0; i <= 6; ++i) {
      // Directions from -90 to +90 degrees around (sx, sy); sin and cos of multiples of 30.
      constexpr std::array<double, 7> kSin{-1, -0.86602540378443865, -0.5, 0, 0.5, 0.86602540378443865, 1};
      constexpr std::array<double, 7> kCos{0, 0.5, 0.86602540378443865, 1, 0.86602540378443865, 0.5, 0};
      const auto k = static_cast<std::size_t>(i);
      outline[n++] = {static_cast<float>(centre.x + radius * (sx * kCos[k] - sy * kSin[k])),
                      static_cast<float>(centre.y + radius * (sy * kCos[k] + sx * kSin[k]))};
    }
  }
  FillPolygon(outline, colour);
}

void Layer::FillEllipse(double x, double y, double radius_x, double radius_y, Colour colour) {
  std::vector<Point> points;
  AddArc(x, y, radius_x, radius_y, 0, 360, ArcSteps(std::max(radius_x, radius_y), 360), &points);
  FillPolygon(points, colour);
}

void Layer::FillRoundRect(double x, double y, double width, double height, double radius, Colour colour) {
  radius = std::min({radius, width / 2, height / 2});
  std::vector<Point> points;
  const int steps = ArcSteps(radius, 90);
  AddArc(x + width - radius, y + radius, radius, radius, -90, 0, steps, &points);
  AddArc(x + width - radius, y + height - radius, radius, radius, 0, 90, steps, &points);
  AddArc(x + radius, y + height - radius, radius, radius, 90, 180, steps, &points);
  AddArc(x + radius, y + radius, radius, radius, 180, 270, steps, &points);
  FillPolygon(points, colour);
}

void Composite(Image* canvas, const Layer& layer, int x, int y, int opacity) {
  const int left = std::max(0, x), right = std::min(canvas->width(), x + layer.width());
  for (int row = std::max(0, y); row < std::min(canvas->height(), y + layer.height()); ++row) {
    const std::uint8_t* from = layer.row(row - y) + 4 * static_cast<std::ptrdiff_t>(left - x);
    std::uint8_t* to = canvas->row(row) + 3 * static_cast<std::ptrdiff_t>(left);
    for (int i = left; i < right; ++i, from += 4, to += 3) {
      if (from[3] == 0) continue;
      const int take = from[3] * opacity, keep = 255 * kOpaque - take;
      for (int c = 0; c < 3; ++c)
        to[c] = static_cast<std::uint8_t>((to[c] * keep + from[c] * take + 32640) / (255 * kOpaque));
    }
  }
}

}  // namespace kantei::dataset
