// Implementation of the templates of parallel.h.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace kantei {

template <typename T>
void OrderedPipeline(std::size_t count, int threads, const CancellationToken& cancellation,
                     const std::function<T(std::size_t)>& produce,
                     const std::function<bool(std::size_t, T&&)>& consume) {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::size_t, T> ready;
  std::size_t next_in = 0, next_out = 0;
  bool stop = false;
  std::exception_ptr failure;
  const std::size_t window = 4 * static_cast<std::size_t>(std::max(1, threads));

  auto work = [&] {
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [&] { return stop || next_in >= count || next_in < next_out + window; });
      if (stop || next_in >= count || cancellation.cancelled()) break;
      const std::size_t i = next_in++;
      lock.unlock();
      try {
        T result = produce(i);
        lock.lock();
        ready.emplace(i, std::move(result));
      } catch (...) {
        if (!lock.owns_lock()) lock.lock();
        if (!failure) failure = std::current_exception();
        stop = true;
      }
      changed.notify_all();
    }
    changed.notify_all();
  };

  std::vector<std::thread> workers;
  for (int t = 0; t < std::max(1, threads); ++t) workers.emplace_back(work);
  {
    std::unique_lock lock(mutex);
    while (!stop && next_out < count) {
      changed.wait_for(lock, std::chrono::milliseconds(50), [&] { return stop || ready.contains(next_out); });
      if (stop) break;
      if (!ready.contains(next_out)) {
        // A cancelled token hands out no new items: everything handed out before it is still consumed.
        if (cancellation.cancelled() && next_out >= next_in) break;
        continue;
      }
      auto node = ready.extract(next_out);
      lock.unlock();
      bool go_on = false;
      std::exception_ptr thrown;
      try {
        go_on = consume(node.key(), std::move(node.mapped()));
      } catch (...) {
        thrown = std::current_exception();
      }
      lock.lock();
      if (thrown && !failure) failure = thrown;
      if (!go_on) stop = true;
      ++next_out;
      changed.notify_all();
    }
    stop = true;
    changed.notify_all();
  }
  for (std::thread& worker : workers) worker.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace kantei
