#include <algorithm>
#include <array>
#include <locale>
#include <memory>
#include <sstream>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/progress.h"
#include "kantei/cli/dataset_build.h"
#include "kantei/cli/dataset_copy_benchmark.h"
#include "kantei/cli/dataset_forgeries.h"
#include "kantei/cli/dataset_ideas.h"
#include "kantei/cli/dataset_survey.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/text_format.h"
#include "kantei/cli/verbs.h"
#include "kantei/dataset/edit_files.h"
#include "kantei/dataset/edits.h"

namespace kantei::cli {
namespace {

struct EditsArguments {
  std::vector<std::string> sources, edits, others;
  std::string out, level = "all";
  bool list = false;
  dataset::EditFilesOptions options;
};

/// As short as it can be: 0.15, 12.
std::string Number(double value) {
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text << value;
  return text.str();
}

std::string Range(const std::array<double, 2>& range) {
  return range[0] == range[1] ? Number(range[0]) : Number(range[0]) + "-" + Number(range[1]);
}

Result<int> ListEdits(Session* session) {
  std::vector<std::vector<std::string>> rows{
      {"edit", "family", "easy", "medium", "hard", "what the numbers are"}};
  for (const dataset::EditInfo& edit : dataset::AllEdits()) {
    const std::string name(edit.name), family(dataset::EditFamilyName(edit.family)),
        parameter(edit.parameter);
    if (session->json) {
      Json line{{"edit", name},
                {"family", family},
                {"needs_others", edit.needs_others},
                {"description", std::string(edit.description)}};
      if (!parameter.empty()) {
        line["parameter"] = parameter;
        for (std::size_t level = 0; level < 3; ++level)
          line[std::string(dataset::EditLevelName(static_cast<dataset::EditLevel>(level)))] =
              edit.ranges[level];
      }
      session->out.WriteLine(DumpJson(line));
    } else if (parameter.empty()) {
      rows.push_back({name, family, "", "", "", std::string(edit.description)});
    } else {
      rows.push_back(
          {name, family, Range(edit.ranges[0]), Range(edit.ranges[1]), Range(edit.ranges[2]), parameter});
    }
  }
  if (!session->json) session->out.Write(AlignColumns(rows));
  return kExitOk;
}

/// Results that lie among the sources are no sources when the command runs again.
void LeaveOutResults(const std::filesystem::path& directory, std::vector<std::filesystem::path>* sources) {
  std::error_code unreadable;
  const std::filesystem::path results = std::filesystem::weakly_canonical(directory, unreadable);
  std::erase_if(*sources, [&](const std::filesystem::path& source) {
    std::error_code failure;
    return dataset::IsEditedName(source.filename().string()) &&
           std::filesystem::weakly_canonical(source, failure).parent_path() == results;
  });
}

Result<int> RunEdits(Session* session, EditsArguments* arguments) {
  if (arguments->list) return ListEdits(session);
  if (arguments->sources.empty())
    return Error{ErrorCode::kInvalidArgument, "no picture is named; see kantei dataset edits --help"};
  dataset::EditFilesOptions& options = arguments->options;
  options.directory = arguments->out;
  options.threads = session->jobs;
  if (arguments->level != "all") {
    KANTEI_TRY(const dataset::EditLevel level, dataset::ParseEditLevel(arguments->level));
    options.levels = {level};
  }
  options.edits = arguments->edits;
  if (options.edits == std::vector<std::string>{"all"}) {
    options.edits.clear();
    for (const dataset::EditInfo& edit : dataset::AllEdits()) options.edits.emplace_back(edit.name);
  }
  KANTEI_RETURN_IF_ERROR(options.Validate());
  KANTEI_TRY(std::vector<std::filesystem::path> sources, CollectPictures(arguments->sources));
  LeaveOutResults(options.directory, &sources);
  if (!arguments->others.empty()) {
    KANTEI_TRY(options.others, CollectPictures(arguments->others));
  }
  dataset::EditFilesOutcome outcome;
  {
    Progress progress("editing", sources.size(), "pictures");
    dataset::EditFilesReport report;
    report.bad_file = [&](const std::string& problem) { progress.Say("kantei: " + TerminalText(problem)); };
    report.source_done = [&] { progress.Advance(); };
    KANTEI_TRY(outcome, dataset::WriteEditedFiles(sources, options, session->cancellation, report));
  }
  const std::filesystem::path manifest = options.directory / dataset::kEditManifest;
  if (session->json) {
    session->out.WriteLine(DumpJson(Json{{"written", outcome.written},
                                         {"kept", outcome.kept},
                                         {"failed", outcome.failed},
                                         {"manifest", DisplayPath(manifest)}}));
  } else {
    session->out.WriteLine("wrote " + std::to_string(outcome.written) + ", kept " +
                           std::to_string(outcome.kept) + ", failed " + std::to_string(outcome.failed) +
                           ": " + TerminalPath(manifest));
  }
  if (!outcome.finished)
    return Error{ErrorCode::kCancelled, "stopped on request; run the same command again to go on"};
  return outcome.failed > 0 ? kExitSomeFailed : kExitOk;
}

void AddEdits(CLI::App* dataset_verb, Session* session) {
  CLI::App* verb = dataset_verb->add_subcommand(
      "edits",
      "Write edited copies of pictures, as people disguise them, and a manifest that says which is which");
  auto arguments = std::make_shared<EditsArguments>();
  dataset::EditFilesOptions& options = arguments->options;
  verb->add_option("SOURCE", arguments->sources, "Pictures, or directories of pictures")->type_name("");
  verb->add_option("--out", arguments->out, "Directory for the edited pictures and manifest.csv")
      ->type_name("OUT");
  verb->add_option("--level", arguments->level, "How much is taken away")
      ->check(CLI::IsMember({"easy", "medium", "hard", "all"}))
      ->capture_default_str();
  verb->add_option("--edits", arguments->edits,
                   "Edits to make of each picture, with commas between them, or all; without it one is drawn")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("NAMES");
  verb->add_flag("--chain", options.chain, "Chains of edits: 1 easy, 1 or 2 medium, 2 to 4 hard");
  verb->add_option("--count", options.count, "Results for each picture, level and edit")
      ->type_name("N")
      ->capture_default_str();
  verb->add_option(
          "--others", arguments->others,
          "Pictures to paste on and under; at most 96 of them are used; by default the other sources")
      ->allow_extra_args(false)
      ->type_name("PATH");
  verb->add_option("--seed", options.seed, "Other seeds, other results")
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--side", options.side, "Longer side to which a picture is shrunk before it is edited")
      ->type_name("PIXELS")
      ->capture_default_str();
  verb->add_option("--format", options.format, "Of the results")
      ->check(CLI::IsMember({"jpeg", "png"}))
      ->capture_default_str();
  verb->add_option("--quality", options.quality, "Of JPEG, 1 to 100")->type_name("N")->capture_default_str();
  verb->add_flag("--list", arguments->list, "Name all edits with their ranges and do nothing else");
  AddJsonOption(verb, session);
  AddJobsOption(verb, session);
  AddQuietOption(verb, session);
  SetExample(verb, "kantei dataset edits --chain --level hard --out suspects pictures/");
  SetAction(verb, session, [session, arguments] { return RunEdits(session, arguments.get()); });
}

}  // namespace

void AddDatasetCommand(CLI::App* root, Session* session) {
  CLI::App* verb = root->add_subcommand("dataset", "Make pictures to test and to train with");
  verb->require_subcommand(1);
  AddEdits(verb, session);
  AddDatasetCopyBenchmark(verb, session);
  AddDatasetForgeries(verb, session);
  AddDatasetReconstructions(verb, session);
  AddDatasetIdeas(verb, session);
  AddDatasetJudge(verb, session);
  AddDatasetSurvey(verb, session);
  AddDatasetBuild(verb, session);
  AddDatasetPlan(verb, session);
  AddDatasetStats(verb, session);
}

}  // namespace kantei::cli
