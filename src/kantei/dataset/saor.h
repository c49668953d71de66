// Replacement ideas from a language model, in the manner of SAOR (SAGI, arXiv 2502.06593: the model picks the object and writes a
// contextual prompt that names a replacement which suits the scene).
#pragma once

#include <memory>
#include <string>

#include "kantei/dataset/chat_endpoint.h"
#include "kantei/dataset/replacement.h"

namespace kantei::dataset {

/// Asks the endpoint; when that brings no fit answer, the fallback answers and `source` begins with "offline after endpoint failure: ".
/// So nothing but cancellation and a scene without objects fails.
class LanguageModelReplacementSource : public ReplacementSource {
 public:
  /// Neither may be null. `endpoint` may be shared with other users.
  LanguageModelReplacementSource(std::shared_ptr<ChatEndpoint> endpoint,
                                 std::shared_ptr<ReplacementSource> fallback);

  /// Taken from the model only if the object is one of the scene's, the replacement another noun, and the prompt at most kMaxPromptWords
  /// words that name the replacement. `source` is "model NAME".
  Result<ReplacementIdea> Propose(const SceneDescription& scene, std::uint64_t seed,
                                  const CancellationToken& cancellation) override;

 private:
  std::shared_ptr<ChatEndpoint> endpoint_;
  std::shared_ptr<ReplacementSource> fallback_;
};

}  // namespace kantei::dataset
