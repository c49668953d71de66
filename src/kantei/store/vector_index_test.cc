// One suite for every backend: what VectorIndex promises. HNSW promises the exact answer only where it is asked for it.
#include "kantei/store/vector_index.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <set>
#include <string>

#include "kantei/store/vector_test_util.h"

namespace kantei::store {
namespace {

using Hits = std::vector<std::vector<VectorHit>>;

class VectorIndexTest : public testing::TestWithParam<VectorBackend> {
 protected:
  std::unique_ptr<VectorIndex> New(std::size_t dimension) const {
    return NewIndex(GetParam(), static_cast<int>(dimension));
  }
  Hits Ask(const VectorIndex& index, std::span<const float> queries, int k, Recall recall = Recall::kExact,
           int threads = 1) const {
    auto hits = index.Search(queries, k, recall, threads);
    EXPECT_TRUE(hits.ok()) << hits.error().message;
    return hits.ok() ? std::move(hits).value() : Hits{};
  }
  double AllowedError(std::size_t dimension) const { return Tolerance(GetParam(), dimension); }
  void ExpectRefused(const Status& status) const {
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument) << status.error().message;
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, VectorIndexTest,
                         testing::Values(VectorBackend::kFlatFloat16, VectorBackend::kFlatInt8,
                                         VectorBackend::kHnsw),
                         [](const auto& test) {
                           std::string name(VectorBackendName(test.param));
                           std::erase(name, '-');
                           return name;
                         });

TEST_P(VectorIndexTest, ExactAnswersInEveryDimension) {
  for (const std::size_t dimension : {8, 9, 31, 64, 100, 256, 333, 1024}) {
    SCOPED_TRACE(dimension);
    const std::size_t count = 300 + dimension % 7;  // not a multiple of any block
    const Floats vectors = RandomUnits(count, dimension, dimension), queries = RandomUnits(13, dimension, 1);
    const auto index = New(dimension);
    ASSERT_TRUE(index->Add(Counting(count, -50), vectors).ok());
    EXPECT_EQ(index->size(), static_cast<std::int64_t>(count));
    Oracle oracle(dimension);
    for (std::size_t i = 0; i < count; ++i)
      oracle.Add(static_cast<std::int64_t>(i) - 50, Row(vectors, dimension, i));
    const Hits hits = Ask(*index, queries, 10);
    ASSERT_EQ(hits.size(), 13u);
    for (std::size_t q = 0; q < hits.size(); ++q) {
      ExpectExact(hits[q], oracle, Row(queries, dimension, q), 10, AllowedError(dimension));
      // Alone or among others, a query gets the same answer.
      EXPECT_TRUE(SameHits({hits[q]}, Ask(*index, Row(queries, dimension, q), 10)));
    }
  }
}

TEST_P(VectorIndexTest, FindsWhatIsStoredAmongClusters) {
  constexpr std::size_t kCount = 3000, kDimension = 48;
  const Floats vectors = ClusteredUnits(kCount, kDimension, 20, 3);
  const auto index = New(kDimension);
  // In two parts and on two threads: both paths of the graph.
  ASSERT_TRUE(index->Add(Counting(1000), std::span(vectors).first(1000 * kDimension), 2).ok());
  ASSERT_TRUE(index->Add(Counting(2000, 1000), std::span(vectors).subspan(1000 * kDimension), 2).ok());
  for (const Recall recall : {Recall::kFast, Recall::kBalanced, Recall::kExact}) {
    const Hits hits = Ask(*index, std::span(vectors).first(1000 * kDimension), 1, recall, 2);
    int found = 0;
    for (std::size_t q = 0; q < hits.size(); ++q) {
      ASSERT_EQ(hits[q].size(), 1u);
      found += hits[q][0].vector_id == static_cast<std::int64_t>(q) ? 1 : 0;
      EXPECT_NEAR(hits[q][0].similarity, 1.0, 0.002);
    }
    EXPECT_GE(found, recall == Recall::kExact ? 1000 : recall == Recall::kBalanced ? 990 : 950);
  }
}

TEST_P(VectorIndexTest, EqualVectorsComeByLowerId) {
  constexpr std::size_t kDimension = 20;
  const auto index = New(kDimension);
  const Floats vector = RandomUnits(1, kDimension, 4), other = RandomUnits(1, kDimension, 5);
  const std::vector<std::int64_t> ids = {70, 10, 50, 10, 30, 90, 20};
  for (const std::int64_t id : ids) ASSERT_TRUE(index->Add({{id}}, vector).ok());
  ASSERT_TRUE(index->Add({{1}}, other).ok());
  const Hits hits = Ask(*index, vector, 5);
  std::vector<std::int64_t> found;
  for (const VectorHit& hit : hits[0]) found.push_back(hit.vector_id);
  EXPECT_EQ(found, (std::vector<std::int64_t>{10, 10, 20, 30, 50}));
}

TEST_P(VectorIndexTest, ThousandCopiesOfOneVectorHideNothing) {
  constexpr std::size_t kDimension = 16;
  const Floats one = RandomUnits(1, kDimension, 6), others = RandomUnits(400, kDimension, 7);
  const auto index = New(kDimension);
  Floats copies;
  for (int i = 0; i < 1000; ++i) copies.insert(copies.end(), one.begin(), one.end());
  ASSERT_TRUE(index->Add(Counting(200), std::span(others).first(200 * kDimension)).ok());
  ASSERT_TRUE(index->Add(Counting(1000, 1000), copies).ok());
  ASSERT_TRUE(index->Add(Counting(200, 200), std::span(others).subspan(200 * kDimension)).ok());
  const Hits hits = Ask(*index, others, 1, Recall::kBalanced);
  int found = 0;
  for (std::size_t q = 0; q < hits.size(); ++q)
    found += hits[q][0].vector_id == static_cast<std::int64_t>(q) ? 1 : 0;
  EXPECT_GE(found, 380);  // a thousand equal vectors fill the candidates of a search that passes them
  std::set<std::int64_t> copies_found;
  const Hits all = Ask(*index, one, 1000, Recall::kBalanced);
  for (const VectorHit& hit : all[0]) copies_found.insert(hit.vector_id);
  EXPECT_GE(copies_found.size(), 990u);
}

TEST_P(VectorIndexTest, AddAndRemoveFollowAModel) {
  constexpr std::size_t kDimension = 24;
  const auto index = New(kDimension);
  Oracle oracle(kDimension);
  Random random(8);
  for (int round = 0; round < 30; ++round) {
    const std::size_t count = random.Below(60);
    const Floats vectors = RandomUnits(std::max<std::size_t>(count, 1), kDimension, 100 + random.Below(1000));
    std::vector<std::int64_t> ids;
    for (std::size_t i = 0; i < count; ++i) {
      ids.push_back(static_cast<std::int64_t>(random.Below(300)));  // some come again and again
      oracle.Add(ids.back(), Row(vectors, kDimension, i));
    }
    ASSERT_TRUE(index->Add(ids, std::span(vectors).first(count * kDimension)).ok());
    for (int i = 0; i < 12; ++i) {
      const auto id = static_cast<std::int64_t>(random.Below(300));
      EXPECT_EQ(index->Remove(id), oracle.Remove(id));
    }
    ASSERT_EQ(index->size(), static_cast<std::int64_t>(oracle.rows.size()));
    const Floats queries = RandomUnits(3, kDimension, 5000 + static_cast<std::uint64_t>(round));
    const Hits hits = Ask(*index, queries, 7);
    for (std::size_t q = 0; q < 3; ++q)
      ExpectExact(hits[q], oracle, Row(queries, kDimension, q), 7, AllowedError(kDimension));
  }
}

TEST_P(VectorIndexTest, SavedAndOpenedAnswersTheSame) {
  constexpr std::size_t kDimension = 40;
  const TestFolder folder;
  const Floats vectors = ClusteredUnits(900, kDimension, 10, 9),
               queries = ClusteredUnits(20, kDimension, 10, 10);
  const auto index = New(kDimension);
  ASSERT_TRUE(index->Add(Counting(900), vectors).ok());
  ASSERT_TRUE(index->Save(folder / "index", "model 1").ok());
  auto opened = VectorIndex::Open(folder / "index", "model 1");
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ((*opened)->options().backend, GetParam());
  EXPECT_EQ((*opened)->options().dimension, static_cast<int>(kDimension));
  EXPECT_EQ((*opened)->size(), 900);
  EXPECT_TRUE((*opened)->Verify().ok());
  for (const Recall recall : {Recall::kFast, Recall::kBalanced, Recall::kExact})
    EXPECT_TRUE(SameHits(Ask(*index, queries, 10, recall), Ask(**opened, queries, 10, recall)));

  // Additions and removals on top of the file, over which the result is saved.
  const Floats more = ClusteredUnits(100, kDimension, 10, 11);
  ASSERT_TRUE((*opened)->Add(Counting(100, 900), more).ok());
  for (std::int64_t id = 0; id < 1000; id += 3) EXPECT_TRUE((*opened)->Remove(id));
  EXPECT_FALSE((*opened)->Remove(0));
  EXPECT_EQ((*opened)->size(), 666);
  const Hits before = Ask(**opened, queries, 10);
  ASSERT_TRUE((*opened)->Save(folder / "index", "model 1").ok());
  EXPECT_TRUE(SameHits(Ask(**opened, queries, 10), before));
  auto again = VectorIndex::Open(folder / "index", "model 1");
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ((*again)->size(), 666);
  EXPECT_TRUE(SameHits(Ask(**again, queries, 10), before));
  int found = 0;
  for (std::size_t i = 0; i < 900; ++i) {
    if (i % 3 == 0) continue;
    const Hits own = Ask(**again, Row(vectors, kDimension, i), 1, Recall::kBalanced);
    found += own[0][0].vector_id == static_cast<std::int64_t>(i) ? 1 : 0;
  }
  EXPECT_GE(found, 594);  // of 600

  // The saved file has no removed rows, and both indexes take more.
  ASSERT_TRUE((*again)->Add({{5000}}, Row(vectors, kDimension, 0)).ok());
  EXPECT_EQ(Ask(**again, Row(vectors, kDimension, 0), 1)[0][0].vector_id, 5000);
}

TEST_P(VectorIndexTest, TagOfAnotherModelIsRefused) {
  const TestFolder folder;
  const auto index = New(16);
  ASSERT_TRUE(index->Add(Counting(5), RandomUnits(5, 16, 12)).ok());
  ASSERT_TRUE(index->Save(folder / "index", "model 1").ok());
  const auto opened = VectorIndex::Open(folder / "index", "model 2");
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(opened.error().message.find("model 1"), std::string::npos);
  ExpectRefused(index->Save(folder / "index", std::string(5000, 'x')));
  EXPECT_EQ(VectorIndex::Open(folder / "absent", "").error().code, ErrorCode::kNotFound);
}

TEST_P(VectorIndexTest, BadVectorsAreRefusedAndNothingIsAdded) {
  constexpr std::size_t kDimension = 17;
  const auto index = New(kDimension);
  const Floats good = RandomUnits(3, kDimension, 13);
  for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity(), 3e38f, 2.0f}) {
    Floats vectors = good;
    vectors[kDimension + 4] = bad;
    ExpectRefused(index->Add(Counting(3), vectors));
    EXPECT_FALSE(index->Search(vectors, 1).ok());
    EXPECT_FALSE(index->SearchRadius(vectors, 0.5f, 1).ok());
  }
  Floats zero = good;
  std::fill(zero.begin(), zero.begin() + kDimension, 0.0f);
  ExpectRefused(index->Add(Counting(3), zero));
  ExpectRefused(index->Add(Counting(2), good));
  ExpectRefused(index->Add(Counting(3), std::span(good).first(kDimension * 3 - 1)));
  EXPECT_FALSE(index->Search(std::span(good).first(kDimension - 1), 1).ok());
  EXPECT_FALSE(index->Search(good, 0).ok());
  EXPECT_FALSE(index->SearchRadius(good, 0.5f, 0).ok());
  EXPECT_FALSE(index->SearchRadius(good, std::nanf(""), 1).ok());
  EXPECT_EQ(index->size(), 0);
  EXPECT_TRUE(index->Add(Counting(3), good).ok());
}

