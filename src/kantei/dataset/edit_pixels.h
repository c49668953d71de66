// What several edits do with pixels: blend, paste, colour matrix and curve. Private to dataset/. Everything is RGB.
#pragma once

#include <array>
#include <cstdint>

#include "kantei/base/random.h"
#include "kantei/image/draw.h"
#include "kantei/image/image.h"
#include "kantei/image/transform.h"

namespace kantei::dataset {

using image::Colour;
using image::Image;
using image::Point;

/// Opacities are whole 256ths: 0 leaves the ground, 256 covers it.
constexpr int kOpaque = 256;

void Fill(Image* canvas, Colour colour);
void FillRect(Image* canvas, const image::Rect& rect, Colour colour);  ///< clipped
/// Mixes `picture` in with its top left at (x, y), clipped.
void Paste(Image* canvas, const Image& picture, int x, int y, int opacity = kOpaque);
/// The same in proportion to `mask` (1 channel, the size of the picture; 255 is whole).
void PasteMasked(Image* canvas, const Image& picture, const Image& mask, int x, int y);

/// out = m · (r, g, b, 255), rows of four, clamped. Values within ±8.
using ColourMatrix = std::array<double, 12>;
ColourMatrix Compose(const ColourMatrix& first, const ColourMatrix& then);
void ApplyMatrix(Image* picture, const ColourMatrix& matrix);

using Curve = std::array<std::uint8_t, 256>;
void ApplyCurve(Image* picture, const Curve& curve);
void ApplyCurves(Image* picture, const std::array<Curve, 3>& curves);

/// Sum of 0.299 r + 0.587 g + 0.114 b over the pixels, 0..1.
double MeanLuma(const Image& picture);

Colour RandomColour(Random& random);
/// Black, white, a grey or any colour.
Colour RandomGround(Random& random);
/// Black or white, whichever stands out against `ground`.
Colour Contrasting(Colour ground);

/// The largest centred part of `picture` with the aspect of width × height, resized to it.
Image CoverSize(const Image& picture, int width, int height);
/// Resized so that each side is within [minimum, …) and the longer side is at most `longest`.
Image Bounded(Image picture, int minimum, int longest);

}  // namespace kantei::dataset
