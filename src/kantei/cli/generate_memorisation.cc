#include "kantei/cli/generate_memorisation.h"

#include <cmath>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/cli/text_format.h"

namespace kantei::cli {
namespace {

/// The one that took the most copies away in the comparison of 2404.00922 (Table 1).
constexpr const char* kUsualMitigation = "random-tokens";

std::string Percent(double share) {
  return std::to_string(static_cast<int>(std::floor(share * 100))) + " %";
}

}  // namespace

void AddMemorisationOptions(CLI::App* verb, MemorisationArguments* arguments) {
  verb->add_option(
          "--on-memorised", arguments->action,
          "When the words seem bound to a memorised picture (default: warn, when the model has a profile)")
      ->check(CLI::IsMember({"warn", "refuse", "mitigate"}))
      ->type_name("ACTION");
  verb->add_option("--memorisation", arguments->profile,
                   "What is usual for the model (kantei models memorisation), by default the one beside it")
      ->type_name("FILE");
  verb->add_option("--mitigate", arguments->mitigations,
                   "Against memorised pictures: lower-guidance, random-tokens, word-repetition, "
                   "embedding-noise, pad-masking, best-of-noise; =N sets how much. With --on-memorised "
                   "mitigate only when needed (random-tokens when none is named)")
      ->delimiter(',')
      ->type_name("NAME[=N],...");
}

Result<PromptWatch> PromptWatch::Open(const MemorisationArguments& arguments,
                                      const std::filesystem::path& model, const std::string& model_sha256,
                                      generate::SampleOptions* options) {
  PromptWatch watch;
  watch.action_ = arguments.action;
  std::vector<generate::MitigationUse> mitigations;
  for (const std::string& name : arguments.mitigations) {
    KANTEI_TRY(mitigations.emplace_back(), generate::ParseMitigation(name));
  }
  const bool conditional = arguments.action == "mitigate";
  if (conditional && mitigations.empty()) {
    KANTEI_TRY(mitigations.emplace_back(), generate::ParseMitigation(kUsualMitigation));
  }
  KANTEI_RETURN_IF_ERROR(generate::ValidateMitigations(mitigations, options->guidance));
  (conditional ? watch.when_suspected_ : options->mitigations) = std::move(mitigations);

  const std::filesystem::path beside = generate::MemorisationProfilePath(model);
  std::error_code ignored;
  if (!arguments.profile.empty() || std::filesystem::exists(beside, ignored)) {
    const std::filesystem::path path =
        arguments.profile.empty() ? beside : std::filesystem::path(arguments.profile);
    KANTEI_TRY(watch.profile_, generate::LoadMemorisationProfile(path));
    if (watch.profile_->model_sha256 != model_sha256)
      return Error{ErrorCode::kInvalidArgument, DisplayPath(path) + " was made for another model than " +
                                                    DisplayPath(model) +
                                                    "; make one with kantei models memorisation"};
    if (watch.action_.empty()) watch.action_ = "warn";
  } else if (arguments.action == "refuse" || conditional) {
    return Error{ErrorCode::kInvalidArgument,
                 "--on-memorised " + arguments.action + " needs to know what is usual for the model, and " +
                     DisplayPath(beside) + " is not there; make it with kantei models memorisation"};
  }
  return watch;
}

Result<bool> PromptWatch::Check(const Session& session, const generate::DiffusionModel& model,
                                generate::SampleOptions* options) {
  if (action_.empty() || !outcome_.is_null()) return true;
  const generate::MemorisationOptions how = profile_ ? profile_->measured : generate::MemorisationOptions();
  KANTEI_TRY(const generate::PromptMemorisation found,
             generate::CheckPrompt(model, options->prompt, how, session.cancellation));
  outcome_ = {{"norms", found.norms}, {"mean", found.mean}, {"steps", how.steps}};
  const std::string norm = FixedNumber(found.mean, 2);
  if (!profile_) {
    session.Say("The words lead by " + norm + " at the first step (mean of " + std::to_string(how.seeds) +
                " seeds); what is usual for this model is not known, so nothing follows from it.");
    return true;
  }
  const bool suspected = profile_->Suspects(found.mean);
  const double below = profile_->ShareBelow(found.mean);
  outcome_["threshold"] = profile_->threshold;
  outcome_["share_below"] = below;
  outcome_["false_alarm_rate"] = profile_->false_alarm_rate;
  outcome_["reference_prompts"] = profile_->prompts;
  outcome_["reference_source"] = profile_->source;
  outcome_["suspected"] = suspected;
  if (!suspected) {
    session.Say("The words are not conspicuous: norm " + norm + ", the threshold is " +
                FixedNumber(profile_->threshold, 2) + ".");
    return true;
  }
  outcome_["action"] = action_;
  const std::string warning = "the words may be bound to a memorised picture: norm " + norm + ", above " +
                              Percent(below) + " of " + std::to_string(profile_->prompts) +
                              " reference prompts";
  if (action_ == "refuse") {
    Session::Complain(warning + "; nothing was generated (--on-memorised warn does it all the same)");
    return false;
  }
  if (action_ == "mitigate") {
    options->mitigations = when_suspected_;
    std::string names;
    for (const generate::MitigationUse& use : when_suspected_)
      names += (names.empty() ? "" : ", ") + std::string(generate::MitigationName(use.kind));
    Session::Complain(warning + "; switched on: " + names);
    return true;
  }
  Session::Complain(warning);
  return true;
}

}  // namespace kantei::cli
