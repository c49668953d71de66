#include "kantei/base/cancellation.h"

#include <csignal>

namespace kantei {
namespace {

std::atomic<std::atomic<bool>*> interrupt_flag{nullptr};

void HandleSignal(int number) {
  if (std::atomic<bool>* flag = interrupt_flag.load(); flag != nullptr) flag->store(true);
  std::signal(number, SIG_DFL);  // the second signal takes the default action
}

}  // namespace

Status CancellationToken::Check() const {
  if (cancelled())
    return Error{ErrorCode::kCancelled, "stopped on request; run the same command again to go on"};
  return {};
}

CancellationToken CancellationToken::OnInterrupt() {
  static const CancellationToken token = [] {
    CancellationToken made;
    interrupt_flag.store(made.flag_.get());
    std::signal(SIGINT, HandleSignal);
    std::signal(SIGTERM, HandleSignal);
    return made;
  }();
  return token;
}

}  // namespace kantei
