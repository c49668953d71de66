#include "kantei/cli/idea_source.h"

#include "kantei/dataset/object_statistics.h"
#include "kantei/dataset/offline_ideas.h"
#include "kantei/dataset/saor.h"

namespace kantei::cli {

Result<IdeaSource> MakeIdeaSource(const std::vector<dataset::CocoScene>& scenes,
                                  const EndpointArguments& endpoint) {
  std::vector<dataset::SceneDescription> descriptions;
  for (const dataset::CocoScene& scene : scenes) descriptions.push_back(scene.scene);
  auto offline = std::make_shared<dataset::OfflineReplacementSource>(
      std::make_shared<const dataset::ObjectStatistics>(dataset::ObjectStatistics::Build(descriptions)));
  if (!endpoint.named()) return IdeaSource{offline, nullptr};
  IdeaSource made;
  KANTEI_TRY(made.endpoint, endpoint.Make());
  made.source = std::make_shared<dataset::LanguageModelReplacementSource>(made.endpoint, offline);
  return made;
}

}  // namespace kantei::cli
