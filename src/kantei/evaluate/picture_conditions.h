// What is done to a picture, and to the mask of what was changed in it, before it is judged: equal treatment of real and fake, and
// the wear that pictures get on their way.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/image/image.h"

namespace kantei::evaluate {

struct MaskedPicture {
  image::Image picture;  ///< sRGB
  image::Image mask;     ///< one channel, the picture's size, 0 or 255; may be empty
};

/// One cell of a robustness grid.
struct PictureCondition {
  enum class Kind {
    kNone,
    kJpeg,  ///< amount: quality 1..100
    kWebp,  ///< amount: quality 1..100
    kBlur,  ///< amount: side of the Gaussian kernel, odd, 3..101; sigma 0.3 × ((side - 1) / 2 - 1) + 0.8, as OpenCV's
    kNoise,   ///< amount: variance in grey levels², 0..10,000, each channel by itself
    kResize,  ///< amount: factor of both sides, 0.1..4
  };
  Kind kind = Kind::kNone;
  double amount = 0;
  std::string Name() const;  ///< "none", "jpeg-80", "webp-60", "blur-7", "noise-11", "resize-0.5"
};
Result<PictureCondition> ParseCondition(std::string_view name);
/// JPEG 100 to 30, Gaussian blur, Gaussian noise (IMDL-BenCo's steps), WebP 80 and 60, resize 0.5 to 2.
std::vector<PictureCondition> RobustnessGrid();

/// The smallest side that detectors take; no condition makes a picture smaller when it was not.
inline constexpr int kLeastSide = 64;

/// `seed` draws the noise. kTooLarge: the result would have more than 100 million pixels or the codec takes none of this size.
Result<MaskedPicture> ApplyCondition(const MaskedPicture& picture, const PictureCondition& condition,
                                     std::uint64_t seed);

/// The same law for real and fake, drawn from `seed`: resized by a factor of 0.7 to 1.3, then through JPEG of quality 70 to 95, both
/// uniform. Takes away the differences in file format, quality and size by which sets are told apart without looking at the picture.
Result<MaskedPicture> Equalised(const MaskedPicture& picture, std::uint64_t seed);

}  // namespace kantei::evaluate
