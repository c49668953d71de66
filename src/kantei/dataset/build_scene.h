// What is where in a picture: from annotations, or found by what can be found without a network.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "kantei/base/random.h"
#include "kantei/base/result.h"
#include "kantei/dataset/build_plan.h"
#include "kantei/dataset/coco_annotations.h"
#include "kantei/dataset/replacement.h"
#include "kantei/image/image.h"

namespace kantei::dataset {

struct FoundObject {
  std::string name;    ///< of its category; "subject" and "segment" for what was found without one
  std::string origin;  ///< "annotation", "saliency", "grabcut", "segments"
  double share = 0;    ///< of the picture's area
  std::variant<const CocoObject*, image::Image> shape;  ///< a mask may be smaller than the picture
};

struct Scene {
  std::string caption;
  std::vector<FoundObject> objects;  ///< largest first
  const CocoPicture* annotated = nullptr;
  /// What is beside it must not be called background: the union of annotated objects, or the subject. Empty: nothing was found.
  std::vector<std::size_t> foreground;

  SceneDescription Describe(const std::vector<std::size_t>& chosen) const;
};

/// With annotations of at least one object those; else the subject (geodesic saliency, its rim by GrabCut) and segments of even
/// colour of 0.5 to 50 % of the area. `annotated` may be null and must outlive the scene.
Result<Scene> FindScene(const image::Image& rgb, const CocoPicture* annotated, std::uint64_t seed);

/// 1 channel, 0 and 255, of the picture's size.
Result<image::Image> DrawFound(const FoundObject& object, const Scene& scene, int width, int height);

struct ChosenMask {
  image::Image mask;
  BuildMaskKind kind = BuildMaskKind::kRandomShape;
  std::string shape;                 ///< "object", or of a random shape "strokes", "blob", ...
  std::vector<std::size_t> objects;  ///< of the scene, that it covers
  double share = 0;
};

/// A mask after the plan's law, closed and grown; a kind that the scene does not offer is replaced by the next by weight. `most_share`
/// bounds the plan's. nullopt when nothing fits.
Result<std::optional<ChosenMask>> ChooseMask(const image::Image& rgb, const Scene& scene,
                                             const PlanMasks& plan, double most_share, Random& random);

/// Morphological closing by a disc.
image::Image CloseMask(const image::Image& mask, int radius);

}  // namespace kantei::dataset
