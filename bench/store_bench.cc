// The catalogue and the inverted index at the size of a working library: 10,000 pictures with 400 local
// features each.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "kantei/base/random.h"
#include "kantei/store/catalog.h"
#include "kantei/store/inverted_index.h"

namespace {

using namespace kantei;
using namespace kantei::store;
namespace fs = std::filesystem;

constexpr std::uint32_t kWords = 16'384;
constexpr int kPictures = 10'000;
constexpr std::size_t kFeatures = 400;

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    // Beside the build, not in /tmp: that may be memory, where a sync costs nothing.
    std::string name = (fs::current_path() / "kantei_bench_XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~TemporaryDirectory() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// Word w has a share proportional to (w + 1)^-exponent.
class WordSource {
 public:
  explicit WordSource(double exponent) : ends_(kWords) {
    double sum = 0;
    for (std::uint32_t word = 0; word < kWords; ++word) ends_[word] = sum += std::pow(word + 1.0, -exponent);
  }
  std::uint32_t Next(Random* random) const {
    const auto found = std::lower_bound(ends_.begin(), ends_.end(), random->Uniform() * ends_.back());
    return static_cast<std::uint32_t>(std::min<std::ptrdiff_t>(found - ends_.begin(), kWords - 1));
  }

 private:
  std::vector<double> ends_;
};

std::vector<Posting> MakePostings(const WordSource& words, Random* random) {
  std::vector<Posting> postings(kFeatures);
  for (Posting& posting : postings) {
    posting.word = words.Next(random);
    posting.angle = static_cast<std::uint8_t>(random->Below(256));
    posting.log_scale = static_cast<std::uint8_t>(random->Below(96));
    posting.signature = random->Next();
  }
  return postings;
}

InvertedIndex MakeIndex(const WordSource& words) {
  InvertedIndex index(kWords);
  Random random(1);
  for (int i = 1; i <= kPictures; ++i) {
    if (!index.Add(i, MakePostings(words, &random)).ok()) std::abort();
  }
  return index;
}

/// Argument: the Zipf exponent in tenths. k-means words of real features are spread like 3 to 6.
void BM_InvertedQuery(benchmark::State& state) {
  const WordSource words(static_cast<double>(state.range(0)) / 10);
  const TemporaryDirectory directory;
  std::string tag;
  if (!MakeIndex(words).Save(directory.path() / "index", "").ok()) std::abort();
  const InvertedIndex index = std::move(InvertedIndex::Load(directory.path() / "index", &tag)).value();
  Random random(2);
  std::vector<std::vector<Posting>> queries;
  for (int i = 0; i < 8; ++i) queries.push_back(MakePostings(words, &random));
  std::size_t next = 0;
  for (auto _ : state) benchmark::DoNotOptimize(index.Query(queries[next++ % queries.size()], {}));
}
BENCHMARK(BM_InvertedQuery)->Arg(0)->Arg(5)->Arg(10)->Unit(benchmark::kMillisecond);

void BM_InvertedLoad(benchmark::State& state) {
  const TemporaryDirectory directory;
  if (!MakeIndex(WordSource(0.5)).Save(directory.path() / "index", "").ok()) std::abort();
  std::string tag;
  for (auto _ : state) benchmark::DoNotOptimize(InvertedIndex::Load(directory.path() / "index", &tag));
}
BENCHMARK(BM_InvertedLoad)->Unit(benchmark::kMillisecond);

void BM_InvertedSave(benchmark::State& state) {
  const TemporaryDirectory directory;
  const InvertedIndex index = MakeIndex(WordSource(0.5));
  for (auto _ : state) {
    if (!index.Save(directory.path() / "index", "").ok()) std::abort();
  }
}
BENCHMARK(BM_InvertedSave)->Unit(benchmark::kMillisecond);

/// Durable commits of 64 pictures with 40 KB of blobs each.
void BM_CatalogAdd(benchmark::State& state) {
  Random random(3);
  PictureBlobs blobs;
  const auto fill = [&](Bytes* bytes, std::size_t size) {
    bytes->resize(size);
    for (std::byte& byte : *bytes) byte = static_cast<std::byte>(random.Next());
  };
  fill(&blobs.features, 20'000);
  fill(&blobs.postings, 6'400);
  fill(&blobs.preview, 13'600);
  std::int64_t added = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const TemporaryDirectory directory;
    auto catalog = std::move(Catalog::Open(directory.path() / "library", OpenMode::kCreate)).value();
    state.ResumeTiming();
    for (int i = 0; i < kPictures; ++i) {
      if (i % 64 == 0 && !catalog->Begin().ok()) std::abort();
      Picture picture;
      picture.bank = "deny";
      picture.path = "/pictures/" + std::to_string(i) + ".jpg";
      Code256 sha256;
      for (auto& word : sha256.words) word = random.Next();
      for (auto& word : picture.pdq.words) word = random.Next();
      picture.sha256 = sha256.ToHex();
      picture.has_features = true;
      if (!catalog->Add(picture, blobs).ok()) std::abort();
      if ((i % 64 == 63 || i + 1 == kPictures) && !catalog->Commit().ok()) std::abort();
      ++added;
    }
    state.PauseTiming();
    catalog.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(added);
}
BENCHMARK(BM_CatalogAdd)->Unit(benchmark::kSecond)->Iterations(1)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
