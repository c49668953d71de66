// The vector index beside the memory's bandwidth and beside hnswlib on the same vectors: rates, recall, build time, growth.
// Not part of bench/run: a run takes minutes and gigabytes.
//
//   vector_index_trial [--rows 1000000] [--queries 1000] [--dimension 256] [--threads 0] [--descriptors FILE]
//                      [--growth 10000,100000,1000000] [--no-hnswlib] [--flat-only] [--write FOLDER] [--seconds 0.5] [--clock wall|cpu]
//
// FILE holds float32 rows of the dimension; its last --queries rows become the queries. Without it vectors are made: cluster
// centres of 30 normal numbers, one for fifty vectors; a vector is 0.7 of its centre and 0.7 of its own 30 numbers, taken
// into the full dimension by one random matrix, with a hundredth of normal noise, at length 1. Half of the queries are
// copies: a known vector with noise in every dimension, so that their similarity is about 0.8; the others are new vectors.
// --growth with FILE: its rows, then copies of them with noise in every dimension (similarity about 0.8). The float16 scan stops
// at two million there. --write leaves base.f32, queries.f32 and truth.i64 for bench/peers/vector_index_peer.py. Prints JSON.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <queue>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "vector_index_data.h"

#include "kantei/base/cpu.h"
#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/parallel.h"
#include "kantei/base/random.h"
#include "kantei/store/hnsw_graph.h"
#include "kantei/store/vector_codes.h"
#include "kantei/store/vector_format.h"
#include "kantei/store/vector_index.h"
#include "kantei/store/vector_rows.h"

// hnswlib picks its kernels when it is compiled; Kantei's build is for every processor.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define KANTEI_PEER_AVX512 1
#include <immintrin.h>
#define USE_AVX  // GCC 12 does not set __AVX__ and the like for the pragma below, which hnswlib goes by
#define USE_AVX512
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
#endif
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wshadow"
#include <hnswlib/hnswlib.h>
#pragma GCC diagnostic pop
#ifdef KANTEI_PEER_AVX512
#pragma GCC pop_options
#endif

