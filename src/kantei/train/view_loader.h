// Batches of training views, made ahead of time by threads of their own.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "kantei/base/random.h"
#include "kantei/image/image.h"

namespace kantei::train {

/// side x side RGB views, interleaved, one after the other (the memory of a channels-last tensor).
struct ViewBatch {
  std::int64_t step = 0;
  int side = 0;
  std::vector<std::uint8_t> pixels;  ///< views x side x side x 3
  std::vector<std::uint8_t>
      masks;  ///< views x side x side, 255 where changed; empty where nothing is localised
  std::vector<std::int64_t> labels;  ///< one a view: which picture of the pool it shows, or its class
  std::size_t views() const { return labels.size(); }
};

/// Adds a view of the batch's side. `label`: see ViewBatch.
void AppendView(const image::Image& view, std::int64_t label, ViewBatch* batch);

/// A batch of `views` views: append(random, batch) is called until they are there and adds one or more each time. Each call has a
/// stream of its own, so a batch depends on seed and number alone.
ViewBatch MakeViewBatch(std::uint64_t seed, std::int64_t number, int side, int views,
                        const std::function<void(Random& random, ViewBatch* batch)>& append);

/// Calls make(step) for step = first, first + 1, ... on `threads` threads, at most `ahead` steps in front of the taker. What a
/// step holds depends on its number alone, so the order of the threads changes nothing. make must be thread-safe.
class ViewLoader {
 public:
  ViewLoader(std::int64_t first, std::int64_t end, int threads, int ahead,
             std::function<ViewBatch(std::int64_t step)> make);
  ~ViewLoader();
  ViewLoader(const ViewLoader&) = delete;
  ViewLoader& operator=(const ViewLoader&) = delete;

  /// Waits for the batch of the next step. An exception that make threw is thrown again here.
  ViewBatch Take();
  /// Seconds that Take has waited in all: more than a few per cent of the run means the loader is the brake.
  double waited_seconds() const { return waited_; }

 private:
  void Work();

  const std::function<ViewBatch(std::int64_t)> make_;
  const std::int64_t end_;
  const int ahead_;
  std::mutex mutex_;
  std::condition_variable ready_, room_;
  std::map<std::int64_t, ViewBatch> batches_;
  std::int64_t next_made_, next_taken_;
  bool stop_ = false;
  std::exception_ptr failure_;
  double waited_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace kantei::train
