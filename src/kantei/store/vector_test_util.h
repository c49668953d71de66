// What the tests of the vector index share.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kantei/base/random.h"
#include "kantei/store/vector_index.h"

namespace kantei::store {

using Floats = std::vector<float>;

class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "kantei_vector_XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  std::filesystem::path operator/(const char* name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline void MakeUnit(std::span<float> vector) {
  double squares = 0;
  for (const float x : vector) squares += static_cast<double>(x) * x;
  for (float& x : vector) x = static_cast<float>(x / std::sqrt(squares));
}

/// Directions without preference.
inline Floats RandomUnits(std::size_t count, std::size_t dimension, std::uint64_t seed) {
  Random random(seed);
  Floats vectors(count * dimension);
  for (float& x : vectors) x = static_cast<float>(random.Normal());
  for (std::size_t i = 0; i < count; ++i) MakeUnit(std::span(vectors).subspan(i * dimension, dimension));
  return vectors;
}

/// Around `centres` directions, the vectors of one centre at a similarity of about 0.8.
inline Floats ClusteredUnits(std::size_t count, std::size_t dimension, std::size_t centres,
                             std::uint64_t seed) {
  const Floats middle = RandomUnits(centres, dimension, 77);
  const Floats offset = RandomUnits(count, dimension, seed);
  Random random(seed + 1);
  Floats vectors(count * dimension);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t centre = random.Below(centres);
    for (std::size_t d = 0; d < dimension; ++d)
      vectors[i * dimension + d] = middle[centre * dimension + d] + 0.5f * offset[i * dimension + d];
    MakeUnit(std::span(vectors).subspan(i * dimension, dimension));
  }
  return vectors;
}

inline std::span<const float> Row(const Floats& vectors, std::size_t dimension, std::size_t i) {
  return std::span(vectors).subspan(i * dimension, dimension);
}

inline double TrueSimilarity(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t d = 0; d < a.size(); ++d) sum += static_cast<double>(a[d]) * b[d];
  return sum;
}

/// Every (similarity, id) in double precision, best first, ties by lower id.
struct Oracle {
  explicit Oracle(std::size_t width) : dimension(width) {}
  void Add(std::int64_t id, std::span<const float> vector) {
    rows.emplace_back(id, Floats(vector.begin(), vector.end()));
  }
  bool Remove(std::int64_t id) {
    return std::erase_if(rows, [&](const auto& row) { return row.first == id; }) > 0;
  }
  std::vector<std::pair<double, std::int64_t>> Search(std::span<const float> query) const {
    std::vector<std::pair<double, std::int64_t>> all;
    for (const auto& [id, vector] : rows) all.emplace_back(TrueSimilarity(query, vector), id);
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    return all;
  }
  std::size_t dimension;
  std::vector<std::pair<std::int64_t, Floats>> rows;
};

/// How far a stored similarity may be from that of the float32 vectors: both sides of an int8 product are rounded to steps
/// of a 127th of the largest component, float16 keeps 11 bits.
inline double Tolerance(VectorBackend backend, std::size_t dimension) {
  return backend == VectorBackend::kFlatFloat16 ? 1e-3 : dimension < 32 ? 0.02 : 0.012;
}

/// That `hits` are right: of known ids, with the similarity of one of their vectors, in order, each id at most as often as it
/// has vectors, and no vector left out that is clearly nearer than the last.
inline void ExpectExact(const std::vector<VectorHit>& hits, const Oracle& oracle,
                        std::span<const float> query, std::size_t limit, double tolerance) {
  const auto truth = oracle.Search(query);
  ASSERT_EQ(hits.size(), std::min(limit, truth.size()));
  std::multimap<std::int64_t, double> left;
  for (const auto& [similarity, id] : truth) left.emplace(id, similarity);
  for (std::size_t i = 0; i < hits.size(); ++i) {
    EXPECT_NEAR(hits[i].similarity, truth[i].first, tolerance) << "place " << i;
    auto [at, end] = left.equal_range(hits[i].vector_id);
    auto best = end;
    for (; at != end; ++at) {
      if (best == end ||
          std::abs(at->second - hits[i].similarity) < std::abs(best->second - hits[i].similarity))
        best = at;
    }
    ASSERT_NE(best, end) << "id " << hits[i].vector_id << " at place " << i;
    EXPECT_NEAR(hits[i].similarity, best->second, tolerance);
    left.erase(best);
    if (i == 0) continue;
    EXPECT_GE(hits[i - 1].similarity, hits[i].similarity);
    if (hits[i - 1].similarity == hits[i].similarity) {
      EXPECT_LE(hits[i - 1].vector_id, hits[i].vector_id);
    }
  }
}

inline std::vector<std::int64_t> Counting(std::size_t count, std::int64_t first = 0) {
  std::vector<std::int64_t> ids(count);
  for (std::size_t i = 0; i < count; ++i) ids[i] = first + static_cast<std::int64_t>(i);
  return ids;
}

inline std::unique_ptr<VectorIndex> NewIndex(VectorBackend backend, int dimension) {
  VectorIndexOptions options;
  options.backend = backend;
  options.dimension = dimension;
  options.hnsw_effort = 60;
  auto index = VectorIndex::Create(options);
  EXPECT_TRUE(index.ok());
  return std::move(index).value();
}

inline bool SameHits(const std::vector<std::vector<VectorHit>>& a,
                     const std::vector<std::vector<VectorHit>>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](const VectorHit& p, const VectorHit& q) {
      return p.vector_id == q.vector_id && p.similarity == q.similarity;
    });
  });
}

}  // namespace kantei::store