namespace {

using namespace kantei;
using namespace kantei::bench;
using namespace kantei::store;

Json MemoryRates(std::size_t bytes, int threads, double seconds) {
  std::vector<std::uint64_t> from(bytes / 8, 1), to(bytes / 8, 2);
  const auto parts = static_cast<std::size_t>(threads);
  const std::size_t part = from.size() / parts;
  std::vector<std::uint64_t> sums(parts);
  const double read = MedianSeconds(seconds, threads, [&] {
    ParallelFor(parts, threads, {}, [&](std::size_t p) { sums[p] = SumWords(from.data() + p * part, part); });
  });
  const double copy = MedianSeconds(seconds, threads, [&] {
    ParallelFor(parts, threads, {},
                [&](std::size_t p) { std::memcpy(to.data() + p * part, from.data() + p * part, part * 8); });
  });
  Json json;
  json["read_gb_per_s"] = Round(static_cast<double>(bytes) / read / 1e9, 1);
  json["copy_gb_per_s_read_and_written"] = Round(2.0 * static_cast<double>(bytes) / copy / 1e9, 1);
  return json;
}

/// float16 finds twenty, float32 decides.
void FindTruth(const VectorIndex& half, std::size_t width, int threads, Data* data) {
  auto hits = half.Search(data->queries, 20, Recall::kExact, threads);
  Must(hits);
  for (std::size_t q = 0; q < hits->size(); ++q) {
    double best = -2;
    std::int64_t id = -1;
    for (const VectorHit& hit : (*hits)[q]) {
      const float* row = data->base.data() + static_cast<std::size_t>(hit.vector_id) * width;
      const double similarity = Dot(row, data->queries.data() + q * width, width);
      if (similarity > best) {
        best = similarity;
        id = hit.vector_id;
      }
    }
    data->truth.push_back(id);
  }
}

/// recall@1 of all queries, of the copies (even ones) and of the new vectors.
Json Recalls(const std::vector<std::int64_t>& found, const std::vector<std::int64_t>& truth) {
  std::array<double, 2> right{}, all{};
  for (std::size_t q = 0; q < truth.size(); ++q) {
    all[q % 2] += 1;
    right[q % 2] += found[q] == truth[q] ? 1 : 0;
  }
  Json json;
  json["recall_at_1"] = Round((right[0] + right[1]) / (all[0] + all[1]), 4);
  json["recall_at_1_copies"] = Round(right[0] / all[0], 4);
  json["recall_at_1_new"] = Round(right[1] / all[1], 4);
  return json;
}

std::vector<std::int64_t> Firsts(const std::vector<std::vector<VectorHit>>& hits) {
  std::vector<std::int64_t> ids;
  for (const auto& list : hits) ids.push_back(list.empty() ? -1 : list.front().vector_id);
  return ids;
}

std::unique_ptr<VectorIndex> MakeIndex(VectorBackend backend, std::size_t width, std::span<const float> base,
                                       int threads, double* seconds) {
  VectorIndexOptions options;
  options.backend = backend;
  options.dimension = static_cast<int>(width);
  auto index = VectorIndex::Create(options);
  Must(index);
  std::vector<std::int64_t> ids(base.size() / width);
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int64_t>(i);
  const double start = Now(threads);
  Must((*index)->Add(ids, base, threads));
  *seconds = Now(threads) - start;
  return std::move(index).value();
}

Json FlatRates(const VectorIndex& index, const Data& data, std::size_t width, int threads, double read_rate,
               double seconds) {
  std::size_t at = 0;
  const std::size_t count = data.queries.size() / width;
  const auto ask = [&](std::size_t queries) {
    if (at + queries > count) at = 0;
    Must(index.Search(std::span(data.queries).subspan(at * width, queries * width), 10, Recall::kExact,
                      threads));
    at += queries;
  };
  const double one = MedianSeconds(seconds, threads, [&] { ask(1); });
  const double hundred = MedianSeconds(seconds, threads, [&] { ask(100); });
  const double bytes = static_cast<double>(index.size()) * static_cast<double>(width) *
                       (index.options().backend == VectorBackend::kFlatInt8 ? 1.0 : 2.0);
  Json json;
  json["single_ms"] = Round(one * 1e3);
  json["single_gb_per_s"] = Round(bytes / one / 1e9, 1);
  json["share_of_read"] = Round(bytes / one / 1e9 / read_rate, 2);
  json["batch_100_ms"] = Round(hundred * 1e3, 1);
  json["batch_queries_per_s"] = Round(100.0 / hundred, 0);
  json["batch_over_single"] = Round(100.0 * one / hundred, 1);
  return json;
}

Json KnobRates(const VectorIndex& index, const Data& data, int threads, double seconds) {
  Json json;
  for (const auto& [name, recall] :
       {std::pair{"fast", Recall::kFast}, std::pair{"balanced", Recall::kBalanced}}) {
    std::vector<std::vector<VectorHit>> hits;
    const double time = MedianSeconds(seconds, threads, [&, knob = recall] {
      auto found = index.Search(data.queries, 1, knob, threads);
      Must(found);
      hits = std::move(found).value();
    });
    json[name] = Recalls(Firsts(hits), data.truth);
    json[name]["queries_per_s"] = Round(static_cast<double>(hits.size()) / time, 0);
  }
  return json;
}

/// Queries on `threads` threads, each asking for the nearest.
template <typename Ask>
Json Sweep(const Settings& settings, const Data& data, int threads, const Ask& ask) {
  Json curve = Json::array();
  const std::size_t count = data.truth.size();
  std::vector<std::int64_t> found(count);
  for (const int effort : settings.efforts) {
    const double time = MedianSeconds(settings.seconds, threads, [&] {
      ParallelFor(static_cast<std::size_t>(threads), threads, {}, [&](std::size_t t) {
        for (std::size_t q = t; q < count; q += static_cast<std::size_t>(threads))
          found[q] = ask(data.queries.data() + q * settings.dimension, static_cast<std::size_t>(effort));
      });
    });
    Json point = Recalls(found, data.truth);
    point["effort"] = effort;
    point["queries_per_s"] = Round(static_cast<double>(count) / time, 0);
    curve.push_back(point);
  }
  return curve;
}

/// Rate at a recall by linear interpolation along the curve; 0 when it is not reached.
double RateAt(const Json& curve, double recall) {
  for (std::size_t i = 0; i < curve.size(); ++i) {
    const double here = curve[i]["recall_at_1"].get<double>(), rate = curve[i]["queries_per_s"].get<double>();
    if (here < recall) continue;
    if (i == 0) return rate;
    const double before = curve[i - 1]["recall_at_1"].get<double>(),
                 rate_before = curve[i - 1]["queries_per_s"].get<double>();
    return rate_before + (rate - rate_before) * (recall - before) / (here - before);
  }
  return 0;
}

/// The graph inside `index`, by way of a file, at every effort.
Json OurGraph(const Settings& settings, const Data& data, const VectorIndex& index, int threads) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("vector_index_trial." + std::to_string(::getpid()));
  Json json;
  json["memory_mb"] = Round(static_cast<double>(index.memory_bytes()) / 1e6, 0);
  double start = Now(1);
  Must(index.Save(path, "trial"));
  json["save_s"] = Round(Now(1) - start, 2);
  start = Now(1);
  Must(VectorIndex::Open(path, "trial"));
  json["open_s"] = Round(Now(1) - start, 2);
  auto file = MappedFile::Open(path);
  Must(file);
  auto view = ReadVectorFile(file->bytes(), "trial");
  Must(view);
  const VectorIndexOptions options = view->options;
  HnswGraph graph(options, KernelsOf());
  if (!graph.Load(*view)) std::abort();
  VectorRows rows(std::move(*file), *view);
  if (!rows.Unmap()) std::abort();
  std::filesystem::remove(path);
  for (const int t : {1, threads}) {
    json["curve_threads_" + std::to_string(t)] =
        Sweep(settings, data, t, [&](const float* query, std::size_t effort) {
          PreparedQueries prepared;
          std::vector<Near> found;
          if (!prepared.Prepare({query, settings.dimension}, options.dimension, VectorCode::kInt8))
            std::abort();
          graph.Search(rows, prepared.int8()[0], prepared.scale(0), effort, &found);
          return static_cast<std::int64_t>(found.front().node);
        });
  }
  return json;
}

