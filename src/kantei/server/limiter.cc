#include "kantei/server/limiter.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace kantei::server {
namespace {

constexpr std::size_t kMaxRecords = 20'000;
constexpr std::chrono::hours kMemory{1};
constexpr double kLongestPause = 900;

using Seconds = std::chrono::duration<double>;

/// A key of its own for each of the three ways of counting.
std::array<std::pair<std::string, int>, 3> Counts(const std::string& account, const std::string& address) {
  return {
      {{"both\n" + account + "\n" + address, 5}, {"address\n" + address, 20}, {"account\n" + account, 50}}};
}

template <typename Map, typename Old>
void MakeRoom(Map* map, const Old& old) {
  if (map->size() < kMaxRecords) return;
  std::erase_if(*map, old);
  if (map->size() >= kMaxRecords) map->clear();  // a flood of addresses: better none than all the memory
}

}  // namespace

int RequestLimiter::Take(const std::string& who, double per_minute, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  MakeRoom(&buckets_, [&](const auto& entry) { return now - entry.second.at > std::chrono::minutes(2); });
  const double size = std::max(10.0, per_minute / 6);
  auto [entry, added] = buckets_.try_emplace(who, Bucket{size, now});
  Bucket& bucket = entry->second;
  bucket.tokens = std::min(size, bucket.tokens + Seconds(now - bucket.at).count() * per_minute / 60);
  bucket.at = now;
  if (bucket.tokens >= 1) {
    bucket.tokens -= 1;
    return 0;
  }
  return std::max(1, static_cast<int>(std::ceil((1 - bucket.tokens) * 60 / per_minute)));
}

int LoginLimiter::Wait(const std::string& account, const std::string& address, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  double wait = 0;
  for (const auto& [key, free] : Counts(account, address)) {
    const auto found = records_.find(key);
    if (found == records_.end() || found->second.failures < free) continue;
    const double pause =
        std::min(kLongestPause, std::pow(2.0, std::min(20, found->second.failures - free + 1)));
    wait = std::max(wait, pause - Seconds(now - found->second.last).count());
  }
  return wait <= 0 ? 0 : static_cast<int>(std::ceil(wait));
}

void LoginLimiter::NoteFailure(const std::string& account, const std::string& address,
                               Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  MakeRoom(&records_, [&](const auto& entry) { return now - entry.second.last > kMemory; });
  for (const auto& [key, free] : Counts(account, address)) {
    Record& record = records_[key];
    if (now - record.last > kMemory) record.failures = 0;
    ++record.failures;
    record.last = now;
  }
}

void LoginLimiter::NoteSuccess(const std::string& account, const std::string& address) {
  const std::lock_guard lock(mutex_);
  records_.erase(Counts(account, address)[0].first);
}

}  // namespace kantei::server
