// Answers of people in a survey (kantei dataset survey), as they stand in its results file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "kantei/base/json.h"
#include "kantei/base/result.h"

namespace kantei::evaluate {

struct SurveyAnswer {
  std::string participant;     ///< code
  std::int64_t trial = 0;      ///< from 0, in the order in which the participant saw them
  bool pair = false;           ///< two pictures side by side: which one was edited?
  std::string picture;         ///< the shown one (single) or the edited one (pair), relative to the set
  std::string engine, source;  ///< as the set names them
  bool edited = false;         ///< the truth of a single picture; always true for a pair
  std::string answer;          ///< "real" or "edited" (single), "left" or "right" (pair)
  bool correct = false;
  int confidence = 0;   ///< 1 (a guess) .. 5 (certain)
  std::int64_t ms = 0;  ///< from the first showing to the answer, by the server's clock
  std::int64_t client_ms =
      -1;  ///< from the picture on the screen to the key, by the browser; -1: not told. Not to be trusted.
  int reloads = 0;       ///< times that the trial was fetched again; the clock ran on
  std::string language;  ///< "en" or "ja"
  std::string time;      ///< UTC

  /// The participant held the picture (of a pair: the edited one) to be edited.
  bool said_edited() const { return pair ? correct : answer == "edited"; }
};

/// A record of the results file, "type": "answer".
Json SurveyAnswerJson(const SurveyAnswer& answer);
/// kCorrupt when a member is missing or contradicts another.
Result<SurveyAnswer> ParseSurveyAnswer(const Json& record);

struct SurveyResults {
  std::vector<SurveyAnswer> answers;
  std::int64_t started = 0;     ///< participants
  std::int64_t unreadable = 0;  ///< lines that are no records, e.g. the last one of a run that was killed
};
/// A JSON record a line; those of other types are the server's own. A trial that a participant answered twice counts once. kCorrupt when
/// no line is a record, kTooLarge above 1 GiB.
Result<SurveyResults> ReadSurveyResults(const std::filesystem::path& file);

/// RFC 4180 with a header; one line an answer.
std::string SurveyCsv(std::span<const SurveyAnswer> answers);

}  // namespace kantei::evaluate
