// Search among a million 256-D vectors: exact, beside the rate at which one core reads the same memory, and by the graph
// (100,000 vectors: vector_index_trial measures larger ones, and hnswlib and faiss on the same vectors).
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kantei/store/vector_index.h"
#include "vector_index_data.h"

namespace {

using namespace kantei;
using namespace kantei::store;

constexpr std::size_t kDimension = 256;
constexpr std::size_t kQueries = 1000;

std::unique_ptr<VectorIndex> MakeIndex(VectorBackend backend, std::size_t rows) {
  const bench::MadeVectors made(kDimension);
  VectorIndexOptions options;
  options.backend = backend;
  options.dimension = kDimension;
  auto index = VectorIndex::Create(options);
  bench::Must(index);
  constexpr std::size_t kPiece = 100'000;  // the float32 vectors of a million would be a gigabyte
  for (std::size_t first = 0; first < rows; first += kPiece) {
    std::vector<std::int64_t> ids(std::min(kPiece, rows - first));
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int64_t>(first + i);
    bench::Must((*index)->Add(ids, made.Make(first, ids.size(), rows / 50, ThreadCount(0)), 0));
  }
  return std::move(index).value();
}

const std::vector<float>& Queries() {
  static const std::vector<float> queries =
      bench::MadeVectors(kDimension).Make(10'000'000, kQueries, 20'000, ThreadCount(0));
  return queries;
}

const VectorIndex& Flat(VectorBackend backend) {
  static const auto int8 = MakeIndex(VectorBackend::kFlatInt8, 1'000'000);
  static const auto half = MakeIndex(VectorBackend::kFlatFloat16, 1'000'000);
  return backend == VectorBackend::kFlatInt8 ? *int8 : *half;
}

void MemoryRead(benchmark::State& state) {
  const std::vector<std::uint64_t> words(1'000'000 * kDimension / 8, 1);
  for (auto _ : state) benchmark::DoNotOptimize(bench::SumWords(words.data(), words.size()));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * words.size() * 8));
}
BENCHMARK(MemoryRead)
    ->Name("vector_index/memory_read_bound/256MB")
    ->Unit(benchmark::kMillisecond)
    ->MinTime(0.5);

void Search(benchmark::State& state, const VectorIndex& index, Recall recall) {
  const auto count = static_cast<std::size_t>(state.range(0));
  std::size_t at = 0;
  for (auto _ : state) {
    if (at + count > kQueries) at = 0;
    const auto hits =
        index.Search(std::span(Queries()).subspan(at * kDimension, count * kDimension), 10, recall, 1);
    bench::Must(hits);
    at += count;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * count));
}
void SearchInt8(benchmark::State& state) {
  Search(state, Flat(VectorBackend::kFlatInt8), Recall::kExact);
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * 1'000'000 * 256);
}
void SearchHalf(benchmark::State& state) {
  Search(state, Flat(VectorBackend::kFlatFloat16), Recall::kExact);
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * 1'000'000 * 512);
}
BENCHMARK(SearchInt8)
    ->Name("vector_index/flat_int8/1M/queries")
    ->Arg(1)
    ->Arg(100)
    ->Unit(benchmark::kMillisecond)
    ->MinTime(0.5);
BENCHMARK(SearchHalf)
    ->Name("vector_index/flat_float16/1M/queries")
    ->Arg(1)
    ->Arg(100)
    ->Unit(benchmark::kMillisecond)
    ->MinTime(0.5);

void SearchGraph(benchmark::State& state, Recall recall) {
  static const auto index = MakeIndex(VectorBackend::kHnsw, 100'000);
  Search(state, *index, recall);
}
BENCHMARK_CAPTURE(SearchGraph, fast, Recall::kFast)
    ->Name("vector_index/hnsw_fast/100k/queries")
    ->Arg(1)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(SearchGraph, balanced, Recall::kBalanced)
    ->Name("vector_index/hnsw_balanced/100k/queries")
    ->Arg(1)
    ->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
