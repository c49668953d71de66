#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "kantei/base/files.h"
#include "kantei/base/progress.h"
#include "kantei/base/sha256.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/model_verbs.h"
#include "kantei/cli/text_format.h"
#include "kantei/generate/generation_record.h"
#include "kantei/generate/memorisation.h"

namespace kantei::cli {
namespace {

constexpr std::size_t kMaxPromptFileBytes = 1 << 20, kMaxPrompts = 10'000;

struct Arguments {
  std::string model, prompts, out;
  generate::MemorisationOptions measured;
  double false_alarms = 0.01;
  generate::DiffusionModelOptions loading;
};

Result<std::vector<std::string>> ReadPrompts(const std::string& path, const std::string& text) {
  std::vector<std::string> prompts;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) prompts.push_back(std::move(line));
    begin = end + 1;
  }
  if (prompts.size() > kMaxPrompts)
    return Error{ErrorCode::kTooLarge, path + " has " + std::to_string(prompts.size()) +
                                           " prompts; at most " + std::to_string(kMaxPrompts) + " are read"};
  return prompts;
}

Result<int> Run(Session* session, const Arguments& arguments) {
  KANTEI_RETURN_IF_ERROR(arguments.measured.Validate());
  KANTEI_TRY(const std::string text, ReadTextFile(arguments.prompts, kMaxPromptFileBytes));
  KANTEI_TRY(const std::vector<std::string> prompts, ReadPrompts(arguments.prompts, text));
  // What cannot become a profile is said before the network works for it.
  const auto fits = generate::FitMemorisation(std::vector<double>(prompts.size()), arguments.false_alarms);
  if (!fits.ok())
    return Error{fits.error().code, DisplayPath(arguments.prompts) + ": " + fits.error().message};
  KANTEI_TRY(const std::string sha256, generate::ModelHash(arguments.model));
  KANTEI_TRY(const generate::DiffusionModel model,
             generate::DiffusionModel::Load(arguments.model, arguments.loading));
  std::vector<double> means;
  {
    Progress progress("Measuring", prompts.size(), "prompts");
    for (const std::string& prompt : prompts) {
      KANTEI_TRY(const generate::PromptMemorisation found,
                 generate::CheckPrompt(model, prompt, arguments.measured, session->cancellation));
      means.push_back(found.mean);
      progress.Advance();
    }
  }
  KANTEI_TRY(generate::MemorisationProfile profile,
             generate::FitMemorisation(std::move(means), arguments.false_alarms));
  profile.model_sha256 = sha256;
  profile.measured = arguments.measured;
  profile.source = DisplayPath(std::filesystem::path(arguments.prompts).filename()) + " (" +
                   Sha256Hex(text).substr(0, 12) + ")";
  const std::filesystem::path out = arguments.out.empty() ? generate::MemorisationProfilePath(arguments.model)
                                                          : std::filesystem::path(arguments.out);
  KANTEI_RETURN_IF_ERROR(generate::SaveMemorisationProfile(out, profile));
  if (session->json) {
    session->out.WriteLine(DumpJson(Json{{"path", DisplayPath(out)},
                                         {"prompts", profile.prompts},
                                         {"mean", profile.mean},
                                         {"deviation", profile.deviation},
                                         {"false_alarm_rate", profile.false_alarm_rate},
                                         {"threshold", profile.threshold}}));
  } else {
    char line[200];
    std::snprintf(line, sizeof line, "%d prompts   norm %.2f ± %.2f   threshold %.2f at %g false alarms",
                  profile.prompts, profile.mean, profile.deviation, profile.threshold,
                  profile.false_alarm_rate);
    session->out.WriteLine(line);
  }
  session->Say("Wrote " + TerminalPath(out) + ".");
  return kExitOk;
}

}  // namespace

void AddModelsMemorisation(CLI::App* models, Session* session) {
  CLI::App* verb = models->add_subcommand(
      "memorisation",
      "How far ordinary words lead a diffusion model at its first step: what kantei generate warns by");
  auto arguments = std::make_shared<Arguments>();
  verb->add_option("MODEL", arguments->model, "Folder in diffusers' layout, or one safetensors file")
      ->required()
      ->type_name("");
  verb->add_option("--prompts", arguments->prompts,
                   "Ordinary prompts, one a line, that are not suspected to be memorised")
      ->required()
      ->type_name("FILE");
  verb->add_option("--out", arguments->out, "The profile (default: MODEL.memorisation.json beside the model)")
      ->type_name("FILE");
  const auto number = [verb](const char* name, auto& field, const char* text) {
    verb->add_option(name, field, text)->type_name("N")->capture_default_str();
  };
  number("--false-alarms", arguments->false_alarms, "Share of the prompts that may be above the threshold");
  number("--seeds", arguments->measured.seeds, "Starting noises for each prompt");
  number("--first-steps", arguments->measured.steps, "Steps that are looked at");
  verb->add_option("--device", arguments->loading.device, "cpu, cuda or cuda:N")
      ->type_name("NAME")
      ->capture_default_str();
  AddJsonOption(verb, session);
  AddQuietOption(verb, session);
  SetExample(verb, "kantei models memorisation stable-diffusion-v1-5/ --prompts captions.txt");
  SetAction(verb, session, [session, arguments] { return Run(session, *arguments); });
}

}  // namespace kantei::cli
