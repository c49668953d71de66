#include "kantei/base/socket_guard.h"

#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>

namespace kantei {
namespace {

constexpr std::chrono::milliseconds kPeriod{20};

}  // namespace

SocketGuard::SocketGuard(double seconds, std::uint64_t max_bytes, const CancellationToken& cancellation)
    : deadline_(std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::milliseconds>(
                                                       std::chrono::duration<double>(seconds))),
      max_bytes_(max_bytes),
      cancellation_(cancellation),
      thread_([this] { Run(); }) {}

SocketGuard::~SocketGuard() {
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  changed_.notify_all();
  thread_.join();
  if (socket_ >= 0) ::close(socket_);
}

void SocketGuard::Watch(int socket) {
  const std::lock_guard lock(mutex_);
  if (socket_ >= 0) ::close(socket_);
  socket_ = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
}

SocketGuard::End SocketGuard::end() const {
  const std::lock_guard lock(mutex_);
  return end_;
}

std::uint64_t SocketGuard::received() const {
  const std::lock_guard lock(mutex_);
  return ReceivedLocked();
}

std::uint64_t SocketGuard::ReceivedLocked() const {
  if (socket_ < 0) return 0;
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket_, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  return size >= offsetof(tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received
             ? info.tcpi_bytes_received
             : 0;
}

void SocketGuard::Run() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kPeriod, [this] { return done_; })) {
    if (end_ == End::kNone) {
      if (cancellation_.cancelled()) {
        end_ = End::kCancelled;
      } else if (std::chrono::steady_clock::now() >= deadline_) {
        end_ = End::kTime;
      } else if (ReceivedLocked() > max_bytes_) {
        // What comes before the body (lines of the head) is not counted by who reads the body.
        end_ = End::kBytes;
      }
    }
    // Again and again: a name with several addresses is tried socket by socket.
    if (end_ != End::kNone && socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
  }
}

}  // namespace kantei
