// Picture characters and stickers made of ellipses, strokes and polygons.
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "kantei/dataset/edit_math.h"
#include "kantei/dataset/edit_shapes.h"

namespace kantei::dataset {
namespace {

constexpr Colour kYellow{255, 204, 51}, kDark{70, 45, 20}, kRed{226, 40, 60}, kWhite{255, 255, 255},
    kBlue{80, 170, 240}, kPink{250, 120, 170}, kGreen{90, 180, 80}, kOrange{250, 130, 30}, kBlack{20, 20, 25},
    kPurple{150, 90, 210};

/// Draws in coordinates -1..1 on a turned square.
class Stamp {
 public:
  Stamp(int side, double degrees) : layer_(side, side), half_(side / 2.0), turn_(SinCosDegrees(degrees)) {}

  Point At(double x, double y) const {
    const double scale = half_ * 0.95;
    return {static_cast<float>(half_ + scale * (x * turn_.cos - y * turn_.sin)),
            static_cast<float>(half_ + scale * (x * turn_.sin + y * turn_.cos))};
  }
  void Ellipse(double x, double y, double rx, double ry, Colour colour) {
    std::vector<Point> points;
    const int steps = std::clamp(static_cast<int>(half_ * std::max(rx, ry)) + 6, 8, 48);
    for (int i = 0; i < steps; ++i) {
      const SinCos a = SinCosDegrees(360.0 * i / steps);
      points.push_back(At(x + rx * a.cos, y + ry * a.sin));
    }
    layer_.FillPolygon(points, colour);
  }
  void Polygon(std::initializer_list<std::array<double, 2>> corners, Colour colour) {
    std::vector<Point> points;
    for (const auto& corner : corners) points.push_back(At(corner[0], corner[1]));
    layer_.FillPolygon(points, colour);
  }
  void Line(double x0, double y0, double x1, double y1, double width, Colour colour) {
    layer_.Stroke(At(x0, y0), At(x1, y1), width * half_, colour);
  }
  /// Part of an ellipse's rim, degrees clockwise from the right.
  void Arc(double x, double y, double rx, double ry, double from, double to, double width, Colour colour) {
    constexpr int kSteps = 10;
    Point last{};
    for (int i = 0; i <= kSteps; ++i) {
      const SinCos a = SinCosDegrees(from + (to - from) * i / kSteps);
      const Point next = At(x + rx * a.cos, y + ry * a.sin);
      if (i > 0) layer_.Stroke(last, next, width * half_, colour);
      last = next;
    }
  }
  void Star(double x, double y, double outer, double inner, int tips, Colour colour) {
    std::vector<Point> points;
    for (int i = 0; i < 2 * tips; ++i) {
      const SinCos a = SinCosDegrees(-90 + 180.0 * i / tips);
      const double r = i % 2 == 0 ? outer : inner;
      points.push_back(At(x + r * a.cos, y + r * a.sin));
    }
    layer_.FillPolygon(points, colour);
  }
  void Heart(double x, double y, double size, Colour colour) {
    std::vector<Point> points;
    for (int i = 0; i < 36; ++i) {
      const SinCos a = SinCosDegrees(10.0 * i);
      // The heart curve 16 sin^3, 13 cos - 5 cos 2t - 2 cos 3t - cos 4t, in powers of cos.
      const double c = a.cos, c2 = 2 * c * c - 1, c3 = 4 * c * c * c - 3 * c, c4 = 2 * c2 * c2 - 1;
      const double px = 16 * a.sin * a.sin * a.sin, py = 13 * c - 5 * c2 - 2 * c3 - c4;
      points.push_back(At(x + size * px / 17, y - size * (py + 2.5) / 17));
    }
    layer_.FillPolygon(points, colour);
  }
  void Face(Colour skin) {
    Ellipse(0, 0, 1, 1,
            {static_cast<std::uint8_t>(skin.r * 4 / 5), static_cast<std::uint8_t>(skin.g * 4 / 5),
             static_cast<std::uint8_t>(skin.b * 4 / 5)});
    Ellipse(0, -0.02, 0.95, 0.95, skin);
  }
  void Eyes(double y, double rx, double ry) {
    Ellipse(-0.35, y, rx, ry, kDark);
    Ellipse(0.35, y, rx, ry, kDark);
  }
  Layer Take() { return std::move(layer_); }

