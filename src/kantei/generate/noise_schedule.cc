#include "kantei/generate/noise_schedule.h"

#include <array>
#include <cmath>
#include <utility>

#include "kantei/base/json.h"

namespace kantei::generate {
namespace {

template <typename T>
using Names = std::pair<std::string_view, T>;

constexpr std::array kBetaSchedules{Names<BetaSchedule>{"linear", BetaSchedule::kLinear},
                                    Names<BetaSchedule>{"scaled_linear", BetaSchedule::kScaledLinear}};
constexpr std::array kPredictions{Names<Prediction>{"epsilon", Prediction::kEpsilon},
                                  Names<Prediction>{"v_prediction", Prediction::kVelocity}};
constexpr std::array kSpacings{Names<TimestepSpacing>{"leading", TimestepSpacing::kLeading},
                               Names<TimestepSpacing>{"trailing", TimestepSpacing::kTrailing},
                               Names<TimestepSpacing>{"linspace", TimestepSpacing::kLinspace}};

template <typename Table, typename T>
std::string NameOf(const Table& table, T value) {
  for (const auto& [name, known] : table)
    if (known == value) return std::string(name);
  return {};
}

/// Reads one key of the config after the other; the first failure is kept.
class Reader {
 public:
  Reader(const Json& json, std::string_view source) : json_(json), source_(source) {}

  template <typename Table, typename T>
  void Choice(const char* key, const Table& table, T* value) {
    if (!json_.contains(key)) return;
    const Json& given = json_[key];
    for (const auto& [name, known] : table) {
      if (given == name) {
        *value = known;
        return;
      }
    }
    Fail(ErrorCode::kUnsupported, key);
  }
  void Number(const char* key, double* value) {
    if (!json_.contains(key)) return;
    if (!json_[key].is_number()) return Fail(ErrorCode::kCorrupt, key);
    *value = json_[key].template get<double>();
  }
  void Whole(const char* key, int* value) {
    double number = *value;
    Number(key, &number);
    if (!(std::abs(number) < 1e6) || number != std::floor(number)) return Fail(ErrorCode::kCorrupt, key);
    *value = static_cast<int>(number);
  }
  void Flag(const char* key, bool* value) {
    if (!json_.contains(key)) return;
    if (!json_[key].is_boolean()) return Fail(ErrorCode::kCorrupt, key);
    *value = json_[key].template get<bool>();
  }
  void Fail(ErrorCode code, const char* key) {
    if (!status_.ok()) return;
    const std::string value = json_.contains(key) ? DumpJson(json_[key]).substr(0, 80) : "missing";
    status_ = Error{code, std::string(source_) + ": \"" + key + "\" is " + value +
                              (code == ErrorCode::kUnsupported ? ", which is not supported"
                                                               : ", which is not sound here")};
  }
  const Status& status() const { return status_; }

 private:
  const Json& json_;
  std::string_view source_;
  Status status_;
};

}  // namespace

Status NoiseScheduleOptions::Validate() const {
  const auto bad = [](const char* what) { return Status(Error{ErrorCode::kInvalidArgument, what}); };
  if (train_steps < 2 || train_steps > 10'000) return bad("train_steps must be 2 to 10000");
  if (!(beta_start > 0 && beta_start <= beta_end && beta_end < 1))
    return bad("betas must rise from above 0 to below 1");
  if (steps_offset < 0 || steps_offset >= train_steps)
    return bad("steps_offset must be 0 to train_steps - 1");
  return {};
}

Result<NoiseScheduleOptions> ParseSchedulerConfig(std::string_view text, std::string_view source_name) {
  KANTEI_TRY(const Json json, ParseJson(text, source_name));
  if (!json.is_object())
    return Error{ErrorCode::kCorrupt,
                 std::string(source_name) + " is no JSON object; expected a diffusers scheduler config"};
  const std::string scheduler =
      json.contains("_class_name") && json["_class_name"].is_string() ? json["_class_name"] : Json("");
  NoiseScheduleOptions o;
  o.beta_start = 1e-4, o.beta_end = 0.02, o.beta_schedule = BetaSchedule::kLinear, o.steps_offset = 0;
  o.set_alpha_to_one = scheduler != "PNDMScheduler";
  if (scheduler.starts_with("DPMSolver") || scheduler == "EulerDiscreteScheduler" ||
      scheduler == "EulerAncestralDiscreteScheduler") {
    // Euler's and DPM-Solver's own defaults.
    if (scheduler != "EulerAncestralDiscreteScheduler") o.spacing = TimestepSpacing::kLinspace;
  }
  Reader reader(json, source_name);
  reader.Whole("num_train_timesteps", &o.train_steps);
  reader.Number("beta_start", &o.beta_start);
  reader.Number("beta_end", &o.beta_end);
  reader.Choice("beta_schedule", kBetaSchedules, &o.beta_schedule);
  reader.Choice("prediction_type", kPredictions, &o.prediction);
  reader.Choice("timestep_spacing", kSpacings, &o.spacing);
  reader.Whole("steps_offset", &o.steps_offset);
  reader.Flag("set_alpha_to_one", &o.set_alpha_to_one);
  bool refused = false;
  reader.Flag("rescale_betas_zero_snr", &refused);
  if (refused) reader.Fail(ErrorCode::kUnsupported, "rescale_betas_zero_snr");
  if (json.contains("trained_betas") && !json["trained_betas"].is_null())
    reader.Fail(ErrorCode::kUnsupported, "trained_betas");
  KANTEI_RETURN_IF_ERROR(reader.status());
  if (const Status valid = o.Validate(); !valid.ok())
    return Error{ErrorCode::kCorrupt, std::string(source_name) + ": " + valid.error().message};
  return o;
}

std::string SchedulerConfig(const NoiseScheduleOptions& o) {
  return DumpJson(Json{{"_class_name", "DDIMScheduler"},
                       {"_diffusers_version", "0.20.0"},
                       {"beta_end", o.beta_end},
                       {"beta_schedule", NameOf(kBetaSchedules, o.beta_schedule)},
                       {"beta_start", o.beta_start},
                       {"clip_sample", false},
                       {"num_train_timesteps", o.train_steps},
                       {"prediction_type", NameOf(kPredictions, o.prediction)},
                       {"set_alpha_to_one", o.set_alpha_to_one},
                       {"steps_offset", o.steps_offset},
                       {"timestep_spacing", NameOf(kSpacings, o.spacing)},
                       {"trained_betas", nullptr}},
                  2) +
         "\n";
}

std::vector<double> CumulativeAlphas(const NoiseScheduleOptions& o) {
  const bool scaled = o.beta_schedule == BetaSchedule::kScaledLinear;
  const double from = scaled ? std::sqrt(o.beta_start) : o.beta_start,
               to = scaled ? std::sqrt(o.beta_end) : o.beta_end;
  std::vector<double> alphas;
  double product = 1;
  for (int t = 0; t < o.train_steps; ++t) {
    const double value = from + (to - from) * t / (o.train_steps - 1);
    product *= 1 - (scaled ? value * value : value);
    alphas.push_back(product);
  }
  return alphas;
}

}  // namespace kantei::generate
