#include "kantei/dataset/build_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <map>
#include <set>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/sha256.h"
#include "kantei/dataset/authenticity_readers.h"
#include "kantei/dataset/build_manifest.h"
#include "kantei/dataset/built_sample.h"
#include "kantei/dataset/coco_annotations.h"
#include "kantei/dataset/edit_test_pictures.h"
#include "kantei/dataset/forgery_pixels.h"
#include "kantei/dataset/mask_maker.h"
#include "kantei/image/decode.h"
#include "kantei/image/encode.h"

namespace kantei::dataset {
namespace {

namespace fs = std::filesystem;
using image::Image;
using testing::HasSubstr;

constexpr const char* kPlan = R"({
  "licence": "CC0", "pictures": {"least_side": 64, "variants": 2},
  "engines": [{"engine": "telea"}, {"engine": "patch-match"}, {"engine": "copy-paste"},
              {"engine": "diffuse", "held_out": true}],
  "regenerated": 0, "quality": {"realism": "", "most_flat": 1},
  "post_processing": [{"name": "none", "weight": 1}, {"name": "small", "weight": 1, "steps": [{"resize": [0.5, 0.9]}, {"jpeg": [60, 90]}]}],
  "splits": {"ratios": {"train": 0.5, "val": 0.25, "test-out": 0.25}, "held_out_sources": ["far"]}})";

class BuildSetTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("kantei_build_" + std::to_string(getpid()));
    fs::remove_all(root_);
    for (const char* folder : {"real/near", "real/far"}) fs::create_directories(root_ / folder);
    for (int i = 0; i < 7; ++i) Save("real/near/p" + std::to_string(i) + ".png", Photo(150 + 7 * i, 120, i));
    Save("real/far/q0.jpg", Photo(140, 131, 40));
    // A near duplicate: the same picture, coded anew.
    Save("real/near/p0-again.jpg", Photo(150, 120, 0));
    const auto plan = ParseBuildPlan(kPlan, "plan.json");
    ASSERT_TRUE(plan.ok()) << plan.error().message;
    options_.plan = *plan;
    options_.sources = {root_ / "real"};
    options_.out = root_ / "set";
    options_.threads = 2;
    report_.survey = [](std::size_t) { return nullptr; };
    report_.begin = [](std::size_t) {};
    report_.done = [this] { ++done_; };
    report_.bad_file = [this](const std::string& problem) { problems_.push_back(problem); };
  }
  void TearDown() override { fs::remove_all(root_); }

  static Image Photo(int width, int height, int seed) {
    Image picture = testing_pictures::Scene(width, height, std::uint64_t(seed));
    Random random{std::uint64_t(seed)};
    AddNoise(&picture, 4, random);
    return picture;
  }
  void Save(const std::string& name, const Image& picture) const {
    ASSERT_TRUE(image::WriteImage(root_ / name, picture, 85).ok());
  }
  Result<BuildSetSummary> Build(const CancellationToken& token = {}) {
    problems_.clear();
    return BuildSet(options_, token, report_);
  }
  /// Digests of all files but the survey's.
  std::map<std::string, std::string> Files(const fs::path& set) const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(set))
      if (entry.is_regular_file() && entry.path().string().find(".survey") == std::string::npos)
        files[entry.path().lexically_relative(set)] = *Sha256File(entry.path());
    return files;
  }
  std::vector<BuiltSample> Samples() const {
    auto samples = ReadBuiltSamples(options_.out);
    EXPECT_TRUE(samples.ok()) << samples.error().message;
    return samples.ok() ? *samples : std::vector<BuiltSample>();
  }
  Image Decode(const std::string& name) const {
    auto decoded = image::DecodeImageFile(options_.out / name);
    EXPECT_TRUE(decoded.ok()) << decoded.error().message;
    return decoded->pixels;
  }

  fs::path root_;
  BuildSetOptions options_;
  BuildSetReport report_;
  std::atomic<int> done_{0};
  std::vector<std::string> problems_;
};

