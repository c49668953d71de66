// The queue on disk: what was accepted is there after a crash, what was finished is not done again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/store/server_database.h"

namespace kantei::store {

struct JobItem {
  std::int64_t item_id = 0;
  std::int64_t job_id = 0;
  std::string file_name;  ///< as sent
  std::string spool;      ///< name of the file in the spool directory; of a re-run: empty
  std::string state;      ///< "queued", "done", "failed", "cancelled"
  std::optional<std::int64_t> inspection_id;
  std::optional<std::string> error_code, error_detail;
};

struct Job {
  std::int64_t job_id = 0;
  std::string kind;    ///< "inspect", "rerun"
  std::string source;  ///< "console", "api", "watch"
  std::int64_t user_id = 0;
  std::string created_at;
  std::optional<std::string> started_at, finished_at, expires_at;
  std::string labels;  ///< comma-separated, for the inspections that come of it
  std::int64_t total = 0, done = 0, failed = 0, cancelled = 0;
};

class Jobs {
 public:
  explicit Jobs(ServerDatabase* database) : database_(database) {}

  /// Takes job and items, or says that the queue has no room for them (0: taken, else how many wait). Ids are filled in.
  /// `urgent` items go first; `hidden` jobs are those that were answered at once.
  Result<bool> Add(Job* job, std::vector<JobItem>* items, bool urgent, bool hidden, std::int64_t limit);
  Result<std::int64_t> Queued();
  /// The next items that wait, without those in `running`.
  Result<std::vector<JobItem>> Next(const std::vector<std::int64_t>& running, int limit);
  Result<JobItem> GetItem(std::int64_t item_id);
  /// False when the item was cancelled meanwhile, so that nothing changed. Ends the job with its last item.
  Result<bool> Finish(std::int64_t item_id, std::int64_t inspection_id, const std::string& expires_at);
  Result<bool> Fail(std::int64_t item_id, const std::string& code, const std::string& detail,
                    const std::string& expires_at);
  Status NoteStart(std::int64_t job_id);
  /// Spool names of what was cancelled.
  Result<std::vector<std::string>> Cancel(std::int64_t job_id, const std::vector<std::int64_t>& running,
                                          const std::string& expires_at);

  Result<Job> Get(std::int64_t job_id);
  Result<std::vector<JobItem>> Items(std::int64_t job_id);
  struct Filter {
    std::string state;           ///< "queued", "running", "done", "failed", "cancelled", or empty
    std::int64_t before_id = 0;  ///< 0: from the newest on
    int limit = 50;
  };
  Result<std::vector<Job>> List(const Filter& filter);
  /// Queued items that come before the first one of this job.
  Result<std::int64_t> Ahead(std::int64_t job_id);
  /// Removes ended jobs whose time is over; inspections stay.
  Status DropExpired();
  /// Spool names that items still wait for.
  Result<std::vector<std::string>> SpoolInUse();

 private:
  Status EndIfLast(std::int64_t job_id, const std::string& expires_at);
  ServerDatabase* database_;
};

/// "queued", "running", "done", "failed" or "cancelled". `running`: at least one of its items is being worked on.
std::string JobState(const Job& job);

}  // namespace kantei::store
