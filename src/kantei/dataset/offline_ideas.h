// Replacement ideas without a language model: from a built-in table of nouns and from what stands together in given annotations.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kantei/dataset/object_statistics.h"
#include "kantei/dataset/replacement.h"

namespace kantei::dataset {

/// The same scene and seed give the same idea. docs/saor.md tells the rules.
class OfflineReplacementSource : public ReplacementSource {
 public:
  /// `statistics` may hold no scenes: then the table alone speaks.
  explicit OfflineReplacementSource(std::shared_ptr<const ObjectStatistics> statistics);

  /// The object is drawn by its share of the picture (people seldom), the replacement among the nouns of its class and group by size and
  /// by how well they go with the other objects. An object that the table does not know gets what its scenes have in the annotations,
  /// else a thing found in the same places. `source` is "offline".
  Result<ReplacementIdea> Propose(const SceneDescription& scene, std::uint64_t seed,
                                  const CancellationToken& cancellation) override;

 private:
  std::shared_ptr<const ObjectStatistics> statistics_;
};

/// Words of a prompt for the scene with `replacement` in place of the object: the caption with the noun exchanged when it has it, else a
/// sentence of what stands there. At most kMaxPromptWords words.
std::string ReplacementPrompt(const SceneDescription& scene, std::size_t object_idx,
                              const std::string& replacement);

/// CLIP's 77 places hold about as many words of English, with room for names of several tokens.
inline constexpr std::size_t kMaxPromptWords = 40;
std::size_t CountWords(std::string_view text);

}  // namespace kantei::dataset
