// Marks on pictures for overlays in reports.
#pragma once

#include <cstdint>

#include "kantei/image/image.h"

namespace kantei::image {

struct Colour {
  std::uint8_t r = 0, g = 0, b = 0;
};

/// Anti-aliased line, `thickness` in pixels. Clipped to the picture. RGB only.
void DrawLine(Image* image, Point a, Point b, Colour colour, float thickness);
void DrawPolygon(Image* image, const Polygon& polygon, Colour colour, float thickness);
/// Mixes `colour` into the inside of the polygon (even-odd), opacity 0..1.
void FillPolygon(Image* image, const Polygon& polygon, Colour colour, float opacity);
/// 255 inside the polygon.
Image PolygonMask(const Polygon& polygon, int width, int height);
/// Mixes `colour` in where mask (1 channel, same size) is set, in proportion to mask/255 × opacity.
void BlendMask(Image* image, const Image& mask, Colour colour, float opacity);

}  // namespace kantei::image
