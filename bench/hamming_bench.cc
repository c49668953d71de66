// Exact radius search over ten million 256-bit codes, beside the rate at which one core reads the same
// memory.
#include <benchmark/benchmark.h>

#include <vector>

#include "kantei/base/cpu.h"
#include "kantei/base/random.h"
#include "kantei/store/hamming_index.h"

namespace kantei {
namespace {

constexpr std::size_t kCodes = 10'000'000;
constexpr int kRadius = 31;

const std::vector<Code256>& Codes() {
  static const std::vector<Code256> codes = [] {
    std::vector<Code256> made(kCodes);
    Random random(1);
    for (auto& code : made) {
      for (auto& word : code.words) word = random.Next();
    }
    return made;
  }();
  return codes;
}

std::int64_t TotalBytes(const benchmark::State& state) {
  return static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(kCodes * sizeof(Code256));
}

// Eight running sums so that the additions never wait for each other: only memory is left to wait for.
KANTEI_MULTIARCH std::uint64_t SumWords(const std::uint64_t* __restrict__ words, std::size_t count) {
  std::uint64_t sums[32] = {};
  for (std::size_t i = 0; i + 32 <= count; i += 32) {
    for (std::size_t lane = 0; lane < 32; ++lane) sums[lane] += words[i + lane];
  }
  std::uint64_t sum = 0;
  for (const std::uint64_t lane : sums) sum += lane;
  return sum;
}

void MemoryRead(benchmark::State& state) {
  const auto& codes = Codes();
  for (auto _ : state) benchmark::DoNotOptimize(SumWords(codes.data()->words.data(), codes.size() * 4));
  state.SetBytesProcessed(TotalBytes(state));
}
BENCHMARK(MemoryRead)->Name("hamming/memory_read_bound/10M")->Unit(benchmark::kMillisecond)->MinTime(0.5);

void Scan(benchmark::State& state, store::HammingKernel kernel) {
  if (!store::HammingKernelAvailable(kernel)) {
    state.SkipWithError("not on this processor");
    return;
  }
  const auto& codes = Codes();
  Random random(2);
  std::vector<Code256> queries(static_cast<std::size_t>(state.range(0)));
  for (auto& query : queries) query = codes[random.Below(codes.size())];
  std::size_t hits = 0;
  for (auto _ : state) {
    const auto found = store::HammingScan(codes, queries, kRadius, kernel);
    hits = found.size();
    benchmark::DoNotOptimize(found.data());
  }
  state.SetBytesProcessed(TotalBytes(state));
  state.SetLabel(std::string(store::HammingKernelName(kernel)));
  state.counters["hits"] = static_cast<double>(hits);
}
#define KANTEI_SCAN(kernel, name)                               \
  BENCHMARK_CAPTURE(Scan, kernel, store::HammingKernel::kernel) \
      ->Name("hamming/scan/" name "/10M/queries")               \
      ->Arg(1)                                                  \
      ->Arg(8)                                                  \
      ->Unit(benchmark::kMillisecond)                           \
      ->MinTime(0.5)
KANTEI_SCAN(kBest, "best");
KANTEI_SCAN(kAvx512Vpopcnt, "avx512");
KANTEI_SCAN(kAvx2, "avx2");
KANTEI_SCAN(kPlain, "plain");

}  // namespace
}  // namespace kantei

BENCHMARK_MAIN();
