#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kantei/base/files.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/network_options.h"
#include "kantei/cli/text_format.h"
#include "kantei/cli/verbs.h"
#include "kantei/evaluate/generation_report.h"

namespace kantei::cli {
namespace {

namespace fs = std::filesystem;

struct EvaluateGenerationArguments {
  std::vector<std::string> sets, known, real, lpips;
  std::string cache, html;
  int pairs = 12;
  NetworkArguments network;
  evaluate::GenerationEvaluationOptions options;
};

Result<std::vector<fs::path>> Pictures(const std::vector<std::string>& roots) {
  const std::vector<fs::path> paths(roots.begin(), roots.end());
  KANTEI_TRY(std::vector<fs::path> files, ListFiles(paths));
  std::erase_if(files, [](const fs::path& file) { return !HasImageExtension(file); });
  return files;
}

/// What stands beside a generated picture and is no result: previews, masks, first passes.
bool IsByproduct(const fs::path& file) {
  const std::string stem = file.stem().string();
  for (const char* mark : {".step-", ".mask", ".first"})
    if (stem.find(mark) != std::string::npos) return true;
  return false;
}

/// "name=DIR", or a directory that gives its own name.
Result<evaluate::GeneratedSet> ReadGenerated(const std::string& text) {
  const std::size_t equals = text.find('=');
  const fs::path folder = equals == std::string::npos ? text : text.substr(equals + 1);
  KANTEI_TRY(std::vector<fs::path> files, Pictures({folder.string()}));
  std::erase_if(files, IsByproduct);
  const fs::path own = folder.filename().empty() ? folder.parent_path().filename() : folder.filename();
  return evaluate::GeneratedSet{equals == std::string::npos ? own.string() : text.substr(0, equals),
                                std::move(files)};
}

std::string ReportText(const evaluate::GenerationEvaluation& evaluation) {
  std::vector<std::vector<std::string>> rows = {{"set", "pictures", "copied %", "95 %", "PDQ<=31",
                                                 "similarity", "top 5 %", "SSIM", "LPIPS", "feature distance",
                                                 "realism", "agreement %", "passes"}};
  for (const evaluate::GenerationFigures& s : evaluation.systems) {
    const auto share = static_cast<double>(s.copied) / static_cast<double>(s.pictures);
    rows.push_back({TerminalText(s.name), std::to_string(s.pictures), FixedNumber(100 * share, 1),
                    FixedNumber(100 * s.copied_95.low, 1) + ".." + FixedNumber(100 * s.copied_95.high, 1),
                    std::to_string(s.hash_copied), FixedNumber(s.mean_similarity, 3),
                    FixedNumber(s.top_similarity, 3), FixedNumber(s.mean_ssim, 3),
                    s.mean_lpips ? FixedNumber(*s.mean_lpips, 3) : "-", FixedNumber(s.feature_distance, 3),
                    FixedNumber(s.robust_realism, 3), s.agreement ? FixedNumber(100 * *s.agreement, 1) : "-",
                    s.passes ? FixedNumber(*s.passes, 0) : "-"});
  }
  return std::to_string(evaluation.known) + " known pictures; copied: similarity above " +
         FixedNumber(evaluation.line, 3) + "; feature distance over " + std::to_string(evaluation.compared) +
         " pictures a set\n\n" + AlignColumns(rows);
}

Result<int> RunEvaluateGeneration(Session* session, EvaluateGenerationArguments* arguments) {
  evaluate::GenerationEvaluationOptions& options = arguments->options;
  KANTEI_TRY(options.known, Pictures(arguments->known));
  KANTEI_TRY(options.real, Pictures(arguments->real));
  options.cache = arguments->cache;
  options.threads = session->jobs;
  std::vector<evaluate::GeneratedSet> sets;
  for (const std::string& text : arguments->sets) {
    KANTEI_TRY(evaluate::GeneratedSet set, ReadGenerated(text));
    sets.push_back(std::move(set));
  }
  if (!arguments->lpips.empty()) {
    // Pictures are compared on all threads, each by one.
    const std::vector<fs::path> files(arguments->lpips.begin(), arguments->lpips.end());
    KANTEI_TRY(options.lpips, nn::Lpips::Open(files));
  }
  KANTEI_TRY(const auto model, copy::DescriptorModel::Open(NetworkOptionsOf(arguments->network)));
  KANTEI_TRY(const evaluate::GenerationEvaluation evaluation,
             evaluate::EvaluateGeneration(sets, *model, options, session->cancellation));
  for (const std::string& problem : evaluation.problems) Session::Complain(TerminalText(problem));
  if (!arguments->html.empty())
    KANTEI_RETURN_IF_ERROR(WriteFileAtomic(
        arguments->html, evaluate::GenerationReportHtml(evaluation, arguments->pairs, KANTEI_VERSION)));
  if (session->json) {
    session->out.WriteLine(
        DumpJson(evaluate::GenerationReportJson(evaluation, arguments->pairs, KANTEI_VERSION)));
  } else {
    session->out.Write(ReportText(evaluation));
  }
  return evaluation.problems.empty() ? kExitOk : kExitSomeFailed;
}

}  // namespace

void AddEvaluateGeneration(CLI::App* evaluate_verb, Session* session) {
  CLI::App* verb = evaluate_verb->add_subcommand(
      "generation", "Score generated pictures: how many copy known ones, how real and how fitting they are");
  auto arguments = std::make_shared<EvaluateGenerationArguments>();
  verb->add_option("SET", arguments->sets, "Directories of generated pictures, each as DIR or NAME=DIR")
      ->required()
      ->type_name("");
  verb->add_option("--known", arguments->known,
                   "Pictures that must not be copied; their folders name the classes")
      ->required()
      ->type_name("DIR");
  verb->add_option("--real", arguments->real,
                   "At least 100 real pictures of the same kind that the model has not seen")
      ->required()
      ->type_name("DIR");
  verb->add_option("--false-alarms", arguments->options.false_alarms,
                   "Share of the real pictures that may count as copied: places the line")
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--realism-reference", arguments->options.realism_reference,
                   "Of the realism score: photo, drawn, or your own")
      ->type_name("NAME")
      ->capture_default_str();
  AddNetworkOptions(verb, &arguments->network, true);
  verb->add_option(
          "--lpips", arguments->lpips,
          "Weights of LPIPS (AlexNet or VGG-16, safetensors; give it twice when they are in two files): "
          "adds its column")
      ->type_name("FILE")
      ->allow_extra_args(false);
  verb->add_option("--cache", arguments->cache, "Where descriptors are kept for the next run")
      ->type_name("PATH");
  verb->add_option("--pairs", arguments->pairs, "Most similar pairs of each set in the reports")
      ->check(CLI::Range(0, 10'000))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--html", arguments->html, "Write a page with the table and the pairs")->type_name("FILE");
  AddJsonOption(verb, session);
  AddJobsOption(verb, session);
  AddQuietOption(verb, session);
  SetExample(
      verb,
      "kantei evaluate generation plain=out/plain guarded=out/guarded --known training/ --real held-out/");
  SetAction(verb, session, [session, arguments] { return RunEvaluateGeneration(session, arguments.get()); });
}

}  // namespace kantei::cli