Json RawHnswlib(const Settings& settings, const Data& data, int threads) {
  const std::size_t count = data.base.size() / settings.dimension;
  const VectorIndexOptions ours;
  hnswlib::InnerProductSpace space(settings.dimension);
  hnswlib::HierarchicalNSW<float> graph(&space, count, static_cast<std::size_t>(ours.hnsw_links),
                                        static_cast<std::size_t>(ours.hnsw_effort));
  const double start = Now(threads);
  graph.addPoint(data.base.data(), 0);
  ParallelFor(count - 1, threads, {},
              [&](std::size_t i) { graph.addPoint(data.base.data() + (i + 1) * settings.dimension, i + 1); });
  Json json;
  json["build_s"] = Round(Now(threads) - start, 1);
  json["memory_mb"] = Round(static_cast<double>(count * graph.size_data_per_element_) / 1e6, 0);
#ifdef USE_AVX512
  json["instructions"] = "avx512";
#else
  json["instructions"] = "as compiled";
#endif
  for (const int t : {1, threads}) {
    json["curve_threads_" + std::to_string(t)] =
        Sweep(settings, data, t, [&](const float* query, std::size_t effort) {
          if (graph.ef_ != effort) graph.setEf(effort);
          return static_cast<std::int64_t>(graph.searchKnn(query, 1).top().second);
        });
  }
  return json;
}

