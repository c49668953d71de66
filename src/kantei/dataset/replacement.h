// What is to stand where an object stood: the interface to whatever has the idea (a language model, an ontology, or nothing).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"

namespace kantei::dataset {

struct SceneObject {
  std::string name;  ///< of its category, e.g. "dog"; a placeholder when nothing is known
  double share = 0;  ///< of the picture's area, 0..1
};

struct SceneDescription {
  std::string caption;  ///< may be empty
  std::vector<SceneObject> objects;
};

struct ReplacementIdea {
  std::size_t object_idx = 0;  ///< in SceneDescription::objects
  std::string replacement;     ///< what shall be there; empty: nothing in particular
  std::string prompt, negative_prompt;
  std::string reason;  ///< one sentence for people
  std::string source;  ///< who had the idea, for the manifest: "caption", a model's name, ...
};

/// Propose may be called from several threads. The same scene and seed give the same idea.
class ReplacementSource {
 public:
  virtual ~ReplacementSource() = default;
  /// kInvalidArgument when the scene has no object; kUnavailable when whoever has ideas cannot be reached; kCancelled.
  virtual Result<ReplacementIdea> Propose(const SceneDescription& scene, std::uint64_t seed,
                                          const CancellationToken& cancellation) = 0;
};

/// Names of what was found without knowing what it is: "object", "subject", "segment", "background".
bool IsPlaceholderName(std::string_view name);

/// Knows no replacement: draws an object by area and asks for the scene as its caption tells, else for that object; a placeholder's name
/// is no prompt, so that it may be empty. Source "caption".
std::unique_ptr<ReplacementSource> MakeCaptionSource();

}  // namespace kantei::dataset
