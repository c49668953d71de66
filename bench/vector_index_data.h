// The vectors of the vector index's measurements, and the clock. How they are made: vector_index_trial.cc.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <functional>
#include <iostream>
#include <span>
#include <string>
#include <vector>

#include "kantei/base/cpu.h"
#include "kantei/base/files.h"
#include "kantei/base/parallel.h"
#include "kantei/base/random.h"
#include "kantei/base/result.h"

namespace kantei::bench {

using Clock = std::chrono::steady_clock;

/// Wall time, or, where others keep the machine busy (--clock cpu), this process's processor time over its threads.
inline bool cpu_clock = false;

inline double Now(int threads) {
  if (!cpu_clock) return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec)) / threads;
}

struct Settings {
  std::size_t rows = 1'000'000, queries = 1000, dimension = 256;
  int threads = 0;
  double seconds = 0.5;
  bool hnsw = true, hnswlib = true;
  std::string descriptors, write;
  std::vector<std::size_t> growth;
  std::vector<int> efforts = {16, 24, 32, 48, 64, 96, 128, 192, 256};
};

/// The vectors of the head comment, any stretch of them.
class MadeVectors {
 public:
  explicit MadeVectors(std::size_t dimension) : dimension_(dimension), map_(kIntrinsic * dimension) {
    Random random(1);
    for (float& x : map_) x = static_cast<float>(random.Normal());
  }
  std::vector<float> Make(std::size_t first, std::size_t count, std::size_t clusters, int threads) const {
    std::vector<float> vectors(count * dimension_);
    ParallelFor((count + 999) / 1000, threads, {}, [&](std::size_t task) {
      for (std::size_t i = task * 1000; i < std::min(count, task * 1000 + 1000); ++i)
        MakeOne(first + i, clusters, vectors.data() + i * dimension_);
    });
    return vectors;
  }

 private:
  static constexpr std::size_t kIntrinsic = 30;
  // Box-Muller costs more than the rest: the sum of uniform numbers is normal enough here.
  static float Normal(Random* random) {
    const std::uint64_t bits = random->Next();
    float sum = 0;
    for (int k = 0; k < 4; ++k) sum += static_cast<float>(bits >> (16 * k) & 0xFFFF);
    return (sum / 65536.0f - 2.0f) * 1.7320508f;
  }
  void MakeOne(std::size_t number, std::size_t clusters, float* vector) const {
    Random own = Random(2).Fork(number);
    Random centre = Random(3).Fork(own.Below(std::max<std::size_t>(1, clusters)));
    std::fill(vector, vector + dimension_, 0.0f);
    for (std::size_t k = 0; k < kIntrinsic; ++k) {
      const float z = 0.7f * Normal(&centre) + 0.7f * Normal(&own);
      const float* row = map_.data() + k * dimension_;
      for (std::size_t d = 0; d < dimension_; ++d) vector[d] += z * row[d];
    }
    double squares = 0;
    for (std::size_t d = 0; d < dimension_; ++d) {
      vector[d] += 0.05f * Normal(&own);
      squares += static_cast<double>(vector[d]) * vector[d];
    }
    const auto scale = static_cast<float>(1.0 / std::sqrt(squares));
    for (std::size_t d = 0; d < dimension_; ++d) vector[d] *= scale;
  }

  std::size_t dimension_;
  std::vector<float> map_;
};

inline void Unit(float* vector, std::size_t dimension) {
  double squares = 0;
  for (std::size_t d = 0; d < dimension; ++d) squares += static_cast<double>(vector[d]) * vector[d];
  for (std::size_t d = 0; d < dimension; ++d) vector[d] /= static_cast<float>(std::sqrt(squares));
}

/// A copy of a known vector: its similarity to it is then about 0.8.
inline void AddNoise(Random random, std::size_t dimension, float* vector) {
  for (std::size_t d = 0; d < dimension; ++d)
    vector[d] += static_cast<float>(random.Normal() * 0.75 / std::sqrt(static_cast<double>(dimension)));
  Unit(vector, dimension);
}

[[maybe_unused]] static KANTEI_MULTIARCH float Dot(const float* __restrict__ a, const float* __restrict__ b,
                                                   std::size_t count) {
  float sums[16] = {};
  for (std::size_t i = 0; i + 16 <= count; i += 16)
    for (std::size_t lane = 0; lane < 16; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  float sum = 0;
  for (const float lane : sums) sum += lane;
  for (std::size_t i = count / 16 * 16; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

// Running sums that never wait for each other: only memory is left to wait for.
[[maybe_unused]] static KANTEI_MULTIARCH std::uint64_t SumWords(const std::uint64_t* __restrict__ words,
                                                                std::size_t count) {
  std::uint64_t sums[64] = {};
  for (std::size_t i = 0; i + 64 <= count; i += 64)
    for (std::size_t lane = 0; lane < 64; ++lane) sums[lane] += words[i + lane];
  std::uint64_t sum = 0;
  for (const std::uint64_t lane : sums) sum += lane;
  return sum;
}

/// Calls body until `seconds` are over, at least three times; the median time of a call.
inline double MedianSeconds(double seconds, int threads, const std::function<void()>& body) {
  std::vector<double> times;
  const auto begin = Clock::now();
  while (times.size() < 3 || std::chrono::duration<double>(Clock::now() - begin).count() < seconds) {
    const double start = Now(threads);
    body();
    times.push_back(Now(threads) - start);
  }
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

inline double Round(double value, int digits = 3) {
  const double factor = std::pow(10.0, digits);
  return std::round(value * factor) / factor;
}

struct Data {
  std::vector<float> base, queries;
  std::vector<std::int64_t> truth;  ///< the nearest in float32
};

template <typename T>
inline void Must(const Result<T>& result) {
  if (result.ok()) return;
  std::cerr << result.error().message << "\n";
  std::exit(1);
}

inline Data MakeData(const Settings& settings, int threads) {
  Data data;
  const std::size_t width = settings.dimension;
  if (!settings.descriptors.empty()) {
    auto file = ReadFile(settings.descriptors, std::uint64_t{1} << 36);
    Must(file);
    data.base.resize(file->size() / sizeof(float) / width * width);
    std::memcpy(data.base.data(), file->data(), data.base.size() * sizeof(float));
    for (std::size_t i = 0; i < data.base.size() / width; ++i) Unit(data.base.data() + i * width, width);
    const std::size_t from = data.base.size() - settings.queries * width;
    data.queries.assign(data.base.begin() + static_cast<std::ptrdiff_t>(from), data.base.end());
    data.base.resize(settings.rows > 0 ? std::min(from, settings.rows * width) : from);
    return data;
  }
  const MadeVectors made(width);
  const std::size_t clusters = settings.rows / 50;
  data.base = made.Make(0, settings.rows, clusters, threads);
  data.queries = made.Make(settings.rows, settings.queries, clusters, threads);
  Random random(4);
  for (std::size_t q = 0; q < settings.queries; q += 2) {
    const float* known = data.base.data() + random.Below(settings.rows) * width;
    float* query = data.queries.data() + q * width;
    std::copy_n(known, width, query);
    AddNoise(random.Fork(q), width, query);
  }
  return data;
}

}  // namespace kantei::bench
