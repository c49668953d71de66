#include "kantei/server/work_queue.h"

#include <chrono>
#include <exception>
#include <utility>

#include "kantei/base/clock.h"
#include "kantei/base/log.h"
#include "kantei/base/parallel.h"

namespace kantei::server {

WorkQueue::WorkQueue(store::ServerDatabase* database, int workers, int job_days, Work work)
    : jobs_(database), workers_(ThreadCount(workers)), job_days_(job_days), work_(std::move(work)) {}

WorkQueue::~WorkQueue() {
  Stop();
}

void WorkQueue::Start() {
  for (int i = 0; i < workers_; ++i) threads_.emplace_back([this] { Loop(); });
}

void WorkQueue::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  ended_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void WorkQueue::Wake() {
  {
    const std::lock_guard lock(mutex_);
    waiting_work_ = true;
  }
  wake_.notify_all();
}

bool WorkQueue::WaitFor(std::int64_t item_id, int seconds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const auto item = jobs_.GetItem(item_id);
    lock.lock();
    if (!item.ok() || item->state != "queued") return item.ok();
    // A wake-up between the look and the wait would be lost, so no wait is long.
    const auto soon = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
    if (soon > until) return false;
    ended_.wait_until(lock, soon);
  }
  return false;
}

Result<std::vector<std::string>> WorkQueue::Cancel(std::int64_t job_id) {
  const std::lock_guard lock(mutex_);  // no item begins meanwhile
  return jobs_.Cancel(job_id, {running_.begin(), running_.end()}, ExpiryOfJobs());
}

std::vector<std::int64_t> WorkQueue::running() const {
  const std::lock_guard lock(mutex_);
  return {running_.begin(), running_.end()};
}

std::string WorkQueue::ExpiryOfJobs() const {
  return UtcFromNow(std::int64_t{86'400} * job_days_);
}

bool WorkQueue::TakeNext(store::JobItem* item) {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (waiting_work_) {
      auto next = jobs_.Next({running_.begin(), running_.end()}, 1);
      if (next.ok() && !next->empty()) {
        *item = std::move(next->front());
        running_.insert(item->item_id);
        return true;
      }
      if (!next.ok()) LogWarning("the queue cannot be read: " + next.error().message);
      waiting_work_ = !next.ok();
    }
    wake_.wait_for(lock, std::chrono::seconds(5));
  }
  return false;
}

void WorkQueue::RunItem(const store::JobItem& item) {
  Status outcome;
  try {
    (void)jobs_.NoteStart(item.job_id);
    outcome = work_(item);
  } catch (const std::exception& failure) {
    outcome =
        Error{ErrorCode::kInternal, std::string("the work stopped on an internal error: ") + failure.what()};
  }
  if (!outcome.ok()) {
    const auto noted = jobs_.Fail(item.item_id, std::string(ErrorCodeName(outcome.error().code)),
                                  outcome.error().message, ExpiryOfJobs());
    if (!noted.ok()) LogWarning("an item cannot be written down as failed: " + noted.error().message);
  }
}

void WorkQueue::Loop() {
  store::JobItem item;
  while (TakeNext(&item)) {
    RunItem(item);
    {
      const std::lock_guard lock(mutex_);
      running_.erase(item.item_id);
    }
    ended_.notify_all();
  }
}

}  // namespace kantei::server