TEST_P(VectorIndexTest, EmptyAndSmallIndexes) {
  const TestFolder folder;
  const auto index = New(32);
  const Floats vectors = RandomUnits(4, 32, 14);
  EXPECT_TRUE(Ask(*index, {}, 3).empty());
  for (const Recall recall : {Recall::kFast, Recall::kExact}) {
    const Hits none = Ask(*index, vectors, 3, recall);
    ASSERT_EQ(none.size(), 4u);
    for (const auto& hits : none) EXPECT_TRUE(hits.empty());
  }
  EXPECT_FALSE(index->Remove(1));
  ASSERT_TRUE(index->Add({}, {}).ok());
  ASSERT_TRUE(index->Save(folder / "empty", "").ok());
  auto opened = VectorIndex::Open(folder / "empty", "");
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ((*opened)->size(), 0);
  ASSERT_TRUE((*opened)->Add(Counting(4), vectors).ok());
  for (const Recall recall : {Recall::kFast, Recall::kBalanced, Recall::kExact}) {
    EXPECT_EQ(Ask(**opened, vectors, 100, recall)[2].size(), 4u);
    EXPECT_EQ(Ask(**opened, vectors, 1, recall)[2][0].vector_id, 2);
  }
  for (std::int64_t id = 0; id < 4; ++id) EXPECT_TRUE((*opened)->Remove(id));
  EXPECT_TRUE(Ask(**opened, vectors, 1, Recall::kBalanced)[0].empty());
  ASSERT_TRUE((*opened)->Save(folder / "emptied", "").ok());
  EXPECT_EQ((*VectorIndex::Open(folder / "emptied", ""))->size(), 0);
  ASSERT_TRUE((*opened)->Add(Counting(4), vectors).ok());
  EXPECT_EQ(Ask(**opened, vectors, 1, Recall::kBalanced)[3][0].vector_id, 3);
}

