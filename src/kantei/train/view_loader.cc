#include "kantei/train/view_loader.h"

#include <chrono>
#include <exception>
#include <utility>

#include "kantei/base/result.h"

namespace kantei::train {

void AppendView(const image::Image& view, std::int64_t label, ViewBatch* batch) {
  KANTEI_CHECK(view.width() == batch->side && view.height() == batch->side && view.channels() == 3);
  batch->pixels.insert(batch->pixels.end(), view.pixels().begin(), view.pixels().end());
  batch->labels.push_back(label);
}

ViewBatch MakeViewBatch(std::uint64_t seed, std::int64_t number, int side, int views,
                        const std::function<void(Random& random, ViewBatch* batch)>& append) {
  ViewBatch batch;
  batch.step = number;
  batch.side = side;
  const Random random = Random(seed).Fork(static_cast<std::uint64_t>(number) + 1);
  for (std::uint64_t call = 0; batch.views() < static_cast<std::size_t>(views); ++call) {
    Random own = random.Fork(call);
    append(own, &batch);
  }
  return batch;
}

ViewLoader::ViewLoader(std::int64_t first, std::int64_t end, int threads, int ahead,
                       std::function<ViewBatch(std::int64_t step)> make)
    : make_(std::move(make)), end_(end), ahead_(ahead), next_made_(first), next_taken_(first) {
  for (int t = 0; t < threads; ++t) threads_.emplace_back([this] { Work(); });
}

ViewLoader::~ViewLoader() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  room_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ViewLoader::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    room_.wait(lock, [this] { return stop_ || next_made_ >= end_ || next_made_ < next_taken_ + ahead_; });
    if (stop_ || next_made_ >= end_) return;
    const std::int64_t step = next_made_++;
    lock.unlock();
    try {
      ViewBatch batch = make_(step);
      lock.lock();
      batches_.emplace(step, std::move(batch));
    } catch (...) {
      lock.lock();
      failure_ = std::current_exception();
      stop_ = true;
    }
    ready_.notify_all();
  }
}

ViewBatch ViewLoader::Take() {
  std::unique_lock lock(mutex_);
  KANTEI_CHECK(next_taken_ < end_);
  const auto start = std::chrono::steady_clock::now();
  ready_.wait(lock, [this] { return failure_ != nullptr || batches_.contains(next_taken_); });
  waited_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (failure_ != nullptr) std::rethrow_exception(failure_);
  ViewBatch batch = std::move(batches_.extract(next_taken_).mapped());
  ++next_taken_;
  lock.unlock();
  room_.notify_all();
  return batch;
}

}  // namespace kantei::train
