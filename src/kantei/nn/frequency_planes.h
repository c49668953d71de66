// The frequency pictures that AniXplore sees beside the colours (arXiv 2504.11015, section 4 and the authors' code).
#pragma once

#include <span>
#include <vector>

namespace kantei::nn {

/// A few float planes of one size: channels x height x width.
struct Planes {
  int channels = 0, height = 0, width = 0;
  std::vector<float> values;
  Planes() = default;
  Planes(int c, int h, int w)
      : channels(c),
        height(h),
        width(w),
        values(static_cast<std::size_t>(c) * static_cast<std::size_t>(h) * static_cast<std::size_t>(w)) {}
  std::size_t plane_size() const {
    return static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  }
};

/// Which part of the spectrum DctLow keeps.
enum class LowBand {
  kStrip,   ///< the first 5 % of the rows and of the columns, an L: what the released code does
  kSquare,  ///< the low 5 % x 5 %: what DctHigh removes
};

/// How DwtHigh goes back from the bands to pixels.
enum class Synthesis {
  kInverse,  ///< the inverse transform
  kFlipped,  ///< with the filters the wrong way round and the borders cut, as the released code does
};

/// Orthonormal DCT-II over the whole plane without its lowest 5 % x 5 %. Sides from 20 on, else nothing is removed.
Planes DctHigh(const Planes& planes);
Planes DctLow(const Planes& planes, LowBand band);

/// One level of db4 (8 taps, zeros beyond the border) without the band that is low in both directions. Even sides.
Planes DwtHigh(const Planes& planes, Synthesis synthesis);

/// (x - min) / (max - min + epsilon) over all channels together; zeros where all values are the same.
void ScaleToUnit(std::span<float> values, double epsilon);

struct FrequencyPictures {
  Planes high;  ///< the mean of DctHigh and DwtHigh, each scaled to 0..1
  Planes low;   ///< DctLow, scaled to 0..1
};

/// `released`: the strip, the flipped synthesis and no epsilon; else the square, the inverse and 1e-8. `threads` >= 1: at most
/// one per channel is used.
FrequencyPictures MakeFrequencyPictures(const Planes& normalised, bool released, int threads);

}  // namespace kantei::nn