double MedianLatencyMs(const VectorIndex& index, std::span<const float> queries, std::size_t width) {
  constexpr int threads = 1;
  std::vector<double> times;
  for (std::size_t q = 0; q < std::min<std::size_t>(queries.size() / width, 200); ++q) {
    const double start = Now(threads);
    Must(index.Search(queries.subspan(q * width, width), 10, Recall::kBalanced, 1));
    times.push_back((Now(threads) - start) * 1e3);
    if (times.size() > 20 && times.size() * times.back() > 3000) break;
  }
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

/// Rows first ... first + count of an endless set: `known` and then noisy copies of it.
std::vector<float> Grown(std::span<const float> known, std::size_t width, std::size_t first,
                         std::size_t count, int threads) {
  const std::size_t rows = known.size() / width;
  std::vector<float> vectors(count * width);
  ParallelFor(count, threads, {}, [&](std::size_t i) {
    const std::size_t number = first + i;
    const float* from = known.data() + number % rows * width;
    float* to = vectors.data() + i * width;
    std::copy_n(from, width, to);
    if (number < rows) return;
    AddNoise(Random(6).Fork(number), width, to);
  });
  return vectors;
}

Json Growth(const Settings& settings, const Data& data, VectorBackend backend, std::size_t rows,
            int threads) {
  const MadeVectors made(settings.dimension);
  const auto vectors_of = [&](std::size_t first, std::size_t count) {
    return settings.descriptors.empty() ? made.Make(first, count, rows / 50, threads)
                                        : Grown(data.base, settings.dimension, first, count, threads);
  };
  VectorIndexOptions options;
  options.backend = backend;
  options.dimension = static_cast<int>(settings.dimension);
  auto index = VectorIndex::Create(options);
  Must(index);
  double seconds = 0;
  constexpr std::size_t kPiece = 500'000;
  for (std::size_t first = 0; first < rows; first += kPiece) {
    const std::size_t count = std::min(kPiece, rows - first);
    const std::vector<float> vectors = vectors_of(first, count);
    std::vector<std::int64_t> ids(count);
    for (std::size_t i = 0; i < count; ++i) ids[i] = static_cast<std::int64_t>(first + i);
    const double start = Now(threads);
    Must((*index)->Add(ids, vectors, threads));
    seconds += Now(threads) - start;
  }
  const std::vector<float> queries =
      settings.descriptors.empty()
          ? made.Make(rows, 200, rows / 50, threads)
          : std::vector<float>(data.queries.begin(),
                               data.queries.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                          data.queries.size(), 200 * settings.dimension)));
  Json json;
  json["backend"] = VectorBackendName(backend);
  json["rows"] = rows;
  json["build_s"] = Round(seconds, 2);
  json["memory_mb"] = Round(static_cast<double>((*index)->memory_bytes()) / 1e6, 1);
  json["latency_p50_ms_one_thread"] = Round(MedianLatencyMs(**index, queries, settings.dimension), 3);
  return json;
}

std::string LoadAverage() {
  std::ifstream file("/proc/loadavg");
  std::string line;
  std::getline(file, line);
  return line;
}

/// The graph with its knob, at every effort, and hnswlib's beside it.
void MeasureGraphs(const Settings& settings, const Data& data, int threads, Json* out) {
  Json& report = *out;
  double seconds = 0;
  const auto hnsw = MakeIndex(VectorBackend::kHnsw, settings.dimension, data.base, threads, &seconds);
  report["hnsw_knob_threads_1"] = KnobRates(*hnsw, data, 1, settings.seconds);
  report["hnsw"] = OurGraph(settings, data, *hnsw, threads);
  report["hnsw"]["build_s"] = Round(seconds, 1);
  std::cerr << "hnsw built in " << seconds << " s\n";
  if (settings.hnswlib) {
    report["hnswlib"] = RawHnswlib(settings, data, threads);
    std::cerr << "hnswlib built in " << report["hnswlib"]["build_s"] << " s\n";
  }
  for (const int t : {1, threads}) {
    const std::string curve = "curve_threads_" + std::to_string(t);
    Json& at = report["at_recall_0.98_threads_" + std::to_string(t)];
    at["hnsw_queries_per_s"] = Round(RateAt(report["hnsw"][curve], 0.98), 0);
    if (!settings.hnswlib) continue;
    at["hnswlib_queries_per_s"] = Round(RateAt(report["hnswlib"][curve], 0.98), 0);
    at["ratio"] = Round(
        at["hnsw_queries_per_s"].get<double>() / std::max(1.0, at["hnswlib_queries_per_s"].get<double>()), 2);
  }
}

