// What makes the logits of one manipulation detector readable: curves, thresholds and bands fitted on named pictures.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "kantei/authenticity/manipulation_detector.h"
#include "kantei/base/band.h"
#include "kantei/base/logistic_fit.h"
#include "kantei/base/result.h"

namespace kantei::authenticity {

enum class AuthenticityQuestion {
  kManipulated,  ///< made or edited at all
  kAiMade,       ///< the whole picture came out of a generator
  kEdited,       ///< a part of it was replaced
};
/// "manipulated", "ai_made", "edited": as in JSON.
std::string_view QuestionName(AuthenticityQuestion question);
Result<AuthenticityQuestion> ParseQuestion(std::string_view name);

/// The raw score of a question; for kManipulated the larger of the two.
constexpr double QuestionLogit(AuthenticityQuestion question, double ai_made_logit, double edited_logit) {
  switch (question) {
    case AuthenticityQuestion::kAiMade:
      return ai_made_logit;
    case AuthenticityQuestion::kEdited:
      return edited_logit;
    case AuthenticityQuestion::kManipulated:
      break;
  }
  return std::max(ai_made_logit, edited_logit);
}

/// Hardly any picture at its native size is softer (softness.h).
inline constexpr double kNativeSoftness = 4;

struct QuestionCalibration {
  LogisticCurve
      curve;  ///< probability = curve.Probability(Adjusted(..)), where the named data's share of fakes holds
  std::string method = "platt";  ///< "platt" or "temperature"
  /// A picture is called so when its probability is above this one, chosen for a wished rate of false alarms. lower <= threshold
  /// <= upper: from lower to upper nothing is said, for too many of either kind lie there or hardly any of both.
  double threshold = 0.5, lower = 0.5, upper = 0.5;
  double false_alarms_wished = 0;  ///< share of the authentic pictures, 0..1
  double false_alarms = 0, false_alarms_low = 0,
         false_alarms_high = 1;          ///< measured, with the 95 % interval of the binomial
  double expected_error = 0;             ///< expected calibration error by cross-validation, 0..1
  std::int64_t authentic = 0, fake = 0;  ///< pictures it was fitted on
  /// Taken off the logit for each unit of softness above kNativeSoftness, >= 0: enlarging and blurring raise the logits of
  /// authentic pictures, so a soft picture must show more to be called the same.
  double softness_slope = 0;

  /// The logit as the curve and the threshold take it. `softness`: of the picture, softness.h.
  double Adjusted(double logit, double softness) const {
    return logit - softness_slope * std::max(0.0, softness - kNativeSoftness);
  }
  double Probability(double logit, double softness) const {
    return curve.Probability(Adjusted(logit, softness));
  }
  /// kNone below `lower`, kInconclusive up to `upper`, kModerate above it.
  Band BandOf(double probability) const {
    return probability < lower ? Band::kNone : probability <= upper ? Band::kInconclusive : Band::kModerate;
  }
};

struct AuthenticityProfile {
  std::string detector;  ///< ManipulationDetector::id(), which holds the digest of the weights
  std::string data;      ///< on which pictures, for people
  bool equalised =
      true;  ///< the pictures were resized and re-encoded alike first (docs/evaluate-authenticity.md)
  std::map<AuthenticityQuestion, QuestionCalibration> questions;
  /// Nothing is said of pictures that are softer (softness.h): hardly any authentic picture was, on which the detector was calibrated.
  /// 16 and more: no limit.
  double most_softness = 16;
  bool TooSoft(double softness) const { return softness > most_softness; }
};

/// JSON, docs/formats.md. Loading refuses (kCorrupt) what is not finite, does not rise, or is out of order, and (kUnsupported) another
/// version. `detector`, when not empty, must be the one of the profile (kInvalidArgument).
Result<AuthenticityProfile> LoadAuthenticityProfile(const std::filesystem::path& path,
                                                    std::string_view detector = {});
Status SaveAuthenticityProfile(const std::filesystem::path& path, const AuthenticityProfile& profile);

/// The same on text in memory; `name` is used in messages.
Result<AuthenticityProfile> ParseAuthenticityProfile(std::string_view text, std::string_view name);
std::string FormatAuthenticityProfile(const AuthenticityProfile& profile);

}  // namespace kantei::authenticity
