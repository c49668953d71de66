// What people saw in a survey: accuracy, agreement, times, and how both go with automatic measures (docs/survey.md).
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/json.h"
#include "kantei/base/result.h"
#include "kantei/evaluate/rank_statistics.h"
#include "kantei/evaluate/survey_results.h"

namespace kantei::evaluate {

inline constexpr std::string_view kSurveyReportSchema = "kantei.survey-report/1";

struct SurveyGroup {
  std::string name;
  std::int64_t answers = 0, correct = 0;
  double accuracy = 0;                               ///< 0..1
  Interval interval;                                 ///< Wilson, 95 %; takes answers for independent
  double median_ms = 0, lower_ms = 0, upper_ms = 0;  ///< quartiles
  double mean_confidence = 0;                        ///< 1..5
};

/// A column of a table, over the pictures that have both a number and answers.
struct MeasureCorrelation {
  std::string table, column;
  std::size_t pictures = 0, answers = 0;
  std::optional<double> spearman;  ///< of the share of people who were deceived by a picture with the measure
  std::optional<Interval> spearman_interval;
  std::optional<double> point_biserial;  ///< of each answer being wrong with the measure
};

struct SurveyReport {
  std::int64_t started = 0, unreadable = 0;  ///< as SurveyResults
  std::int64_t reloaded = 0;                 ///< answers to trials that were fetched again
  bool without_reloaded = false;             ///< those were left out
  SurveyGroup overall;
  std::vector<SurveyGroup> kinds;    ///< "real pictures", "edited pictures", "pairs"; those that were shown
  std::vector<SurveyGroup> engines;  ///< of edited pictures, by name
  std::vector<SurveyGroup> participants;  ///< by code
  std::vector<SurveyGroup> confidences;   ///< "1".."5": is confidence warranted?
  std::optional<double> alpha;            ///< Krippendorff's, nominal, over pictures and pairs
  std::size_t alpha_units = 0;            ///< with two answers or more
  std::vector<MeasureCorrelation> measures;
};

/// Numbers of a CSV by picture. The column "picture" (or "file_name", "file", "image") names it as the set does; "outcome" of
/// deceptiveness.csv becomes 1 (deceiving), 0.5 (uncertain) or 0; columns without a number are left out.
struct MeasureTable {
  std::string name;
  std::map<std::string, std::map<std::string, double>> columns;  ///< column, picture
};
/// kCorrupt when no column names the picture or a header is missing.
Result<MeasureTable> ReadMeasures(const std::filesystem::path& csv);

/// Correlations are over edited pictures and pairs: a real picture deceives nobody.
SurveyReport MakeSurveyReport(const SurveyResults& results, std::span<const MeasureTable> measures,
                              bool without_reloaded);

Json SurveyReportJson(const SurveyReport& report, std::string_view version);
/// One self-contained page without scripts.
std::string SurveyReportHtml(const SurveyReport& report, std::string_view version);

}  // namespace kantei::evaluate
