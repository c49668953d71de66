#include "kantei/dataset/forgery_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "kantei/base/files.h"
#include "kantei/dataset/edit_test_pictures.h"
#include "kantei/dataset/forgery_pixels.h"
#include "kantei/dataset/source_files.h"
#include "kantei/image/decode.h"
#include "kantei/image/encode.h"

namespace kantei::dataset {
namespace {

namespace fs = std::filesystem;
using image::Image;
using testing::HasSubstr;

class ForgerySetTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("kantei_forgeries_" + std::to_string(getpid()));
    fs::remove_all(root_);
    for (const char* folder : {"real/photos", "real/art", "made/gen"}) fs::create_directories(root_ / folder);
    for (int i = 0; i < 4; ++i) {
      Save("real/photos/p" + std::to_string(i) + ".png", Photo(180 + 20 * i, 140, std::uint64_t(i)));
      Save("real/art/a" + std::to_string(i) + ".jpg", Photo(150, 131, std::uint64_t(20 + i)));
    }
    Save("made/gen/sheet.png", Photo(300, 260, 77));
    options_.sources = {root_ / "real"};
    options_.generated = {root_ / "made"};
    options_.out = root_ / "set";
    options_.engines = {"telea", "patch-match", "copy-move", "splice"};
    options_.tiles = 2;
    options_.side = 128;
    options_.least_side = 64;
    options_.split = "val";
    options_.threads = 2;
    report_.begin = [](std::size_t) {};
    report_.source_done = [] {};
    report_.bad_file = [this](const std::string& problem) { problems_.push_back(problem); };
  }
  void TearDown() override { fs::remove_all(root_); }

  static Image Photo(int width, int height, std::uint64_t seed) {
    Image picture = testing_pictures::Scene(width, height, seed);
    Random random(seed);
    AddNoise(&picture, 4, random);
    return picture;
  }
  void Save(const std::string& name, const Image& picture) const {
    ASSERT_TRUE(image::WriteImage(root_ / name, picture).ok());
  }
  Result<ForgerySetSummary> Make(const CancellationToken& token = {}) const {
    return MakeForgerySet(options_, token, report_);
  }
  /// Every file below the set and its bytes.
  std::map<std::string, std::string> Contents() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(options_.out)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      std::ostringstream text;
      text << file.rdbuf();
      all[entry.path().lexically_relative(options_.out).string()] = text.str();
    }
    return all;
  }
  std::vector<std::vector<std::string>> Rows() const {
    std::ifstream file(options_.out / kSamplesFile);
    std::vector<std::vector<std::string>> rows;
    for (std::string line; std::getline(file, line);) {
      std::vector<std::string> fields(1);
      for (const char c : line) {
        if (c == '\t') {
          fields.emplace_back();
        } else {
          fields.back() += c;
        }
      }
      rows.push_back(fields);
    }
    return rows;
  }

  fs::path root_;
  ForgerySetOptions options_;
  ForgerySetReport report_;
  std::vector<std::string> problems_;
};

TEST_F(ForgerySetTest, WritesAlignedPicturesMasksAndATable) {
  const auto made = Make();
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(made->authentic, 8);
  EXPECT_GE(made->edited, 12);
  EXPECT_EQ(made->generated, 4);
  EXPECT_TRUE(made->finished);
  const auto rows = Rows();
  ASSERT_EQ(rows.size(), static_cast<std::size_t>(1 + 8 + made->edited + 4));
  EXPECT_EQ(rows[0], (std::vector<std::string>{"picture", "mask", "original", "history", "engine", "source",
                                               "split"}));
  for (std::size_t i = 1; i < rows.size(); ++i) {
    ASSERT_EQ(rows[i].size(), 7u);
    const auto picture = image::DecodeImageFile(options_.out / rows[i][0]);
    ASSERT_TRUE(picture.ok()) << picture.error().message;
    const Image& pixels = picture->pixels;
    // One law of sizes for all classes.
    EXPECT_LE(std::max(pixels.width(), pixels.height()), 128);
    EXPECT_EQ(pixels.width() % 2 + pixels.height() % 2, 0);
    EXPECT_EQ(picture->format, image::Format::kPng);
    EXPECT_EQ(rows[i][6], "val");
    if (rows[i][3] != "edited") {
      EXPECT_EQ(rows[i][1] + rows[i][2], "");
      continue;
    }
    const auto mask = image::DecodeImageFile(options_.out / rows[i][1]);
    const auto original = image::DecodeImageFile(options_.out / rows[i][2]);
    ASSERT_TRUE(mask.ok() && original.ok());
    EXPECT_EQ(mask->pixels.width(), pixels.width());
    EXPECT_EQ(original->pixels.height(), pixels.height());
    EXPECT_FALSE(std::ranges::equal(original->pixels.pixels(), pixels.pixels()));
  }
  EXPECT_THAT(Contents()["README.md"], HasSubstr("| telea |"));
}