int Run(const Settings& settings) {
  const int threads = ThreadCount(settings.threads);
  const std::size_t width = settings.dimension;
  Json report;
  report["load_average_before"] = LoadAverage();
  report["threads"] = threads;
  report["kernel"] = KernelsOf().name;
  report["clock"] = cpu_clock ? "processor time over threads" : "wall";
  Data data;
  if (settings.rows > 0 || !settings.descriptors.empty()) data = MakeData(settings, threads);
  if (settings.rows > 0) {
    std::cerr << data.base.size() / width << " vectors, " << data.queries.size() / width << " queries\n";
    double seconds = 0;
    report["rows"] = data.base.size() / width;
    const auto half = MakeIndex(VectorBackend::kFlatFloat16, width, data.base, threads, &seconds);
    FindTruth(*half, width, threads, &data);
    const auto int8 = MakeIndex(VectorBackend::kFlatInt8, width, data.base, threads, &seconds);
    const std::size_t bytes = std::max<std::size_t>(std::size_t{1} << 28, data.base.size());
    for (const int t : {1, threads}) {
      Json& flat = report["flat_threads_" + std::to_string(t)];
      flat["memory"] = MemoryRates(bytes, t, settings.seconds);
      const double read = flat["memory"]["read_gb_per_s"].get<double>();
      flat["int8"] = FlatRates(*int8, data, width, t, read, settings.seconds);
      flat["float16"] = FlatRates(*half, data, width, t, read, settings.seconds);
    }
    auto hits = int8->Search(data.queries, 1, Recall::kExact, threads);
    Must(hits);
    report["int8_exact"] = Recalls(Firsts(*hits), data.truth);
    if (!settings.write.empty()) {
      const auto write = [&](const char* name, const auto& values) {
        Must(WriteFileAtomic(std::filesystem::path(settings.write) / name, std::as_bytes(std::span(values))));
      };
      write("base.f32", data.base);
      write("queries.f32", data.queries);
      write("truth.i64", data.truth);
    }
    if (settings.hnsw) MeasureGraphs(settings, data, threads, &report);
  }
  for (const std::size_t rows : settings.growth) {
    for (const VectorBackend backend :
         {VectorBackend::kFlatInt8, VectorBackend::kFlatFloat16, VectorBackend::kHnsw}) {
      if (rows > 2'000'000 && backend == VectorBackend::kFlatFloat16) continue;
      report["growth"].push_back(Growth(settings, data, backend, rows, threads));
      std::cerr << report["growth"].back().dump() << "\n";
    }
  }
  report["load_average_after"] = LoadAverage();
  std::cout << report.dump(1) << "\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  const auto list = [](const std::string& text) {
    std::vector<std::size_t> numbers;
    std::stringstream stream(text);
    for (std::string part; std::getline(stream, part, ',');) numbers.push_back(std::stoul(part));
    return numbers;
  };
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--flat-only") {
      settings.hnsw = false;
      continue;
    }
    if (option == "--no-hnswlib") {
      settings.hnswlib = false;
      continue;
    }
    if (i + 1 == argc) {
      std::cerr << "no such option, or no value for it: " << option << "\n";
      return 2;
    }
    const std::string value = argv[++i];
    if (option == "--rows")
      settings.rows = std::stoul(value);
    else if (option == "--queries")
      settings.queries = std::stoul(value);
    else if (option == "--dimension")
      settings.dimension = std::stoul(value);
    else if (option == "--threads")
      settings.threads = std::stoi(value);
    else if (option == "--seconds")
      settings.seconds = std::stod(value);
    else if (option == "--descriptors")
      settings.descriptors = value;
    else if (option == "--write")
      settings.write = value;
    else if (option == "--clock")
      cpu_clock = value == "cpu";
    else if (option == "--growth")
      settings.growth = list(value);
    else {
      std::cerr << "no such option: " << option << "\n";
      return 2;
    }
  }
  return Run(settings);
}
