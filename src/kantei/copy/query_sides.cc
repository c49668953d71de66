#include "kantei/copy/query_sides.h"

#include <algorithm>
#include <numbers>

namespace kantei::copy {

LocalFeatures InvertFeatures(const LocalFeatures& features) {
  constexpr float kHalfTurn = std::numbers::pi_v<float>;
  constexpr int kBins = 8, kCells = kDescriptorSize / kBins;
  LocalFeatures out = features;
  for (Keypoint& k : out.keypoints) k.angle = k.angle < kHalfTurn ? k.angle + kHalfTurn : k.angle - kHalfTurn;
  for (std::size_t i = 0; i < features.size(); ++i) {
    const std::uint8_t* from = features.descriptor(i);
    std::uint8_t* to = out.descriptors.data() + i * kDescriptorSize;
    // Half a turn of the 4 × 4 cells is their order reversed; directions relative to the keypoint's stay.
    for (int cell = 0; cell < kCells; ++cell)
      std::copy_n(from + (kCells - 1 - cell) * kBins, kBins, to + cell * kBins);
  }
  return out;
}

std::array<QuerySide, kQuerySides> MakeQuerySides(LocalFeatures features, const Vocabulary& vocabulary,
                                                  int assignments) {
  std::array<QuerySide, kQuerySides> sides;
  sides[1].features = MirrorFeatures(features);
  sides[2].features = InvertFeatures(features);
  sides[3].features = InvertFeatures(sides[1].features);
  sides[0].features = std::move(features);
  for (std::size_t i = 0; i < kQuerySides; ++i) {
    sides[i].mirrored = (i & 1) != 0;
    sides[i].inverted = (i & 2) != 0;
    sides[i].postings = vocabulary.QuantiseQuery(sides[i].features, assignments);
  }
  return sides;
}

}  // namespace kantei::copy
