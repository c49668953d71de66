#include <memory>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/progress.h"
#include "kantei/cli/dataset_ideas.h"
#include "kantei/cli/endpoint_options.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/text_format.h"
#include "kantei/dataset/deceptiveness_set.h"

namespace kantei::cli {
namespace {

struct Arguments {
  std::string set, table;
  bool no_realism_step = false, keep_unknown = false;
  EndpointArguments endpoint;
  dataset::JudgeOptions judge;
  dataset::JudgeSetOptions options;
};

Result<int> RunJudge(Session* session, Arguments* arguments) {
  KANTEI_TRY(std::shared_ptr<dataset::ChatEndpoint> endpoint, arguments->endpoint.Make());
  arguments->judge.realism_step = !arguments->no_realism_step;
  KANTEI_TRY(const dataset::DeceptivenessJudge judge,
             dataset::DeceptivenessJudge::Make(endpoint, arguments->judge));
  dataset::JudgeSetOptions& options = arguments->options;
  options.set = arguments->set;
  options.table = arguments->table;
  options.model = endpoint->model();
  options.unknown_again = !arguments->keep_unknown;
  options.threads = arguments->endpoint.chat.concurrent;
  std::unique_ptr<Progress> progress;
  dataset::JudgeSetReport report;
  report.begin = [&](std::size_t total) {
    progress = std::make_unique<Progress>("judging", total, "pictures");
  };
  report.bad_picture = [&](const std::string& problem) { progress->Say("kantei: " + TerminalText(problem)); };
  report.picture_done = [&] { progress->Advance(); };
  KANTEI_TRY(const dataset::JudgeSetSummary summary,
             dataset::JudgeSet(options, judge, session->cancellation, report));
  progress.reset();

  const std::filesystem::path table =
      options.table.empty() ? options.set / dataset::kDeceptivenessFile : options.table;
  if (session->json) {
    Json outcomes = Json::object();
    for (const auto& [name, count] : summary.outcomes) outcomes[name] = count;
    session->out.WriteLine(DumpJson(Json{{"table", DisplayPath(table)},
                                         {"judged", summary.judged},
                                         {"kept", summary.kept},
                                         {"unreadable", summary.unreadable},
                                         {"outcomes", outcomes},
                                         {"usage", dataset::ChatUsageJson(endpoint->usage())}}));
  } else {
    std::string line = TerminalPath(table) + ": judged " + std::to_string(summary.judged) + ", kept " +
                       std::to_string(summary.kept);
    for (const auto& [name, count] : summary.outcomes) line += ", " + name + " " + std::to_string(count);
    session->out.WriteLine(line);
    SayUsage(*session, endpoint->usage());
  }
  if (!summary.finished)
    return Error{ErrorCode::kCancelled, "stopped on request; run the same command again to go on"};
  return summary.outcomes.contains("unknown") ? kExitSomeFailed : kExitOk;
}

}  // namespace

void AddDatasetJudge(CLI::App* dataset, Session* session) {
  CLI::App* verb = dataset->add_subcommand(
      "judge", "Ask a vision-language model which edited pictures of a set deceive it, as SAGI's UGDA does");
  auto arguments = std::make_shared<Arguments>();
  verb->add_option("SET", arguments->set, "A folder with samples.tsv; pictures with an original are judged")
      ->required()
      ->type_name("");
  verb->add_option("--out", arguments->table, "The table; by default deceptiveness.csv in the set")
      ->type_name("FILE");
  AddEndpointOptions(verb, &arguments->endpoint, true);
  verb->add_option("--side", arguments->judge.side, "Longer side of the pictures that are sent")
      ->type_name("PIXELS")
      ->capture_default_str();
  verb->add_option("--quality", arguments->judge.quality, "Of their JPEG")
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--confident", arguments->judge.confident,
                   "The model's confidence from which on it counts as sure")
      ->type_name("N")
      ->capture_default_str();
  verb->add_flag("--no-realism-step", arguments->no_realism_step,
                 "Only compare; do not judge the picture alone first");
  verb->add_flag("--keep-unknown", arguments->keep_unknown,
                 "Do not ask again where an earlier run got no answer");
  verb->add_option("--pictures", arguments->options.pictures, "Judge at most so many more; 0: all")
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--seed", arguments->options.seed, "Passed on to the model")
      ->type_name("N")
      ->capture_default_str();
  AddJsonOption(verb, session);
  AddQuietOption(verb, session);
  SetExample(verb,
             "kantei dataset judge set --endpoint http://127.0.0.1:8080 --model qwen2.5-vl --cache answers");
  SetAction(verb, session, [session, arguments] { return RunJudge(session, arguments.get()); });
}

}  // namespace kantei::cli
