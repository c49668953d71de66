#include "kantei/store/inverted_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <map>
#include <thread>

#include "kantei/base/random.h"
#include "kantei/store/inverted_format.h"
#include "kantei/store/signature_scan.h"

namespace kantei::store {
namespace {

namespace fs = std::filesystem;
using Postings = std::vector<Posting>;

constexpr std::uint32_t kWords = 64;

Postings RandomPostings(Random* random, std::size_t count, std::uint32_t words = kWords) {
  Postings postings(count);
  for (Posting& posting : postings) {
    const double u = random->Uniform();
    posting.word = static_cast<std::uint32_t>(u * u * words);  // some words are far more common than others
    posting.angle = static_cast<std::uint8_t>(random->Below(256));
    posting.log_scale = static_cast<std::uint8_t>(40 + random->Below(96));
    posting.signature = random->Next();
  }
  return postings;
}

/// The features of a copy: turned by `turn` 256ths, scaled by `scale` 16ths of an octave, about `flips`
/// signature bits off.
Postings Copy(const Postings& original, int turn, int scale, int flips, Random* random) {
  Postings copy = original;
  for (Posting& posting : copy) {
    posting.angle = static_cast<std::uint8_t>(posting.angle + turn);
    posting.log_scale = static_cast<std::uint8_t>(posting.log_scale + scale);
    for (int k = 0; k < flips; ++k) posting.signature ^= std::uint64_t{1} << random->Below(64);
  }
  return copy;
}

struct Collection {
  std::map<std::int64_t, Postings> pictures;
  InvertedIndex index{kWords};
};

Collection MakeCollection(int pictures, std::uint64_t seed) {
  Collection collection;
  Random random(seed);
  for (int i = 0; i < pictures; ++i) {
    const std::int64_t id = 10 + 3 * i;
    collection.pictures[id] = RandomPostings(&random, 20 + random.Below(150));
    EXPECT_TRUE(collection.index.Add(id, collection.pictures[id]).ok());
  }
  return collection;
}

/// The same scores by the plainest means, picture by picture and feature by feature.
std::map<std::int64_t, InvertedHit> BruteForce(const std::map<std::int64_t, Postings>& pictures,
                                               const Postings& query, int radius) {
  struct Match {
    int distance, rotation_cell, scale_cell;
  };
  std::map<std::int64_t, std::vector<std::pair<double, Match>>> votes;
  for (const Posting& feature : query) {
    std::map<std::int64_t, Match> matches;
    int with_word = 0;
    for (const auto& [id, postings] : pictures) {
      bool has_word = false;
      int nearest = radius + 1;
      for (const Posting& posting : postings) {
        if (posting.word != feature.word) continue;
        has_word = true;
        const int distance = std::popcount(posting.signature ^ feature.signature);
        if (distance >= nearest) continue;
        nearest = distance;
        const int rotation = (256 + feature.angle - posting.angle) % 256;
        const double octaves = (feature.log_scale - posting.log_scale) / 16.0;
        const int scale_cell = static_cast<int>(std::floor((octaves + 4) * 2));
        matches[id] = {distance, rotation / 16, std::min(15, std::max(0, scale_cell))};
      }
      with_word += has_word ? 1 : 0;
    }
    for (const auto& [id, match] : matches) {
      const double idf = std::log(1.0 + static_cast<double>(pictures.size()) / with_word);
      const double nearness = std::exp(-std::pow(match.distance / (0.35 * 64), 2));
      votes[id].push_back({idf * idf * nearness / std::sqrt(static_cast<double>(matches.size())), match});
    }
  }
  std::map<std::int64_t, InvertedHit> hits;
  for (const auto& [id, list] : votes) {
    InvertedHit best{id, -1, 0};
    for (int rotation = 0; rotation < 16; ++rotation) {
      for (int scale = 0; scale < 15; ++scale) {
        double weight = 0;
        std::uint32_t count = 0;
        for (const auto& [vote, match] : list) {
          const bool inside =
              (match.rotation_cell == rotation || match.rotation_cell == (rotation + 1) % 16) &&
              (match.scale_cell == scale || match.scale_cell == scale + 1);
          if (!inside) continue;
          weight += vote;
          ++count;
        }
        const double score =
            weight / std::sqrt(std::max<double>(100, static_cast<double>(pictures.at(id).size())));
        if (score > best.score + 1e-9) best = {id, static_cast<float>(score), count};
      }
    }
    hits[id] = best;
  }
  return hits;
}

void ExpectSameHits(const std::vector<InvertedHit>& a, const std::vector<InvertedHit>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].picture_id, b[i].picture_id) << "rank " << i;
    EXPECT_EQ(a[i].score, b[i].score) << "rank " << i;
    EXPECT_EQ(a[i].votes, b[i].votes) << "rank " << i;
  }
}

class InvertedIndexTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "kantei_inverted_XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { fs::remove_all(directory_); }

  std::vector<char> ReadAll(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  fs::path WriteAll(const std::vector<char>& bytes) {
    const fs::path path = directory_ / "hostile";
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return path;
  }
  /// Makes the checksum right again after bytes of the directory were changed.
  static void Seal(std::vector<char>* bytes) {
    InvertedHeader header;
    std::memcpy(&header, bytes->data(), sizeof header);
    const auto layout = InvertedLayout::Of(header, "test");
    ASSERT_TRUE(layout.ok());
    header.checksum = DirectoryChecksum(std::as_bytes(std::span(*bytes)), *layout);
    std::memcpy(bytes->data(), &header, sizeof header);
  }
  template <typename T>
  static void Put(std::vector<char>* bytes, std::uint64_t offset, T value) {
    std::memcpy(bytes->data() + offset, &value, sizeof value);
  }

  fs::path directory_;
};

TEST_F(InvertedIndexTest, AgreesWithBruteForce) {
  const Collection collection = MakeCollection(200, 1);
  Random random(2);
  for (const int radius : {10, 22, 30}) {
    Postings query = Copy(collection.pictures.at(10 + 3 * 57), 40, 13, 8, &random);
    query.resize(query.size() / 2);
    const Postings clutter = RandomPostings(&random, 120);
    query.insert(query.end(), clutter.begin(), clutter.end());
    const auto expected = BruteForce(collection.pictures, query, radius);
    const auto hits = collection.index.Query(query, {.signature_radius = radius, .max_hits = 1000});
    ASSERT_EQ(hits.size(), expected.size());
    for (std::size_t i = 0; i < hits.size(); ++i) {
      const InvertedHit& truth = expected.at(hits[i].picture_id);
      EXPECT_NEAR(hits[i].score, truth.score, 1e-4 * truth.score) << hits[i].picture_id;
      EXPECT_EQ(hits[i].votes, truth.votes) << hits[i].picture_id;
      if (i > 0) {
        EXPECT_GE(hits[i - 1].score, hits[i].score);
      }
    }
    EXPECT_EQ(hits.front().picture_id, 10 + 3 * 57);
  }
}

TEST_F(InvertedIndexTest, FindsATurnedAndScaledPartAmongClutter) {
  const Collection collection = MakeCollection(500, 3);
  Random random(4);
  int found = 0;
  for (int trial = 0; trial < 50; ++trial) {
    const std::int64_t id = 10 + 3 * static_cast<std::int64_t>(random.Below(500));
    Postings query = Copy(collection.pictures.at(id), static_cast<int>(random.Below(256)),
                          static_cast<int>(random.Below(40)) - 20, 6, &random);
    query.resize(15);
    const Postings clutter = RandomPostings(&random, 300);
    query.insert(query.end(), clutter.begin(), clutter.end());
    const auto hits = collection.index.Query(query, {});
    ASSERT_FALSE(hits.empty());
    found += hits.front().picture_id == id && hits.front().votes >= 12 ? 1 : 0;
  }
  EXPECT_GE(found, 48);
}

TEST_F(InvertedIndexTest, CoherentGeometryBeatsScatteredGeometry) {
  Random random(5);
  const Postings original = RandomPostings(&random, 100);
  Postings scattered = original;
  for (Posting& posting : scattered) posting.angle = static_cast<std::uint8_t>(random.Below(256));
  InvertedIndex index(kWords);
  ASSERT_TRUE(index.Add(1, scattered).ok());
  ASSERT_TRUE(index.Add(2, original).ok());
  const auto hits = index.Query(Copy(original, 77, 5, 4, &random), {});
  ASSERT_EQ(hits.size(), 2u);
  EXPECT_EQ(hits[0].picture_id, 2);
  EXPECT_EQ(hits[0].votes, 100u);
  EXPECT_LT(hits[1].votes, 50u);
  EXPECT_GT(hits[0].score, 2 * hits[1].score);
}

TEST_F(InvertedIndexTest, TurnsAcrossZeroAreOneTurn) {
  Random random(6);
  const Postings original = RandomPostings(&random, 100);
  InvertedIndex index(kWords);
  ASSERT_TRUE(index.Add(1, original).ok());
  Postings query = original;  // differences jitter around zero, on both sides of the wrap
  for (Posting& posting : query)
    posting.angle = static_cast<std::uint8_t>(posting.angle + random.Below(9) - 4);
  EXPECT_EQ(index.Query(query, {}).at(0).votes, 100u);
}