TEST_P(VectorIndexTest, ThreadsDoNotChangeTheAnswer) {
  constexpr std::size_t kDimension = 64, kCount = 40'000;
  // HNSW builds slowly; the flat backends need several tasks a thread.
  const std::size_t count = GetParam() == VectorBackend::kHnsw ? 2500 : kCount;
  const Floats vectors = ClusteredUnits(count, kDimension, 30, 15),
               queries = ClusteredUnits(40, kDimension, 30, 16);
  const auto one = New(kDimension), two = New(kDimension);
  ASSERT_TRUE(one->Add(Counting(count), vectors, 1).ok());
  ASSERT_TRUE(two->Add(Counting(count), vectors, 2).ok());
  for (const Recall recall : {Recall::kFast, Recall::kBalanced, Recall::kExact}) {
    const Hits hits = Ask(*one, queries, 25, recall, 1);
    EXPECT_TRUE(SameHits(hits, Ask(*one, queries, 25, recall, 2)));
    EXPECT_TRUE(SameHits(hits, Ask(*two, queries, 25, recall, 2)));
  }
}

TEST_P(VectorIndexTest, RadiusGivesEveryVectorAboveTheBound) {
  constexpr std::size_t kDimension = 32, kCount = 1500;
  const Floats vectors = ClusteredUnits(kCount, kDimension, 12, 17),
               queries = ClusteredUnits(10, kDimension, 12, 18);
  const auto index = New(kDimension);
  ASSERT_TRUE(index->Add(Counting(kCount), vectors).ok());
  const Hits all = Ask(*index, queries, static_cast<int>(kCount));
  for (const float least : {-1.0f, 0.3f, 0.75f, 0.99f}) {
    for (const int most : {5, 10'000}) {
      auto hits = index->SearchRadius(queries, least, most, 2);
      ASSERT_TRUE(hits.ok());
      for (std::size_t q = 0; q < hits->size(); ++q) {
        std::vector<VectorHit> wanted;
        for (const VectorHit& hit : all[q])
          if (hit.similarity >= least && wanted.size() < static_cast<std::size_t>(most))
            wanted.push_back(hit);
        if (GetParam() != VectorBackend::kHnsw) {
          EXPECT_TRUE(SameHits({(*hits)[q]}, {wanted}));
          continue;
        }
        EXPECT_LE((*hits)[q].size(), wanted.size());
        EXPECT_GE((*hits)[q].size(), wanted.size() * 95 / 100);
      }
    }
  }
}

TEST_P(VectorIndexTest, FindsTheRestWhenMostAreRemoved) {
  constexpr std::size_t kDimension = 24, kCount = 2000;
  const Floats vectors = ClusteredUnits(kCount, kDimension, 8, 19);
  const auto index = New(kDimension);
  ASSERT_TRUE(index->Add(Counting(kCount), vectors).ok());
  for (std::int64_t id = 0; id < 1950; ++id) ASSERT_TRUE(index->Remove(id));
  const Hits hits = Ask(*index, std::span(vectors).first(20 * kDimension), 60, Recall::kBalanced);
  for (const auto& list : hits) EXPECT_EQ(list.size(), 50u);
  ASSERT_TRUE(index->Add(Counting(100, 5000), std::span(vectors).first(100 * kDimension)).ok());
  int found = 0;
  for (std::size_t i = 0; i < 100; ++i) {
    found += Ask(*index, Row(vectors, kDimension, i), 1, Recall::kBalanced)[0][0].vector_id ==
             5000 + static_cast<std::int64_t>(i);
  }
  EXPECT_GE(found, 99);
}

TEST(VectorIndex, NamesAndOptions) {
  for (const VectorBackend backend :
       {VectorBackend::kFlatFloat16, VectorBackend::kFlatInt8, VectorBackend::kHnsw}) {
    EXPECT_EQ(ParseVectorBackend(VectorBackendName(backend)).value(), backend);
  }
  EXPECT_FALSE(ParseVectorBackend("faiss").ok());
  EXPECT_EQ(ParseRecall("balanced").value(), Recall::kBalanced);
  EXPECT_FALSE(ParseRecall("").ok());
  VectorIndexOptions options;
  options.dimension = 7;
  EXPECT_FALSE(VectorIndex::Create(options).ok());
  options.dimension = 4097;
  EXPECT_FALSE(VectorIndex::Create(options).ok());
  options = {};
  options.hnsw_links = 3;
  EXPECT_FALSE(VectorIndex::Create(options).ok());
}

TEST(VectorIndex, TenMillionInt8VectorsTakeUnderFourGigabytes) {
  constexpr std::size_t kDimension = 256, kCount = 2000;
  const auto index = NewIndex(VectorBackend::kFlatInt8, kDimension);
  ASSERT_TRUE(index->Add(Counting(kCount), RandomUnits(kCount, kDimension, 20)).ok());
  EXPECT_LE(index->memory_bytes() / static_cast<std::int64_t>(kCount), 4'000'000'000 / 10'000'000);
}

}  // namespace
}  // namespace kantei::store
