// kantei generate --on-memorised: are the words bound to a memorised picture, and what then?
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kantei/cli/session.h"
#include "kantei/generate/memorisation.h"
#include "kantei/generate/sampler.h"

namespace kantei::cli {

struct MemorisationArguments {
  std::string action;   ///< "warn", "refuse", "mitigate"; empty: warn when the model has a profile
  std::string profile;  ///< empty: beside the model, if there is one
  std::vector<std::string> mitigations;  ///< always, or with "mitigate" when the words are suspected
};

/// --on-memorised, --memorisation, --mitigate.
void AddMemorisationOptions(CLI::App* verb, MemorisationArguments* arguments);

class PromptWatch {
 public:
  /// Puts the mitigations that are always on into `options`. kInvalidArgument when the profile is of another model, or when
  /// something is to depend on it and there is none.
  static Result<PromptWatch> Open(const MemorisationArguments& arguments, const std::filesystem::path& model,
                                  const std::string& model_sha256, generate::SampleOptions* options);

  /// Measures once and says what follows from it; does nothing when nobody asked. Puts mitigations into `options` when they are to
  /// be switched on. False: the prompt is refused.
  Result<bool> Check(const Session& session, const generate::DiffusionModel& model,
                     generate::SampleOptions* options);
  /// Must Check come before one asks whether a picture is there? It may change the options, or refuse what an earlier run made.
  bool ComesFirst() const { return action_ == "mitigate" || action_ == "refuse"; }
  /// For GenerationContext::memorisation: norms, profile and what was done; null before Check.
  const Json& outcome() const { return outcome_; }

 private:
  std::string action_;  // empty: nobody asked
  std::optional<generate::MemorisationProfile> profile_;
  std::vector<generate::MitigationUse> when_suspected_;
  Json outcome_;
};

}  // namespace kantei::cli
