#include "kantei/generate/memorisation.h"

#include <algorithm>
#include <cmath>

#include "kantei/base/files.h"

namespace kantei::generate {
namespace {

constexpr std::string_view kFormat = "kantei.memorisation";
constexpr std::size_t kMaxProfileBytes = 1 << 20, kFewestPrompts = 20;

/// Between the values around it; `sorted` is ascending.
double Quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  if (below + 1 >= sorted.size()) return sorted.back();
  const double rest = place - static_cast<double>(below);
  return sorted[below] + rest * (sorted[below + 1] - sorted[below]);
}

}  // namespace

Status MemorisationOptions::Validate() const {
  if (seeds < 1 || seeds > 64) return Error{ErrorCode::kInvalidArgument, "seeds must be 1 to 64"};
  if (steps < 1 || steps > kMostMemorisationSteps)
    return Error{ErrorCode::kInvalidArgument, "the first 1 to 50 steps can be looked at"};
  return {};
}

double MemorisationProfile::ShareBelow(double norm) const {
  const auto above = std::lower_bound(quantiles.begin(), quantiles.end(), norm);
  if (above == quantiles.begin()) return 0;
  if (above == quantiles.end()) return 1;
  const double low = *(above - 1);
  const double place = static_cast<double>(above - quantiles.begin() - 1) + (norm - low) / (*above - low);
  return place / static_cast<double>(quantiles.size() - 1);
}

Result<MemorisationProfile> FitMemorisation(std::vector<double> means, double false_alarm_rate) {
  if (!(false_alarm_rate > 0 && false_alarm_rate < 1))
    return Error{ErrorCode::kInvalidArgument, "the rate of false alarms must be above 0 and below 1"};
  const std::size_t needed =
      std::max(kFewestPrompts, static_cast<std::size_t>(std::ceil(1 / false_alarm_rate - 1e-9)));
  if (means.size() < needed)
    return Error{ErrorCode::kInvalidArgument, "a profile needs at least " + std::to_string(needed) +
                                                  " prompts at this rate of false alarms; there are " +
                                                  std::to_string(means.size())};
  if (!std::all_of(means.begin(), means.end(), [](double mean) { return std::isfinite(mean); }))
    return Error{ErrorCode::kInvalidArgument, "a norm is not finite; use precision float32"};
  std::sort(means.begin(), means.end());
  MemorisationProfile profile;
  profile.prompts = static_cast<int>(means.size());
  const auto count = static_cast<double>(means.size());
  for (const double mean : means) profile.mean += mean / count;
  for (const double mean : means) profile.deviation += (mean - profile.mean) * (mean - profile.mean);
  profile.deviation = std::sqrt(profile.deviation / (count - 1));
  for (int percent = 0; percent <= 100; ++percent)
    profile.quantiles.push_back(Quantile(means, percent / 100.0));
  profile.false_alarm_rate = false_alarm_rate;
  const auto alarms = static_cast<std::size_t>(false_alarm_rate * count + 1e-9);
  profile.threshold = means[means.size() - 1 - alarms];
  return profile;
}

std::filesystem::path MemorisationProfilePath(const std::filesystem::path& model) {
  std::filesystem::path path = model.has_filename() ? model : model.parent_path();
  path += ".memorisation.json";
  return path;
}

Status SaveMemorisationProfile(const std::filesystem::path& path, const MemorisationProfile& profile) {
  const Json json{{"format", kFormat},
                  {"format_version", 1},
                  {"model_sha256", profile.model_sha256},
                  {"source", profile.source},
                  {"measured", {{"seeds", profile.measured.seeds}, {"steps", profile.measured.steps}}},
                  {"prompts", profile.prompts},
                  {"mean", profile.mean},
                  {"deviation", profile.deviation},
                  {"false_alarm_rate", profile.false_alarm_rate},
                  {"threshold", profile.threshold},
                  {"quantiles", profile.quantiles}};
  return WriteFileAtomic(path, DumpJson(json, 2) + "\n");
}

Result<MemorisationProfile> LoadMemorisationProfile(const std::filesystem::path& path) {
  const auto corrupt = [&](const std::string& what) {
    return Error{ErrorCode::kCorrupt, DisplayPath(path) + " is no memorisation profile: " + what +
                                          "; make it with kantei models memorisation"};
  };
  KANTEI_TRY(const std::string text, ReadTextFile(path, kMaxProfileBytes));
  KANTEI_TRY(const Json json, ParseJson(text, DisplayPath(path)));
  if (!json.is_object() || json.value("format", Json()) != kFormat) return corrupt("its format is another");
  if (json.value("format_version", Json()) != 1)
    return Error{ErrorCode::kUnsupported,
                 DisplayPath(path) + " was written by a newer version; this one reads version 1"};
  MemorisationProfile profile;
  std::string wrong;
  const auto text_of = [&](const char* name, std::string* field) {
    const Json value = json.value(name, Json());
    if (value.is_string())
      *field = value.get<std::string>();
    else
      wrong = name;
  };
  const auto number = [&](const Json& object, const char* name, double least, auto* field) {
    const Json value = object.is_object() ? object.value(name, Json()) : Json();
    using Field = std::remove_pointer_t<decltype(field)>;
    if (!value.is_number() || !std::isfinite(value.get<double>()) || value.get<double>() < least ||
        value.get<double>() > 1e9)
      wrong = name;
    else
      *field = static_cast<Field>(value.get<double>());
  };
  text_of("model_sha256", &profile.model_sha256);
  text_of("source", &profile.source);
  const Json measured = json.value("measured", Json());
  number(measured, "seeds", 1, &profile.measured.seeds);
  number(measured, "steps", 1, &profile.measured.steps);
  number(json, "prompts", 1, &profile.prompts);
  number(json, "mean", 0, &profile.mean);
  number(json, "deviation", 0, &profile.deviation);
  number(json, "false_alarm_rate", 0, &profile.false_alarm_rate);
  number(json, "threshold", 0, &profile.threshold);
  const Json quantiles = json.value("quantiles", Json());
  if (!quantiles.is_array() || quantiles.size() != 101) {
    wrong = "quantiles";
  } else {
    for (const Json& value : quantiles)
      profile.quantiles.push_back(value.is_number() ? value.get<double>() : std::nan(""));
    if (!std::is_sorted(profile.quantiles.begin(), profile.quantiles.end()) ||
        !std::all_of(profile.quantiles.begin(), profile.quantiles.end(),
                     [](double value) { return std::isfinite(value); }))
      wrong = "quantiles";
  }
  if (wrong.empty() && !profile.measured.Validate().ok()) wrong = "measured";
  if (!wrong.empty()) return corrupt("the member \"" + wrong + "\" is missing or makes no sense");
  return profile;
}

}  // namespace kantei::generate