 private:
  Layer layer_;
  double half_;
  SinCos turn_;
};

}  // namespace

Layer DrawEmoji(int kind, int side, double degrees) {
  Stamp s(side, degrees);
  switch (kind) {
    case 0:  // smiling
      s.Face(kYellow);
      s.Eyes(-0.25, 0.11, 0.17);
      s.Arc(0, 0.1, 0.55, 0.45, 15, 165, 0.1, kDark);
      break;
    case 1:  // laughing with tears
      s.Face(kYellow);
      s.Arc(-0.38, -0.15, 0.2, 0.2, 190, 350, 0.09, kDark);
      s.Arc(0.38, -0.15, 0.2, 0.2, 190, 350, 0.09, kDark);
      s.Polygon({{-0.55, 0.15}, {0.55, 0.15}, {0.45, 0.5}, {0.2, 0.7}, {-0.2, 0.7}, {-0.45, 0.5}}, kDark);
      s.Polygon({{-0.5, 0.16}, {0.5, 0.16}, {0.46, 0.3}, {-0.46, 0.3}}, kWhite);
      s.Ellipse(-0.75, 0.15, 0.15, 0.24, kBlue);
      s.Ellipse(0.75, 0.15, 0.15, 0.24, kBlue);
      break;
    case 2:  // in love
      s.Face(kYellow);
      s.Heart(-0.38, -0.2, 0.32, kRed);
      s.Heart(0.38, -0.2, 0.32, kRed);
      s.Arc(0, 0.2, 0.5, 0.4, 10, 170, 0.1, kDark);
      break;
    case 3:  // sunglasses
      s.Face(kYellow);
      s.Polygon({{-0.8, -0.35},
                 {0.8, -0.35},
                 {0.75, -0.2},
                 {0.62, 0.1},
                 {0.2, 0.1},
                 {0.06, -0.2},
                 {-0.06, -0.2},
                 {-0.2, 0.1},
                 {-0.62, 0.1},
                 {-0.75, -0.2}},
                kBlack);
      s.Arc(0.05, 0.3, 0.4, 0.25, 20, 150, 0.09, kDark);
      break;
    case 4:  // sad
      s.Face(kYellow);
      s.Eyes(-0.1, 0.1, 0.14);
      s.Line(-0.55, -0.32, -0.25, -0.42, 0.08, kDark);
      s.Line(0.55, -0.32, 0.25, -0.42, 0.08, kDark);
      s.Arc(0, 0.72, 0.42, 0.35, 200, 340, 0.1, kDark);
      break;
    case 5:  // angry
      s.Face({240, 90, 60});
      s.Line(-0.6, -0.4, -0.2, -0.2, 0.1, kDark);
      s.Line(0.6, -0.4, 0.2, -0.2, 0.1, kDark);
      s.Eyes(-0.02, 0.1, 0.12);
      s.Arc(0, 0.7, 0.38, 0.25, 200, 340, 0.1, kDark);
      break;
    case 6:  // surprised
      s.Face(kYellow);
      s.Eyes(-0.25, 0.14, 0.18);
      s.Ellipse(0, 0.42, 0.22, 0.3, kDark);
      break;
    case 7:  // heart
      s.Heart(0, 0, 0.95, kRed);
      s.Ellipse(-0.42, -0.38, 0.14, 0.1, {255, 150, 160});
      break;
    case 8:  // star
      s.Star(0, 0.04, 1, 0.42, 5, kYellow);
      break;
    case 9:  // sun
      s.Star(0, 0, 1, 0.62, 12, kOrange);
      s.Ellipse(0, 0, 0.6, 0.6, kYellow);
      break;
    case 10:  // cat
      s.Polygon({{-0.9, -0.95}, {-0.2, -0.6}, {-0.85, -0.1}}, kOrange);
      s.Polygon({{0.9, -0.95}, {0.2, -0.6}, {0.85, -0.1}}, kOrange);
      s.Ellipse(0, 0.1, 0.9, 0.8, kOrange);
      s.Eyes(-0.05, 0.1, 0.18);
      s.Polygon({{-0.12, 0.25}, {0.12, 0.25}, {0, 0.4}}, kPink);
      s.Line(0, 0.4, -0.2, 0.55, 0.06, kDark);
      s.Line(0, 0.4, 0.2, 0.55, 0.06, kDark);
      s.Line(-0.4, 0.35, -0.95, 0.25, 0.04, kDark);
      s.Line(0.4, 0.35, 0.95, 0.25, 0.04, kDark);
      break;
    case 11:  // flame
      s.Polygon({{0, -1},
                 {0.35, -0.45},
                 {0.65, -0.15},
                 {0.75, 0.35},
                 {0.5, 0.85},
                 {0, 1},
                 {-0.5, 0.85},
                 {-0.75, 0.35},
                 {-0.55, -0.1},
                 {-0.35, 0.1}},
                kRed);
      s.Polygon(
          {{0.05, -0.2}, {0.4, 0.3}, {0.35, 0.75}, {0, 0.95}, {-0.35, 0.75}, {-0.35, 0.4}, {-0.12, 0.45}},
          kYellow);
      break;
    case 12:  // flower
      for (int i = 0; i < 6; ++i) {
        const SinCos a = SinCosDegrees(60.0 * i);
        s.Ellipse(0.58 * a.cos, 0.58 * a.sin, 0.38, 0.38, i % 2 == 0 ? kPink : kPurple);
      }
      s.Ellipse(0, 0, 0.35, 0.35, kYellow);
      break;
    default:  // check mark on a disc
      s.Ellipse(0, 0, 1, 1, kGreen);
      s.Line(-0.45, 0.05, -0.1, 0.4, 0.2, kWhite);
      s.Line(-0.1, 0.4, 0.5, -0.35, 0.2, kWhite);
      break;
  }
  return s.Take();
}

Layer DrawSticker(int width, int height, Random& random) {
  Layer layer(width, height);
  const double w = layer.width(), h = layer.height();
  const Colour ground = RandomColour(random), ink = RandomColour(random);
  const auto point = [&](double x, double y) {
    return Point{static_cast<float>(x * w), static_cast<float>(y * h)};
  };
  switch (random.Below(6)) {
    case 0: {  // burst with a price
      std::vector<Point> star;
      const int tips = Between(random, 9, 18);
      for (int i = 0; i < 2 * tips; ++i) {
        const SinCos a = SinCosDegrees(180.0 * i / tips);
        const double r = i % 2 == 0 ? 0.5 : 0.4;
        star.push_back(point(0.5 + r * a.cos, 0.5 + r * a.sin));
      }
      layer.FillPolygon(star, ground);
      TextStyle style;
      style.ink = Contrasting(ground);
      style.height = std::min(h * 0.3, w * 0.14);
      const std::string text = RandomText(3, random);
      DrawText(&layer, text, (w - TextWidth(text, style)) / 2, (h - style.height) / 2, style);
      break;
    }
    case 1: {  // speech bubble
      layer.FillEllipse(w / 2, h * 0.42, w * 0.48, h * 0.4, ink);
      layer.FillPolygon(std::array{point(0.2, 0.6), point(0.45, 0.75), point(0.12, 0.98)}, ink);
      layer.FillEllipse(w / 2, h * 0.42, w * 0.44, h * 0.36, kWhite);
      TextStyle style;
      style.ink = kBlack;
      style.height = std::min(h * 0.2, w * 0.1);
      const std::string text = RandomText(5, random);
      DrawText(&layer, text, (w - TextWidth(text, style)) / 2, h * 0.42 - style.height / 2, style);
      break;
    }
    case 2:  // ribbon
      layer.FillPolygon(std::array{point(0, 0.3), point(1, 0.3), point(0.92, 0.5), point(1, 0.7),
                                   point(0, 0.7), point(0.08, 0.5)},
                        ground);
      break;
    case 3:  // arrow
      layer.FillPolygon(std::array{point(0, 0.38), point(0.6, 0.38), point(0.6, 0.1), point(1, 0.5),
                                   point(0.6, 0.9), point(0.6, 0.62), point(0, 0.62)},
                        ground);
      break;
    case 4: {  // ring
      const double thickness = std::max(2.0, std::min(w, h) * 0.08);
      Point last{};
      for (int i = 0; i <= 32; ++i) {
        const SinCos a = SinCosDegrees(360.0 * i / 32);
        const Point next{static_cast<float>(w / 2 + (w / 2 - thickness) * a.cos),
                         static_cast<float>(h / 2 + (h / 2 - thickness) * a.sin)};
        if (i > 0) layer.Stroke(last, next, thickness, ground);
        last = next;
      }
      break;
    }
    default:  // label with a stripe
      layer.FillRoundRect(0, h * 0.1, w, h * 0.8, h * 0.15, ground);
      layer.FillRoundRect(w * 0.06, h * 0.42, w * 0.88, h * 0.16, h * 0.05, ink);
      break;
  }
  return layer;
}

}  // namespace kantei::dataset
