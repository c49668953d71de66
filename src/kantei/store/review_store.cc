// Decisions: the rules of review.
#include "kantei/store/review_store.h"

#include <algorithm>
#include <utility>

#include "kantei/base/clock.h"
#include "kantei/store/server_state.h"
#include "kantei/store/text_list.h"

namespace kantei::store {
namespace {

std::string StateOfVerdict(const std::string& verdict) {
  if (verdict == "confirm") return "confirmed";
  if (verdict == "dismiss") return "dismissed";
  if (verdict == "escalate") return "escalated";
  return "inconclusive";
}

/// Escalating asks somebody else to look, so a second person for it would be one too many.
bool NeedsSecond(const ReviewSettings& settings, const std::string& verdict) {
  if (verdict == "escalate") return false;
  return settings.two_person == "all" || (settings.two_person == "confirm" && verdict == "confirm");
}

std::vector<Decision> Standing(const std::vector<Decision>& all) {
  std::vector<Decision> standing;
  for (const Decision& decision : all)
    if (decision.kind == "decision" && !decision.undone) standing.push_back(decision);
  return standing;
}

/// The state follows from the decisions that stand, in their order.
std::string StateOf(const std::vector<Decision>& standing, const ReviewSettings& settings) {
  std::string state = "open";
  const Decision* first = nullptr;  // of a pair that waits for its second
  for (const Decision& decision : standing) {
    if (first != nullptr) {
      state = decision.verdict == first->verdict ? StateOfVerdict(decision.verdict) : "escalated";
      first = nullptr;
    } else if (NeedsSecond(settings, decision.verdict)) {
      state = "pending_second";
      first = &decision;
    } else {
      state = StateOfVerdict(decision.verdict);
    }
  }
  return state;
}

Status SaveState(const LockedDatabase& database, std::int64_t inspection_id, const std::string& state,
                 const std::optional<std::int64_t>& band) {
  const bool open = state == "open";
  const std::string now = UtcNow();
  return Run(database,
             "UPDATE inspections SET state = ?, decided_at = ?, decided_band = ?, updated_at = ? WHERE "
             "inspection_id = ?",
             state, open ? std::nullopt : std::optional<std::string>(now), open ? std::nullopt : band, now,
             inspection_id);
}

}  // namespace

std::string_view ReviewOutcomeText(ReviewOutcome outcome) {
  switch (outcome) {
    case ReviewOutcome::kDone:
      return "done";
    case ReviewOutcome::kSettledAlready:
      return "it is decided already; undo that decision first";
    case ReviewOutcome::kSamePerson:
      return "the second decision must come from another person";
    case ReviewOutcome::kNothingToUndo:
      return "no decision stands that could be undone";
    case ReviewOutcome::kNotYours:
      return "the latest decision is another person's; that person or an administrator may undo it";
    case ReviewOutcome::kReasonMissing:
      return "a reason is required";
  }
  return "";
}

Result<ReviewOutcome> Review::Decide(std::int64_t inspection_id, std::int64_t user_id,
                                     const std::string& verdict, const std::string& reason,
                                     const std::vector<std::string>& about) {
  KANTEI_TRY(ServerDatabase::Transaction change, database_->Begin());
  const LockedDatabase database(database_);
  KANTEI_TRY(const Case known, Cases(database_).Get(inspection_id));
  KANTEI_TRY(const ReviewSettings settings, Settings());
  if (settings.reason_required && reason.empty()) return ReviewOutcome::kReasonMissing;
  KANTEI_TRY(const std::vector<Decision> decisions, Decisions(inspection_id));
  std::vector<Decision> standing = Standing(decisions);
  // What was escalated waits for its final word; what waits for a second person waits for another one.
  if (known.state != "open" && known.state != "pending_second" && known.state != "escalated")
    return ReviewOutcome::kSettledAlready;
  if (known.state == "escalated" && verdict == "escalate") return ReviewOutcome::kSettledAlready;
  if (known.state == "pending_second" && !standing.empty() && standing.back().user_id == user_id)
    return ReviewOutcome::kSamePerson;
  KANTEI_RETURN_IF_ERROR(
      Run(database,
          "INSERT INTO decisions (inspection_id, at, user_id, kind, verdict, reason, about, run, band) "
          "VALUES (?, ?, ?, 'decision', ?, ?, ?, ?, ?)",
          inspection_id, UtcNow(), user_id, verdict, reason, JoinList(about), known.runs,
          static_cast<int>(known.findings.band)));
  Decision added;
  added.user_id = user_id;
  added.verdict = verdict;
  standing.push_back(added);
  KANTEI_RETURN_IF_ERROR(SaveState(database, inspection_id, StateOf(standing, settings),
                                   static_cast<std::int64_t>(known.findings.band)));
  KANTEI_RETURN_IF_ERROR(change.Commit());
  return ReviewOutcome::kDone;
}

Result<ReviewOutcome> Review::Undo(std::int64_t inspection_id, std::int64_t user_id, bool anyones,
                                   const std::string& reason) {
  KANTEI_TRY(ServerDatabase::Transaction change, database_->Begin());
  const LockedDatabase database(database_);
  KANTEI_TRY(const Case known, Cases(database_).Get(inspection_id));
  KANTEI_TRY(const ReviewSettings settings, Settings());
  KANTEI_TRY(const std::vector<Decision> decisions, Decisions(inspection_id));
  std::vector<Decision> standing = Standing(decisions);
  if (standing.empty()) return ReviewOutcome::kNothingToUndo;
  const Decision latest = standing.back();
  if (latest.user_id != user_id && !anyones) return ReviewOutcome::kNotYours;
  KANTEI_RETURN_IF_ERROR(
      Run(database,
          "INSERT INTO decisions (inspection_id, at, user_id, kind, verdict, reason, about, run, band, "
          "undoes) VALUES (?, ?, ?, 'undo', ?, ?, '', ?, ?, ?)",
          inspection_id, UtcNow(), user_id, latest.verdict, reason, known.runs,
          static_cast<int>(known.findings.band), latest.decision_id));
  standing.pop_back();
  KANTEI_TRY(const std::int64_t band, Number(database, "SELECT band FROM decisions WHERE decision_id = ?",
                                             standing.empty() ? 0 : standing.back().decision_id));
  KANTEI_RETURN_IF_ERROR(SaveState(database, inspection_id, StateOf(standing, settings), band));
  KANTEI_RETURN_IF_ERROR(change.Commit());
  return ReviewOutcome::kDone;
}

Result<std::vector<Decision>> Review::Decisions(std::int64_t inspection_id) {
  const LockedDatabase database(database_);
  KANTEI_TRY(Statement row, Query(database,
                                  "SELECT decision_id, inspection_id, at, user_id, kind, verdict, reason, "
                                  "about, run, EXISTS (SELECT 1 FROM "
                                  "decisions AS u WHERE u.undoes = d.decision_id) FROM decisions AS d WHERE "
                                  "inspection_id = ? ORDER BY "
                                  "decision_id",
                                  inspection_id));
  std::vector<Decision> decisions;
  while (true) {
    KANTEI_TRY(const bool more, row.Step());
    if (!more) return decisions;
    decisions.push_back({row.Int(0), row.Int(1), row.Text(2), row.Int(3), row.Text(4), row.Text(5),
                         row.Text(6), SplitList(row.Text(7)), row.Int(8), row.Int(9) != 0});
  }
}

Result<ReviewSettings> Review::Settings() {
  ReviewSettings settings;
  KANTEI_TRY(const auto two_person, database_->GetSetting("review.two_person"));
  settings.two_person = two_person.value_or(settings.two_person);
  KANTEI_TRY(const auto reason, database_->GetSetting("review.reason_required"));
  settings.reason_required = reason.value_or("0") == "1";
  return settings;
}

Status Review::SetSettings(const ReviewSettings& settings) {
  KANTEI_TRY(ServerDatabase::Transaction change, database_->Begin());
  KANTEI_RETURN_IF_ERROR(database_->SetSetting("review.two_person", settings.two_person));
  KANTEI_RETURN_IF_ERROR(
      database_->SetSetting("review.reason_required", settings.reason_required ? "1" : "0"));
  return change.Commit();
}

Result<std::vector<ReviewedScore>> Review::ReviewedScores(const std::string& score) {
  const std::string check = score == "copy" ? "copy" : "authenticity";
  const std::string column = "score_" + score;
  const LockedDatabase database(database_);
  KANTEI_TRY(
      Statement row,
      Query(database,
            "SELECT " + column +
                ", state = 'confirmed', (SELECT about FROM decisions AS d WHERE d.inspection_id = "
                "i.inspection_id AND d.kind = 'decision' AND NOT EXISTS (SELECT 1 FROM decisions AS u WHERE "
                "u.undoes = d.decision_id) ORDER BY decision_id DESC LIMIT 1) FROM inspections AS i WHERE " +
                column + " IS NOT NULL AND state IN ('confirmed', 'dismissed')"));
  std::vector<ReviewedScore> scores;
  while (true) {
    KANTEI_TRY(const bool more, row.Step());
    if (!more) return scores;
    const std::vector<std::string> about = SplitList(row.Text(2));
    if (!about.empty() && std::find(about.begin(), about.end(), check) == about.end()) continue;
    scores.push_back({static_cast<double>(row.Int(0)) / 1e6, row.Int(1) != 0});
  }
}

Result<std::vector<double>> Review::AllScores(const std::string& score) {
  const std::string column = "score_" + score;
  const LockedDatabase database(database_);
  KANTEI_TRY(Statement row, Query(database, "SELECT " + column + " FROM inspections WHERE " + column +
                                                " IS NOT NULL ORDER BY " + column));
  std::vector<double> scores;
  while (true) {
    KANTEI_TRY(const bool more, row.Step());
    if (!more) return scores;
    scores.push_back(static_cast<double>(row.Int(0)) / 1e6);
  }
}

}  // namespace kantei::store