TEST_F(InvertedIndexTest, RepeatedTextureVotesOnce) {
  InvertedIndex index(kWords);
  const Posting brick{.word = 7, .angle = 0, .log_scale = 0, .reserved = 0, .signature = 0xABCDEF};
  ASSERT_TRUE(index.Add(1, Postings(200, brick)).ok());
  ASSERT_TRUE(index.Add(2, Postings(1, brick)).ok());
  const auto hits = index.Query(std::array{brick}, {});
  ASSERT_EQ(hits.size(), 2u);
  EXPECT_EQ(hits[0].picture_id, 2) << "the wall of 200 bricks must not win";
  EXPECT_EQ(hits[0].votes, 1u);
  EXPECT_EQ(hits[1].votes, 1u);
}

TEST_F(InvertedIndexTest, RadiusBoundsTheDistance) {
  InvertedIndex index(kWords);
  ASSERT_TRUE(index.Add(1, std::array{Posting{.word = 3, .signature = 0xFF}}).ok());
  const std::array query{Posting{.word = 3, .signature = 0}};
  EXPECT_TRUE(index.Query(query, {.signature_radius = 7}).empty());
  EXPECT_EQ(index.Query(query, {.signature_radius = 8}).size(), 1u);
  EXPECT_TRUE(
      index.Query(std::array{Posting{.word = 4, .signature = 0xFF}}, {.signature_radius = 64}).empty());
  EXPECT_TRUE(index.Query(std::array{Posting{.word = kWords + 1, .signature = 0xFF}}, {}).empty());
  EXPECT_TRUE(index.Query(query, {.signature_radius = 8, .max_hits = 0}).empty());
}

