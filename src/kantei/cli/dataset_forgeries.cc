#include "kantei/cli/dataset_forgeries.h"

#include <memory>
#include <optional>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/progress.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/text_format.h"
#include "kantei/dataset/forgery_set.h"

namespace kantei::cli {
namespace {

struct Arguments {
  std::vector<std::string> sources, donors, cutouts, generated;
  std::string out;
  bool list = false;
  dataset::ForgerySetOptions options;
};

Result<int> ListEngines(Session* session) {
  std::vector<std::vector<std::string>> rows{{"engine", "what it does", "needs"}};
  for (const dataset::ForgeryKind& kind : dataset::AllForgeryKinds()) {
    const std::string needs = kind.needs_cutout ? "--cutouts" : kind.needs_donor ? "other pictures" : "";
    if (session->json) {
      session->out.WriteLine(DumpJson(Json{{"engine", std::string(kind.name)},
                                           {"description", std::string(kind.description)},
                                           {"weight", kind.weight},
                                           {"needs", needs}}));
    } else {
      rows.push_back({std::string(kind.name), std::string(kind.description), needs});
    }
  }
  if (!session->json) session->out.Write(AlignColumns(rows));
  return kExitOk;
}

Result<int> RunForgeries(Session* session, Arguments* arguments) {
  if (arguments->list) return ListEngines(session);
  dataset::ForgerySetOptions& options = arguments->options;
  options.sources.assign(arguments->sources.begin(), arguments->sources.end());
  options.donors.assign(arguments->donors.begin(), arguments->donors.end());
  options.cutouts.assign(arguments->cutouts.begin(), arguments->cutouts.end());
  options.generated.assign(arguments->generated.begin(), arguments->generated.end());
  options.out = arguments->out;
  options.threads = session->jobs;
  dataset::ForgerySetSummary made;
  {
    std::optional<Progress> progress;
    dataset::ForgerySetReport report;
    report.begin = [&](std::size_t total) { progress.emplace("forging", total, "pictures"); };
    report.bad_file = [&](const std::string& problem) {
      const std::string line = "kantei: " + TerminalText(problem);
      progress ? progress->Say(line) : session->Complain(TerminalText(problem));
    };
    report.source_done = [&] { progress->Advance(); };
    KANTEI_TRY(made, dataset::MakeForgerySet(options, session->cancellation, report));
  }
  if (session->json) {
    Json engines = Json::object();
    for (const auto& [engine, count] : made.engines) engines[engine] = count;
    session->out.WriteLine(DumpJson(Json{{"directory", DisplayPath(options.out)},
                                         {"authentic", made.authentic},
                                         {"edited", made.edited},
                                         {"generated", made.generated},
                                         {"kept", made.kept},
                                         {"small", made.small},
                                         {"blank", made.blank},
                                         {"fruitless", made.fruitless},
                                         {"failed", made.failed},
                                         {"engines", engines}}));
  } else {
    const auto n = [](std::int64_t count) { return std::to_string(count); };
    session->out.WriteLine(TerminalPath(options.out) + ": " + n(made.authentic) + " authentic, " +
                           n(made.edited) + " edited, " + n(made.generated) + " generated");
    session->out.WriteLine("left out: " + n(made.small) + " too small, " + n(made.blank) +
                           " blank or with black corners, " + n(made.failed) + " unreadable; " +
                           n(made.fruitless) + " forgeries came to nothing");
  }
  if (!made.finished)
    return Error{ErrorCode::kCancelled, "stopped on request; run the same command again to go on"};
  return made.failed > 0 ? kExitSomeFailed : kExitOk;
}

}  // namespace

void AddDatasetForgeries(CLI::App* dataset, Session* session) {
  CLI::App* verb = dataset->add_subcommand(
      "forgeries",
      "Make a set of authentic, edited and generated pictures with exact masks, to train and to test with");
  auto arguments = std::make_shared<Arguments>();
  dataset::ForgerySetOptions& options = arguments->options;
  verb->add_option("DIR", arguments->sources,
                   "Directories of authentic pictures; each folder directly below is a source by name")
      ->type_name("");
  verb->add_option("--out", arguments->out, "The set's directory, made if need be")->type_name("SET");
  const auto names = [&](const char* name, std::vector<std::string>* list, const char* description) {
    verb->add_option(name, *list, description)->delimiter(',')->allow_extra_args(false)->type_name("NAMES");
  };
  names("--engines", &options.engines,
        "Ways of forging, with commas between them; by default all that can be done");
  names("--held-out", &options.held_out, "Ways of forging that are not used, to test with later");
  const auto folders = [&](const char* name, std::vector<std::string>* list, const char* description) {
    verb->add_option(name, *list, description)->allow_extra_args(false)->type_name("DIR");
  };
  folders("--donors", &arguments->donors,
          "Pictures from which segments are pasted; by default the other pictures");
  folders("--cutouts", &arguments->cutouts, "Pictures with transparency that are pasted");
  folders("--generated", &arguments->generated, "Pictures wholly made by a generator");
  const auto count = [&](const char* name, int* value, int least, int most, const char* description) {
    verb->add_option(name, *value, description)
        ->check(CLI::Range(least, most))
        ->type_name("N")
        ->capture_default_str();
  };
  verb->add_option("--generator", options.generated_engine, "What made them, as the table names it")
      ->type_name("NAME")
      ->capture_default_str();
  count("--tiles", &options.tiles, 1, 8, "Generated pictures are sheets of N x N pictures and cut apart");
  count("--count", &options.count, 0, 100, "Forgeries of each authentic picture");
  count("--pictures", &options.pictures, 0, 10'000'000,
        "At most so many authentic pictures, spread over the sources; 0: all");
  count("--side", &options.side, 64, 4096, "Longer side of every picture at most");
  count("--least-side", &options.least_side, 32, 4096, "Pictures with a shorter side below take no part");
  verb->add_option("--split", options.split, "Written into the table")
      ->check(CLI::IsMember({"train", "val", "test"}))
      ->type_name("NAME");
  verb->add_option("--seed", options.seed, "Seed of every random choice")
      ->type_name("N")
      ->capture_default_str();
  verb->add_flag("--list", arguments->list, "Name all ways of forging and do nothing else");
  AddJsonOption(verb, session);
  AddJobsOption(verb, session);
  AddQuietOption(verb, session);
  SetExample(
      verb,
      "kantei dataset forgeries photos/ --out set --cutouts stamps/ --held-out shift-map --split train");
  SetAction(verb, session, [session, arguments] { return RunForgeries(session, arguments.get()); });
}

}  // namespace kantei::cli
