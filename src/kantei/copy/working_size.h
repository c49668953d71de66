// The sizes at which pictures are compared, in one place.
#pragma once

namespace kantei::copy {

/// Longer side, in pixels, of the decoded picture that features are taken from. Just under 1000, so that 12-megapixel
/// photos (4000 and 4032 px) decode at a quarter of their size.
inline constexpr int kWorkingSide = 960;
/// Longer side for PDQ: an eighth of 4000 px is still enough.
inline constexpr int kHashSide = 500;
/// Longer side of the stored preview, and its JPEG quality: reports and the photometric check live from it.
inline constexpr int kPreviewSide = 480;
inline constexpr int kPreviewQuality = 85;

}  // namespace kantei::copy
