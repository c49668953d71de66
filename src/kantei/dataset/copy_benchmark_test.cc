#include "kantei/dataset/copy_benchmark.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <set>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/random.h"
#include "kantei/base/sha256.h"
#include "kantei/copy/pdq.h"
#include "kantei/dataset/copy_folder.h"
#include "kantei/dataset/picture_survey.h"
#include "kantei/image/decode.h"
#include "kantei/image/draw.h"
#include "kantei/image/encode.h"
#include "kantei/image/transform.h"

namespace kantei::dataset {
namespace {

namespace fs = std::filesystem;
using image::Image;

/// Shaded shapes; different seeds have nothing in common.
Image Scene(std::uint64_t seed, int width = 160, int height = 120) {
  Random random(seed);
  Image picture(width, height, 3);
  for (auto& value : picture.pixels()) value = 128;
  for (int i = 0; i < 60; ++i) {
    const auto at = [&](int size) { return static_cast<float>(random.Uniform(0, size)); };
    const auto byte = [&] { return static_cast<std::uint8_t>(random.Below(256)); };
    const float x = at(width), y = at(height), r = 8 + at(30);
    image::FillPolygon(&picture, {{x - r, y - r}, {x + r, y - r * 0.5f}, {x, y + r}},
                       {byte(), byte(), byte()}, 0.9f);
  }
  return picture;
}

class CopyBenchmarkTest : public testing::Test {
 protected:
  CopyBenchmarkTest()
      : root_(fs::temp_directory_path() / ("kantei_benchmark." + std::to_string(::getpid()))) {
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  ~CopyBenchmarkTest() override { fs::remove_all(root_); }

  void Save(const std::string& name, const Image& picture, int quality = 92) {
    fs::create_directories((root_ / name).parent_path());
    const bool png = name.ends_with(".png");
    auto bytes = png ? image::EncodePng(picture) : image::EncodeJpeg(picture, quality);
    ASSERT_TRUE(bytes.ok());
    std::ofstream file(root_ / name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes->data()), static_cast<std::streamsize>(bytes->size()));
    ASSERT_TRUE(file.good());
  }
  void MakeScenes(const std::string& folder, int first, int last, int width = 160, int height = 120) {
    for (int i = first; i < last; ++i)
      Save(folder + "/scene" + std::to_string(i) + ".jpg",
           Scene(static_cast<std::uint64_t>(i), width, height));
  }
  CopyBenchmarkOptions Options(const std::string& out = "bench") {
    CopyBenchmarkOptions options;
    options.sources = {root_ / "pictures"};
    options.out = root_ / out;
    options.references = 12;
    options.queries = 6;
    options.distractor_queries = 5;
    options.lookalike_queries = 0;
    options.seed = 3;
    options.threads = 2;
    return options;
  }
  static CopyBenchmark Open(const fs::path& folder) {
    auto opened = OpenCopyFolder(folder, {});
    EXPECT_TRUE(opened.ok()) << (opened.ok() ? "" : opened.error().message);
    return opened.ok() ? std::move(*opened) : CopyBenchmark{};
  }
  static std::string Digest(const fs::path& file) {
    auto digest = Sha256File(file);
    EXPECT_TRUE(digest.ok());
    return digest.ok() ? *digest : "";
  }
  static std::map<std::string, std::string> Digests(const fs::path& folder) {
    std::map<std::string, std::string> digests;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      const auto name = entry.path().lexically_relative(folder).native();
      if (entry.is_regular_file() && !name.starts_with(".work")) digests[name] = Digest(entry.path());
    }
    return digests;
  }
  fs::path root_;
};

TEST_F(CopyBenchmarkTest, ReferencesQueriesAndTruthFitTogether) {
  MakeScenes("pictures/a", 0, 60);
  MakeScenes("pictures/b", 60, 100);
  CopyBenchmarkOptions options = Options();
  options.background = 4;
  const auto made = MakeCopyBenchmark(options, {});
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(made->references, 12);
  EXPECT_EQ(made->copies, 6);
  EXPECT_EQ(made->strangers, 5);
  const CopyBenchmark benchmark = Open(options.out);
  EXPECT_EQ(benchmark.references.size(), 12u);
  EXPECT_EQ(benchmark.background.size(), 4u);
  ASSERT_EQ(benchmark.queries.size(), 11u);
  EXPECT_EQ(benchmark.true_pairs, 6);
  std::set<std::string> sources;
  for (const BenchmarkQuery& query : benchmark.queries) {
    EXPECT_EQ(query.references.size(), query.kind == "copy" ? 1u : 0u);
    EXPECT_FALSE(query.edits.empty());
    EXPECT_EQ(query.level, "hard");
    sources.insert(query.source);
    auto decoded = image::DecodeImageFile(query.file);
    ASSERT_TRUE(decoded.ok());
    for (const auto& edit : query.edits) EXPECT_NE(FindEdit(edit), nullptr) << edit;
  }
  EXPECT_EQ(sources, (std::set<std::string>{"a", "b"}));
  // The manifest vouches for the tables, the tables for the files.
  auto manifest = ParseJson(*ReadTextFile(options.out / "manifest.json", 1 << 20), "manifest");
  ASSERT_TRUE(manifest.ok());
  EXPECT_EQ((*manifest)["schema"], "kantei.copy-benchmark/1");
  EXPECT_EQ((*manifest)["options"]["seed"], 3);
  for (const char* table : {"ground_truth.csv", "references.csv"})
    EXPECT_EQ((*manifest)["sha256"][table].get<std::string>(), Digest(options.out / table));
  auto truth = ReadGroundTruth(options.out / "ground_truth.csv");
  ASSERT_TRUE(truth.ok());
  for (const TruthRow& row : *truth)
    EXPECT_EQ(row.sha256, Digest(options.out / "queries" / (row.query_id + ".jpg")));
}

TEST_F(CopyBenchmarkTest, TheSameAgainAndAfterAnInterruption) {
  MakeScenes("pictures", 0, 90);
  ASSERT_TRUE(MakeCopyBenchmark(Options("first"), {}).ok());
  // Stopped from the start: nothing that could be taken for a benchmark is left.
  const CancellationToken stopped;
  stopped.Cancel();
  const auto cancelled = MakeCopyBenchmark(Options("second"), stopped);
  ASSERT_FALSE(cancelled.ok());
  EXPECT_EQ(cancelled.error().code, ErrorCode::kCancelled);
  EXPECT_FALSE(fs::exists(root_ / "second/ground_truth.csv"));
  CopyBenchmarkOptions again = Options("second");
  again.threads = 1;
  ASSERT_TRUE(MakeCopyBenchmark(again, {}).ok());
  EXPECT_EQ(Digests(root_ / "first"), Digests(root_ / "second"));
  // A query that was lost is made again, equal.
  fs::remove(root_ / "second/queries/Q00003.jpg");
  fs::remove(root_ / "second/ground_truth.csv");
  ASSERT_TRUE(MakeCopyBenchmark(again, {}).ok());
  EXPECT_EQ(Digests(root_ / "first"), Digests(root_ / "second"));
  // Other options must not mix with it.
  again.seed = 4;
  const auto other = MakeCopyBenchmark(again, {});
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(Digests(root_ / "first"), Digests(root_ / "second"));
  again.out = root_ / "third";
  ASSERT_TRUE(MakeCopyBenchmark(again, {}).ok());
  EXPECT_NE(Digests(root_ / "first"), Digests(root_ / "third"));
}

TEST_F(CopyBenchmarkTest, OfPicturesThatAreTheSameOneTakesPart) {
  MakeScenes("pictures", 0, 80, 448, 320);
  // Every fourth stands there again: resaved small, mirrored, or as the same bytes.
  for (int i = 0; i < 80; i += 4) {
    const Image scene = Scene(static_cast<std::uint64_t>(i), 448, 320);
    const std::string name = "pictures/twin" + std::to_string(i) + ".jpg";
    if (i % 3 == 0) Save(name, image::Resize(scene, 320, 240), 60);
    if (i % 3 == 1) Save(name, image::FlipHorizontal(scene));
    if (i % 3 == 2) fs::copy_file(root_ / ("pictures/scene" + std::to_string(i) + ".jpg"), root_ / name);
  }
  CopyBenchmarkOptions options = Options();
  options.references = 9;
  options.queries = 5;
  options.distractor_queries = 7;
  const auto made = MakeCopyBenchmark(options, {});
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(made->same, 20);
  // With one picture more than there are different ones it must fail, and say why.
  options.out = root_ / "more";
  options.references = 10;
  const auto more = MakeCopyBenchmark(options, {});
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(more.error().message.find("80 different usable pictures"), std::string::npos)
      << more.error().message;
  EXPECT_NE(more.error().message.find("20 the same"), std::string::npos);
}

TEST_F(CopyBenchmarkTest, BlankSmallAndBrokenPicturesTakeNoPart) {
  MakeScenes("pictures", 0, 84);
  Image blank(200, 200, 3);
  Save("pictures/blank.png", blank);
  Save("pictures/small.png", Scene(900, 60, 60));
  ASSERT_TRUE(WriteFileAtomic(root_ / "pictures/broken.jpg", "no picture").ok());
  const auto made = MakeCopyBenchmark(Options(), {});
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(made->unusable, 3);
  ASSERT_EQ(made->problems.size(), 1u);
  EXPECT_NE(made->problems[0].find("broken.jpg"), std::string::npos);
}

TEST_F(CopyBenchmarkTest, LookalikesComeFromTheFolderOfAReference) {
  MakeScenes("pictures", 0, 90);
  MakeScenes("alike/cups", 200, 206);
  MakeScenes("alike/cars", 300, 305);
  MakeScenes("alike/lonely", 400, 401);
  CopyBenchmarkOptions options = Options();
  options.lookalikes = {root_ / "alike"};
  options.lookalike_queries = 20;
  options.references = 20;
  const auto made = MakeCopyBenchmark(options, {});
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(made->lookalikes, 5);  // three pairs of cups, two of cars
  EXPECT_EQ(made->references, 20);
  const CopyBenchmark benchmark = Open(options.out);
  std::map<std::string, int> seen;
  for (const BenchmarkQuery& query : benchmark.queries) {
    if (query.kind != "look-alike") continue;
    ++seen[query.source];
    EXPECT_TRUE(query.edits.empty());
    EXPECT_TRUE(query.references.empty());
  }
  EXPECT_EQ(seen["cups"], 3);
  EXPECT_EQ(seen["cars"], 2);
}

TEST_F(CopyBenchmarkTest, DistractorsFillUpTheReferencesAndNothingElse) {
  MakeScenes("pictures", 0, 76);
  MakeScenes("more", 500, 510);
  CopyBenchmarkOptions options = Options();
  options.distractors = {root_ / "more"};
  options.references = 15;  // 6 sources, 1 left over, 8 of the distractors
  const auto made = MakeCopyBenchmark(options, {});
  ASSERT_TRUE(made.ok()) << made.error().message;
  auto table = ReadTextFile(options.out / "references.csv", 1 << 20);
  ASSERT_TRUE(table.ok());
  int more = 0;
  for (std::size_t at = 0; (at = table->find(",more,", at)) != std::string::npos; ++at) ++more;
  EXPECT_EQ(more, 8);
  for (const BenchmarkQuery& query : Open(options.out).queries) EXPECT_EQ(query.source, "pictures");
}

// A picture that stands inside another is nothing that a hash sees; the check by local features does, also afterwards.
TEST_F(CopyBenchmarkTest, TheTruthCheckFindsPicturesInsideOthers) {
  MakeScenes("pictures", 0, 40, 320, 240);
  for (int i = 40; i < 90; ++i) {
    // Twenty scenes come a second time, as the greater part of a wide page.
    const Image scene = Scene(static_cast<std::uint64_t>(i < 60 ? i - 40 : i), 320, 240);
    Image page(520, 260, 3);
    for (auto& value : page.pixels()) value = 255;
    for (int y = 0; y < 240; ++y) std::copy_n(scene.row(y), 320 * 3, page.row(y + 10) + 3 * 190);
    Save("pictures/page" + std::to_string(i) + ".jpg", page);
  }
  CopyBenchmarkOptions options = Options();
  options.references = 16;
  options.queries = 8;
  options.distractor_queries = 10;
  const auto plain = MakeCopyBenchmark(options, {});
  ASSERT_TRUE(plain.ok()) << plain.error().message;
  EXPECT_EQ(plain->same, 0);
  EXPECT_EQ(plain->same_pairs, -1);
  const std::string identity = Open(options.out).identity;
  EXPECT_EQ(Open(options.out).same_pairs, 0);
  options.check_truth = true;
  const auto checked = MakeCopyBenchmark(options, {});
  ASSERT_TRUE(checked.ok()) << checked.error().message;
  const CopyBenchmark benchmark = Open(options.out);
  EXPECT_EQ(benchmark.same_pairs, checked->same_pairs);
  EXPECT_GT(checked->same_pairs, 0);
  EXPECT_NE(benchmark.identity, identity);
  for (const BenchmarkQuery& query : benchmark.queries) {
    for (const std::uint32_t reference : query.same)
      EXPECT_TRUE(std::find(query.references.begin(), query.references.end(), reference) ==
                  query.references.end());
  }
  const auto again = MakeCopyBenchmark(options, {});
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->same_pairs, checked->same_pairs);
}

