#include "kantei/cli/dataset_copy_benchmark.h"

#include <memory>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/text_format.h"
#include "kantei/dataset/copy_benchmark.h"

namespace kantei::cli {
namespace {

struct Arguments {
  std::vector<std::string> sources, distractors, lookalikes;
  std::string out, level = "hard";
  dataset::CopyBenchmarkOptions options;
};

Result<int> RunCopyBenchmark(Session* session, Arguments* arguments) {
  dataset::CopyBenchmarkOptions& options = arguments->options;
  options.sources.assign(arguments->sources.begin(), arguments->sources.end());
  options.distractors.assign(arguments->distractors.begin(), arguments->distractors.end());
  options.lookalikes.assign(arguments->lookalikes.begin(), arguments->lookalikes.end());
  options.out = arguments->out;
  options.threads = session->jobs;
  using dataset::EditLevel;
  if (arguments->level == "all") {
    options.levels = {EditLevel::kEasy, EditLevel::kMedium, EditLevel::kHard};
  } else {
    KANTEI_TRY(const EditLevel level, dataset::ParseEditLevel(arguments->level));
    options.levels = {level};
  }
  KANTEI_TRY(const dataset::CopyBenchmarkSummary made,
             dataset::MakeCopyBenchmark(options, session->cancellation));
  for (const std::string& problem : made.problems) Session::Complain(TerminalText(problem));
  if (session->json) {
    session->out.WriteLine(
        DumpJson(Json{{"directory", DisplayPath(options.out)},
                      {"references", made.references},
                      {"copies", made.copies},
                      {"strangers", made.strangers},
                      {"lookalikes", made.lookalikes},
                      {"background", made.background},
                      {"surveyed", made.surveyed},
                      {"unusable", made.unusable},
                      {"same", made.same},
                      {"same_pairs", made.same_pairs < 0 ? Json(nullptr) : Json(made.same_pairs)}}));
  } else {
    const auto n = [](std::int64_t count) { return std::to_string(count); };
    session->out.WriteLine(TerminalPath(options.out) + ": " + n(made.references) + " references, " +
                           n(made.copies) + " copies, " + n(made.strangers) + " strangers, " +
                           n(made.lookalikes) + " look-alikes" +
                           (made.background > 0 ? ", " + n(made.background) + " background pictures" : ""));
    session->out.WriteLine("of " + n(made.surveyed) + " pictures " + n(made.unusable) +
                           " unreadable, small or blank, " + n(made.same) + " the same as another");
    if (made.same_pairs >= 0)
      session->out.WriteLine(n(made.same_pairs) +
                             " pairs show the same picture though the truth does not list them: left out");
  }
  return made.problems.empty() ? kExitOk : kExitSomeFailed;
}

}  // namespace

void AddDatasetCopyBenchmark(CLI::App* dataset, Session* session) {
  CLI::App* verb = dataset->add_subcommand(
      "copy-benchmark",
      "Make a benchmark of copy detection: references, disguised copies, strangers, look-alikes");
  auto arguments = std::make_shared<Arguments>();
  dataset::CopyBenchmarkOptions& options = arguments->options;
  verb->add_option("SOURCE", arguments->sources,
                   "Directories of pictures; each folder directly below is a set by name")
      ->required()
      ->type_name("");
  verb->add_option("--out", arguments->out, "The benchmark's directory, made if need be")
      ->required()
      ->type_name("PATH");
  const auto count = [&](const char* name, int* value, const char* description) {
    verb->add_option(name, *value, description)
        ->check(CLI::Range(0, 999'999))
        ->type_name("N")
        ->capture_default_str();
  };
  count("--references", &options.references, "Known pictures");
  count("--queries", &options.queries, "Queries with a source: edited references");
  count("--distractor-queries", &options.distractor_queries,
        "Queries without: edited pictures that are no reference");
  count("--lookalike-queries", &options.lookalike_queries,
        "At most so many look-alikes of references, not edited");
  count("--background", &options.background, "Pictures in neither, as known negatives for normalisation");
  verb->add_option("--level", arguments->level, "How hard the edits are; all takes the levels in turn")
      ->check(CLI::IsMember({"easy", "medium", "hard", "all"}))
      ->capture_default_str();
  verb->add_option("--distractors", arguments->distractors, "Directories of more references, never edited")
      ->type_name("PATH");
  verb->add_option("--lookalikes", arguments->lookalikes,
                   "Directories whose pictures resemble each other, folder by folder")
      ->type_name("PATH");
  verb->add_option("--seed", options.seed, "Seed of every random choice")
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--side", options.picture_side, "Longer side at which pictures are edited")
      ->check(CLI::Range(64, 4096))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--least-side", options.least_side, "Pictures with a shorter side below take no part")
      ->check(CLI::Range(32, 4096))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--least-quality", options.least_quality,
                   "Pictures of lower PDQ quality (all but blank) take no part")
      ->check(CLI::Range(0, 100))
      ->type_name("N")
      ->capture_default_str();
  verb->add_flag(
      "--check-truth", options.check_truth,
      "Also look for references that show a query's picture by local features, and leave those pairs out of "
      "the score (slow; may be asked for later)");
  AddJsonOption(verb, session);
  AddJobsOption(verb, session);
  AddQuietOption(verb, session);
  SetExample(verb, "kantei dataset copy-benchmark pictures/ --out bench --references 10000 --level hard");
  SetAction(verb, session, [session, arguments] { return RunCopyBenchmark(session, arguments.get()); });
}

}  // namespace kantei::cli
