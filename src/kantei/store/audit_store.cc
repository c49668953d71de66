#include "kantei/store/audit_store.h"

#include <utility>

#include "kantei/base/clock.h"
#include "kantei/base/sha256.h"
#include "kantei/store/server_state.h"

namespace kantei::store {
namespace {

constexpr const char* kColumns =
    "SELECT seq, at, actor, address, action, target, detail, request_id, hash FROM audit";
const std::string kFirstHash(64, '0');

/// Every field with its length before it, so that no two different rows read alike.
std::string ChainHash(const std::string& previous, std::int64_t seq, const std::vector<std::string>& fields) {
  std::string text = previous + "\n" + std::to_string(seq) + "\n";
  for (const std::string& field : fields) text += std::to_string(field.size()) + ":" + field + "\n";
  return Sha256Hex(std::string_view(text));
}

Result<AuditVerdict> VerifyRows(Database* database, const CancellationToken& cancellation) {
  const Database::CancelScope scope(database, cancellation);
  KANTEI_TRY(Statement row, database->Prepare(std::string(kColumns) + " ORDER BY seq"));
  AuditVerdict verdict;
  verdict.head = kFirstHash;
  while (true) {
    KANTEI_TRY(const bool more, row.Step());
    if (!more) return verdict;
    const std::int64_t seq = row.Int(0);
    if (seq != verdict.rows + 1) {
      verdict.problem = "row " + std::to_string(verdict.rows + 1) + " is missing";
      return verdict;
    }
    const std::string hash = ChainHash(
        verdict.head, seq,
        {row.Text(1), row.Text(2), row.Text(3), row.Text(4), row.Text(5), row.Text(6), row.Text(7)});
    if (hash != row.Text(8)) {
      verdict.problem = "row " + std::to_string(seq) + " (" + row.Text(1) + ", " + row.Text(4) +
                        ") does not fit its hash: it, or a row before it, was changed";
      return verdict;
    }
    verdict.head = hash;
    verdict.rows = seq;
  }
}

}  // namespace

Status AuditLog::Append(AuditRow row) {
  KANTEI_TRY(ServerDatabase::Transaction change, database_->Begin());
  const LockedDatabase database(database_);
  std::int64_t seq = 1;
  std::string previous = kFirstHash;
  {
    KANTEI_TRY(Statement last, Query(database, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1"));
    KANTEI_TRY(const bool found, last.Step());
    if (found) {
      seq = last.Int(0) + 1;
      previous = last.Text(1);
    }
  }
  const std::string at = UtcNow(), detail = DumpJson(row.detail);
  const std::string hash =
      ChainHash(previous, seq, {at, row.actor, row.address, row.action, row.target, detail, row.request_id});
  KANTEI_RETURN_IF_ERROR(
      Run(database,
          "INSERT INTO audit (seq, at, actor, address, action, target, detail, request_id, hash) "
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
          seq, at, row.actor, row.address, row.action, row.target, detail, row.request_id, hash));
  return change.Commit();
}

Result<std::vector<AuditRow>> AuditLog::List(const AuditFilter& filter) {
  const LockedDatabase database(database_);
  KANTEI_TRY(
      Statement row,
      Query(database,
            std::string(kColumns) +
                " WHERE (?1 = 0 OR seq < ?1) AND (?2 = '' OR actor = ?2) AND (?3 = '' OR substr(action, 1, "
                "length(?3)) = ?3) AND (?4 = '' OR target = ?4) AND (?5 = '' OR at >= ?5) AND (?6 = '' OR at "
                "< ?6) "
                "ORDER BY seq DESC LIMIT ?7",
            filter.before_seq, filter.actor, filter.action_prefix, filter.target, filter.from, filter.to,
            filter.limit));
  std::vector<AuditRow> rows;
  while (true) {
    KANTEI_TRY(const bool more, row.Step());
    if (!more) return rows;
    AuditRow out;
    out.seq = row.Int(0);
    out.at = row.Text(1);
    out.actor = row.Text(2);
    out.address = row.Text(3);
    out.action = row.Text(4);
    out.target = row.Text(5);
    auto detail = ParseJson(row.Text(6), "audit detail");
    if (detail.ok()) out.detail = std::move(*detail);
    out.request_id = row.Text(7);
    out.hash = row.Text(8);
    rows.push_back(std::move(out));
  }
}

Result<AuditVerdict> AuditLog::Verify(const CancellationToken& cancellation) {
  // A connection of its own: a long log must not hold up the others.
  return VerifyAuditFile(database_->file(), cancellation);
}

Result<AuditVerdict> VerifyAuditFile(const std::filesystem::path& file,
                                     const CancellationToken& cancellation) {
  std::error_code failure;
  if (!std::filesystem::is_regular_file(file, failure))
    return Error{ErrorCode::kNotFound,
                 DisplayPath(file) + " is no file; name the server.sqlite of a Kantei server"};
  KANTEI_TRY(const std::unique_ptr<Database> database, Database::Open(file, Database::Access::kRead));
  return VerifyRows(database.get(), cancellation);
}

Result<bool> AuditFileHasHash(const std::filesystem::path& file, const std::string& hash) {
  KANTEI_TRY(const std::unique_ptr<Database> database, Database::Open(file, Database::Access::kRead));
  KANTEI_TRY(Statement row, database->Prepare("SELECT 1 FROM audit WHERE hash = ?"));
  return row.Bind(std::string_view(hash)).Step();
}

}  // namespace kantei::store
