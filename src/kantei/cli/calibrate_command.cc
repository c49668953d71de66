#include <memory>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/cli/authenticity_verbs.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/text_format.h"
#include "kantei/cli/verbs.h"

namespace kantei::cli {
namespace {

std::string ProfileText(const authenticity::AuthenticityProfile& profile) {
  std::vector<std::vector<std::string>> rows = {{"question", "fakes", "authentic", "threshold",
                                                 "inconclusive", "false alarms", "95 %", "ECE (held out)"}};
  for (const auto& [question, c] : profile.questions)
    rows.push_back(
        {std::string(authenticity::QuestionName(question)), std::to_string(c.fake),
         std::to_string(c.authentic), FixedNumber(c.threshold, 3),
         FixedNumber(c.lower, 3) + ".." + FixedNumber(c.upper, 3),
         FixedNumber(100 * c.false_alarms, 2) + " %",
         FixedNumber(100 * c.false_alarms_low, 2) + ".." + FixedNumber(100 * c.false_alarms_high, 2),
         FixedNumber(c.expected_error, 3)});
  return "detector " + TerminalText(profile.detector) + "\non " + TerminalText(profile.data) +
         (profile.equalised ? ", equalised" : ", as they are") + "\n\n" + AlignColumns(rows);
}

}  // namespace

Result<int> RunCalibrate(Session* session, CalibrateArguments* arguments,
                         const authenticity::ManipulationDetector& detector) {
  evaluate::AuthenticityCalibrationOptions& options = arguments->options;
  options.equalise = !arguments->plain;
  options.threads = session->jobs;
  for (const std::string& name : arguments->questions) {
    KANTEI_TRY(const authenticity::AuthenticityQuestion question, authenticity::ParseQuestion(name));
    options.questions.push_back(question);
  }
  if (!arguments->handling.empty()) options.handling.clear();
  for (const std::string& name : arguments->handling) {
    KANTEI_TRY(const evaluate::PictureCondition condition, evaluate::ParseCondition(name));
    if (condition.kind != evaluate::PictureCondition::Kind::kNone) options.handling.push_back(condition);
  }
  KANTEI_TRY(const std::vector<dataset::AuthenticitySample> samples, ReadSet(arguments->set));
  if (!arguments->no_cache)
    options.cache =
        arguments->cache.empty() ? DefaultCache(arguments->set) : std::filesystem::path(arguments->cache);
  KANTEI_TRY(const evaluate::AuthenticityCalibration made,
             evaluate::CalibrateAuthenticity(SetName(arguments->set), samples, detector, options,
                                             session->cancellation));
  for (const std::string& warning : made.warnings) session->Say("kantei: " + TerminalText(warning));
  for (const std::string& problem : made.problems) Session::Complain(TerminalText(problem));
  KANTEI_RETURN_IF_ERROR(authenticity::SaveAuthenticityProfile(arguments->out, made.profile));
  if (session->json) {
    KANTEI_TRY(const Json json,
               ParseJson(authenticity::FormatAuthenticityProfile(made.profile), arguments->out));
    session->out.WriteLine(DumpJson(json));
  } else {
    session->out.Write(ProfileText(made.profile));
  }
  return made.unreadable > 0 ? kExitSomeFailed : kExitOk;
}

void AddCalibrateCommand(CLI::App* root, Session* session) {
  CLI::App* verb = root->add_subcommand(
      "calibrate",
      "Fit probabilities, thresholds and bands of a manipulation detector on your own labelled pictures");
  auto arguments = std::make_shared<CalibrateArguments>();
  evaluate::AuthenticityCalibrationOptions& options = arguments->options;
  AddAuthenticitySetOptions(verb, &arguments->set);
  AddDetectorOptions(verb, &arguments->detector);
  verb->add_option("--out", arguments->out, "The profile to write")->type_name("FILE")->required();
  verb->add_option("--false-alarms", options.false_alarm_rate,
                   "Wished share of authentic pictures above the threshold")
      ->check(CLI::Range(0.0001, 0.5))
      ->type_name("SHARE")
      ->capture_default_str();
  verb->add_option("--misses", options.miss_rate, "Share of fakes that may lie below the inconclusive band")
      ->check(CLI::Range(0.0, 0.5))
      ->type_name("SHARE")
      ->capture_default_str();
  verb->add_option("--soft", options.soft_rate,
                   "Share of the authentic pictures that are too soft for anything to be said; 0: no limit")
      ->check(CLI::Range(0.0, 0.5))
      ->type_name("SHARE")
      ->capture_default_str();
  verb->add_option(
          "--handling", arguments->handling,
          "What each picture is also judged after, one drawn for it: resize-FACTOR, blur-SIDE ...; none: "
          "as they are only")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("NAMES")
      ->default_str("resize-1.25,resize-1.5,resize-2,blur-3,blur-5");
  verb->add_flag("--temperature", options.temperature,
                 "Temperature scaling instead of Platt's slope and intercept");
  verb->add_option("--questions", arguments->questions,
                   "manipulated, ai_made, edited (default: those with at least ten fakes)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("NAMES");
  verb->add_option("--folds", options.folds, "Folds of the cross-validation")
      ->check(CLI::Range(2, 20))
      ->type_name("N")
      ->capture_default_str();
  verb->add_flag("--plain", arguments->plain, "Do not resize and re-encode both classes alike first");
  verb->add_option("--seed", options.seed, "Seed of equalising and of the folds")
      ->type_name("N")
      ->capture_default_str();
  verb->add_option(
          "--cache", arguments->cache,
          "Where answers are kept for the next run (default: kantei-cache/ in the set, none for two folders)")
      ->type_name("PATH");
  verb->add_flag("--no-cache", arguments->no_cache, "Keep nothing");
  AddJsonOption(verb, session);
  AddJobsOption(verb, session);
  AddQuietOption(verb, session);
  SetExample(verb, "kantei calibrate --authentic mine/ --fake made/ --out mine.json");
  SetAction(verb, session, [session, arguments]() -> Result<int> {
    KANTEI_TRY(const auto detector, OpenDetector(arguments->detector));
    return RunCalibrate(session, arguments.get(), *detector);
  });
}

}  // namespace kantei::cli
