#include "kantei/authenticity/authenticity_profile.h"

#include <array>
#include <cmath>

#include "kantei/base/files.h"
#include "kantei/base/json.h"

namespace kantei::authenticity {
namespace {

constexpr std::string_view kSchema = "kantei.authenticity-profile/1";
constexpr std::uint64_t kMaxBytes = 64 << 10;
constexpr std::size_t kMaxText = 2000;

constexpr std::array kQuestions = {AuthenticityQuestion::kManipulated, AuthenticityQuestion::kAiMade,
                                   AuthenticityQuestion::kEdited};

bool IsShare(double value) {
  return value >= 0 && value <= 1;
}

/// What is wrong with a calibration, empty when nothing is.
std::string Problem(const QuestionCalibration& c) {
  if (!(c.curve.slope > 0) || !std::isfinite(c.curve.slope) || !std::isfinite(c.curve.intercept))
    return "has no rising, finite curve";
  if (c.method != "platt" && c.method != "temperature") return "was fitted by an unknown method";
  if (!IsShare(c.lower) || !IsShare(c.upper) || !(c.lower <= c.threshold && c.threshold <= c.upper))
    return "has no lower <= threshold <= upper within 0 to 1";
  if (!IsShare(c.false_alarms_wished) || !IsShare(c.false_alarms_low) || !IsShare(c.false_alarms_high) ||
      !(c.false_alarms_low <= c.false_alarms && c.false_alarms <= c.false_alarms_high))
    return "has no rates of false alarms within 0 to 1";
  if (!(c.softness_slope >= 0 && c.softness_slope <= 100)) return "has no slope of softness within 0 to 100";
  if (!IsShare(c.expected_error)) return "has no expected error within 0 to 1";
  if (c.authentic < 1 || c.fake < 1) return "was fitted on no pictures";
  return {};
}

Json CalibrationJson(const QuestionCalibration& c) {
  return {{"method", c.method},
          {"slope", c.curve.slope},
          {"intercept", c.curve.intercept},
          {"threshold", c.threshold},
          {"lower", c.lower},
          {"upper", c.upper},
          {"false_alarms",
           {{"wished", c.false_alarms_wished},
            {"measured", c.false_alarms},
            {"interval_95", Json::array({c.false_alarms_low, c.false_alarms_high})}}},
          {"expected_error", c.expected_error},
          {"softness_slope", c.softness_slope},
          {"authentic", c.authentic},
          {"fake", c.fake}};
}

QuestionCalibration CalibrationOf(const Json& json) {
  QuestionCalibration c;
  c.method = json.at("method").get<std::string>();
  c.curve.slope = json.at("slope").get<double>();
  c.curve.intercept = json.at("intercept").get<double>();
  c.threshold = json.at("threshold").get<double>();
  c.lower = json.at("lower").get<double>();
  c.upper = json.at("upper").get<double>();
  const Json& alarms = json.at("false_alarms");
  c.false_alarms_wished = alarms.at("wished").get<double>();
  c.false_alarms = alarms.at("measured").get<double>();
  c.false_alarms_low = alarms.at("interval_95").at(0).get<double>();
  c.false_alarms_high = alarms.at("interval_95").at(1).get<double>();
  c.expected_error = json.at("expected_error").get<double>();
  if (json.contains("softness_slope")) c.softness_slope = json.at("softness_slope").get<double>();
  c.authentic = json.at("authentic").get<std::int64_t>();
  c.fake = json.at("fake").get<std::int64_t>();
  return c;
}

}  // namespace

std::string_view QuestionName(AuthenticityQuestion question) {
  switch (question) {
    case AuthenticityQuestion::kManipulated:
      return "manipulated";
    case AuthenticityQuestion::kAiMade:
      return "ai_made";
    case AuthenticityQuestion::kEdited:
      return "edited";
  }
  return "manipulated";
}

Result<AuthenticityQuestion> ParseQuestion(std::string_view name) {
  for (const AuthenticityQuestion question : kQuestions)
    if (QuestionName(question) == name) return question;
  return Error{ErrorCode::kInvalidArgument, "the question \"" + std::string(name.substr(0, 40)) +
                                                "\" is not known; expected manipulated, ai_made or edited"};
}

Result<AuthenticityProfile> ParseAuthenticityProfile(std::string_view text, std::string_view name) {
  const auto corrupt = [&](const std::string& what) {
    return Error{ErrorCode::kCorrupt, std::string(name) + ": " + what};
  };
  KANTEI_TRY(const Json json, ParseJson(text, name));
  AuthenticityProfile profile;
  try {
    const auto schema = json.at("schema").get<std::string>();
    if (schema != kSchema && schema.starts_with("kantei.authenticity-profile/"))
      return Error{ErrorCode::kUnsupported, std::string(name) + " is of another version than " +
                                                std::string(kSchema) +
                                                "; make it anew with kantei calibrate"};
    if (schema != kSchema) return corrupt("the schema is not " + std::string(kSchema));
    profile.detector = json.at("detector").get<std::string>();
    profile.data = json.at("data").get<std::string>();
    profile.equalised = json.at("equalised").get<bool>();
    if (json.contains("most_softness")) profile.most_softness = json.at("most_softness").get<double>();
    for (const auto& [key, value] : json.at("questions").items()) {
      const auto question = ParseQuestion(key);
      if (!question.ok()) return corrupt(question.error().message);
      const QuestionCalibration calibration = CalibrationOf(value);
      if (const std::string problem = Problem(calibration); !problem.empty())
        return corrupt("the calibration of \"" + key + "\" " + problem);
      profile.questions[*question] = calibration;
    }
  } catch (const Json::exception&) {
    return corrupt("a field is missing or of another type");
  }
  if (profile.detector.empty() || profile.detector.size() > kMaxText || profile.data.size() > kMaxText)
    return corrupt("the detector or the data are not named, or at too great length");
  if (profile.questions.empty()) return corrupt("no question is calibrated");
  if (!(profile.most_softness >= 1 && profile.most_softness <= 1000))
    return corrupt("\"most_softness\" is not 1 to 1000");
  return profile;
}

std::string FormatAuthenticityProfile(const AuthenticityProfile& profile) {
  Json json{{"schema", kSchema},
            {"detector", profile.detector},
            {"data", profile.data},
            {"equalised", profile.equalised},
            {"most_softness", profile.most_softness},
            {"questions", Json::object()}};
  for (const auto& [question, calibration] : profile.questions)
    json["questions"][std::string(QuestionName(question))] = CalibrationJson(calibration);
  return DumpJson(json, 2) + "\n";
}

Result<AuthenticityProfile> LoadAuthenticityProfile(const std::filesystem::path& path,
                                                    std::string_view detector) {
  KANTEI_TRY(const std::string text, ReadTextFile(path, kMaxBytes));
  KANTEI_TRY(AuthenticityProfile profile, ParseAuthenticityProfile(text, DisplayPath(path)));
  if (!detector.empty() && profile.detector != detector)
    return Error{ErrorCode::kInvalidArgument, DisplayPath(path) + " was made for the detector " +
                                                  profile.detector + ", not for " + std::string(detector) +
                                                  "; make one for it with kantei calibrate"};
  return profile;
}

Status SaveAuthenticityProfile(const std::filesystem::path& path, const AuthenticityProfile& profile) {
  const std::string text = FormatAuthenticityProfile(profile);
  // What could not be read again is not written.
  if (const auto back = ParseAuthenticityProfile(text, DisplayPath(path)); !back.ok())
    return Error{ErrorCode::kInvalidArgument, back.error().message};
  return WriteFileAtomic(path, text);
}

}  // namespace kantei::authenticity
