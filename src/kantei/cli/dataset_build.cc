#include "kantei/cli/dataset_build.h"

#include <iterator>
#include <memory>
#include <optional>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/progress.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/idea_source.h"
#include "kantei/cli/text_format.h"
#include "kantei/dataset/build_set.h"

namespace kantei::cli {
namespace {

struct Arguments {
  std::vector<std::string> sources, annotations, cutouts;
  std::string out, plan;
  bool print_plan = false;
  EndpointArguments endpoint;
};

Json Counts(const std::map<std::string, std::int64_t>& counts) {
  Json json = Json::object();
  for (const auto& [name, count] : counts) json[name] = count;
  return json;
}

void PrintSummary(Session* session, const std::filesystem::path& out, const dataset::BuildSetSummary& made) {
  if (session->json) {
    session->out.WriteLine(DumpJson(Json{{"directory", DisplayPath(out)},
                                         {"authentic", made.authentic},
                                         {"edited", made.edited},
                                         {"generated", made.generated},
                                         {"kept", made.kept},
                                         {"refused", made.refused},
                                         {"fruitless", made.fruitless},
                                         {"duplicates", made.duplicates},
                                         {"failed", made.failed},
                                         {"leaks", made.leaks},
                                         {"finished", made.finished},
                                         {"engines", Counts(made.engines)},
                                         {"splits", Counts(made.splits)}}));
    return;
  }
  const auto n = [](std::int64_t count) { return std::to_string(count); };
  session->out.WriteLine(TerminalPath(out) + ": " + n(made.authentic) + " authentic, " + n(made.edited) +
                         " edited, " + n(made.generated) + " generated");
  session->out.WriteLine("left out: " + n(made.refused) + " refused by the plan, " + n(made.fruitless) +
                         " came to nothing, " + n(made.duplicates) + " files equal to another, " +
                         n(made.failed) + " unreadable");
  for (const auto& [split, count] : made.splits) session->out.WriteLine("  " + split + ": " + n(count));
  if (made.leaks > 0)
    session->out.WriteLine(n(made.leaks) + " pictures look like one of another split; leaks.json names them");
}

Result<int> RunBuild(Session* session, Arguments* arguments) {
  if (arguments->print_plan) {
    session->out.Write(std::string(dataset::DefaultPlanText()));
    return kExitOk;
  }
  dataset::BuildSetOptions options;
  options.sources.assign(arguments->sources.begin(), arguments->sources.end());
  options.annotations.assign(arguments->annotations.begin(), arguments->annotations.end());
  options.cutouts.assign(arguments->cutouts.begin(), arguments->cutouts.end());
  options.out = arguments->out;
  options.threads = session->jobs;
  if (arguments->plan.empty()) {
    KANTEI_TRY(options.plan, dataset::ParseBuildPlan("{}", "the default plan"));
  } else {
    KANTEI_TRY(options.plan, dataset::ReadBuildPlan(arguments->plan));
  }
  std::vector<dataset::CocoScene> scenes;
  for (const std::string& file : arguments->annotations) {
    KANTEI_TRY(std::vector<dataset::CocoScene> read, dataset::ReadCocoScenes(file));
    std::move(read.begin(), read.end(), std::back_inserter(scenes));
  }
  KANTEI_TRY(const IdeaSource ideas, MakeIdeaSource(scenes, arguments->endpoint));
  options.ideas = ideas.source.get();
  dataset::BuildSetSummary made;
  {
    std::optional<Progress> progress;
    dataset::BuildSetReport report;
    report.survey = [&](std::size_t total) {
      return &progress.emplace("looking at the sources", total, "pictures");
    };
    report.begin = [&](std::size_t total) { progress.emplace("building", total, "pictures"); };
    report.done = [&] { progress->Advance(); };
    report.bad_file = [&](const std::string& problem) {
      const std::string line = "kantei: " + TerminalText(problem);
      progress ? progress->Say(line) : session->Complain(TerminalText(problem));
    };
    KANTEI_TRY(made, dataset::BuildSet(options, session->cancellation, report));
  }
  if (ideas.endpoint) SayUsage(*session, ideas.endpoint->usage());
  PrintSummary(session, options.out, made);
  if (!made.finished)
    return Error{ErrorCode::kCancelled, "stopped on request; run the same command again to go on"};
  return made.failed > 0 ? kExitSomeFailed : kExitOk;
}

Result<int> RunPlan(Session* session, const std::string& file) {
  if (file.empty()) {
    session->out.Write(std::string(dataset::DefaultPlanText()));
    return kExitOk;
  }
  KANTEI_TRY(const dataset::BuildPlan plan, dataset::ReadBuildPlan(file));
  session->out.WriteLine(DumpJson(dataset::BuildPlanJson(plan), 2));
  return kExitOk;
}

}  // namespace

void AddDatasetBuild(CLI::App* dataset, Session* session) {
  CLI::App* verb = dataset->add_subcommand("build",
                                           "Build a set of inpainted and generated pictures with exact "
                                           "masks, full annotations and splits, after a "
                                           "plan");
  auto arguments = std::make_shared<Arguments>();
  verb->add_option("SOURCE", arguments->sources,
                   "Directories of authentic pictures; each folder directly below is a source by name")
      ->type_name("");
  verb->add_option("--out", arguments->out, "The set's directory, made if need be")->type_name("OUT");
  verb->add_option("--plan", arguments->plan, "What is to be made; without it the default plan")
      ->type_name("FILE");
  const auto list = [&](const char* name, std::vector<std::string>* values, const char* type,
                        const char* description) {
    verb->add_option(name, *values, description)->allow_extra_args(false)->type_name(type);
  };
  list("--annotations", &arguments->annotations, "FILE",
       "Objects and captions in COCO's JSON form; may be given several times");
  list("--cutouts", &arguments->cutouts, "DIR", "Pictures with transparency that copy-paste uses");
  verb->add_flag("--print-plan", arguments->print_plan, "Write the default plan and do nothing else");
  AddEndpointOptions(verb, &arguments->endpoint, false);
  AddJsonOption(verb, session);
  AddJobsOption(verb, session);
  AddQuietOption(verb, session);
  SetExample(verb, "kantei dataset build photos/ --out set --plan plan.json --annotations instances.json");
  SetAction(verb, session, [session, arguments] { return RunBuild(session, arguments.get()); });
}

void AddDatasetPlan(CLI::App* dataset, Session* session) {
  CLI::App* verb = dataset->add_subcommand(
      "plan", "Write the default plan for kantei dataset build, or check one and write it in full");
  auto file = std::make_shared<std::string>();
  verb->add_option("FILE", *file, "A plan to check")->type_name("");
  AddQuietOption(verb, session);
  SetExample(verb, "kantei dataset plan > plan.json");
  SetAction(verb, session, [session, file] { return RunPlan(session, *file); });
}

}  // namespace kantei::cli
