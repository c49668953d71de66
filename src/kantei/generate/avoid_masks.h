// What the ways of avoiding a shape make of its mask.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/random.h"
#include "kantei/image/image.h"

namespace kantei::generate {

/// The n-th further seed of a seed; they do not run into those of the next pictures.
std::uint64_t FurtherSeed(std::uint64_t seed, int n);

struct AlteredMask {
  image::Image pixels;
  std::string alteration;  ///< e.g. "mirrored", "moved by 24,-8", "scaled by 0.6, moved by 30,10"
};
/// The mask mirrored, moved or scaled, so that at least 85 % of the changed shape stay in the frame: of those whose IoU with the
/// original is within 0.05 of the least, `random` picks one. Where the least is above 0.4 (large subjects), scaled ones are moved too.
AlteredMask AlterMask(const image::Image& mask, Random& random);
image::Image InvertMask(const image::Image& mask);

/// The class of ADE20K's that a word of a prompt names ("woman": "person"); empty when it names none of the usual ones.
std::string_view SceneClassOf(std::string_view word);

/// The mask as a picture of segments in the palette of ADE20K, which ControlNets for segments were trained on: wall (120,120,120)
/// around the colour of the class that one of `words` names, "sculpture" (255,255,0) where none does.
image::Image SegmentPicture(const image::Image& mask, const std::vector<std::string>& words);

}  // namespace kantei::generate
