// Edits that move pixels. Private to dataset/.
#pragma once

#include <array>

#include "kantei/base/random.h"
#include "kantei/dataset/edit_pixels.h"
#include "kantei/image/transform.h"

namespace kantei::dataset {

/// A window of `area` (share, 0..1) of the picture whose aspect is `aspect` times the picture's, as far as it fits.
image::Rect RandomWindow(const Image& picture, double area, double aspect, Random& random);

/// What a rotated picture keeps: the same frame (corners lost and filled), all of it (larger frame, corners filled), or
/// the largest upright rectangle inside it.
enum class RotationFrame { kSame, kWhole, kInside };
Image Rotate(const Image& picture, double degrees, RotationFrame frame, Colour ground);

/// Where the corners of the picture go (top left, top right, bottom right, bottom left), in a frame of width × height.
Image WarpToCorners(const Image& picture, const std::array<Point, 4>& corners, int width, int height,
                    Colour ground);
/// The map from frame pixels back to the picture for WarpToCorners; false when the corners lie on a line.
bool CornersToPicture(const Image& picture, const std::array<Point, 4>& corners, image::Homography* map);
/// Corners move in or out by up to `strength` × side.
Image Perspective(const Image& picture, double strength, Colour ground, Random& random);

/// Adds a margin of the given shares of the side: left, top, right, bottom.
Image Pad(const Image& picture, const std::array<double, 4>& shares, Colour ground);

enum class Mirror { kEdges, kHalves, kKaleidoscope };
/// kEdges: the outer parts are replaced by reflections of what is inside; kHalves: one half and its mirror image;
/// kKaleidoscope: one quarter, mirrored both ways.
Image MirrorParts(const Image& picture, Mirror kind, Random& random);

}  // namespace kantei::dataset
