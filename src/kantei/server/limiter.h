// How often somebody may: requests by a token bucket, wrong passwords by growing pauses. Both in memory, both bounded.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>

namespace kantei::server {

/// Thread-safe.
class RequestLimiter {
 public:
  using Clock = std::chrono::steady_clock;
  /// 0: go on; else seconds to wait. A bucket holds `per_minute` / 6 requests, at least 10.
  int Take(const std::string& who, double per_minute, Clock::time_point now = Clock::now());

 private:
  struct Bucket {
    double tokens = 0;
    Clock::time_point at;
  };
  std::mutex mutex_;
  std::map<std::string, Bucket> buckets_;
};

/// Wrong passwords: by account and address (from the 5th on: 2, 4, 8 ... seconds), by address alone (from the 20th on), by account
/// alone (from the 50th on, so that a stranger cannot lock somebody out cheaply); at most 15 minutes. Forgotten after an hour.
class LoginLimiter {
 public:
  using Clock = std::chrono::steady_clock;
  /// 0: go on; else seconds to wait.
  int Wait(const std::string& account, const std::string& address, Clock::time_point now = Clock::now());
  void NoteFailure(const std::string& account, const std::string& address,
                   Clock::time_point now = Clock::now());
  void NoteSuccess(const std::string& account, const std::string& address);

 private:
  struct Record {
    int failures = 0;
    Clock::time_point last;
  };
  std::mutex mutex_;
  std::map<std::string, Record> records_;
};

}  // namespace kantei::server