TEST_F(ForgerySetTest, TheNumberOfThreadsAndAStopChangeNothing) {
  ASSERT_TRUE(Make().ok());
  const auto whole = Contents();
  fs::remove_all(options_.out);
  options_.threads = 1;
  // Stopped after the third source; the same command goes on.
  CancellationToken token;
  int done = 0;
  report_.source_done = [&] {
    if (++done == 3) token.Cancel();
  };
  const auto stopped = Make(token);
  ASSERT_TRUE(stopped.ok()) << stopped.error().message;
  EXPECT_FALSE(stopped->finished);
  report_.source_done = [] {};
  const auto rest = Make();
  ASSERT_TRUE(rest.ok());
  EXPECT_GE(rest->kept, 2);
  EXPECT_TRUE(rest->finished);
  EXPECT_EQ(Contents(), whole);
}

TEST_F(ForgerySetTest, AHeldOutEngineIsNotUsed) {
  options_.held_out = {"patch-match", "splice"};
  options_.count = 4;
  const auto made = Make();
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(made->engines.count("patch-match") + made->engines.count("splice"), 0u);
  EXPECT_GT(made->engines.at("telea"), 0);
  EXPECT_GT(made->engines.at("copy-move"), 0);
}

TEST_F(ForgerySetTest, BadFilesAreNamedAndTheRestIsMade) {
  std::ofstream(root_ / "real/art/broken.png") << "no picture";
  const auto made = Make();
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(made->failed, 1);
  EXPECT_EQ(made->authentic, 8);
  ASSERT_GE(problems_.size(), 1u);
  EXPECT_THAT(problems_[0], HasSubstr("broken.png"));
}

TEST_F(ForgerySetTest, TurnedPicturesSmallAndBlankOnesTakeNoPart) {
  Image turned = Photo(160, 160, 5);
  for (int y = 0; y < 40; ++y) {
    std::fill_n(turned.row(y), 3 * (40 - y), 0);
    std::fill_n(turned.row(159 - y) + 3 * (120 + y), 3 * (40 - y), 0);
  }
  EXPECT_TRUE(HasBlackCorners(turned));
  EXPECT_FALSE(HasBlackCorners(Photo(160, 160, 5)));
  Save("real/art/turned.png", turned);
  Save("real/art/small.png", Photo(40, 90, 6));
  Save("real/art/blank.png", Image(100, 100, 3));
  const auto made = Make();
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(made->authentic, 8);
  EXPECT_EQ(made->small, 1);
  EXPECT_EQ(made->blank, 2);
}

TEST_F(ForgerySetTest, OtherOptionsNeedAnotherFolder) {
  options_.count = 0;
  ASSERT_TRUE(Make().ok());
  options_.seed = 2;
  const auto other = Make();
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(other.error().message, HasSubstr("another --out"));
}

TEST_F(ForgerySetTest, PicturesAreSpreadOverTheSources) {
  options_.pictures = 4;
  options_.count = 0;
  options_.generated.clear();
  ASSERT_TRUE(Make().ok());
  std::map<std::string, int> sources;
  for (const auto& row : Rows()) ++sources[row[5]];
  EXPECT_EQ(sources["art"], 2);
  EXPECT_EQ(sources["photos"], 2);
}

TEST_F(ForgerySetTest, OptionsAreChecked) {
  const auto refused = [&](auto change, const char* text) {
    ForgerySetOptions options = options_;
    change(&options);
    const Status status = options.Validate();
    ASSERT_FALSE(status.ok()) << text;
    EXPECT_THAT(status.error().message, HasSubstr(text));
  };
  refused([](auto* o) { o->engines = {"magic"}; }, "magic");
  refused([](auto* o) { o->out.clear(); }, "--out");
  refused([](auto* o) { o->side = 10; }, "--side");
  refused([](auto* o) { o->tiles = 0; }, "--tiles");
  refused([](auto* o) { o->split = "training"; }, "--split");
  refused([](auto* o) { o->generated_engine = "a/b"; }, "generator");
  ForgerySetOptions cutouts = options_;
  cutouts.engines = {"cutout"};
  const auto made = MakeForgerySet(cutouts, CancellationToken(), report_);
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.error().message, HasSubstr("--cutouts"));
}

}  // namespace
}  // namespace kantei::dataset
