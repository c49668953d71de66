// PDQ, the perceptual hash of the ThreatExchange family, compatible with its reference implementation.
#pragma once

#include <array>

#include "kantei/base/code256.h"
#include "kantei/image/image.h"

namespace kantei::copy {

struct PdqHash {
  Code256 code;
  int quality = 0;  ///< 0..100; below 50 the picture has too few gradients for its hash to mean much
};

/// Hash of the picture as given (any size >= 1; RGB or grey). Reference: "The TMK+PDQF Video-Hashing
/// Algorithm and the PDQ Image-Hashing Algorithm" (Facebook, 2019): luma, two-pass tent filter, 64×64, 16×16
/// DCT, median.
PdqHash ComputePdq(const image::Image& image);

/// The same for a picture that was decoded smaller than it is (image::DecodeOptions::max_longer_side): the
/// filter and the sampling points are those of the original size (image::DecodedImage::original_width,
/// _height), so the hash is that of the full decode to within a few bits. The reference's points lie up
/// to 1.5 pixels off the centre of their cell, which is nothing at 4000 pixels and costs bits at 500: so pass
/// the original size.
PdqHash ComputePdq(const image::Image& image, int original_width, int original_height);

/// The hashes of the eight dihedral variants from one DCT, in the order of image::Dihedral. Each is the hash
/// of the picture after this has been done to it (the reference's own naming, checked against real pixels):
///   kOriginal                            nothing
///   kRotate90, kRotate180, kRotate270    quarter turns counter-clockwise
///   kFlipX                               upside down (flipped about the x axis)
///   kFlipY                               left and right exchanged (flipped about the y axis)
///   kFlipPlus1                           transposed, out(x, y) = in(y, x)
///   kFlipMinus1                          transposed about the other diagonal, which is kRotate180 of
///   kFlipPlus1
/// At sizes that are no odd multiple of 64 the sampling points are not symmetric, so a variant and the hash
/// of the turned pixels differ in a few bits.
struct PdqDihedral {
  std::array<Code256, 8> codes;
  int quality = 0;
};
PdqDihedral ComputePdqDihedral(const image::Image& image);
PdqDihedral ComputePdqDihedral(const image::Image& image, int original_width, int original_height);

/// Distance at or below which two hashes of quality >= 50 are taken for the same picture (the reference's own
/// choice).
inline constexpr int kPdqMatchDistance = 31;

/// Quality from which a hash is evidence (the reference's advice).
inline constexpr int kPdqTrustedQuality = 50;

}  // namespace kantei::copy