TEST_F(InvertedIndexTest, RefusesBadAdditions) {
  InvertedIndex index(kWords);
  EXPECT_EQ(index.last_picture_id(), 0);
  ASSERT_TRUE(index.Add(5, {}).ok());
  EXPECT_EQ(index.Add(5, {}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(index.Add(4, {}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(index.Add(6, std::array{Posting{.word = kWords}}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(index.last_picture_id(), 5);
  EXPECT_EQ(index.picture_count(), 1u);
  EXPECT_EQ(index.posting_count(), 0u);
}

TEST_F(InvertedIndexTest, SavedAndLoadedAnswersTheSame) {
  const Collection collection = MakeCollection(150, 7);
  Random random(8);
  const Postings query = Copy(collection.pictures.at(40), 10, 3, 6, &random);
  const auto before = collection.index.Query(query, {.max_hits = 200});
  const std::string tag("a tag\0with a zero", 17);
  ASSERT_TRUE(collection.index.Save(directory_ / "index", tag).ok());
  std::string loaded_tag;
  auto loaded = InvertedIndex::Load(directory_ / "index", &loaded_tag);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded_tag, tag);
  EXPECT_EQ(loaded->last_picture_id(), collection.index.last_picture_id());
  EXPECT_EQ(loaded->picture_count(), collection.index.picture_count());
  EXPECT_EQ(loaded->posting_count(), collection.index.posting_count());
  ExpectSameHits(before, loaded->Query(query, {.max_hits = 200}));
}

TEST_F(InvertedIndexTest, AdditionsAfterLoadingAreMergedAtSave) {
  const Collection whole = MakeCollection(120, 9);
  InvertedIndex first(kWords);
  for (const auto& [id, postings] : whole.pictures) {
    if (id < 200) {
      ASSERT_TRUE(first.Add(id, postings).ok());
    }
  }
  const fs::path path = directory_ / "index";
  ASSERT_TRUE(first.Save(path, "1").ok());
  std::string tag;
  auto index = InvertedIndex::Load(path, &tag);
  ASSERT_TRUE(index.ok());
  for (const auto& [id, postings] : whole.pictures) {
    if (id >= 200) {
      ASSERT_TRUE(index->Add(id, postings).ok());
    }
  }
  Random random(10);
  const Postings query = RandomPostings(&random, 200);
  const auto expected = whole.index.Query(query, {.max_hits = 200});
  ExpectSameHits(expected, index->Query(query, {.max_hits = 200}));
  ASSERT_TRUE(index->Save(path, "2").ok());  // over the file that it is mapped from
  ExpectSameHits(expected, index->Query(query, {.max_hits = 200}));
  auto again = InvertedIndex::Load(path, &tag);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(tag, "2");
  ExpectSameHits(expected, again->Query(query, {.max_hits = 200}));
}

TEST_F(InvertedIndexTest, RemovedPicturesNeverAppear) {
  Collection collection = MakeCollection(100, 11);
  Random random(12);
  const Postings query = RandomPostings(&random, 300);
  const auto all = collection.index.Query(query, {.max_hits = 100});
  std::map<std::int64_t, Postings> left = collection.pictures;
  for (std::size_t i = 0; i < all.size(); i += 2) {
    collection.index.MarkRemoved(all[i].picture_id);
    collection.index.MarkRemoved(all[i].picture_id);  // twice is once
    left.erase(all[i].picture_id);
  }
  const std::int64_t last = collection.index.last_picture_id();
  collection.index.MarkRemoved(last);
  left.erase(last);
  collection.index.MarkRemoved(999'999);  // never there
  std::uint64_t postings = 0;
  for (const auto& [id, list] : left) postings += list.size();

  const auto check = [&](const InvertedIndex& index) {
    EXPECT_EQ(index.picture_count(), left.size());
    EXPECT_EQ(index.posting_count(), postings);
    EXPECT_EQ(index.last_picture_id(), last);
    const auto hits = index.Query(query, {.max_hits = 1000});
    EXPECT_FALSE(hits.empty());
    for (const InvertedHit& hit : hits) EXPECT_TRUE(left.contains(hit.picture_id)) << hit.picture_id;
  };
  check(collection.index);
  ASSERT_TRUE(collection.index.Save(directory_ / "index", "").ok());
  std::string tag;
  auto loaded = InvertedIndex::Load(directory_ / "index", &tag);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  check(*loaded);
  const auto truth =
      BruteForce(left, query, 22);  // the file keeps nothing of the removed, not even in word counts
  for (const InvertedHit& hit : loaded->Query(query, {.max_hits = 1000})) {
    EXPECT_NEAR(hit.score, truth.at(hit.picture_id).score, 1e-4 * hit.score);
  }
  ASSERT_TRUE(loaded->Add(last + 1, query).ok());
  EXPECT_EQ(loaded->Query(query, {}).front().picture_id, last + 1);
}

TEST_F(InvertedIndexTest, EmptyIndexRoundTrips) {
  const InvertedIndex index(kWords);
  ASSERT_TRUE(index.Save(directory_ / "index", "t").ok());
  std::string tag;
  auto loaded = InvertedIndex::Load(directory_ / "index", &tag);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->picture_count(), 0u);
  EXPECT_TRUE(loaded->Query(std::array{Posting{}}, {}).empty());
}

TEST_F(InvertedIndexTest, ConcurrentQueriesAgree) {
  const Collection collection = MakeCollection(100, 13);
  Random random(14);
  const Postings query = RandomPostings(&random, 100);
  const auto expected = collection.index.Query(query, {});
  std::vector<std::vector<InvertedHit>> answers(4);
  std::vector<std::thread> threads;
  for (auto& answer : answers) threads.emplace_back([&] { answer = collection.index.Query(query, {}); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& answer : answers) ExpectSameHits(expected, answer);
}

TEST_F(InvertedIndexTest, SaveFailsCleanly) {
  const InvertedIndex index(kWords);
  EXPECT_FALSE(index.Save(directory_ / "missing" / "index", "").ok());
  EXPECT_EQ(index.Save(directory_ / "index", std::string(kMaxTagBytes + 1, 'x')).error().code,
            ErrorCode::kInvalidArgument);
  fs::create_directories(directory_ / "taken" / "full");  // a directory cannot be replaced by a file
  EXPECT_FALSE(index.Save(directory_ / "taken", "").ok());
  for (const auto& entry : fs::directory_iterator(directory_)) {
    EXPECT_EQ(entry.path().filename(), "taken") << "a temporary file was left behind";
  }
}

TEST_F(InvertedIndexTest, RefusesDamagedFiles) {
  const Collection collection = MakeCollection(30, 15);
  ASSERT_TRUE(collection.index.Save(directory_ / "index", "tag").ok());
  const std::vector<char> good = ReadAll(directory_ / "index");
  InvertedHeader header;
  std::memcpy(&header, good.data(), sizeof header);
  const InvertedLayout layout = InvertedLayout::Of(header, "test").value();
  std::string tag;
  EXPECT_EQ(InvertedIndex::Load(directory_ / "none", &tag).error().code, ErrorCode::kNotFound);

  for (std::size_t size = 0; size < good.size(); size = size * 2 + 1) {
    const std::vector<char> cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(InvertedIndex::Load(WriteAll(cut), &tag).error().code, ErrorCode::kCorrupt) << size;
  }
  std::vector<char> longer = good;
  longer.push_back(0);
  EXPECT_EQ(InvertedIndex::Load(WriteAll(longer), &tag).error().code, ErrorCode::kCorrupt);
  for (std::uint64_t at = 0; at < layout.signatures; at += 37) {
    std::vector<char> flipped = good;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    EXPECT_FALSE(InvertedIndex::Load(WriteAll(flipped), &tag).ok()) << "byte " << at;
  }
  std::vector<char> newer = good;
  Put<std::uint32_t>(&newer, 8, 2);
  EXPECT_EQ(InvertedIndex::Load(WriteAll(newer), &tag).error().code, ErrorCode::kUnsupported);
}

TEST_F(InvertedIndexTest, RefusesLyingDirectoriesWithARightChecksum) {
  const Collection collection = MakeCollection(30, 16);
  ASSERT_TRUE(collection.index.Save(directory_ / "index", "tag").ok());
  const std::vector<char> good = ReadAll(directory_ / "index");
  InvertedHeader header;
  std::memcpy(&header, good.data(), sizeof header);
  const InvertedLayout layout = InvertedLayout::Of(header, "test").value();
  std::string tag;
  const auto expect_corrupt = [&](const char* what, std::uint64_t offset, auto value) {
    std::vector<char> bytes = good;
    Put(&bytes, offset, value);
    Seal(&bytes);
    const auto loaded = InvertedIndex::Load(WriteAll(bytes), &tag);
    ASSERT_FALSE(loaded.ok()) << what;
    EXPECT_EQ(loaded.error().code, ErrorCode::kCorrupt) << what;
  };
  expect_corrupt("word end beyond the file", layout.word_ends + 8 * 5, std::uint64_t{1} << 40);
  expect_corrupt("word ends out of order", layout.word_ends + 8 * 9, std::uint64_t{0});
  expect_corrupt("first word end", layout.word_ends, std::uint64_t{1});
  expect_corrupt("pictures out of order", layout.picture_ids + 8 * 3, std::int64_t{1});
  expect_corrupt("negative picture", layout.picture_ids, std::int64_t{-4});
  expect_corrupt("last picture", offsetof(InvertedHeader, last_picture_id), std::int64_t{3});
  expect_corrupt("picture counts", layout.picture_postings, std::uint32_t{0xFFFFFFFF});
  expect_corrupt("word counts", layout.word_pictures, std::uint32_t{0xFFFFFFFF});

  // Numbers of postings are not checked one by one at Load; a query must stay inside nevertheless.
  std::vector<char> bytes = good;
  for (std::uint64_t at = layout.ordinals; at < layout.geometry; at += 4)
    Put<std::uint32_t>(&bytes, at, 0xFFFFFFF0u);
  auto loaded = InvertedIndex::Load(WriteAll(bytes), &tag);
  ASSERT_TRUE(loaded.ok());
  EXPECT_TRUE(loaded->Query(collection.pictures.at(10), {.signature_radius = 64}).empty());
  EXPECT_TRUE(loaded->Save(directory_ / "again", "").ok());
}

TEST_F(InvertedIndexTest, ScanKernelsAgree) {
  Random random(17);
  std::vector<std::uint64_t> signatures(kScanChunk);
  for (auto& signature : signatures) signature = random.Next();
  for (const ScanKernel kernel : {ScanKernel::kAvx2, ScanKernel::kAvx512Vpopcnt}) {
    if (!ScanKernelAvailable(kernel)) continue;
    for (const std::size_t size : {0ul, 1ul, 3ul, 7ul, 15ul, 16ul, 17ul, 100ul, 2047ul, kScanChunk}) {
      for (const int radius : {0, 22, 32, 63, 64}) {
        NearSignatures plain, fast;
        const std::span<const std::uint64_t> chunk(signatures.data(), size);
        const std::uint64_t query = size > 0 ? signatures[size - 1] : 0;
        PickScan(ScanKernel::kPlain)(chunk, query, radius, &plain);
        PickScan(kernel)(chunk, query, radius, &fast);
        ASSERT_EQ(plain.count, fast.count) << size << " " << radius;
        EXPECT_TRUE(std::equal(plain.position, plain.position + plain.count, fast.position));
        EXPECT_TRUE(std::equal(plain.distance, plain.distance + plain.count, fast.distance));
      }
    }
  }
}

}  // namespace
}  // namespace kantei::store
