#include "kantei/cli/dataset_survey.h"

#include <memory>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/text_format.h"
#include "kantei/evaluate/survey_report.h"
#include "kantei/server/survey_server.h"

namespace kantei::cli {
namespace {

struct SurveyArguments {
  std::string set, results, mode = "single";
  server::SurveyOptions options;
  server::SurveyServerOptions server;
};

Result<int> RunSurvey(Session* session, SurveyArguments* arguments) {
  server::SurveyOptions& options = arguments->options;
  options.set = arguments->set;
  options.results =
      arguments->results.empty() ? options.set / "survey.jsonl" : std::filesystem::path(arguments->results);
  options.pairs = arguments->mode == "pair";
  KANTEI_TRY(const auto sessions, server::SurveySessions::Open(options));
  KANTEI_TRY(const auto survey, server::SurveyServer::Make(sessions.get(), arguments->server));
  if (session->json) {
    session->out.WriteLine(DumpJson(Json{{"url", survey->url()}, {"results", DisplayPath(options.results)}}));
  } else {
    session->out.WriteLine(survey->url());
  }
  KANTEI_RETURN_IF_ERROR(session->out.Flush());
  session->Say("answers go to " + TerminalPath(options.results) + "; end with Ctrl-C");
  KANTEI_RETURN_IF_ERROR(survey->Run(session->cancellation));
  return kExitOk;
}

struct ReportArguments {
  std::string results;
  std::vector<std::string> measures;
  bool html = false, csv = false, without_reloaded = false;
};

void PrintGroups(const std::string& first, const std::vector<evaluate::SurveyGroup>& groups,
                 std::vector<std::vector<std::string>>* rows) {
  for (const evaluate::SurveyGroup& group : groups)
    rows->push_back(
        {first, TerminalText(group.name), std::to_string(group.answers), FixedNumber(100 * group.accuracy, 1),
         FixedNumber(100 * group.interval.low, 1) + "-" + FixedNumber(100 * group.interval.high, 1),
         FixedNumber(group.median_ms / 1000, 1), FixedNumber(group.mean_confidence, 2)});
}

void PrintReport(const evaluate::SurveyReport& report, Session* session) {
  std::vector<std::vector<std::string>> rows{
      {"group", "", "answers", "right %", "95 %", "median s", "confidence"}};
  PrintGroups("", {report.overall}, &rows);
  PrintGroups("kind", report.kinds, &rows);
  PrintGroups("engine", report.engines, &rows);
  PrintGroups("participant", report.participants, &rows);
  PrintGroups("confidence", report.confidences, &rows);
  session->out.Write(AlignColumns(rows));
  const auto coefficient = [](const std::optional<double>& value) {
    return value ? FixedNumber(*value, 3) : std::string("-");
  };
  session->out.WriteLine("Krippendorff's alpha " + coefficient(report.alpha) + " over " +
                         std::to_string(report.alpha_units) + " pictures");
  if (report.measures.empty()) return;
  rows = {{"measure", "pictures", "Spearman", "95 %", "point-biserial"}};
  for (const evaluate::MeasureCorrelation& one : report.measures)
    rows.push_back({TerminalText(DumpJson(one.column)), std::to_string(one.pictures),
                    coefficient(one.spearman),
                    one.spearman_interval ? FixedNumber(one.spearman_interval->low, 2) + " to " +
                                                FixedNumber(one.spearman_interval->high, 2)
                                          : "-",
                    coefficient(one.point_biserial)});
  session->out.Write(AlignColumns(rows));
}

Result<int> RunReport(Session* session, ReportArguments* arguments) {
  KANTEI_TRY(const evaluate::SurveyResults results, evaluate::ReadSurveyResults(arguments->results));
  if (arguments->csv) {
    session->out.Write(evaluate::SurveyCsv(results.answers));
    return kExitOk;
  }
  std::vector<evaluate::MeasureTable> measures;
  for (const std::string& file : arguments->measures) {
    KANTEI_TRY(evaluate::MeasureTable table, evaluate::ReadMeasures(file));
    measures.push_back(std::move(table));
  }
  const evaluate::SurveyReport report =
      evaluate::MakeSurveyReport(results, measures, arguments->without_reloaded);
  if (session->json) {
    session->out.WriteLine(DumpJson(evaluate::SurveyReportJson(report, KANTEI_VERSION)));
  } else if (arguments->html) {
    session->out.Write(evaluate::SurveyReportHtml(report, KANTEI_VERSION));
  } else {
    PrintReport(report, session);
  }
  return kExitOk;
}

void AddSurvey(CLI::App* dataset, Session* session) {
  CLI::App* verb = dataset->add_subcommand(
      "survey", "Serve a local page on which people say which pictures of a set are edited");
  auto arguments = std::make_shared<SurveyArguments>();
  verb->add_option("SET", arguments->set, "A folder with samples.tsv")->required()->type_name("");
  verb->add_option(
          "--results", arguments->results,
          "Answers, a JSON record a line; goes on with what is there; by default survey.jsonl in the set")
      ->type_name("FILE");
  verb->add_option("--mode", arguments->mode, "One picture (real or edited?), or two (which one is edited?)")
      ->check(CLI::IsMember({"single", "pair"}))
      ->capture_default_str();
  verb->add_option("--trials", arguments->options.trials, "For each participant")
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--participants", arguments->options.participants, "At most")
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--seed", arguments->options.seed, "Of the order and choice of pictures")
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--port", arguments->server.port, "On 127.0.0.1; 0: any that is free")
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--side", arguments->server.side, "Longer side of the pictures at most")
      ->type_name("PIXELS")
      ->capture_default_str();
  AddJsonOption(verb, session);
  AddQuietOption(verb, session);
  SetExample(verb, "kantei dataset survey set --trials 60 --port 8642");
  SetAction(verb, session, [session, arguments] { return RunSurvey(session, arguments.get()); });
}

void AddSurveyReport(CLI::App* dataset, Session* session) {
  CLI::App* verb = dataset->add_subcommand(
      "survey-report",
      "Accuracy, agreement and times of a survey's answers, and how they go with automatic measures");
  auto arguments = std::make_shared<ReportArguments>();
  verb->add_option("RESULTS", arguments->results, "The results file of kantei dataset survey")
      ->required()
      ->type_name("");
  verb->add_option(
          "--measures", arguments->measures,
          "CSV with a column picture and columns of numbers, e.g. deceptiveness.csv; may be repeated")
      ->allow_extra_args(false)
      ->type_name("FILE");
  verb->add_flag("--without-reloaded", arguments->without_reloaded,
                 "Leave out answers to trials that were loaded again");
  CLI::Option* html = verb->add_flag("--html", arguments->html, "A page instead of text");
  verb->add_flag("--csv", arguments->csv, "The answers themselves, a line each")->excludes(html);
  AddJsonOption(verb, session);
  SetExample(
      verb,
      "kantei dataset survey-report set/survey.jsonl --measures set/deceptiveness.csv --html > survey.html");
  SetAction(verb, session, [session, arguments] { return RunReport(session, arguments.get()); });
}

}  // namespace

void AddDatasetSurvey(CLI::App* dataset, Session* session) {
  AddSurvey(dataset, session);
  AddSurveyReport(dataset, session);
}

}  // namespace kantei::cli
