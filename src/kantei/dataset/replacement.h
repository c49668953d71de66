// What to put in place of what: an object of a scene, and the words for an inpainting engine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"

namespace kantei::dataset {

struct SceneObject {
  std::string name;  ///< a noun: "dog", "dining table"
  double share = 0;  ///< of the picture's area, 0..1
};

struct SceneDescription {
  std::string caption;  ///< may be empty
  std::vector<SceneObject> objects;
};

struct ReplacementIdea {
  std::size_t object_idx = 0;  ///< into SceneDescription::objects
  std::string replacement;     ///< a noun
  std::string prompt;          ///< what the filled region and its surroundings shall show
  std::string negative_prompt;
  std::string reason;  ///< in words
  std::string source;  ///< who had the idea
};

/// Thread-safe.
class ReplacementSource {
 public:
  virtual ~ReplacementSource() = default;
  /// kInvalidArgument: a scene without objects. kCancelled.
  virtual Result<ReplacementIdea> Propose(const SceneDescription& scene, std::uint64_t seed,
                                          const CancellationToken& cancellation) = 0;
};

}  // namespace kantei::dataset
