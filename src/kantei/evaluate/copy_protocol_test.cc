#include "kantei/evaluate/copy_protocol.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "kantei/base/random.h"
#include "kantei/copy/descriptor_math.h"

namespace kantei::evaluate {
namespace {

using copy::Normalisation;

constexpr int kDimension = 16;

std::vector<float> UnitRows(std::size_t rows, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> values(rows * kDimension);
  for (float& value : values) value = static_cast<float>(random.Normal());
  for (std::size_t i = 0; i < rows; ++i)
    EXPECT_TRUE(copy::NormaliseRow(std::span(values).subspan(i * kDimension, kDimension)));
  return values;
}

QueryRows OneRowEach(std::vector<float> values) {
  QueryRows rows;
  rows.dimension = kDimension;
  for (std::uint32_t q = 1; q <= values.size() / kDimension; ++q) rows.first.push_back(q);
  rows.values = std::move(values);
  return rows;
}

copy::ScoreNormaliser Normaliser(Normalisation normalisation) {
  auto made = copy::ScoreNormaliser::Create(normalisation, {}, UnitRows(40, 77), kDimension, 1);
  EXPECT_TRUE(made.ok());
  return std::move(*made);
}

std::vector<ScoredPair> Rank(const QueryRows& queries, const std::vector<float>& references,
                             Normalisation normalisation, const CandidateOptions& options) {
  auto ranked = RankDescriptors(queries, references, Normaliser(normalisation), {}, options, {});
  EXPECT_TRUE(ranked.ok());
  return ranked.ok() ? std::move(*ranked) : std::vector<ScoredPair>{};
}

double Cosine(const float* a, const float* b) {
  return std::inner_product(a, a + kDimension, b, 0.0);
}

TEST(CopyProtocol, TheGlobalListIsTheBestOfAllPairs) {
  const auto references = UnitRows(900, 2);
  const QueryRows queries = OneRowEach(UnitRows(211, 1));
  CandidateOptions options;
  options.global = 500;
  const auto pairs = Rank(queries, references, Normalisation::kNone, options);
  ASSERT_EQ(pairs.size(), 500u);
  std::vector<double> all;
  for (std::size_t q = 0; q < 211; ++q) {
    for (std::size_t r = 0; r < 900; ++r)
      all.push_back(Cosine(queries.values.data() + q * kDimension, references.data() + r * kDimension));
  }
  std::sort(all.rbegin(), all.rend());
  for (std::size_t i = 0; i < 500; ++i) {
    EXPECT_NEAR(pairs[i].score, all[i], 1e-5);
    EXPECT_NEAR(pairs[i].score,
                Cosine(queries.values.data() + pairs[i].query * kDimension,
                       references.data() + pairs[i].reference * kDimension),
                1e-5);
  }
}

TEST(CopyProtocol, ThreadsDoNotShowInTheList) {
  auto references = UnitRows(300, 4);
  // Many equal scores at the edge of the list: the rule for ties decides.
  for (std::size_t r = 100; r < 300; ++r)
    std::copy_n(references.begin() + static_cast<long>(r % 100 * kDimension), kDimension,
                references.begin() + static_cast<long>(r * kDimension));
  const QueryRows queries = OneRowEach(UnitRows(400, 3));
  for (const auto normalisation :
       {Normalisation::kStretching, Normalisation::kAdditive, Normalisation::kNegatives}) {
    CandidateOptions one, many;
    one.global = many.global = 1000;
    many.threads = 4;
    const auto a = Rank(queries, references, normalisation, one),
               b = Rank(queries, references, normalisation, many);
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      ASSERT_EQ(a[i].score, b[i].score);
      ASSERT_EQ(a[i].query, b[i].query);
      ASSERT_EQ(a[i].reference, b[i].reference);
    }
  }
}

TEST(CopyProtocol, PerQueryTheBestOfEach) {
  const auto references = UnitRows(120, 6);
  const QueryRows queries = OneRowEach(UnitRows(30, 5));
  CandidateOptions options;
  options.per_query = 4;
  options.threads = 2;
  const auto pairs = Rank(queries, references, Normalisation::kStretching, options);
  ASSERT_EQ(pairs.size(), 120u);
  std::map<std::uint32_t, std::vector<std::uint32_t>> of_query;
  for (const ScoredPair& pair : pairs) of_query[pair.query].push_back(pair.reference);
  for (const auto& [query, kept] : of_query) {
    ASSERT_EQ(kept.size(), 4u);
    const float* row = queries.values.data() + query * kDimension;
    const double worst = Cosine(row, references.data() + kept.back() * kDimension);
    int better = 0;
    for (std::size_t r = 0; r < 120; ++r)
      better += Cosine(row, references.data() + r * kDimension) > worst + 1e-6;
    EXPECT_EQ(better, 3);
  }
}

TEST(CopyProtocol, AKindOfViewHasItsOffset) {
  const auto references = UnitRows(5, 8);
  QueryRows queries;
  queries.dimension = kDimension;
  queries.first = {0, 2};
  queries.values = UnitRows(2, 9);
  std::copy_n(references.begin(), kDimension, queries.values.begin());  // the whole: reference 0
  std::copy_n(references.begin() + kDimension, kDimension, queries.values.begin() + kDimension);  // a crop: 1
  queries.kinds = {copy::ViewKind::kWhole, copy::ViewKind::kCrop};
  copy::ViewOffsets offsets{};
  offsets[static_cast<std::size_t>(copy::ViewKind::kCrop)] = -0.25f;
  const auto ranked = RankDescriptors(queries, references, Normaliser(Normalisation::kNone), offsets, {}, {});
  ASSERT_TRUE(ranked.ok());
  EXPECT_EQ((*ranked)[0].reference, 0u);
  EXPECT_NEAR((*ranked)[0].score, 1, 1e-5);
  EXPECT_EQ((*ranked)[1].reference, 1u);
  EXPECT_NEAR((*ranked)[1].score, 0.75, 1e-5);
}

TEST(CopyProtocol, OfTheViewsOfAQueryTheBestCountsAndBlankPicturesForNothing) {
  std::vector<float> references = UnitRows(5, 8);
  std::fill_n(references.begin() + 2 * kDimension, kDimension, 0.0f);  // no descriptor
  QueryRows queries;
  queries.dimension = kDimension;
  queries.first = {0, 3, 4};
  queries.values = UnitRows(4, 9);
  std::copy_n(references.begin() + 3 * kDimension, kDimension,
              queries.values.begin() + kDimension);                        // a view of query 0
  std::fill_n(queries.values.begin() + 3 * kDimension, kDimension, 0.0f);  // query 1 is blank
  const auto pairs = Rank(queries, references, Normalisation::kNone, {});
  ASSERT_EQ(pairs.size(), 4u);  // query 0 with the four references that have a descriptor
  EXPECT_EQ(pairs[0].reference, 3u);
  EXPECT_NEAR(pairs[0].score, 1.0, 1e-5);
  for (const ScoredPair& pair : pairs) {
    EXPECT_EQ(pair.query, 0u);
    EXPECT_NE(pair.reference, 2u);
  }
}

TEST(CopyProtocol, StopsWhenAsked) {
  CancellationToken cancelled;
  cancelled.Cancel();
  const auto ranked = RankDescriptors(OneRowEach(UnitRows(3, 1)), UnitRows(3, 2),
                                      Normaliser(Normalisation::kNone), {}, {}, cancelled);
  ASSERT_FALSE(ranked.ok());
  EXPECT_EQ(ranked.error().code, ErrorCode::kCancelled);
}

PictureHash RandomHash(Random& random) {
  PictureHash hash;
  hash.present = true;
  for (auto& code : hash.codes) {
    for (auto& word : code.words) word = random.Next();
  }
  return hash;
}
Code256 Flipped(Code256 code, int bits) {
  for (int k = 0; k < bits; ++k) code.words[static_cast<std::size_t>(k) / 64] ^= std::uint64_t{1} << (k % 64);
  return code;
}

TEST(CopyProtocol, HashesWithinTheRadiusBestVariantFirst) {
  Random random(1);
  std::vector<PictureHash> references, queries;
  for (int i = 0; i < 40; ++i) references.push_back(RandomHash(random));
  for (int i = 0; i < 70; ++i) queries.push_back(RandomHash(random));
  queries[50].codes[0] = Flipped(references[7].codes[0], 20);
  queries[50].codes[3] = Flipped(references[7].codes[0], 5);
  queries[60].codes[0] = Flipped(references[9].codes[0], 31);
  queries[61].codes[0] = Flipped(references[9].codes[0], 32);
  references[11].present = false;
  queries[62].codes[0] = references[11].codes[0];
  auto pairs = RankHashes(queries, references, 31, 8, {}, {});
  ASSERT_TRUE(pairs.ok());
  ASSERT_EQ(pairs->size(), 2u);
  EXPECT_EQ((*pairs)[0].score, -5);
  EXPECT_EQ((*pairs)[0].query, 50u);
  EXPECT_EQ((*pairs)[0].reference, 7u);
  EXPECT_EQ((*pairs)[1].score, -31);
  pairs = RankHashes(queries, references, 31, 1, {}, {});
  ASSERT_TRUE(pairs.ok());
  EXPECT_EQ((*pairs)[0].score, -20);
}

TEST(CopyProtocol, TheRadiusShrinksByWholeDistances) {
  Random random(2);
  std::vector<PictureHash> references{RandomHash(random)}, queries;
  // Ten queries at each distance 1..20.
  for (int i = 0; i < 200; ++i) {
    queries.push_back(RandomHash(random));
    queries.back().codes[0] = Flipped(references[0].codes[0], 1 + i % 20);
  }
  CandidateOptions options;
  options.global = 57;
  for (const int threads : {1, 3}) {
    options.threads = threads;
    const auto pairs = RankHashes(queries, references, 40, 1, options, {});
    ASSERT_TRUE(pairs.ok());
    EXPECT_EQ(pairs->size(), 50u);  // distances 1 to 5
    EXPECT_EQ(pairs->back().score, -5);
  }
  options.global = 9;
  EXPECT_TRUE(RankHashes(queries, references, 40, 1, options, {})->empty());
  options.per_query = 1;
  EXPECT_EQ(RankHashes(queries, references, 40, 1, options, {})->size(), 200u);
}

}  // namespace
}  // namespace kantei::evaluate
