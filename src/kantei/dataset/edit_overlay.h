// Edits that put something onto the picture, or the picture onto something. Private to dataset/.
#pragma once

#include <span>

#include "kantei/base/random.h"
#include "kantei/dataset/edit_pixels.h"

namespace kantei::dataset {

using Others = std::span<const Image* const>;

/// One of the other pictures.
const Image& Pick(Others others, Random& random);

/// `count` characters, each `share` of the shorter side.
void AddEmoji(Image* picture, int count, double share, Random& random);
void AddStickers(Image* picture, int count, double share, Random& random);
/// Lines of text with capitals `share` of the shorter side high; a plate behind them when `plate`.
void AddText(Image* picture, int lines, double share, bool plate, Random& random);
/// Another picture, small, pasted onto this one: `share` of the shorter side.
void AddPicture(Image* picture, const Image& other, double share, Random& random);
/// Another picture through this one: `opacity` (0..1) of this one stays.
void MixWith(Image* picture, const Image& other, double opacity);

/// One line of text over and over across the whole picture, slanting; opacity 0..1.
void AddWatermark(Image* picture, double opacity, Random& random);
/// Rectangles of one colour or of noise over about `share` of the area.
void Erase(Image* picture, double share, Random& random);

/// The picture at `share` (0..1) of the frame's side pasted onto another, which fills width × height; turned by
/// `degrees`.
Image PasteOnto(const Image& picture, const Image& ground, int width, int height, double share,
                double degrees, Random& random);

}  // namespace kantei::dataset
