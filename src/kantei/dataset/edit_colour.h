// Edits that change colours and keep every pixel in its place. Private to dataset/.
#pragma once

#include "kantei/base/random.h"
#include "kantei/dataset/edit_pixels.h"

namespace kantei::dataset {

/// Factors around 1 (contrast about the mean luma), hue in turns.
ColourMatrix JitterMatrix(double brightness, double contrast, double saturation, double hue_turns,
                          double mean_luma);
/// Each factor uniform in 1 ± its range, hue in ± its range.
void JitterColours(Image* picture, double brightness, double contrast, double saturation, double hue,
                   Random& random);

/// 0 keeps the colours, 1 is grey; the luma is stretched about its mean by `contrast`.
void Greyscale(Image* picture, double amount, double contrast);
/// Dark to light becomes dark to light of one tint; amount 0..1.
void Tint(Image* picture, Colour tint, double amount);
void Sepia(Image* picture, double amount);
void Posterise(Image* picture, int levels);  ///< levels >= 2 a channel
void Solarise(Image* picture, int threshold);
void Gamma(Image* picture, double exponent);
void Invert(Image* picture, bool red, bool green, bool blue);
/// Darkens (or with a negative amount lightens) towards the corners.
void Vignette(Image* picture, double amount);
/// One of the photo-app looks (faded, warm, cold, crossed curves, high contrast), amount 0..1.
void PhotoFilter(Image* picture, int look, double amount);
constexpr int kPhotoLooks = 6;

}  // namespace kantei::dataset
