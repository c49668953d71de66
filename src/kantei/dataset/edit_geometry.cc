#include "kantei/dataset/edit_geometry.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kantei/dataset/edit_math.h"

namespace kantei::dataset {
namespace {

using image::Homography;

Image WarpOnColour(const Image& picture, const Homography& map, int width, int height, Colour ground) {
  if (ground.r == ground.g && ground.g == ground.b) return image::Warp(picture, map, width, height, ground.r);
  Image inside;
  Image out = image::Warp(picture, map, width, height, 0, &inside);
  for (int y = 0; y < height; ++y) {
    const std::uint8_t* within = inside.row(y);
    std::uint8_t* pixel = out.row(y);
    for (int x = 0; x < width; ++x, pixel += 3) {
      if (within[x] != 0) continue;
      pixel[0] = ground.r;
      pixel[1] = ground.g;
      pixel[2] = ground.b;
    }
  }
  return out;
}

/// The largest upright rectangle inside a width × height picture turned by an angle with these (positive) sin and cos.
std::array<double, 2> InsideSize(double width, double height, double sin, double cos) {
  const double longer = std::max(width, height), shorter = std::min(width, height);
  if (shorter <= 2 * sin * cos * longer || std::abs(sin - cos) < 1e-9) {
    // Two corners touch the longer sides, the other two lie free.
    const double half = shorter / 2;
    return width >= height ? std::array{half / sin, half / cos} : std::array{half / cos, half / sin};
  }
  const double cos2 = cos * cos - sin * sin;
  return {(width * cos - height * sin) / cos2, (height * cos - width * sin) / cos2};
}

/// Source column of each output column for a reflection at `from`, `to`: what lies outside is mirrored in.
int Reflect(int x, int from, int to) {
  const int span = to - from;
  int at = (x - from) % (2 * span);
  if (at < 0) at += 2 * span;
  return from + (at < span ? at : 2 * span - 1 - at);
}

}  // namespace

image::Rect RandomWindow(const Image& picture, double area, double aspect, Random& random) {
  const double side = std::sqrt(area), stretch = std::sqrt(aspect);
  const int width = std::clamp(Round(picture.width() * side * stretch), 1, picture.width());
  const int height = std::clamp(Round(picture.height() * side / stretch), 1, picture.height());
  const int x = Between(random, 0, picture.width() - width);
  const int y = Between(random, 0, picture.height() - height);
  return {x, y, width, height};
}

Image Rotate(const Image& picture, double degrees, RotationFrame frame, Colour ground) {
  const SinCos a = SinCosDegrees(degrees);
  const double w = picture.width(), h = picture.height(), sin = std::abs(a.sin), cos = std::abs(a.cos);
  double out_w = w, out_h = h;
  if (frame == RotationFrame::kWhole) {
    out_w = w * cos + h * sin;
    out_h = w * sin + h * cos;
  } else if (frame == RotationFrame::kInside) {
    const auto size = InsideSize(w, h, sin, cos);
    out_w = size[0];
    out_h = size[1];
  }
  const int width = std::max(1, Round(out_w)), height = std::max(1, Round(out_h));
  const Homography map{{a.cos, a.sin, w / 2 - a.cos * width / 2 - a.sin * height / 2, -a.sin, a.cos,
                        h / 2 + a.sin * width / 2 - a.cos * height / 2, 0, 0, 1}};
  return WarpOnColour(picture, map, width, height, ground);
}

bool CornersToPicture(const Image& picture, const std::array<Point, 4>& corners, Homography* map) {
  // Unit square to quadrilateral in closed form (Heckbert 1989, section 2.2.3), then backwards.
  const double x0 = corners[0].x, y0 = corners[0].y, x1 = corners[1].x, y1 = corners[1].y, x2 = corners[2].x,
               y2 = corners[2].y, x3 = corners[3].x, y3 = corners[3].y;
  const double dx1 = x1 - x2, dx2 = x3 - x2, sx = x0 - x1 + x2 - x3;
  const double dy1 = y1 - y2, dy2 = y3 - y2, sy = y0 - y1 + y2 - y3;
  const double det = dx1 * dy2 - dx2 * dy1;
  if (std::abs(det) < 1e-9) return false;
  const double g = (sx * dy2 - dx2 * sy) / det, i = (dx1 * sy - sx * dy1) / det;
  const Homography square{
      {x1 - x0 + g * x1, x3 - x0 + i * x3, x0, y1 - y0 + g * y1, y3 - y0 + i * y3, y0, g, i, 1}};
  const Homography to_unit{{1.0 / picture.width(), 0, 0, 0, 1.0 / picture.height(), 0, 0, 0, 1}};
  return to_unit.Then(square).Invert(map);
}

Image WarpToCorners(const Image& picture, const std::array<Point, 4>& corners, int width, int height,
                    Colour ground) {
  Homography map;
  if (!CornersToPicture(picture, corners, &map)) return image::Resize(picture, width, height);
  return WarpOnColour(picture, map, width, height, ground);
}

Image Perspective(const Image& picture, double strength, Colour ground, Random& random) {
  const double w = picture.width(), h = picture.height();
  std::array<Point, 4> corners;
  for (std::size_t i = 0; i < 4; ++i) {
    const double dx = random.Uniform(-0.3, 1) * strength * w, dy = random.Uniform(-0.3, 1) * strength * h;
    const bool right = i == 1 || i == 2, bottom = i >= 2;
    corners[i] = {static_cast<float>(right ? w - dx : dx), static_cast<float>(bottom ? h - dy : dy)};
  }
  return WarpToCorners(picture, corners, picture.width(), picture.height(), ground);
}

Image Pad(const Image& picture, const std::array<double, 4>& shares, Colour ground) {
  const int left = Round(shares[0] * picture.width()), top = Round(shares[1] * picture.height());
  const int right = Round(shares[2] * picture.width()), bottom = Round(shares[3] * picture.height());
  Image canvas(picture.width() + left + right, picture.height() + top + bottom, 3);
  Fill(&canvas, ground);
  Paste(&canvas, picture, left, top);
  return canvas;
}

Image MirrorParts(const Image& picture, Mirror kind, Random& random) {
  const int w = picture.width(), h = picture.height();
  int left = 0, right = w, top = 0, bottom = h;
  if (kind == Mirror::kEdges) {
    const double x = random.Uniform(0.1, 0.2), y = random.Uniform(0.1, 0.2);
    left = Round(x * w);
    right = w - left;
    top = Round(y * h);
    bottom = h - top;
  } else {
    const bool both = kind == Mirror::kKaleidoscope;
    const bool across = both || random.Chance(0.7);
    const bool first_x = random.Chance(0.5), first_y = random.Chance(0.5);
    if (across) (first_x ? right : left) = w / 2;
    if (both || !across) (first_y ? bottom : top) = h / 2;
  }
  std::vector<int> columns(static_cast<std::size_t>(w));
  for (int x = 0; x < w; ++x) columns[static_cast<std::size_t>(x)] = 3 * Reflect(x, left, right);
  Image out(w, h, 3);
  for (int y = 0; y < h; ++y) {
    const std::uint8_t* from = picture.row(Reflect(y, top, bottom));
    std::uint8_t* to = out.row(y);
    for (const int column : columns) {
      std::memcpy(to, from + column, 3);
      to += 3;
    }
  }
  return out;
}

}  // namespace kantei::dataset
