// Who proposes what to put in place of what: a language model, when an endpoint is named, or what is built in.
#pragma once

#include <memory>
#include <vector>

#include "kantei/cli/endpoint_options.h"
#include "kantei/dataset/coco_scenes.h"
#include "kantei/dataset/replacement.h"

namespace kantei::cli {

struct IdeaSource {
  std::shared_ptr<dataset::ReplacementSource> source;
  std::shared_ptr<dataset::ChatEndpoint> endpoint;  ///< null: offline
};

/// The offline source knows what stands together in `scenes`, and answers too when the endpoint does not.
Result<IdeaSource> MakeIdeaSource(const std::vector<dataset::CocoScene>& scenes,
                                  const EndpointArguments& endpoint);

}  // namespace kantei::cli
