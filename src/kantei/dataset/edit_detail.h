// Edits that take detail away or add false detail. Private to dataset/.
#pragma once

#include "kantei/base/random.h"
#include "kantei/dataset/edit_pixels.h"

namespace kantei::dataset {

void GaussianBlur(Image* picture, double sigma);  ///< sigma in pixels, up to 40
void Sharpen(Image* picture, double sigma, double amount);
void Noise(Image* picture, double sigma, bool coloured, Random& random);  ///< sigma in grey levels
/// Blocks of 1 / ratio pixels; ratio 0..1.
Image Pixelise(const Image& picture, double ratio);
/// About `share` of the pixels change places.
void ShufflePixels(Image* picture, double share, Random& random);
/// Cut into across × down tiles; about `share` of them change places.
Image ShuffleTiles(const Image& picture, int across, int down, double share, Random& random);
/// Most frequent of `tones` (2..16) in a window of 2 × radius + 1: flat strokes with sharp edges.
Image OilPaint(const Image& picture, int radius, int tones);
/// Lines on white (or on the picture): amount 0..1 of how much of the picture is replaced by its edges.
void Sketch(Image* picture, double amount, bool dark);
/// Bands of `colour`, every `period` pixels, `width` thick, at an angle.
void Stripes(Image* picture, double degrees, double period, double width, Colour colour, int opacity);
/// What a camera sees of a screen: a grid of sub-pixels against its own grid, `period` pixels of beat, depth 0..1.
void Moire(Image* picture, double period, double degrees, double depth, bool coloured);

}  // namespace kantei::dataset
