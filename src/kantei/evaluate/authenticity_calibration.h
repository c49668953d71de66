// Makes the profile of a manipulation detector from pictures with a known history: curves, thresholds, bands.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "kantei/authenticity/authenticity_profile.h"
#include "kantei/authenticity/manipulation_detector.h"
#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/dataset/authenticity_samples.h"
#include "kantei/evaluate/picture_conditions.h"

namespace kantei::evaluate {

/// resize-1.25, resize-1.5, resize-2, blur-3, blur-5: what makes pictures soft.
std::vector<PictureCondition> SofteningConditions();

struct AuthenticityCalibrationOptions {
  std::vector<authenticity::AuthenticityQuestion>
      questions;                   ///< empty: those of which there are at least ten fakes
  bool temperature = false;        ///< temperature scaling instead of Platt's two parameters
  double false_alarm_rate = 0.05;  ///< wished share of authentic pictures above the threshold, 0.0001 to 0.5
  double miss_rate = 0.05;  ///< share of fakes that the lower end of the inconclusive band may cost, 0 to 0.5
  /// Each picture is also judged once after one of these, drawn for it, so that what enlarging and blurring do to authentic pictures is
  /// known and taken off (QuestionCalibration::softness_slope); empty: as they are only.
  std::vector<PictureCondition> handling = SofteningConditions();
  /// Share of all these authentic pictures that are too soft for anything to be said of them, 0 (no limit) to 0.5.
  double soft_rate = 0.02;
  int folds = 5;         ///< of the cross-validation, 2 to 20
  bool equalise = true;  ///< as in the evaluation
  std::uint64_t seed = 1;
  std::filesystem::path cache;  ///< empty: nothing is kept
  int threads = 0;              ///< 0: all cores
  Status Validate() const;
};

struct AuthenticityCalibration {
  authenticity::AuthenticityProfile profile;
  std::vector<std::string> warnings, problems;
  std::int64_t unreadable = 0;
};

/// The fewest authentic pictures on which a threshold for this rate is chosen: with 3 / rate pictures and no false alarm among them the
/// rate is at most the wished one with 95 % confidence (the rule of three); with fewer a threshold is a guess.
std::int64_t LeastAuthentic(double false_alarm_rate);

/// One question from its scores. `pairs[i]`: samples with equal numbers are kept in one fold. kInvalidArgument: too few pictures, or fakes
/// that do not score higher.
struct CalibrationSample {
  double logit = 0;
  bool fake = false;
  std::uint64_t pair = 0;
  double softness = 0;
};
Result<authenticity::QuestionCalibration> CalibrateQuestion(const std::vector<CalibrationSample>& samples,
                                                            const AuthenticityCalibrationOptions& options);

/// `set` names the data in the profile. Errors: those of PredictSamples and CalibrateQuestion.
Result<AuthenticityCalibration> CalibrateAuthenticity(const std::string& set,
                                                      const std::vector<dataset::AuthenticitySample>& samples,
                                                      const authenticity::ManipulationDetector& detector,
                                                      const AuthenticityCalibrationOptions& options,
                                                      const CancellationToken& cancellation);

}  // namespace kantei::evaluate
