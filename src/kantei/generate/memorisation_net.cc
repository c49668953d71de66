#include <utility>

#include "kantei/generate/memorisation.h"
#include "kantei/generate/sampler_net.h"

namespace kantei::generate {

Result<PromptMemorisation> CheckPrompt(const DiffusionModel& model, const std::string& prompt,
                                       const MemorisationOptions& options,
                                       const CancellationToken& cancellation) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  SampleOptions sampling;
  sampling.prompt = prompt;
  sampling.scheduler = {SchedulerKind::kDdim, kMostMemorisationSteps, 0, false};
  sampling.guidance = 7.5;
  sampling.count = options.seeds;
  SampleHooks hooks;
  hooks.only_steps = options.steps;
  KANTEI_TRY(const SampleResult result,
             SampleWithHooks(model.nets(), sampling, hooks, SampleWatch(), cancellation));
  PromptMemorisation found;
  for (const SampledPicture& picture : result.pictures) {
    double sum = 0;
    for (const double norm : picture.guidance_norms) sum += norm;
    found.norms.push_back(sum / static_cast<double>(picture.guidance_norms.size()));
    found.mean += found.norms.back() / options.seeds;
  }
  return found;
}

}  // namespace kantei::generate
