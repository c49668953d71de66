// Participants of a survey and where each of them stands. All that counts happens here, on the server: order, clocks, answers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/result.h"

namespace kantei::server {

struct SurveyOptions {
  std::filesystem::path set;      ///< folder with samples.tsv
  std::filesystem::path results;  ///< JSON lines, only ever appended to; goes on with an earlier run's
  bool pairs = false;             ///< original and edited picture side by side, instead of one picture
  int trials = 40;                ///< for each participant, 2..2000
  int participants = 1000;        ///< at most, 1..100,000
  std::uint64_t seed = 1;
  Status Validate() const;
};

/// Who may answer: the code is for people, the key for one open page.
struct SurveyEntry {
  std::string code, key;
};

/// What a page shows.
struct SurveyView {
  bool done = false;
  std::size_t index = 0, total = 0;  ///< of the trial, from 0
  bool pair = false;
  bool awaits_confidence = false;     ///< the answer is given; how sure?
  std::string token;                  ///< for Choose and Rate; a new one at every call of Current
  std::vector<std::string> pictures;  ///< tokens; names and sizes of files are not told
};

/// Thread-safe. Every step is on the disk before it is confirmed.
class SurveySessions {
 public:
  /// kInvalidArgument when `results` belongs to another set or other options. Errors of the set and of the file.
  static Result<std::unique_ptr<SurveySessions>> Open(const SurveyOptions& options);
  ~SurveySessions();

  /// A new participant. kTooLarge when there are too many. `language`: "en" or "ja", recorded.
  Result<SurveyEntry> Start(std::string_view language);
  /// The same participant in a new page; the old page's key is void. kNotFound.
  Result<SurveyEntry> Resume(std::string_view code, std::string_view language);

  /// Where the participant stands. The first call for a trial starts its clock; each further one is recorded as a reload, while the
  /// clock runs on. kNotFound for a key that is not (or no longer) known, here and below.
  Result<SurveyView> Current(std::string_view key);
  /// `answer`: real or edited, left or right. It cannot be changed. kInvalidArgument for another trial's token, a second answer and
  /// other words. `client_ms`: what the page measured, -1 for nothing.
  Status Choose(std::string_view key, std::string_view token, std::string_view answer,
                std::int64_t client_ms);
  /// `confidence` 1..5, after Choose; ends the trial.
  Status Rate(std::string_view key, std::string_view token, int confidence);

  /// The file behind a token of the trial that is being shown. kNotFound for any other.
  Result<std::filesystem::path> Picture(std::string_view token) const;

 private:
  struct State;
  explicit SurveySessions(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace kantei::server
