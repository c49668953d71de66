#include "kantei/store/case_store.h"

#include <cmath>
#include <utility>

#include "kantei/base/clock.h"
#include "kantei/store/case_rows.h"
#include "kantei/store/server_state.h"

namespace kantei::store {
namespace {

std::optional<std::int64_t> Millionths(const std::optional<double>& score) {
  if (!score) return std::nullopt;
  return static_cast<std::int64_t>(std::llround(*score * 1e6));
}

Status PutArtifacts(const LockedDatabase& database, std::int64_t inspection_id,
                    const std::vector<Artifact>& artifacts) {
  KANTEI_RETURN_IF_ERROR(Run(database, "DELETE FROM artifacts WHERE inspection_id = ?", inspection_id));
  for (const Artifact& artifact : artifacts)
    KANTEI_RETURN_IF_ERROR(Run(
        database,
        "INSERT INTO artifacts (inspection_id, name, type, bytes, sha256, file) VALUES (?, ?, ?, ?, ?, ?)",
        inspection_id, artifact.name, artifact.type, artifact.bytes, artifact.sha256, artifact.file));
  return {};
}

Status PutRun(const LockedDatabase& database, std::int64_t inspection_id, std::int64_t run,
              const CaseFindings& findings, const std::string& at) {
  return Run(database,
             "INSERT INTO runs (inspection_id, run, at, tool_version, band, library_pictures, result) VALUES "
             "(?, ?, ?, ?, ?, ?, ?)",
             inspection_id, run, at, findings.tool_version, static_cast<int>(findings.band),
             findings.library_pictures, DumpJson(findings.result));
}

std::optional<std::string> Dumped(const std::optional<Json>& json) {
  if (!json) return std::nullopt;
  return DumpJson(*json);
}

}  // namespace

Result<std::int64_t> Cases::Add(const NewCase& facts, const CaseFindings& findings,
                                const std::vector<Artifact>& artifacts) {
  KANTEI_TRY(ServerDatabase::Transaction change, database_->Begin());
  const LockedDatabase database(database_);
  const std::string now = UtcNow();
  KANTEI_RETURN_IF_ERROR(Run(
      database,
      "INSERT INTO inspections (job_id, user_id, source, created_at, updated_at, file_name, sha256, bytes, "
      "format, width, "
      "height, pdq, pdq_quality, band, bands, score_copy, score_ai_made, score_edited, evidence, top_match, "
      "error, runs, "
      "folder) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)",
      facts.job_id, facts.user_id, facts.source, now, now, facts.file_name, findings.sha256, findings.bytes,
      findings.format, findings.width, findings.height, findings.pdq, findings.pdq_quality,
      static_cast<int>(findings.band), DumpJson(findings.bands), Millionths(findings.score_copy),
      Millionths(findings.score_ai_made), Millionths(findings.score_edited), *Millionths(findings.evidence),
      Dumped(findings.top_match), findings.error, facts.folder));
  const std::int64_t inspection_id = database->LastInsertId();
  KANTEI_RETURN_IF_ERROR(PutRun(database, inspection_id, 1, findings, now));
  KANTEI_RETURN_IF_ERROR(PutArtifacts(database, inspection_id, artifacts));
  KANTEI_RETURN_IF_ERROR(SetLabels(inspection_id, facts.labels));
  KANTEI_RETURN_IF_ERROR(change.Commit());
  return inspection_id;
}

Status Cases::AddRun(std::int64_t inspection_id, const CaseFindings& findings,
                     const std::vector<Artifact>& artifacts) {
  KANTEI_TRY(ServerDatabase::Transaction change, database_->Begin());
  const LockedDatabase database(database_);
  KANTEI_TRY(const Case known, Get(inspection_id));
  if (known.erased)
    return Error{ErrorCode::kNotFound,
                 "the picture of inspection " + std::to_string(inspection_id) + " was erased"};
  const std::string now = UtcNow();
  KANTEI_RETURN_IF_ERROR(
      Run(database,
          "UPDATE inspections SET updated_at = ?, band = ?, bands = ?, score_copy = ?, score_ai_made = ?, "
          "score_edited = ?, "
          "evidence = ?, top_match = ?, error = ?, runs = runs + 1 WHERE inspection_id = ?",
          now, static_cast<int>(findings.band), DumpJson(findings.bands), Millionths(findings.score_copy),
          Millionths(findings.score_ai_made), Millionths(findings.score_edited),
          *Millionths(findings.evidence), Dumped(findings.top_match), findings.error, inspection_id));
  KANTEI_RETURN_IF_ERROR(PutRun(database, inspection_id, known.runs + 1, findings, now));
  KANTEI_RETURN_IF_ERROR(PutArtifacts(database, inspection_id, artifacts));
  return change.Commit();
}

Result<Case> Cases::Get(std::int64_t inspection_id) {
  const LockedDatabase database(database_);
  KANTEI_TRY(Statement row, Query(database, CaseColumns() + " WHERE inspection_id = ?", inspection_id));
  KANTEI_TRY(const bool found, row.Step());
  if (!found) return Error{ErrorCode::kNotFound, "there is no inspection " + std::to_string(inspection_id)};
  return ReadCase(row);
}

Result<Json> Cases::ResultOf(std::int64_t inspection_id) {
  const LockedDatabase database(database_);
  KANTEI_TRY(Statement row,
             Query(database, "SELECT result FROM runs WHERE inspection_id = ? ORDER BY run DESC LIMIT 1",
                   inspection_id));
  KANTEI_TRY(const bool found, row.Step());
  if (!found) return Error{ErrorCode::kNotFound, "there is no inspection " + std::to_string(inspection_id)};
  return ParseJson(row.Text(0), "the stored result of inspection " + std::to_string(inspection_id));
}

Result<std::vector<CaseRun>> Cases::Runs(std::int64_t inspection_id) {
  const LockedDatabase database(database_);
  KANTEI_TRY(Statement row, Query(database,
                                  "SELECT run, at, tool_version, band, library_pictures FROM runs WHERE "
                                  "inspection_id = ? ORDER BY run",
                                  inspection_id));
  std::vector<CaseRun> runs;
  while (true) {
    KANTEI_TRY(const bool more, row.Step());
    if (!more) return runs;
    runs.push_back({row.Int(0), row.Text(1), row.Text(2), static_cast<Band>(row.Int(3)), row.Int(4)});
  }
}

Result<std::vector<Artifact>> Cases::Artifacts(std::int64_t inspection_id) {
  const LockedDatabase database(database_);
  KANTEI_TRY(
      Statement row,
      Query(database,
            "SELECT name, type, bytes, sha256, file FROM artifacts WHERE inspection_id = ? ORDER BY name",
            inspection_id));
  std::vector<Artifact> artifacts;
  while (true) {
    KANTEI_TRY(const bool more, row.Step());
    if (!more) return artifacts;
    artifacts.push_back({row.Text(0), row.Text(1), row.Int(2), row.Text(3), row.Text(4)});
  }
}

Status Cases::SetLabels(std::int64_t inspection_id, const std::vector<std::string>& labels) {
  KANTEI_TRY(ServerDatabase::Transaction change, database_->Begin());
  const LockedDatabase database(database_);
  KANTEI_RETURN_IF_ERROR(Run(database, "DELETE FROM labels WHERE inspection_id = ?", inspection_id));
  for (const std::string& label : labels)
    KANTEI_RETURN_IF_ERROR(Run(database, "INSERT OR IGNORE INTO labels (inspection_id, label) VALUES (?, ?)",
                               inspection_id, label));
  return change.Commit();
}

Result<std::string> Cases::Erase(std::int64_t inspection_id) {
  KANTEI_TRY(ServerDatabase::Transaction change, database_->Begin());
  const LockedDatabase database(database_);
  KANTEI_TRY(const Case known, Get(inspection_id));
  KANTEI_RETURN_IF_ERROR(Run(database, "DELETE FROM artifacts WHERE inspection_id = ?", inspection_id));
  KANTEI_RETURN_IF_ERROR(Run(database,
                             "UPDATE inspections SET erased = 1, updated_at = ? WHERE inspection_id = ?",
                             UtcNow(), inspection_id));
  KANTEI_RETURN_IF_ERROR(change.Commit());
  return known.folder;
}

Result<std::int64_t> Cases::Count() {
  return Number(LockedDatabase(database_), "SELECT count(*) FROM inspections");
}

Result<std::vector<Cases::HashRow>> Cases::Hashes(int min_quality) {
  const LockedDatabase database(database_);
  KANTEI_TRY(
      Statement row,
      Query(database, "SELECT inspection_id, pdq FROM inspections WHERE pdq <> '' AND pdq_quality >= ?",
            min_quality));
  std::vector<HashRow> hashes;
  while (true) {
    KANTEI_TRY(const bool more, row.Step());
    if (!more) return hashes;
    KANTEI_TRY(const Code256 pdq, Code256::FromHex(row.Text(1)));
    hashes.push_back({row.Int(0), pdq});
  }
}

}  // namespace kantei::store
