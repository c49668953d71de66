// Ends a blocking exchange on a socket when its time is over, too much has come, or the work is cancelled. Private to base/.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "kantei/base/cancellation.h"

namespace kantei {

/// Watches from its own thread, a few times a second, from construction to destruction.
class SocketGuard {
 public:
  enum class End { kNone, kTime, kBytes, kCancelled };

  SocketGuard(double seconds, std::uint64_t max_bytes, const CancellationToken& cancellation);
  ~SocketGuard();
  SocketGuard(const SocketGuard&) = delete;
  SocketGuard& operator=(const SocketGuard&) = delete;

  /// From now on this socket is the one to shut down; it may still be connecting. The guard keeps a handle of its own, so that a number
  /// that the owner closes and the system gives away again is never hit.
  void Watch(int socket);
  /// Why the guard ended the exchange, kNone when it did not.
  End end() const;
  /// Bytes that the watched socket received, as the kernel counts them; 0 when it does not.
  std::uint64_t received() const;

 private:
  void Run();
  std::uint64_t ReceivedLocked() const;

  const std::chrono::steady_clock::time_point deadline_;
  const std::uint64_t max_bytes_;
  const CancellationToken cancellation_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int socket_ = -1;
  bool done_ = false;
  End end_ = End::kNone;
  std::thread thread_;
};

}  // namespace kantei
