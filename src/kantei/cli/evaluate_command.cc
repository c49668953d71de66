#include <algorithm>
#include <cmath>
#include <memory>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/cli/authenticity_verbs.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/network_options.h"
#include "kantei/cli/text_format.h"
#include "kantei/cli/verbs.h"
#include "kantei/evaluate/copy_evaluation.h"
#include "kantei/evaluate/copy_report.h"

namespace kantei::cli {
namespace {

namespace fs = std::filesystem;

struct EvaluateCopyArguments {
  std::string directory, disc, ground_truth, predictions, background, cache, normalisation, html, out;
  std::vector<std::string> systems;
  bool partial = false, single_scale = false;
  NetworkArguments network;
  evaluate::CopyEvaluationOptions options;
};

std::string Interval(const evaluate::Interval& interval) {
  return FixedNumber(100 * interval.low, 1) + ".." + FixedNumber(100 * interval.high, 1);
}

/// Rows: one a group, columns: µAP and recall of each system; the weakest of the last system first.
std::string GroupText(const evaluate::CopyEvaluation& evaluation, const std::string& head,
                      std::vector<evaluate::GroupFigures> evaluate::SystemReport::*groups) {
  const auto& order = evaluation.systems.back().*groups;
  if (order.empty()) return {};
  std::vector<std::vector<std::string>> rows = {{head, "queries"}};
  for (const auto& system : evaluation.systems) rows[0].push_back(system.name + " µAP/recall");
  std::size_t small = 0;
  for (const evaluate::GroupFigures& row : order) {
    if (row.queries < evaluate::kLeastGroup) {
      ++small;
      continue;
    }
    std::vector<std::string> cells = {TerminalText(row.name), std::to_string(row.queries)};
    for (const auto& system : evaluation.systems) {
      const auto& all = system.*groups;
      const auto found =
          std::find_if(all.begin(), all.end(), [&](const auto& group) { return group.name == row.name; });
      cells.push_back(FixedNumber(100 * found->micro_average_precision, 1) + " / " +
                      FixedNumber(100 * found->recall, 1));
    }
    rows.push_back(std::move(cells));
  }
  const std::string note = std::to_string(small) + " more with fewer than " +
                           std::to_string(evaluate::kLeastGroup) + " queries each\n";
  return "\n" + (rows.size() > 1 ? AlignColumns(rows) : std::string()) + (small > 0 ? note : std::string());
}

std::string ReportText(const evaluate::CopyEvaluation& evaluation) {
  std::string text = TerminalText(evaluation.benchmark) + ": " + std::to_string(evaluation.queries) +
                     " queries, " + std::to_string(evaluation.queries_with_source) + " with a source, " +
                     std::to_string(evaluation.references) + " references\n";
  if (!evaluation.model.empty()) {
    text += "network " + TerminalText(evaluation.model) + " (" + evaluation.model_sha256.substr(0, 12) +
            "), normalisation " + (evaluation.normalisation.empty() ? "none" : evaluation.normalisation);
    if (evaluation.negatives > 0)
      text += " over " + std::to_string(evaluation.negatives) + " negatives (" +
              TerminalText(evaluation.negatives_from) + ")";
    text += "\n";
  }
  std::vector<std::vector<std::string>> rows = {
      {"system", "µAP", "95 %", "R@P90", "95 %", "threshold", "found", "seconds"}};
  for (const evaluate::SystemReport& system : evaluation.systems) {
    const double threshold = system.score.threshold_at_p90;
    rows.push_back({TerminalText(system.name), FixedNumber(100 * system.score.micro_average_precision, 1),
                    Interval(system.micro_average_precision),
                    FixedNumber(100 * system.score.recall_at_p90, 1), Interval(system.recall_at_p90),
                    std::isfinite(threshold) ? FixedNumber(threshold, 3) : "none",
                    std::to_string(system.score.found_pairs) + "/" + std::to_string(system.score.true_pairs),
                    FixedNumber(system.seconds, 1)});
  }
  text += "\n" + AlignColumns(rows);
  std::vector<std::vector<std::string>> alarms = {{"without a source", "queries"}};
  for (const auto& system : evaluation.systems) alarms[0].push_back(system.name + " named");
  const auto& kinds = evaluation.systems.back().false_alarms;
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    alarms.push_back({TerminalText(kinds[k].kind), std::to_string(kinds[k].queries)});
    for (const auto& system : evaluation.systems)
      alarms.back().push_back(std::to_string(system.false_alarms[k].named));
  }
  if (alarms.size() > 1) text += "\n" + AlignColumns(alarms);
  text += GroupText(evaluation, "level", &evaluate::SystemReport::levels);
  text += GroupText(evaluation, "source", &evaluate::SystemReport::sources);
  text += GroupText(evaluation, "edit", &evaluate::SystemReport::edits);
  return text;
}

/// The pairs of a file as a list over the benchmark's positions.
Result<std::vector<evaluate::ScoredPair>> ReadPairs(const fs::path& path,
                                                    const dataset::CopyBenchmark& benchmark,
                                                    std::vector<std::string>* warnings) {
  KANTEI_TRY(const std::vector<dataset::PredictionRow> rows, dataset::ReadPredictions(path));
  dataset::PictureSet queries;
  for (const auto& query : benchmark.queries) queries.ids.push_back(query.id);
  std::vector<evaluate::ScoredPair> pairs;
  std::size_t left_out = 0;
  for (const dataset::PredictionRow& row : rows) {
    const std::size_t query = queries.Find(row.query_id),
                      reference = benchmark.references.Find(row.reference_id);
    if (query == queries.size()) {
      ++left_out;
      continue;
    }
    if (reference == benchmark.references.size()) {
      return Error{ErrorCode::kInvalidArgument,
                   DisplayPath(path) + " names the reference " + row.reference_id +
                       ", which the benchmark does not have; is it of another benchmark?"};
    }
    pairs.push_back({row.score, static_cast<std::uint32_t>(query), static_cast<std::uint32_t>(reference)});
  }
  if (left_out > 0)
    warnings->push_back(std::to_string(left_out) + " predictions of queries that take no part were left out");
  return pairs;
}

Status WritePairs(const fs::path& path, const dataset::CopyBenchmark& benchmark,
                  const std::vector<evaluate::ScoredPair>& pairs) {
  std::vector<dataset::PredictionRow> rows;
  rows.reserve(pairs.size());
  for (const evaluate::ScoredPair& pair : pairs)
    rows.push_back({benchmark.queries[pair.query].id, benchmark.references.ids[pair.reference], pair.score});
  return WriteFileAtomic(path, dataset::FormatPredictions(rows));
}

Result<int> RunEvaluateCopy(Session* session, EvaluateCopyArguments* arguments) {
  if (arguments->directory.empty() == arguments->disc.empty())
    return Error{ErrorCode::kInvalidArgument,
                 "name one benchmark: its directory, or --disc with that of DISC21"};
  evaluate::CopyEvaluationOptions& options = arguments->options;
  options.systems.clear();
  std::vector<std::string> names = arguments->systems;
  if (names.empty()) {
    names = arguments->network.none ? std::vector<std::string>{"pdq", "pdq+verify"}
                                    : std::vector<std::string>{"pdq", "descriptor", "descriptor+verify"};
    if (!arguments->predictions.empty()) names = {"pdq"};
  }
  bool wants_network = false;
  for (const std::string& name : names) {
    KANTEI_TRY(const evaluate::CopySystem system, evaluate::ParseCopySystem(name));
    wants_network |= system.base == evaluate::CopySystem::Base::kDescriptor;
    options.systems.push_back(system);
  }
  if (wants_network && arguments->network.none)
    return Error{ErrorCode::kInvalidArgument,
                 "--no-descriptor and a system that wants a descriptor exclude each other"};
  if (!arguments->normalisation.empty()) {
    KANTEI_TRY(options.normalisation, copy::ParseNormalisation(arguments->normalisation));
  }
  options.background = arguments->background;
  options.cache = arguments->cache;
  options.threads = session->jobs;
  KANTEI_RETURN_IF_ERROR(options.Validate());

  dataset::CopyFolderOptions folder;
  folder.ground_truth = arguments->ground_truth;
  folder.disc = !arguments->disc.empty();
  folder.partial = arguments->partial;
  KANTEI_TRY(dataset::CopyBenchmark benchmark,
             dataset::OpenCopyFolder(folder.disc ? arguments->disc : arguments->directory, folder));
  std::vector<evaluate::ScoredPair> given;
  if (!arguments->predictions.empty()) {
    KANTEI_TRY(given, ReadPairs(arguments->predictions, benchmark, &benchmark.warnings));
  }
  std::shared_ptr<const copy::DescriptorModel> model;
  if (wants_network) {
    copy::DescriptorModelOptions network = NetworkOptionsOf(arguments->network);
    network.multi_scale = !arguments->single_scale;
    KANTEI_TRY(model, copy::DescriptorModel::Open(network));
  }
  KANTEI_TRY(evaluate::CopyEvaluation evaluation,
             evaluate::EvaluateCopy(benchmark, model, options, session->cancellation));
  if (!arguments->predictions.empty()) {
    evaluation.systems.push_back(evaluate::ReportPairs(
        benchmark, DisplayPath(fs::path(arguments->predictions).filename()), std::move(given), options));
    evaluation.systems.back().detail = "pairs as given";
  }
  for (const std::string& warning : evaluation.warnings) session->Say("kantei: " + TerminalText(warning));
  for (const std::string& problem : evaluation.problems) Session::Complain(TerminalText(problem));
  if (!arguments->out.empty())
    KANTEI_RETURN_IF_ERROR(WritePairs(arguments->out, benchmark, evaluation.systems.back().pairs));
  if (!arguments->html.empty()) {
    KANTEI_RETURN_IF_ERROR(
        WriteFileAtomic(arguments->html, evaluate::CopyReportHtml(benchmark, evaluation, KANTEI_VERSION)));
  }
  if (session->json) {
    session->out.WriteLine(DumpJson(evaluate::CopyReportJson(benchmark, evaluation, KANTEI_VERSION)));
  } else {
    session->out.Write(ReportText(evaluation));
  }
  return evaluation.unreadable > 0 ? kExitSomeFailed : kExitOk;
}

void AddEvaluateCopy(CLI::App* evaluate_verb, Session* session) {
  CLI::App* verb = evaluate_verb->add_subcommand(
      "copy",
      "Score copy detection by the ISC2021 protocol: µAP and recall at 90 % precision over one global list");
  auto arguments = std::make_shared<EvaluateCopyArguments>();
  evaluate::CopyEvaluationOptions& options = arguments->options;
  verb->add_option("BENCHMARK", arguments->directory,
                   "Directory with references/, queries/ and ground_truth.csv, as kantei dataset "
                   "copy-benchmark makes it")
      ->type_name("");
  verb->add_option("--disc", arguments->disc, "DISC21 as downloaded, instead")->type_name("PATH");
  verb->add_option("--ground-truth", arguments->ground_truth, "The ground truth, when there are several")
      ->type_name("FILE");
  verb->add_flag("--partial", arguments->partial, "Leave out queries whose picture or source is not there");
  verb->add_option("--systems", arguments->systems,
                   "What to score: pdq, pdq-plain or descriptor, with +views and +verify (default: "
                   "pdq,descriptor,descriptor+verify)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("NAMES");
  AddNetworkOptions(verb, &arguments->network);
  verb->add_flag("--single-scale", arguments->single_scale, "Describe at the network's own size only");
  verb->add_option("--normalisation", arguments->normalisation,
                   "How scores are made comparable (default: the model's own)")
      ->check(CLI::IsMember({"none", "stretching", "additive", "negatives"}));
  verb->add_option(
          "--background", arguments->background,
          "Known negatives: a directory of pictures, or a file of descriptors (default: training/ of the "
          "benchmark, else the model's)")
      ->type_name("PATH");
  verb->add_option("--predictions", arguments->predictions,
                   "Score these pairs too: query_id,reference_id,score")
      ->type_name("FILE");
  verb->add_option("--candidates", options.candidates.global, "Pairs kept over all queries")
      ->check(CLI::Range(1, 50'000'000))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--per-query", options.candidates.per_query,
                   "Keep so many of each query instead; 0 keeps the global rule")
      ->check(CLI::Range(0, 100'000))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--pdq-radius", options.pdq_radius, "Largest PDQ distance of a pair")
      ->check(CLI::Range(0, 256))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--verified", options.verify.per_query, "Candidates of each query that +verify looks at")
      ->check(CLI::Range(1, 1000))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--bootstrap", options.bootstrap, "Samples for the 95 % intervals")
      ->check(CLI::Range(1, 100'000))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--seed", options.seed, "Seed of the bootstrap")->type_name("N")->capture_default_str();
  verb->add_option("--examples", options.examples, "Misses and false alarms in the report, each")
      ->check(CLI::Range(0, 1000))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--cache", arguments->cache,
                   "Where descriptors are kept for the next run (default: in the benchmark)")
      ->type_name("PATH");
  verb->add_option("--html", arguments->html, "Write a page with plot, tables and examples")
      ->type_name("FILE");
  verb->add_option("--out", arguments->out, "Write the pairs of the last system: query_id,reference_id,score")
      ->type_name("FILE");
  AddJsonOption(verb, session);
  AddJobsOption(verb, session);
  AddQuietOption(verb, session);
  SetExample(verb, "kantei evaluate copy bench/ --html report.html");
  SetAction(verb, session, [session, arguments] { return RunEvaluateCopy(session, arguments.get()); });
}

}  // namespace

void AddEvaluateCommand(CLI::App* root, Session* session) {
  CLI::App* verb = root->add_subcommand("evaluate", "Measure how well Kantei does");
  verb->require_subcommand(1);
  SetExample(verb, "kantei evaluate copy bench/");
  AddEvaluateCopy(verb, session);
  AddEvaluateAuthenticity(verb, session);
  AddEvaluateGeneration(verb, session);
}

}  // namespace kantei::cli
