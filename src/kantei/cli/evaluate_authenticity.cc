#include <memory>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/cli/authenticity_verbs.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/text_format.h"
#include "kantei/dataset/authenticity_set.h"
#include "kantei/evaluate/authenticity_report.h"

namespace kantei::cli {
namespace {

using evaluate::AuthenticityEvaluation;
using evaluate::ConditionFigures;
using evaluate::PixelFigures;
using evaluate::QuestionFigures;

std::string Number(const std::optional<double>& value) {
  return value ? FixedNumber(*value, 3) : "-";
}
std::string Share(const std::optional<double>& value) {
  return value ? FixedNumber(100 * *value, 1) : "-";
}

std::vector<std::string> QuestionCells(std::string name, const QuestionFigures& f) {
  return {std::move(name),
          std::to_string(f.fake),
          std::to_string(f.authentic),
          Number(f.auc),
          f.auc_95 ? FixedNumber(f.auc_95->low, 3) + ".." + FixedNumber(f.auc_95->high, 3) : "-",
          Share(f.hits_at_1),
          Share(f.hits_at_5),
          Share(f.decisions.HitRate()),
          Share(f.decisions.FalseAlarmRate()),
          Share(f.decisions.BalancedAccuracy()),
          FixedNumber(f.decisions.F1(), 3),
          FixedNumber(f.reliability.expected_error, 3)};
}

std::vector<std::string> PixelCells(const PixelFigures& f) {
  if (f.pictures == 0) return {"-", "-", "-"};
  return {Number(f.origin.f1), Number(f.origin.iou), Number(f.origin.auc)};
}

std::string QuestionText(const ConditionFigures& condition) {
  static constexpr std::array kNames = {"made or edited", "made by AI", "edited"};
  std::vector<std::vector<std::string>> rows = {{condition.name, "fakes", "authentic", "AUC", "95 %",
                                                 "TPR@1%", "TPR@5%", "hits", "false alarms", "balanced", "F1",
                                                 "ECE"}};
  for (std::size_t q = 0; q < kNames.size(); ++q)
    rows.push_back(QuestionCells(kNames[q], condition.questions[q]));
  return "\n" + AlignColumns(rows);
}

std::string ReportText(const AuthenticityEvaluation& evaluation) {
  std::string text =
      TerminalText(evaluation.set) + ": " + std::to_string(evaluation.authentic) + " authentic, " +
      std::to_string(evaluation.edited) + " edited, " + std::to_string(evaluation.generated) +
      " generated\ndetector " + TerminalText(evaluation.detector) + ", " +
      (evaluation.profile_data.empty() ? "not calibrated"
                                       : "calibrated on " + TerminalText(evaluation.profile_data)) +
      "\n";
  text += QuestionText(evaluation.conditions[0]);
  if (evaluation.equalised) text += QuestionText(evaluation.conditions[1]);
  std::vector<std::vector<std::string>> rows = {
      {"engine", "history", "fakes", "AUC", "TPR@1%", "TPR@5%", "hits", "pixel F1", "IoU", "pixel AUC"}};
  for (const auto& engine : evaluation.engines) {
    const QuestionFigures& f = engine.figures;
    rows.push_back({TerminalText(engine.engine), std::string(dataset::HistoryName(engine.history)),
                    std::to_string(f.fake), Number(f.auc), Share(f.hits_at_1), Share(f.hits_at_5),
                    Share(f.decisions.HitRate())});
    for (std::string& cell : PixelCells(engine.pixels)) rows.back().push_back(std::move(cell));
  }
  if (rows.size() > 1) text += "\n" + AlignColumns(rows);
  rows = {{"source", "fakes", "authentic", "AUC", "hits", "false alarms", "pixel F1", "IoU", "pixel AUC"}};
  for (const auto& source : evaluation.sources) {
    const QuestionFigures& f = source.figures;
    rows.push_back({TerminalText(source.source), std::to_string(f.fake), std::to_string(f.authentic),
                    Number(f.auc), Share(f.decisions.HitRate()), Share(f.decisions.FalseAlarmRate())});
    for (std::string& cell : PixelCells(source.edited)) rows.back().push_back(std::move(cell));
  }
  text += "\n" + AlignColumns(rows);
  rows = {{"condition", "AUC any", "AUC made", "AUC edited", "TPR@5% any", "pixel F1", "IoU", "pixel AUC",
           "area in authentic %"}};
  for (const ConditionFigures& c : evaluation.conditions) {
    rows.push_back({c.name, Number(c.questions[0].auc), Number(c.questions[1].auc),
                    Number(c.questions[2].auc), Share(c.questions[0].hits_at_5)});
    for (std::string& cell : PixelCells(c.edited)) rows.back().push_back(std::move(cell));
    rows.back().push_back(c.authentic.pictures > 0 ? FixedNumber(100 * c.authentic.mean_share, 2) : "-");
  }
  text += "\n" + AlignColumns(rows);
  if (const PixelFigures& f = evaluation.conditions[0].edited; f.pictures > 0) {
    text += "\nedited, " + evaluation.conditions[0].name + ": F1 double " + Number(f.both.f1) +
            ", IoU double " + Number(f.both.iou);
    if (f.trufor)
      text += "; TruFor's F1 " + Number(f.trufor->f1) + ", best threshold " + Number(f.trufor->best_f1);
    text += "\n";
  }
  return text;
}

}  // namespace

Result<int> RunEvaluateAuthenticity(Session* session, EvaluateAuthenticityArguments* arguments,
                                    const authenticity::ManipulationDetector& detector) {
  evaluate::AuthenticityEvaluationOptions& options = arguments->options;
  options.equalise = !arguments->plain;
  options.threads = session->jobs;
  if (arguments->robustness == std::vector<std::string>{"all"}) {
    options.conditions = evaluate::RobustnessGrid();
  } else {
    for (const std::string& name : arguments->robustness) {
      KANTEI_TRY(const evaluate::PictureCondition condition, evaluate::ParseCondition(name));
      options.conditions.push_back(condition);
    }
  }
  KANTEI_TRY(const std::vector<dataset::AuthenticitySample> samples, ReadSet(arguments->set));
  if (!arguments->no_cache)
    options.cache =
        arguments->cache.empty() ? DefaultCache(arguments->set) : std::filesystem::path(arguments->cache);
  if (!arguments->profile.empty()) {
    KANTEI_TRY(options.profile, authenticity::LoadAuthenticityProfile(arguments->profile, detector.id()));
  }
  KANTEI_TRY(const AuthenticityEvaluation evaluation,
             evaluate::EvaluateAuthenticity(SetName(arguments->set), samples, detector, options,
                                            session->cancellation));
  for (const std::string& warning : evaluation.warnings) session->Say("kantei: " + TerminalText(warning));
  for (const std::string& problem : evaluation.problems) Session::Complain(TerminalText(problem));
  if (!arguments->html.empty())
    KANTEI_RETURN_IF_ERROR(WriteFileAtomic(
        arguments->html, evaluate::AuthenticityReportHtml(samples, evaluation, KANTEI_VERSION)));
  if (session->json) {
    session->out.WriteLine(DumpJson(evaluate::AuthenticityReportJson(samples, evaluation, KANTEI_VERSION)));
  } else {
    session->out.Write(ReportText(evaluation));
  }
  return evaluation.unreadable > 0 ? kExitSomeFailed : kExitOk;
}

void AddEvaluateAuthenticity(CLI::App* evaluate_verb, Session* session) {
  CLI::App* verb = evaluate_verb->add_subcommand(
      "authenticity",
      "Score the detection of AI-made and edited pictures, per engine and source, and how it wears");
  auto arguments = std::make_shared<EvaluateAuthenticityArguments>();
  evaluate::AuthenticityEvaluationOptions& options = arguments->options;
  AddAuthenticitySetOptions(verb, &arguments->set);
  AddDetectorOptions(verb, &arguments->detector);
  verb->add_option(
          "--profile", arguments->profile,
          "Probabilities and thresholds from this file of kantei calibrate (default: raw logits, 0.5)")
      ->type_name("FILE");
  verb->add_option("--robustness", arguments->robustness,
                   "all, or conditions such as jpeg-80,webp-60,blur-7,noise-11,resize-0.5")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("NAMES");
  verb->add_flag("--plain", arguments->plain, "Do not resize and re-encode both classes alike first");
  verb->add_option("--bootstrap", options.bootstrap, "Samples for the 95 % intervals, 0 for none")
      ->check(CLI::Range(0, 100'000))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--seed", options.seed, "Seed of equalising, noise and bootstrap")
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--examples", options.examples, "Worst cases of each kind in the report")
      ->check(CLI::Range(0, 1000))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--cache", arguments->cache,
                   "Where answers are kept for the next run (default: kantei-cache/ in the set)")
      ->type_name("PATH");
  verb->add_flag("--no-cache", arguments->no_cache, "Keep nothing");
  verb->add_option("--html", arguments->html, "Write a page with plots, tables and worst cases")
      ->type_name("FILE");
  AddJsonOption(verb, session);
  AddJobsOption(verb, session);
  AddQuietOption(verb, session);
  SetExample(verb, "kantei evaluate authenticity set/ --robustness all --html report.html");
  SetAction(verb, session, [session, arguments]() -> Result<int> {
    KANTEI_TRY(const auto detector, OpenDetector(arguments->detector));
    return RunEvaluateAuthenticity(session, arguments.get(), *detector);
  });
}

}  // namespace kantei::cli