TEST_F(CopyBenchmarkTest, AForeignFolderIsNotOverwritten) {
  MakeScenes("pictures", 0, 90);
  fs::create_directories(root_ / "bench/queries");
  const auto made = MakeCopyBenchmark(Options(), {});
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(CopyBenchmarkTest, LevelsAreTakenInTurn) {
  MakeScenes("pictures", 0, 90);
  CopyBenchmarkOptions options = Options();
  options.levels = {EditLevel::kEasy, EditLevel::kMedium, EditLevel::kHard};
  ASSERT_TRUE(MakeCopyBenchmark(options, {}).ok());
  std::map<std::string, int> levels;
  for (const BenchmarkQuery& query : Open(options.out).queries) {
    if (query.kind == "copy") ++levels[query.level];
  }
  EXPECT_EQ(levels, (std::map<std::string, int>{{"easy", 2}, {"medium", 2}, {"hard", 2}}));
}

TEST_F(CopyBenchmarkTest, ADamagedSurveyPartIsReadAnew) {
  MakeScenes("pictures", 0, 5);
  std::vector<fs::path> files;
  for (int i = 0; i < 5; ++i) files.push_back(root_ / ("pictures/scene" + std::to_string(i) + ".jpg"));
  auto first = SurveyPictures(files, root_ / "work", 1, {}, nullptr);
  ASSERT_TRUE(first.ok());
  for (const auto& entry : fs::directory_iterator(root_ / "work"))
    ASSERT_TRUE(WriteFileAtomic(entry.path(), "v,1,2,3,4,5x,\n").ok());
  auto second = SurveyPictures(files, root_ / "work", 1, {}, nullptr);
  ASSERT_TRUE(second.ok());
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ((*second)[i].sha256, (*first)[i].sha256);
    EXPECT_EQ((*second)[i].pdq, (*first)[i].pdq);
    EXPECT_EQ((*second)[i].width, 160);
  }
}

}  // namespace
}  // namespace kantei::dataset
