#include "kantei/store/job_store.h"

#include <utility>

#include "kantei/base/clock.h"
#include "kantei/store/server_state.h"

namespace kantei::store {
namespace {

constexpr const char* kItemColumns =
    "SELECT item_id, job_id, file_name, spool, state, inspection_id, error_code, error_detail FROM job_items";

constexpr const char* kJobColumns =
    "SELECT job_id, kind, source, user_id, created_at, started_at, finished_at, expires_at, labels, "
    "count(item_id), "
    "sum(state = 'done'), sum(state = 'failed'), sum(state = 'cancelled') FROM jobs JOIN job_items USING "
    "(job_id)";

// The words of JobState, for the filter of lists.
constexpr const char* kStateOfGroup =
    "CASE WHEN finished_at IS NULL THEN iif(started_at IS NULL, 'queued', 'running') "
    "WHEN sum(state = 'cancelled') > 0 THEN 'cancelled' "
    "WHEN sum(state = 'done') = 0 AND sum(state = 'failed') > 0 THEN 'failed' ELSE 'done' END";

JobItem ReadItem(const Statement& row) {
  JobItem item;
  item.item_id = row.Int(0);
  item.job_id = row.Int(1);
  item.file_name = row.Text(2);
  item.spool = row.Text(3);
  item.state = row.Text(4);
  item.inspection_id = OptionalInt(row, 5);
  item.error_code = OptionalText(row, 6);
  item.error_detail = OptionalText(row, 7);
  return item;
}

Job ReadJob(const Statement& row) {
  Job job;
  job.job_id = row.Int(0);
  job.kind = row.Text(1);
  job.source = row.Text(2);
  job.user_id = row.Int(3);
  job.created_at = row.Text(4);
  job.started_at = OptionalText(row, 5);
  job.finished_at = OptionalText(row, 6);
  job.expires_at = OptionalText(row, 7);
  job.labels = row.Text(8);
  job.total = row.Int(9);
  job.done = row.Int(10);
  job.failed = row.Int(11);
  job.cancelled = row.Int(12);
  return job;
}

/// Ids are numbers of ours: they may stand in the statement itself.
std::string NotIn(const std::vector<std::int64_t>& ids) {
  if (ids.empty()) return "";
  std::string list;
  for (const std::int64_t id : ids) list += (list.empty() ? "" : ",") + std::to_string(id);
  return " AND item_id NOT IN (" + list + ")";
}

Result<std::vector<JobItem>> ReadItems(Statement row) {
  std::vector<JobItem> items;
  while (true) {
    KANTEI_TRY(const bool more, row.Step());
    if (!more) return items;
    items.push_back(ReadItem(row));
  }
}

Result<std::vector<std::string>> ReadTexts(Statement row) {
  std::vector<std::string> texts;
  while (true) {
    KANTEI_TRY(const bool more, row.Step());
    if (!more) return texts;
    texts.push_back(row.Text(0));
  }
}

}  // namespace

std::string JobState(const Job& job) {
  if (!job.finished_at) return job.started_at ? "running" : "queued";
  if (job.cancelled > 0) return "cancelled";
  return job.done == 0 && job.failed > 0 ? "failed" : "done";
}

Result<bool> Jobs::Add(Job* job, std::vector<JobItem>* items, bool urgent, bool hidden, std::int64_t limit) {
  KANTEI_TRY(ServerDatabase::Transaction change, database_->Begin());
  const LockedDatabase database(database_);
  KANTEI_TRY(const std::int64_t queued, Queued());
  if (queued + static_cast<std::int64_t>(items->size()) > limit) return false;
  job->created_at = UtcNow();
  KANTEI_RETURN_IF_ERROR(
      Run(database,
          "INSERT INTO jobs (kind, source, user_id, created_at, hidden, labels) VALUES (?, ?, ?, ?, ?, ?)",
          job->kind, job->source, job->user_id, job->created_at, hidden, job->labels));
  job->job_id = database->LastInsertId();
  for (JobItem& item : *items) {
    KANTEI_RETURN_IF_ERROR(
        Run(database,
            "INSERT INTO job_items (job_id, urgent, file_name, spool, state, inspection_id) VALUES (?, ?, "
            "?, ?, 'queued', ?)",
            job->job_id, urgent, item.file_name, item.spool, item.inspection_id));
    item.item_id = database->LastInsertId();
    item.job_id = job->job_id;
    item.state = "queued";
  }
  KANTEI_RETURN_IF_ERROR(change.Commit());
  return true;
}

Result<std::int64_t> Jobs::Queued() {
  return Number(LockedDatabase(database_), "SELECT count(*) FROM job_items WHERE state = 'queued'");
}

Result<std::vector<JobItem>> Jobs::Next(const std::vector<std::int64_t>& running, int limit) {
  const LockedDatabase database(database_);
  KANTEI_TRY(Statement row, Query(database,
                                  std::string(kItemColumns) + " WHERE state = 'queued'" + NotIn(running) +
                                      " ORDER BY urgent DESC, item_id LIMIT ?",
                                  limit));
  return ReadItems(std::move(row));
}

Result<JobItem> Jobs::GetItem(std::int64_t item_id) {
  const LockedDatabase database(database_);
  KANTEI_TRY(Statement row, Query(database, std::string(kItemColumns) + " WHERE item_id = ?", item_id));
  KANTEI_TRY(const bool found, row.Step());
  if (!found) return Error{ErrorCode::kNotFound, "there is no item " + std::to_string(item_id)};
  return ReadItem(row);
}

Status Jobs::EndIfLast(std::int64_t job_id, const std::string& expires_at) {
  const LockedDatabase database(database_);
  return Run(database,
             "UPDATE jobs SET finished_at = ?2, expires_at = ?3 WHERE job_id = ?1 AND finished_at IS NULL "
             "AND NOT EXISTS "
             "(SELECT 1 FROM job_items WHERE job_id = ?1 AND state = 'queued')",
             job_id, UtcNow(), expires_at);
}

Result<bool> Jobs::Finish(std::int64_t item_id, std::int64_t inspection_id, const std::string& expires_at) {
  KANTEI_TRY(ServerDatabase::Transaction change, database_->Begin());
  const LockedDatabase database(database_);
  KANTEI_TRY(const JobItem item, GetItem(item_id));
  if (item.state != "queued") return false;
  KANTEI_RETURN_IF_ERROR(Run(database,
                             "UPDATE job_items SET state = 'done', inspection_id = ? WHERE item_id = ?",
                             inspection_id, item_id));
  KANTEI_RETURN_IF_ERROR(EndIfLast(item.job_id, expires_at));
  KANTEI_RETURN_IF_ERROR(change.Commit());
  return true;
}

Result<bool> Jobs::Fail(std::int64_t item_id, const std::string& code, const std::string& detail,
                        const std::string& expires_at) {
  KANTEI_TRY(ServerDatabase::Transaction change, database_->Begin());
  const LockedDatabase database(database_);
  KANTEI_TRY(const JobItem item, GetItem(item_id));
  if (item.state != "queued") return false;
  KANTEI_RETURN_IF_ERROR(Run(
      database, "UPDATE job_items SET state = 'failed', error_code = ?, error_detail = ? WHERE item_id = ?",
      code, detail, item_id));
  KANTEI_RETURN_IF_ERROR(EndIfLast(item.job_id, expires_at));
  KANTEI_RETURN_IF_ERROR(change.Commit());
  return true;
}

Status Jobs::NoteStart(std::int64_t job_id) {
  return Run(LockedDatabase(database_),
             "UPDATE jobs SET started_at = ? WHERE job_id = ? AND started_at IS NULL", UtcNow(), job_id);
}

Result<std::vector<std::string>> Jobs::Cancel(std::int64_t job_id, const std::vector<std::int64_t>& running,
                                              const std::string& expires_at) {
  KANTEI_TRY(ServerDatabase::Transaction change, database_->Begin());
  const LockedDatabase database(database_);
  KANTEI_TRY(Statement row,
             Query(database,
                   "UPDATE job_items SET state = 'cancelled' WHERE job_id = ? AND state = 'queued'" +
                       NotIn(running) + " RETURNING spool",
                   job_id));
  KANTEI_TRY(std::vector<std::string> spool, ReadTexts(std::move(row)));
  KANTEI_RETURN_IF_ERROR(EndIfLast(job_id, expires_at));
  KANTEI_RETURN_IF_ERROR(change.Commit());
  return spool;
}

Result<Job> Jobs::Get(std::int64_t job_id) {
  const LockedDatabase database(database_);
  KANTEI_TRY(Statement row,
             Query(database, std::string(kJobColumns) + " WHERE job_id = ? GROUP BY job_id", job_id));
  KANTEI_TRY(const bool found, row.Step());
  if (!found)
    return Error{ErrorCode::kNotFound, "there is no job " + std::to_string(job_id) + "; it may have expired"};
  return ReadJob(row);
}

Result<std::vector<JobItem>> Jobs::Items(std::int64_t job_id) {
  const LockedDatabase database(database_);
  KANTEI_TRY(Statement row,
             Query(database, std::string(kItemColumns) + " WHERE job_id = ? ORDER BY item_id", job_id));
  return ReadItems(std::move(row));
}

Result<std::vector<Job>> Jobs::List(const Filter& filter) {
  const LockedDatabase database(database_);
  KANTEI_TRY(Statement row, Query(database,
                                  std::string(kJobColumns) +
                                      " WHERE hidden = 0 AND (?1 = 0 OR job_id < ?1) GROUP BY job_id "
                                      "HAVING ?2 = '' OR ?2 = " +
                                      kStateOfGroup + " ORDER BY job_id DESC LIMIT ?3",
                                  filter.before_id, filter.state, filter.limit));
  std::vector<Job> jobs;
  while (true) {
    KANTEI_TRY(const bool more, row.Step());
    if (!more) return jobs;
    jobs.push_back(ReadJob(row));
  }
}

Result<std::int64_t> Jobs::Ahead(std::int64_t job_id) {
  return Number(LockedDatabase(database_),
                "SELECT count(*) FROM job_items WHERE state = 'queued' AND item_id < (SELECT min(item_id) "
                "FROM job_items "
                "WHERE job_id = ? AND state = 'queued')",
                job_id);
}

Status Jobs::DropExpired() {
  return Run(LockedDatabase(database_), "DELETE FROM jobs WHERE expires_at IS NOT NULL AND expires_at <= ?",
             UtcNow());
}

Result<std::vector<std::string>> Jobs::SpoolInUse() {
  const LockedDatabase database(database_);
  KANTEI_TRY(Statement row,
             Query(database, "SELECT spool FROM job_items WHERE state = 'queued' AND spool <> ''"));
  return ReadTexts(std::move(row));
}

}  // namespace kantei::store