TEST_F(BuildSetTest, PicturesMasksAndSplits) {
  const auto made = Build();
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_TRUE(made->finished);
  EXPECT_EQ(made->authentic, 9);
  EXPECT_GE(made->edited, 12);
  EXPECT_EQ(made->edited + made->fruitless, 18);
  EXPECT_EQ(made->leaks, 0);
  EXPECT_EQ(done_, 27);
  std::map<std::string, std::string> split_of;
  for (const BuiltSample& s : Samples()) {
    split_of[s.key.substr(0, s.key.find('.'))] = s.split;
    EXPECT_EQ(*Sha256File(options_.out / s.picture), s.picture_sha256);
    if (s.source == "far") {
      EXPECT_EQ(s.split, "test-out");
    }
    if (s.history == "authentic") continue;
    if (s.source != "far") {
      EXPECT_EQ(s.engine == "diffuse", s.split == "test-out") << s.key;
    }
    EXPECT_TRUE(s.identical_outside);
    EXPECT_FALSE(s.psnr_outside.has_value());
    const Image picture = Decode(s.picture), mask = image::ToGrey(Decode(s.mask)),
                original = Decode(s.original);
    ASSERT_EQ(mask.width(), picture.width());
    ASSERT_EQ(original.height(), picture.height());
    EXPECT_NEAR(MaskShare(mask), s.mask_share, 1e-9);
    const auto counts = ParseRleString(s.rle);
    ASSERT_TRUE(counts.ok());
    const auto drawn = DecodeRle({mask.height(), mask.width(), *counts});
    ASSERT_TRUE(drawn.ok());
    EXPECT_TRUE(std::equal(mask.pixels().begin(), mask.pixels().end(), drawn->pixels().begin()));
    if (s.post != "none") continue;
    // Without post-processing, what is outside the mask is the authentic picture bit for bit, and inside it is not.
    int inside = 0;
    for (std::size_t i = 0; i < mask.pixels().size(); ++i) {
      const bool same =
          std::equal(&picture.pixels()[3 * i], &picture.pixels()[3 * i] + 3, &original.pixels()[3 * i]);
      if (mask.pixels()[i] == 0) {
        ASSERT_TRUE(same) << s.key;
      }
      inside += mask.pixels()[i] != 0 && !same ? 1 : 0;
    }
    EXPECT_GT(inside, 0);
  }
  EXPECT_EQ(split_of.at("near/p0"), split_of.at("near/p0-again"));
  // Sources are as they were.
  EXPECT_TRUE(fs::exists(root_ / "real/near/p0.png"));
  EXPECT_EQ(std::distance(fs::directory_iterator(root_ / "real/near"), fs::directory_iterator()), 8);
}

TEST_F(BuildSetTest, TheNumberOfThreadsDoesNotMatter) {
  options_.threads = 1;
  ASSERT_TRUE(Build().ok());
  const auto one = Files(options_.out);
  fs::rename(options_.out, root_ / "one");
  options_.threads = 5;
  ASSERT_TRUE(Build().ok());
  const auto five = Files(options_.out);
  EXPECT_GT(one.size(), 40u);
  EXPECT_EQ(one, five);
}

TEST_F(BuildSetTest, GoesOnAfterAKill) {
  options_.threads = 1;
  ASSERT_TRUE(Build().ok());
  const auto whole = Files(options_.out);
  // As kill -9 leaves it: some pictures have no row, one row breaks off, and the lists are not there.
  const fs::path manifest = options_.out / kManifestFile;
  const std::string text = *ReadTextFile(manifest, 1 << 26);
  std::size_t cut = text.size() / 2;
  while (text[cut] == '\n') ++cut;
  fs::remove(options_.out / "samples.tsv");
  fs::remove(options_.out / "README.md");
  std::ofstream(manifest, std::ios::binary | std::ios::trunc) << text.substr(0, cut);
  const auto again = Build();
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_GT(again->kept, 8);
  EXPECT_LT(again->kept, 27);
  EXPECT_EQ(Files(options_.out), whole);
  // And once more: nothing is left to do.
  const auto third = Build();
  ASSERT_TRUE(third.ok());
  EXPECT_EQ(third->kept, 27);
  // What the user took away is missed.
  const std::vector<BuiltSample> samples = Samples();
  fs::remove(options_.out / samples.back().picture);
  EXPECT_THAT(Build().error().message, HasSubstr("is gone"));
}

TEST_F(BuildSetTest, StopsAndGoesOn) {
  const CancellationToken token;
  report_.done = [&] {
    if (++done_ == 4) token.Cancel();
  };
  const auto stopped = Build(token);
  ASSERT_TRUE(stopped.ok()) << stopped.error().message;
  EXPECT_FALSE(stopped->finished);
  const auto rest = Build();
  ASSERT_TRUE(rest.ok()) << rest.error().message;
  EXPECT_TRUE(rest->finished);
  EXPECT_GE(rest->kept, 3);
  EXPECT_EQ(rest->authentic, 9);
}

