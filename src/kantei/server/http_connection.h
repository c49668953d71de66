// One connection of a client, plain or TLS, with deadlines: nobody holds a thread by being slow.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

#include "kantei/base/result.h"

namespace kantei::server {

/// A server's certificate and key. Thread-safe.
class TlsContext {
 public:
  /// PEM files; kInvalidArgument when they cannot be used.
  static Result<std::shared_ptr<const TlsContext>> Open(const std::filesystem::path& certificate,
                                                        const std::filesystem::path& key);
  ~TlsContext();

 private:
  friend class Connection;
  struct State;
  explicit TlsContext(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Used by one thread, but Shut may come from any.
class Connection {
 public:
  using Clock = std::chrono::steady_clock;

  /// Takes the socket. `tls` may be null. `pause_seconds`: longest time between two bytes.
  Connection(int socket, std::shared_ptr<const TlsContext> tls, int pause_seconds);
  ~Connection();  ///< closes; what the client still sends is read for a moment so that it gets the answer
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Of TLS; true at once without.
  bool Handshake();
  /// True when bytes are there to be read within the time.
  bool Wait(std::chrono::milliseconds time);
  /// More than 0: bytes read; 0: the client has ended; -1: too late, too much, or broken.
  std::ptrdiff_t Read(char* data, std::size_t size);
  /// `size`, or -1.
  std::ptrdiff_t Write(const char* data, std::size_t size);

  void SetDeadline(Clock::time_point deadline) { deadline_ = deadline; }
  /// Bytes that may still be read.
  void SetAllowance(std::size_t bytes) { allowance_ = bytes; }
  /// Ends reads and writes that are under way.
  void Shut();

  int socket() const { return socket_; }
  bool secure() const { return tls_ != nullptr; }
  std::string PeerAddress() const;
  int PeerPort() const;

 private:
  bool Poll(short events, Clock::time_point until);
  std::ptrdiff_t ReadSome(char* data, std::size_t size);

  struct Tls;
  int socket_;
  std::shared_ptr<const TlsContext> context_;
  std::unique_ptr<Tls> tls_;
  std::chrono::seconds pause_;
  Clock::time_point deadline_ = Clock::time_point::max();
  std::size_t allowance_ = static_cast<std::size_t>(-1);
  std::string buffer_;
  std::size_t buffered_at_ = 0;
};

}  // namespace kantei::server
