// Load on a running kantei serve, over loopback only and for a bounded time:
//   serve_load lookup PORT KEY [SECONDS] [CLIENTS]           GET /api/v1/lookup with random hashes
//   serve_load inspect PORT KEY DIRECTORY [CLIENTS]          each picture of a directory, answered at once
// Prints requests per second and the times of answers. KEY is an API key with the scopes lookup and inspect and a high limit.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "kantei/base/code256.h"
#include "kantei/base/files.h"
#include "kantei/base/random.h"
#include "kantei/server/http_client.h"

namespace {

using kantei::server::ClientResponse;
using kantei::server::HttpClient;
using Clock = std::chrono::steady_clock;

constexpr int kMaxSeconds = 1800, kMaxClients = 256;

struct Outcome {
  std::vector<double> seconds;
  std::int64_t failed = 0;
};

double Percentile(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1,
                         static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
}

void Report(std::vector<Outcome> outcomes, double wall) {
  std::vector<double> all;
  std::int64_t failed = 0;
  for (Outcome& outcome : outcomes) {
    all.insert(all.end(), outcome.seconds.begin(), outcome.seconds.end());
    failed += outcome.failed;
  }
  std::sort(all.begin(), all.end());
  std::printf(
      "%zu answers in %.1f s: %.1f per second; p50 %.2f ms, p99 %.2f ms, longest %.2f ms; %lld failed\n",
      all.size(), wall, static_cast<double>(all.size()) / wall, 1000 * Percentile(all, 0.5),
      1000 * Percentile(all, 0.99), 1000 * Percentile(all, 1), static_cast<long long>(failed));
}

/// Each client calls `next` until it says that there is nothing more; `next` gets its number and a count.
template <typename Next>
void Run(int port, const std::string& key, int clients, Next next) {
  std::vector<Outcome> outcomes(static_cast<std::size_t>(clients));
  std::vector<std::thread> threads;
  const Clock::time_point start = Clock::now();
  for (int c = 0; c < clients; ++c)
    threads.emplace_back([&, c] {
      HttpClient client("http://127.0.0.1:" + std::to_string(port), {.seconds = 120});
      const HttpClient::Headers headers = {{"Authorization", "Bearer " + key}};
      Outcome& outcome = outcomes[static_cast<std::size_t>(c)];
      for (std::int64_t i = 0;; ++i) {
        const Clock::time_point begin = Clock::now();
        const int status = next(client, headers, c, i);
        if (status == 0) return;
        if (status / 100 == 2) {
          outcome.seconds.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
        } else {
          ++outcome.failed;
        }
      }
    });
  for (std::thread& thread : threads) thread.join();
  Report(std::move(outcomes), std::chrono::duration<double>(Clock::now() - start).count());
}

int Status(const kantei::Result<ClientResponse>& response) {
  return response.ok() ? response->status : 599;
}

int Argument(int argc, char** argv, int at, int fallback, int most) {
  return argc > at ? std::clamp(std::atoi(argv[at]), 1, most) : fallback;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if ((mode != "lookup" || argc < 4) && (mode != "inspect" || argc < 5)) {
    std::fprintf(
        stderr,
        "usage: serve_load lookup PORT KEY [SECONDS] [CLIENTS] | inspect PORT KEY DIRECTORY [CLIENTS]\n");
    return 2;
  }
  const int port = std::atoi(argv[2]);
  const std::string key = argv[3];
  if (mode == "lookup") {
    const auto until = Clock::now() + std::chrono::seconds(Argument(argc, argv, 4, 10, kMaxSeconds));
    Run(port, key, Argument(argc, argv, 5, 8, kMaxClients),
        [&](HttpClient& client, const auto& headers, int c, std::int64_t i) {
          if (Clock::now() >= until) return 0;
          kantei::Random random(static_cast<std::uint64_t>(c) * 1'000'003 + static_cast<std::uint64_t>(i));
          kantei::Code256 pdq;
          for (std::uint64_t& word : pdq.words) word = random.Next();
          return Status(client.Send("GET", "/api/v1/lookup?pdq=" + pdq.ToHex(), headers));
        });
    return 0;
  }
  const auto files = kantei::ListFiles(std::array{std::filesystem::path(argv[4])});
  if (!files.ok()) {
    std::fprintf(stderr, "%s\n", files.error().message.c_str());
    return 1;
  }
  std::atomic<std::size_t> taken{0};
  Run(port, key, Argument(argc, argv, 5, 2, kMaxClients),
      [&](HttpClient& client, const auto& headers, int, std::int64_t) {
        const std::size_t i = taken++;
        if (i >= files->size()) return 0;
        auto bytes = kantei::ReadTextFile((*files)[i], 64 << 20);
        if (!bytes.ok()) return 599;
        return Status(client.SendFiles(
            "/api/v1/inspections",
            {{"picture", (*files)[i].filename().native(), *bytes}, {"mode", "", "sync"}}, headers));
      });
  return 0;
}
