// Cooperative cancellation: long operations take a token and look at it between steps.
#pragma once

#include <atomic>
#include <memory>

#include "kantei/base/result.h"

namespace kantei {

/// A cheap copyable handle; all copies share one flag. A default token is never cancelled until Cancel is called.
class CancellationToken {
 public:
  CancellationToken() : flag_(std::make_shared<std::atomic<bool>>(false)) {}
  void Cancel() const { flag_->store(true, std::memory_order_relaxed); }
  bool cancelled() const { return flag_->load(std::memory_order_relaxed); }
  /// kCancelled once Cancel was called.
  Status Check() const;

  /// The token that SIGINT and SIGTERM cancel; installs the handlers at first use. A second signal ends at once.
  static CancellationToken OnInterrupt();

 private:
  std::shared_ptr<std::atomic<bool>> flag_;
};

}  // namespace kantei
