// What people decide, note and file about cases. Rows are only ever added; the state of a case follows from them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kantei/base/json.h"
#include "kantei/base/result.h"
#include "kantei/store/case_store.h"
#include "kantei/store/server_database.h"

namespace kantei::store {

struct Decision {
  std::int64_t decision_id = 0, inspection_id = 0;
  std::string at;
  std::int64_t user_id = 0;
  std::string kind;     ///< "decision", "undo"
  std::string verdict;  ///< "confirm", "dismiss", "escalate", "inconclusive"
  std::string reason;
  std::vector<std::string> about;  ///< checks; empty: the case as a whole
  std::int64_t run = 0;
  bool undone = false;
};

struct Note {
  std::int64_t note_id = 0, inspection_id = 0;
  std::string at;
  std::int64_t user_id = 0;
  std::string text;
};

struct CaseFile {
  std::int64_t case_file_id = 0, inspection_id = 0;
  std::string at;
  std::int64_t user_id = 0;
  std::string language, sha256;
  std::int64_t bytes = 0;
  std::string file;  ///< name below the server's case files
};

struct RetroactiveMatch {
  std::int64_t retroactive_id = 0, inspection_id = 0, picture_id = 0;
  std::string file_name, label, bank;
  int pdq_distance = 0;
  std::string at;
  bool seen = false;
};

struct ReviewSettings {
  std::string two_person = "off";  ///< "off", "confirm", "all"
  bool reason_required = false;
};

/// What became of a decision or an undo.
enum class ReviewOutcome { kDone, kSettledAlready, kSamePerson, kNothingToUndo, kNotYours, kReasonMissing };
/// One English sentence.
std::string_view ReviewOutcomeText(ReviewOutcome outcome);

/// A reviewed case with a score: what thresholds are judged by.
struct ReviewedScore {
  double score = 0;
  bool confirmed = false;
};

class Review {
 public:
  explicit Review(ServerDatabase* database) : database_(database) {}

  /// kNotFound when there is no such case.
  Result<ReviewOutcome> Decide(std::int64_t inspection_id, std::int64_t user_id, const std::string& verdict,
                               const std::string& reason, const std::vector<std::string>& about);
  /// Takes back the latest decision that stands; of another person only with `anyones`.
  Result<ReviewOutcome> Undo(std::int64_t inspection_id, std::int64_t user_id, bool anyones,
                             const std::string& reason);
  Status Assign(std::int64_t inspection_id, std::optional<std::int64_t> user_id);
  Result<Note> AddNote(std::int64_t inspection_id, std::int64_t user_id, const std::string& text);

  Result<std::vector<Decision>> Decisions(std::int64_t inspection_id);
  Result<std::vector<Note>> Notes(std::int64_t inspection_id);

  Result<CaseFile> AddCaseFile(const CaseFile& file);
  Result<std::vector<CaseFile>> CaseFiles(std::int64_t inspection_id);
  Result<CaseFile> GetCaseFile(std::int64_t case_file_id);
  Result<std::optional<CaseFile>> FindCaseFile(const std::string& sha256);

  /// False when this pair is known already.
  Result<bool> AddRetroactive(const RetroactiveMatch& match);
  /// Newest first; of one case when `inspection_id` is not 0.
  Result<std::vector<RetroactiveMatch>> Retroactive(std::int64_t inspection_id, std::optional<bool> seen,
                                                    std::int64_t before_id, int limit);
  Result<std::int64_t> MarkSeen(const std::vector<std::int64_t>& retroactive_ids);

  Result<ReviewSettings> Settings();
  Status SetSettings(const ReviewSettings& settings);

  /// `score`: "copy", "ai_made", "edited". Cases whose standing decision is about another check are left out.
  Result<std::vector<ReviewedScore>> ReviewedScores(const std::string& score);
  /// That score of all cases, by rising score.
  Result<std::vector<double>> AllScores(const std::string& score);

 private:
  ServerDatabase* database_;
};

}  // namespace kantei::store
