#include <string>
#include <vector>

#include "kantei/store/catalog_state.h"

namespace kantei::store {
namespace {

constexpr int kMaxProblemsEach = 100;

/// Runs a query of which each row is one problem; `describe` makes its sentence.
template <typename Describe>
Status Collect(Database* database, const std::string& sql, const Describe& describe,
               std::vector<std::string>* problems) {
  KANTEI_TRY(Statement statement, database->Prepare(sql));
  while (true) {
    KANTEI_TRY(const bool row, statement.Step());
    if (!row) return {};
    problems->push_back(describe(statement));
  }
}

std::string Numbered(const Statement& row, const std::string& sentence) {
  return "picture " + std::to_string(row.Int(0)) + " " + sentence;
}

}  // namespace

Result<std::vector<std::string>> Catalog::Verify(const CancellationToken& cancellation) {
  KANTEI_RETURN_IF_ERROR(cancellation.Check());
  Database* database = state_->database.get();
  const Database::CancelScope scope(database, cancellation);
  std::vector<std::string> problems;
  const std::string name = DisplayPath(database->file());

  const Status integrity = Collect(
      database, "PRAGMA integrity_check(" + std::to_string(kMaxProblemsEach) + ")",
      [&](const Statement& row) { return name + " fails SQLite's integrity check: " + row.Text(0); },
      &problems);
  if (problems.size() == 1 && problems.front().ends_with(": ok")) problems.clear();
  if (!integrity.ok()) {
    if (integrity.error().code != ErrorCode::kCorrupt) return integrity.error();
    problems.push_back(integrity.error().message);
    return problems;  // nothing below can be trusted on pages that cannot be read
  }

  const auto broken_reference = [&](const Statement& row) {
    return "row " + std::to_string(row.Int(1)) + " of the table " + row.Text(0) +
           " points to a row that is not in " + row.Text(2);
  };
  KANTEI_RETURN_IF_ERROR(Collect(database, "PRAGMA foreign_key_check", broken_reference, &problems));

  struct Rule {
    const char* sql;
    const char* sentence;
  };
  static constexpr Rule kRules[] = {
      {"SELECT picture_id FROM pictures LEFT JOIN blobs USING (picture_id) "
       "WHERE has_features = 1 AND coalesce(length(features), 0) = 0",
       "says that it has local features, but none are stored; remove and add it again"},
      {"SELECT picture_id FROM pictures JOIN blobs USING (picture_id) WHERE has_features = 0 AND "
       "length(features) > 0",
       "has local features that it does not know of; remove and add it again"},
      {"SELECT picture_id FROM pictures WHERE sha256 IS NOT NULL AND length(path) = 0",
       "has a SHA-256 but no path; remove it and add the file again"},
      {"SELECT picture_id FROM pictures JOIN blobs USING (picture_id) WHERE sha256 IS NULL",
       "is a bare hash and yet has blobs; remove it and import the hash again"},
      {"SELECT picture_id FROM pictures JOIN removals USING (picture_id)",
       "is there although its removal was recorded; remove it again"},
      {"SELECT picture_id FROM pictures WHERE picture_id > "
       "coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'pictures'), 0)",
       "has a higher number than was ever given out; restore the catalogue from a backup"},
  };
  for (const Rule& rule : kRules) {
    const auto describe = [&](const Statement& row) { return Numbered(row, rule.sentence); };
    KANTEI_RETURN_IF_ERROR(
        Collect(database, rule.sql + (" LIMIT " + std::to_string(kMaxProblemsEach)), describe, &problems));
  }

  for (const char* bank : {"allow", "deny", "ignore"}) {
    KANTEI_TRY(Statement statement, database->Prepare("SELECT kind FROM banks WHERE name = ?"));
    KANTEI_TRY(const bool found, statement.Bind(std::string_view(bank)).Step());
    if (!found)
      problems.push_back("the bank '" + std::string(bank) +
                         "' is missing; restore the catalogue from a backup");
  }
  KANTEI_TRY(const Checkpoint checkpoint, CurrentCheckpoint());
  if (checkpoint.catalog_uuid.empty()) {
    problems.push_back(name + " has no identity (catalog_uuid); indexes cannot be checked against it");
  }
  KANTEI_TRY(const std::vector<std::int64_t> removed, RemovedSince(0));
  if (static_cast<std::int64_t>(removed.size()) != checkpoint.removals) {
    problems.push_back("the record of removals has gaps; rebuild the indexes");
  }
  return problems;
}

}  // namespace kantei::store
