// Geometry and colour of pixels: resize, crop, flip, warp, grey.
#pragma once

#include <array>
#include <utility>

#include "kantei/image/image.h"

namespace kantei::image {

/// The eight symmetries of the square, in PDQ's order: what is done to the picture.
enum class Dihedral { kOriginal, kRotate90, kRotate180, kRotate270, kFlipX, kFlipY, kFlipPlus1, kFlipMinus1 };

/// BT.601 luma, rounded. A grey image is returned as it is.
Image ToGrey(const Image& image);
/// Grey to 3 equal channels; RGB is returned as it is.
Image ToRgb(const Image& image);
Plane ToLuma(const Image& image);  ///< float BT.601 luma 0..255, not rounded

/// Area averaging when shrinking (anti-aliased), bilinear when enlarging. width, height >= 1.
Image Resize(const Image& image, int width, int height);
/// Longer side at most `side`, aspect kept, never enlarged.
Image ResizeToFit(const Image& image, int side);
/// The width and height that ResizeToFit gives; side <= 0 means any size.
std::pair<int, int> FitSize(int width, int height, int side);
/// The part inside the picture; `rect` must overlap it.
Image Crop(const Image& image, const Rect& rect);
Image FlipHorizontal(const Image& image);
Image FlipVertical(const Image& image);
/// Clockwise quarter turns, any integer.
Image RotateQuarter(const Image& image, int quarters);

/// A 3×3 projective map, row-major, on pixel coordinates (x, y, 1).
struct Homography {
  std::array<double, 9> m{1, 0, 0, 0, 1, 0, 0, 0, 1};
  Point Apply(Point p) const;
  /// false when singular.
  bool Invert(Homography* inverse) const;
  Homography Then(const Homography& after) const;  ///< first this, then `after`
};

/// out(p) = image(map(p)), bilinear; positions outside the picture give `fill` and 0 in *inside (if not null,
/// 255 within).
Image Warp(const Image& image, const Homography& map, int width, int height, std::uint8_t fill = 0,
           Image* inside = nullptr);

}  // namespace kantei::image
