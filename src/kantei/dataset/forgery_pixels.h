// What forgeries do with pixels. Private to dataset/. Weights are 1-channel pictures: 255 is wholly new.
#pragma once

#include <cstdint>

#include "kantei/base/random.h"
#include "kantei/image/cutout.h"
#include "kantei/image/image.h"

namespace kantei::dataset {

/// A picture and how much of it is new.
struct Layer {
  image::Image picture;
  image::Image weight;
};

/// 3-tap to (2r+1)-tap mean of a weight, so that its rim is soft.
image::Image Feather(const image::Image& weight, int radius);
/// out = ground + weight (top - ground), rounded. All of one size.
image::Image Mix(const image::Image& ground, const image::Image& top, const image::Image& weight);
/// Box mean of an RGB picture, `passes` times.
image::Image BoxBlur(const image::Image& rgb, int radius, int passes);
/// Standard deviation of the noise of the luma where `mask` is 0, in levels: Immerkaer's operator (1996) with the median, so
/// that lines do not count as noise. 0 for flat drawings.
double NoiseLevel(const image::Image& rgb, const image::Image& mask);
/// Gaussian noise on every channel, partly common to the three.
void AddNoise(image::Image* rgb, double sigma, Random& random);
/// Shifts and stretches the colours of `piece` (where weight > 0) towards those of `ground`; strength 0..1.
void MatchColour(image::Image* piece, const image::Image& weight, const image::Image& ground,
                 double strength);
/// A random change of hue, saturation and gain that can be seen.
void Recolour(image::Image* rgb, Random& random);

/// The share of the mask's pixels that equal their neighbours to the right and below.
double FlatShare(const image::Image& rgb, const image::Image& mask);

/// A piece of a picture with its shape, ready to be laid somewhere: colours are multiplied by alpha.
struct Piece {
  image::Image colour, alpha;
};
/// The part of `rgb` inside the mask, cut to its box. The mask is not empty.
Piece CutPiece(const image::Image& rgb, const image::Image& mask);
/// Resized by `scale` and turned; the frame grows so that nothing is lost. Scale 1 and 0 degrees keep every pixel.
Piece Transform(const Piece& piece, double scale, double degrees, bool mirrored);
/// The piece over the ground with its top left at (x, y), clipped.
Layer Lay(const image::Image& ground, const Piece& piece, int x, int y);

}  // namespace kantei::dataset
