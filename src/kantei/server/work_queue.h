// Workers over the queue on disk. What is under way lives in memory alone: after a crash it waits again.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/store/job_store.h"

namespace kantei::server {

class WorkQueue {
 public:
  /// `work` does one item and writes its outcome itself; called on `workers` threads at once. An exception or an item that still
  /// waits afterwards is written down as failed.
  using Work = std::function<Status(const store::JobItem& item)>;
  WorkQueue(store::ServerDatabase* database, int workers, int job_days, Work work);
  ~WorkQueue();  ///< Stop

  void Start();
  /// Lets running items end; what waits stays on disk.
  void Stop();
  /// New items wait.
  void Wake();
  /// True when the item has ended, false when the time was over first.
  bool WaitFor(std::int64_t item_id, int seconds);
  /// Items that had not begun. Returns the names of spool files that nobody needs any more.
  Result<std::vector<std::string>> Cancel(std::int64_t job_id);

  std::vector<std::int64_t> running() const;
  int workers() const { return workers_; }
  /// When an ended job leaves the list.
  std::string ExpiryOfJobs() const;

 private:
  void Loop();
  bool TakeNext(store::JobItem* item);
  void RunItem(const store::JobItem& item);

  store::Jobs jobs_;
  int workers_, job_days_;
  Work work_;
  mutable std::mutex mutex_;
  std::condition_variable wake_, ended_;
  std::set<std::int64_t> running_;
  std::vector<std::thread> threads_;
  bool stopping_ = false, waiting_work_ = true;
};

}  // namespace kantei::server
