#include "kantei/cli/dataset_ideas.h"

#include <memory>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/parallel.h"
#include "kantei/base/progress.h"
#include "kantei/base/random.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/idea_source.h"
#include "kantei/cli/text_format.h"

namespace kantei::cli {
namespace {

struct Arguments {
  std::string annotations, captions;
  EndpointArguments endpoint;
  std::int64_t count = 0;
  std::uint64_t seed = 1;
};

Json IdeaJson(const dataset::CocoScene& scene, const dataset::ReplacementIdea& idea) {
  const dataset::SceneObject& object = scene.scene.objects[idea.object_idx];
  return Json{{"image_id", scene.image_id},    {"file_name", scene.file_name},
              {"object_idx", idea.object_idx}, {"object", object.name},
              {"share", object.share},         {"replacement", idea.replacement},
              {"prompt", idea.prompt},         {"negative_prompt", idea.negative_prompt},
              {"reason", idea.reason},         {"source", idea.source}};
}

void Print(Session* session, const dataset::CocoScene& scene, const dataset::ReplacementIdea& idea) {
  if (session->json) {
    session->out.WriteLine(DumpJson(IdeaJson(scene, idea)));
    return;
  }
  session->out.WriteLine(TerminalText(DumpJson(scene.file_name)) + ": " +
                         TerminalText(DumpJson(scene.scene.objects[idea.object_idx].name)) + " -> " +
                         TerminalText(DumpJson(idea.replacement)) + "\n  " + TerminalText(idea.prompt) +
                         "\n  " + TerminalText(idea.reason) + " [" + TerminalText(idea.source) + "]");
}

Result<int> RunIdeas(Session* session, Arguments* arguments) {
  KANTEI_TRY(std::vector<dataset::CocoScene> scenes,
             dataset::ReadCocoScenes(arguments->annotations, arguments->captions));
  KANTEI_TRY(const IdeaSource ideas, MakeIdeaSource(scenes, arguments->endpoint));
  dataset::ReplacementSource* const source = ideas.source.get();
  dataset::ChatEndpoint* const endpoint = ideas.endpoint.get();
  std::erase_if(scenes, [](const dataset::CocoScene& scene) { return scene.scene.objects.empty(); });
  if (scenes.empty())
    return Error{ErrorCode::kNotFound, arguments->annotations + " has no image with an annotated object"};
  if (arguments->count > 0 && static_cast<std::size_t>(arguments->count) < scenes.size())
    scenes.resize(static_cast<std::size_t>(arguments->count));
  const Random seeds(arguments->seed);
  const int threads = endpoint ? arguments->endpoint.chat.concurrent : ThreadCount(session->jobs);
  std::int64_t fallen_back = 0;
  Status failure;
  {
    Progress progress("ideas", scenes.size(), "scenes");
    using Idea = Result<dataset::ReplacementIdea>;
    OrderedPipeline<Idea>(
        scenes.size(), threads, session->cancellation,
        [&](std::size_t i) {
          return source->Propose(scenes[i].scene, seeds.Fork(i).Next(), session->cancellation);
        },
        [&](std::size_t i, Idea&& idea) {
          if (!idea.ok()) {
            failure = idea.error();
            return idea.error().code == ErrorCode::kInvalidArgument;
          }
          if (endpoint && idea->source.starts_with("offline")) ++fallen_back;
          Print(session, scenes[i], *idea);
          progress.Advance();
          return !session->out.failed();
        });
  }
  if (endpoint) SayUsage(*session, endpoint->usage());
  KANTEI_RETURN_IF_ERROR(session->cancellation.Check());
  KANTEI_RETURN_IF_ERROR(failure);
  if (fallen_back > 0)
    Session::Complain(std::to_string(fallen_back) + " of " + std::to_string(scenes.size()) +
                      " ideas are offline ones, since the endpoint gave none; \"source\" says why");
  return fallen_back > 0 ? kExitSomeFailed : kExitOk;
}

}  // namespace

void AddDatasetIdeas(CLI::App* dataset, Session* session) {
  CLI::App* verb = dataset->add_subcommand(
      "ideas", "Say for annotated pictures what to put in place of what, and the words for inpainting");
  auto arguments = std::make_shared<Arguments>();
  verb->add_option("--annotations", arguments->annotations, "Objects of the pictures, in the form of COCO")
      ->required()
      ->type_name("FILE");
  verb->add_option("--captions", arguments->captions, "Captions of the same pictures, in the form of COCO")
      ->type_name("FILE");
  verb->add_option("--count", arguments->count, "At most so many pictures; 0: all")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb->add_option("--seed", arguments->seed, "Other seeds, other ideas")
      ->type_name("N")
      ->capture_default_str();
  AddEndpointOptions(verb, &arguments->endpoint, false);
  AddJsonOption(verb, session);
  AddJobsOption(verb, session);
  AddQuietOption(verb, session);
  SetExample(verb, "kantei dataset ideas --annotations instances.json --json");
  SetAction(verb, session, [session, arguments] { return RunIdeas(session, arguments.get()); });
}

}  // namespace kantei::cli
