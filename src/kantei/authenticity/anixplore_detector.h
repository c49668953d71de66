// AniXplore (AnimeDL-2M, arXiv 2504.11015) as a detector, with weights that the user brings (docs/anixplore.md).
#pragma once

#include <filesystem>
#include <memory>

#include "kantei/authenticity/manipulation_detector.h"
#include "kantei/base/result.h"
#include "kantei/nn/manipulation_network.h"

namespace kantei::authenticity {

/// The network has one label, "made or edited", and was trained on masks that are all one for generated pictures. So, with s the
/// share of the picture that the map marks (its mean) and l the label's logit:
///   ai_made_logit = min(l, logit(s)): suspect, and marked all over;
///   edited_logit  = min(l, -logit(s)): suspect, and not marked all over.
/// The confidence map stays empty: the network has none.
///
/// A file whose input mode is "squash" sees the whole picture resized to its side, as published. With "pad" it sees the picture at
/// its own size; one that is larger is gone over in overlapping tiles of the side: maps are blended, the label is that of the
/// most suspect tile.
///
/// Errors as ManipulationNetwork::Open's.
Result<std::unique_ptr<ManipulationDetector>> OpenAniXploreDetector(
    const std::filesystem::path& weights, const nn::ManipulationOptions& options = {});

/// The same around any such network.
std::unique_ptr<ManipulationDetector> MakeAniXploreDetector(std::unique_ptr<nn::ManipulationNetwork> network);

/// The two logits of a label and a map's mean (0..1); see above.
struct LabelSplit {
  double ai_made_logit = 0, edited_logit = 0;
};
LabelSplit SplitLabel(double label_logit, double share);

}  // namespace kantei::authenticity
