// Notes, assignments, case files, retroactive matches.
#include <utility>

#include "kantei/base/clock.h"
#include "kantei/store/review_store.h"
#include "kantei/store/server_state.h"

namespace kantei::store {
namespace {

constexpr const char* kCaseFileColumns =
    "SELECT case_file_id, inspection_id, at, user_id, language, sha256, bytes, file FROM case_files";

CaseFile ReadCaseFile(const Statement& row) {
  return {row.Int(0), row.Int(1), row.Text(2), row.Int(3), row.Text(4), row.Text(5), row.Int(6), row.Text(7)};
}

}  // namespace

Status Review::Assign(std::int64_t inspection_id, std::optional<std::int64_t> user_id) {
  const LockedDatabase database(database_);
  KANTEI_TRY(const Case known, Cases(database_).Get(inspection_id));
  return Run(database, "UPDATE inspections SET assignee = ?, updated_at = ? WHERE inspection_id = ?", user_id,
             UtcNow(), known.inspection_id);
}

Result<Note> Review::AddNote(std::int64_t inspection_id, std::int64_t user_id, const std::string& text) {
  KANTEI_TRY(ServerDatabase::Transaction change, database_->Begin());
  const LockedDatabase database(database_);
  KANTEI_TRY(const Case known, Cases(database_).Get(inspection_id));
  Note note{0, known.inspection_id, UtcNow(), user_id, text};
  KANTEI_RETURN_IF_ERROR(Run(database,
                             "INSERT INTO notes (inspection_id, at, user_id, text) VALUES (?, ?, ?, ?)",
                             inspection_id, note.at, user_id, text));
  note.note_id = database->LastInsertId();
  KANTEI_RETURN_IF_ERROR(change.Commit());
  return note;
}

Result<std::vector<Note>> Review::Notes(std::int64_t inspection_id) {
  const LockedDatabase database(database_);
  KANTEI_TRY(Statement row, Query(database,
                                  "SELECT note_id, inspection_id, at, user_id, text FROM notes WHERE "
                                  "inspection_id = ? ORDER BY note_id",
                                  inspection_id));
  std::vector<Note> notes;
  while (true) {
    KANTEI_TRY(const bool more, row.Step());
    if (!more) return notes;
    notes.push_back({row.Int(0), row.Int(1), row.Text(2), row.Int(3), row.Text(4)});
  }
}

Result<CaseFile> Review::AddCaseFile(const CaseFile& file) {
  const LockedDatabase database(database_);
  KANTEI_RETURN_IF_ERROR(
      Run(database,
          "INSERT INTO case_files (inspection_id, at, user_id, language, sha256, bytes, file) VALUES (?, ?, "
          "?, ?, ?, ?, ?)",
          file.inspection_id, file.at, file.user_id, file.language, file.sha256, file.bytes, file.file));
  return GetCaseFile(database->LastInsertId());
}

Result<std::vector<CaseFile>> Review::CaseFiles(std::int64_t inspection_id) {
  const LockedDatabase database(database_);
  KANTEI_TRY(
      Statement row,
      Query(database, std::string(kCaseFileColumns) + " WHERE inspection_id = ? ORDER BY case_file_id DESC",
            inspection_id));
  std::vector<CaseFile> files;
  while (true) {
    KANTEI_TRY(const bool more, row.Step());
    if (!more) return files;
    files.push_back(ReadCaseFile(row));
  }
}

Result<CaseFile> Review::GetCaseFile(std::int64_t case_file_id) {
  const LockedDatabase database(database_);
  KANTEI_TRY(Statement row,
             Query(database, std::string(kCaseFileColumns) + " WHERE case_file_id = ?", case_file_id));
  KANTEI_TRY(const bool found, row.Step());
  if (!found) return Error{ErrorCode::kNotFound, "there is no case file " + std::to_string(case_file_id)};
  return ReadCaseFile(row);
}

Result<std::optional<CaseFile>> Review::FindCaseFile(const std::string& sha256) {
  const LockedDatabase database(database_);
  KANTEI_TRY(
      Statement row,
      Query(database, std::string(kCaseFileColumns) + " WHERE sha256 = ? ORDER BY case_file_id LIMIT 1",
            sha256));
  KANTEI_TRY(const bool found, row.Step());
  return found ? std::optional<CaseFile>(ReadCaseFile(row)) : std::nullopt;
}

Result<bool> Review::AddRetroactive(const RetroactiveMatch& match) {
  KANTEI_TRY(ServerDatabase::Transaction change, database_->Begin());
  const LockedDatabase database(database_);
  KANTEI_RETURN_IF_ERROR(
      Run(database,
          "INSERT OR IGNORE INTO retroactive (inspection_id, picture_id, label, bank, pdq_distance, at) "
          "VALUES (?, ?, ?, ?, ?, ?)",
          match.inspection_id, match.picture_id, match.label, match.bank, match.pdq_distance, UtcNow()));
  if (database->Changes() == 0) return false;
  KANTEI_RETURN_IF_ERROR(Run(database,
                             "UPDATE inspections SET retroactive = retroactive + 1 WHERE inspection_id = ?",
                             match.inspection_id));
  KANTEI_RETURN_IF_ERROR(change.Commit());
  return true;
}

Result<std::vector<RetroactiveMatch>> Review::Retroactive(std::int64_t inspection_id,
                                                          std::optional<bool> seen, std::int64_t before_id,
                                                          int limit) {
  const LockedDatabase database(database_);
  KANTEI_TRY(
      Statement row,
      Query(
          database,
          "SELECT retroactive_id, inspection_id, picture_id, file_name, label, bank, pdq_distance, at, seen "
          "FROM "
          "(SELECT r.*, i.file_name FROM retroactive AS r JOIN inspections AS i USING (inspection_id)) WHERE "
          "(?1 = 0 "
          "OR inspection_id = ?1) AND (?2 IS NULL OR seen = ?2) AND (?3 = 0 OR retroactive_id < ?3) ORDER BY "
          "retroactive_id DESC LIMIT ?4",
          inspection_id, seen, before_id, limit));
  std::vector<RetroactiveMatch> matches;
  while (true) {
    KANTEI_TRY(const bool more, row.Step());
    if (!more) return matches;
    matches.push_back({row.Int(0), row.Int(1), row.Int(2), row.Text(3), row.Text(4), row.Text(5),
                       static_cast<int>(row.Int(6)), row.Text(7), row.Int(8) != 0});
  }
}

Result<std::int64_t> Review::MarkSeen(const std::vector<std::int64_t>& retroactive_ids) {
  KANTEI_TRY(ServerDatabase::Transaction change, database_->Begin());
  const LockedDatabase database(database_);
  std::int64_t changed = 0;
  for (const std::int64_t id : retroactive_ids) {
    KANTEI_RETURN_IF_ERROR(
        Run(database, "UPDATE retroactive SET seen = 1 WHERE retroactive_id = ? AND seen = 0", id));
    if (database->Changes() == 0) continue;
    ++changed;
    KANTEI_RETURN_IF_ERROR(
        Run(database,
            "UPDATE inspections SET retroactive = max(0, retroactive - 1) WHERE inspection_id = (SELECT "
            "inspection_id FROM retroactive WHERE retroactive_id = ?)",
            id));
  }
  KANTEI_RETURN_IF_ERROR(change.Commit());
  return changed;
}

}  // namespace kantei::store
