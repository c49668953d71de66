#include "kantei/dataset/replacement.h"

#include <algorithm>

#include "kantei/base/random.h"

namespace kantei::dataset {
namespace {

class CaptionSource final : public ReplacementSource {
 public:
  Result<ReplacementIdea> Propose(const SceneDescription& scene, std::uint64_t seed,
                                  const CancellationToken& cancellation) override {
    KANTEI_RETURN_IF_ERROR(cancellation.Check());
    if (scene.objects.empty())
      return Error{ErrorCode::kInvalidArgument, "a scene without objects has nothing to replace"};
    double sum = 0;
    for (const SceneObject& object : scene.objects) sum += std::max(0.0, object.share);
    Random random(seed);
    double at = random.Uniform(0, sum);
    ReplacementIdea idea;
    while (idea.object_idx + 1 < scene.objects.size() &&
           at >= std::max(0.0, scene.objects[idea.object_idx].share))
      at -= std::max(0.0, scene.objects[idea.object_idx++].share);
    const std::string& name = scene.objects[idea.object_idx].name;
    const bool named = !IsPlaceholderName(name);
    idea.prompt = !scene.caption.empty() ? scene.caption : named ? name : "";
    idea.reason = !scene.caption.empty() ? "no source of ideas is set, so the prompt is the picture's caption"
                  : named                ? "no source of ideas is set, so the prompt is the object's name"
                                         : "neither a caption nor the object's name is known";
    idea.source = "caption";
    return idea;
  }
};

}  // namespace

bool IsPlaceholderName(std::string_view name) {
  return name == "object" || name == "subject" || name == "segment" || name == "background";
}

std::unique_ptr<ReplacementSource> MakeCaptionSource() {
  return std::make_unique<CaptionSource>();
}

}  // namespace kantei::dataset
