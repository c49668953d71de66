// One evaluation of a manipulation detector on a set of pictures with a known history: tables, curves, robustness, examples.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "kantei/authenticity/authenticity_profile.h"
#include "kantei/evaluate/authenticity_metrics.h"
#include "kantei/evaluate/authenticity_predictions.h"

namespace kantei::evaluate {

struct AuthenticityEvaluationOptions {
  std::vector<PictureCondition>
      conditions;  ///< robustness: each is applied to every picture, after equalising
  bool equalise =
      true;  ///< both classes are re-encoded alike before they are judged; the plain figures stand beside
  std::optional<authenticity::AuthenticityProfile>
      profile;          ///< none: probability is the logistic of the raw logit, threshold 0.5
  int bootstrap = 200;  ///< samples for the 95 % intervals of the AUC, 0: no intervals
  std::uint64_t seed = 1;
  int examples = 6;             ///< worst cases kept of each kind
  std::filesystem::path cache;  ///< empty: nothing is kept
  int threads = 0;              ///< 0: all cores
  Status Validate() const;
};

struct ShareInterval {
  double low = 0, high = 1;
};

/// One question over some authentic pictures and some fakes. What needs a kind that is missing is none.
struct QuestionFigures {
  std::int64_t authentic = 0, fake = 0;
  std::optional<double> auc;
  std::optional<ShareInterval> auc_95;         ///< bootstrap over pictures, each kind by itself
  std::optional<double> hits_at_1, hits_at_5;  ///< TPR at 1 % and 5 % FPR
  /// At the threshold; pictures that are too soft for the profile are not called anything.
  Decisions decisions;
  std::int64_t too_soft_fake = 0, too_soft_authentic = 0;  ///< of which nothing is said
  Reliability reliability;                                 ///< of the probabilities
  double risk_area = 0;                                    ///< AURC
  std::vector<RocPoint> roc;                               ///< at most 200 points
  std::vector<RiskCoveragePoint> risk_coverage;            ///< at most 200 points
};

/// Mean over pictures (IMDL-BenCo's way): fakes only.
struct PixelFigures {
  std::int64_t pictures = 0;
  PixelScores origin, reverse, both;  ///< auc: over the pictures that have one
  std::int64_t trufor_pictures = 0;
  std::optional<TruForPixelScores> trufor;
};

/// Pictures in which nothing was changed.
struct FalsePositiveArea {
  std::int64_t pictures = 0;
  double mean_share = 0;             ///< of the pixels that are called changed
  std::int64_t above_1_percent = 0;  ///< pictures with more than 1 % of their pixels called changed
};

inline constexpr std::size_t kQuestions = 3;  ///< in the order of AuthenticityQuestion

struct ConditionFigures {
  std::string name;  ///< "equalised", "plain", "jpeg-80" ...
  std::array<QuestionFigures, kQuestions>
      questions;  ///< manipulated: all; ai_made and edited: their own fakes and the authentic
  PixelFigures edited;
  PixelFigures generated;  ///< against an all-one mask: how much of a made picture is marked
  FalsePositiveArea authentic;
  std::int64_t left_out = 0;  ///< pictures without an answer
};

/// Fakes of one engine against all authentic pictures, by the question of their history.
struct EngineFigures {
  std::string engine;
  dataset::History history = dataset::History::kGenerated;
  QuestionFigures figures;
  PixelFigures pixels;
};

/// Pictures of one source.
struct SourceFigures {
  std::string source;
  QuestionFigures figures;  ///< manipulated or not
  PixelFigures edited;
  FalsePositiveArea authentic;
};

struct AuthenticityExample {
  enum class Kind { kFalseAlarm, kMissed, kBadMap };
  Kind kind = Kind::kFalseAlarm;
  std::size_t sample = 0;
  double probability = 0;  ///< of the question of its history; of any manipulation for authentic pictures
  std::optional<double> f1;
  image::Image picture, truth, heat;  ///< small; as judged, with the mask's outline, under the heat map
};

struct AuthenticityEvaluation {
  std::string set, detector, profile_data;
  std::int64_t authentic = 0, edited = 0, generated = 0;
  bool equalised = true;
  std::uint64_t seed = 1;
  std::array<double, kQuestions> thresholds{};  ///< probabilities
  std::vector<ConditionFigures>
      conditions;                      ///< the headline first; then plain (when equalised); then the grid
  std::vector<EngineFigures> engines;  ///< under the headline condition, the worst AUC first
  std::vector<SourceFigures> sources;
  std::vector<AuthenticityExample> examples;
  std::vector<std::string> warnings, problems;
  std::int64_t unreadable = 0;
  double seconds = 0;  ///< of judging what was not in the cache
};

/// `set` is its name in reports. kInvalidArgument: options that make no sense, a set without samples; kNotFound: not one picture could be
/// judged; kCancelled, kUnavailable (disk).
Result<AuthenticityEvaluation> EvaluateAuthenticity(const std::string& set,
                                                    const std::vector<dataset::AuthenticitySample>& samples,
                                                    const authenticity::ManipulationDetector& detector,
                                                    const AuthenticityEvaluationOptions& options,
                                                    const CancellationToken& cancellation);

}  // namespace kantei::evaluate