TEST_F(BuildSetTest, EveryAnnotationIsReadBack) {
  ASSERT_TRUE(Build().ok());
  std::map<std::string, int> edited, authentic;
  for (const BuiltSample& s : Samples()) ++(s.history == "edited" ? edited : authentic)[s.split];
  ASSERT_GT(edited["train"], 0);
  const auto count = [](const std::vector<AuthenticitySample>& samples, History history) {
    return std::count_if(samples.begin(), samples.end(), [&](const auto& s) { return s.history == history; });
  };
  const auto check = [&](const char* name, AuthenticityLayout layout, bool with_authentic) {
    AuthenticityReadOptions options;
    options.layout = layout;
    const auto read = ReadAuthenticitySamples(options_.out / "train" / name, options);
    ASSERT_TRUE(read.ok()) << name << ": " << read.error().message;
    EXPECT_EQ(count(*read, History::kEdited), edited["train"]) << name;
    EXPECT_EQ(count(*read, History::kAuthentic), with_authentic ? authentic["train"] : 0) << name;
    for (const AuthenticitySample& s : *read) {
      EXPECT_TRUE(fs::exists(s.picture)) << s.picture;
      if (s.history == History::kEdited) {
        EXPECT_TRUE(fs::exists(s.mask)) << s.mask;
      }
    }
  };
  check("", AuthenticityLayout::kSet, true);
  check("imdl.json", AuthenticityLayout::kPairs, true);
  check("animedl2m.json", AuthenticityLayout::kAnimeDl2m, true);
  check("samples.csv", AuthenticityLayout::kCsv, true);
  check("tp-gt", AuthenticityLayout::kTpGt, false);
  // The pairs of Tp and Gt are those of the table.
  AuthenticityReadOptions options;
  const auto tp_gt = ReadAuthenticitySamples(options_.out / "train/tp-gt", options);
  std::set<std::string> pairs, wished;
  for (const AuthenticitySample& s : *tp_gt) pairs.insert(*Sha256File(s.picture) + *Sha256File(s.mask));
  for (const BuiltSample& s : Samples())
    if (s.split == "train" && s.history == "edited") wished.insert(s.picture_sha256 + s.mask_sha256);
  EXPECT_EQ(pairs, wished);
  // COCO by our own reader: run lengths are the masks.
  CocoAnnotations coco;
  ASSERT_TRUE(coco.Add(options_.out / "train/coco.json").ok());
  for (const BuiltSample& s : Samples()) {
    if (s.split != "train") continue;
    const CocoPicture* picture = coco.Find(options_.out / s.picture);
    ASSERT_NE(picture, nullptr) << s.picture;
    if (s.mask.empty()) continue;
    ASSERT_EQ(picture->objects.size(), 1u);
    EXPECT_EQ(RleString(picture->objects[0].rle->counts), s.rle);
  }
}

TEST_F(BuildSetTest, BadFilesAndForeignSets) {
  std::ofstream(root_ / "real/near/broken.png") << "no picture";
  const auto made = Build();
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(made->failed, 1);
  EXPECT_EQ(made->authentic, 9);
  ASSERT_EQ(problems_.size(), 1u);
  EXPECT_THAT(problems_[0], HasSubstr("broken.png"));

  options_.plan.seed = 2;
  EXPECT_THAT(Build().error().message, HasSubstr("another plan"));
  options_.plan.seed = 1;
  Save("real/near/new.png", Photo(160, 120, 99));
  EXPECT_THAT(Build().error().message, HasSubstr("other pictures"));
}

TEST_F(BuildSetTest, AnnotatedObjectsAndCaptions) {
  Json images = Json::array(), annotations = Json::array();
  for (int i = 0; i < 7; ++i) {
    images.push_back(Json{
        {"id", i}, {"file_name", "p" + std::to_string(i) + ".png"}, {"width", 150 + 7 * i}, {"height", 120}});
    for (int k = 0; k < 2; ++k) {
      const int x = 20 + 60 * k;
      annotations.push_back(
          Json{{"id", 2 * i + k},
               {"image_id", i},
               {"category_id", k + 1},
               {"segmentation", Json::array({Json::array({x, 30, x + 30, 30, x + 30, 70, x, 70})})}});
    }
    annotations.push_back(Json{{"id", 100 + i}, {"image_id", i}, {"caption", "number " + std::to_string(i)}});
  }
  const Json coco{
      {"images", images},
      {"annotations", annotations},
      {"categories", Json::array({Json{{"id", 1}, {"name", "box"}}, Json{{"id", 2}, {"name", "crate"}}})}};
  ASSERT_TRUE(WriteFileAtomic(root_ / "coco.json", DumpJson(coco)).ok());
  options_.annotations = {root_ / "coco.json"};
  options_.plan.masks.weights = {1, 0, 1, 0, 0};
  options_.plan.post = {{"none", 1, {}}};
  options_.plan.engines.resize(2);
  options_.plan.splits = {};
  options_.plan.splits.ratios = {1, 0, 0, 0};
  ASSERT_TRUE(Build().ok());
  int instances = 0, classes = 0;
  for (const BuiltSample& s : Samples()) {
    const bool annotated = s.key.starts_with("near/p") && s.key.find("again") == std::string::npos;
    if (!annotated) continue;
    EXPECT_THAT(s.caption, HasSubstr("number"));
    if (s.history == "authentic") {
      EXPECT_EQ(s.objects, (std::vector<std::string>{"box", "crate"}));
      continue;
    }
    EXPECT_EQ(s.prompt, s.caption);
    EXPECT_EQ(s.idea_source, "caption");
    instances += s.mask_kind == "instance" ? 1 : 0;
    classes += s.mask_kind == "multi-class" ? 1 : 0;
    if (s.mask_kind == "instance") {
      EXPECT_NEAR(s.mask_share * s.width * s.height, 34 * 44, 100);
    }
  }
  EXPECT_GT(instances, 0);
  EXPECT_GT(classes, 0);
}

}  // namespace
}  // namespace kantei::dataset
