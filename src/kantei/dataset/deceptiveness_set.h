// Judging the edited pictures of a set, with a table that a stopped run goes on with: what `kantei dataset judge` does.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/dataset/deceptiveness.h"

namespace kantei::dataset {

inline constexpr const char* kDeceptivenessFile = "deceptiveness.csv";

struct JudgeSetOptions {
  std::filesystem::path set;    ///< folder with samples.tsv
  std::filesystem::path table;  ///< empty: deceptiveness.csv in the set
  std::string model;            ///< written beside each verdict
  std::int64_t pictures = 0;    ///< judge at most so many that are not in the table yet; 0: all
  bool unknown_again = true;    ///< ask again where an earlier run got no answer
  int threads = 4;              ///< pictures under way at once, 1..256
  std::uint64_t seed = 1;
  Status Validate() const;
};

struct JudgeSetSummary {
  std::map<std::string, std::int64_t> outcomes;  ///< rows of the whole table by outcome
  std::int64_t judged = 0;                       ///< in this run
  std::int64_t kept = 0;                         ///< rows of earlier runs that stay as they are
  std::int64_t unreadable = 0;  ///< of this run: a picture could not be read; its row says unknown
  bool finished = true;         ///< false when it was cancelled
};

struct JudgedPicture {
  std::string picture;  ///< as samples.tsv names it
  std::string outcome;  ///< DeceptivenessName
  std::string line;     ///< the row of the table
};
/// Rows of a table, the last one for each picture; lines that are not whole are left out. None when the file does not exist. kCorrupt
/// when its header is another.
Result<std::vector<JudgedPicture>> ReadDeceptiveness(const std::filesystem::path& table);

struct JudgeSetReport {
  std::function<void(std::size_t total)> begin;
  std::function<void(const std::string& problem)> bad_picture;
  std::function<void()> picture_done;
};

/// Judges every sample that has an original. Each row is on the disk before the next picture is counted as done; at the end (also after
/// cancellation) the table is put in the order of samples.tsv. Columns: picture, outcome, realistic (yes, no or empty),
/// realism_confidence, found_second, found_second_confidence, found_first, found_first_confidence (yes: the edited picture was named,
/// when it was shown second or first), model, reason.
Result<JudgeSetSummary> JudgeSet(const JudgeSetOptions& options, const DeceptivenessJudge& judge,
                                 const CancellationToken& cancellation, const JudgeSetReport& report);

}  // namespace kantei::dataset
