#include "kantei/dataset/authenticity_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "kantei/base/files.h"
#include "kantei/dataset/authenticity_readers.h"

namespace kantei::dataset {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr std::string_view kHeader = "picture\tmask\toriginal\thistory\tengine\tsource\tsplit\n";

class AuthenticitySetTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "kantei_set_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { fs::remove_all(directory_); }
  void Put(const fs::path& file, std::string_view text = "x") {
    fs::create_directories((directory_ / file).parent_path());
    ASSERT_TRUE(WriteFileAtomic(directory_ / file, text).ok());
  }
  fs::path directory_;
};

std::vector<AuthenticitySample> Example(const fs::path& at) {
  return {
      {at / "a/1.jpg", {}, {}, History::kAuthentic, "authentic", "caltech101", "val"},
      {at / "b/2.png", at / "b/2_mask.png", at / "a/1.jpg", History::kEdited, "telea", "caltech101", "val"},
      {at / "c/3 of 4.png", {}, {}, History::kGenerated, "sd15", "openclipart", ""}};
}

void ExpectSame(const AuthenticitySample& a, const AuthenticitySample& b) {
  EXPECT_EQ(a.picture, b.picture);
  EXPECT_EQ(a.mask, b.mask);
  EXPECT_EQ(a.original, b.original);
  EXPECT_EQ(a.history, b.history);
  EXPECT_EQ(a.engine, b.engine);
  EXPECT_EQ(a.source, b.source);
  EXPECT_EQ(a.split, b.split);
}

TEST_F(AuthenticitySetTest, ComesBackAsItWasWritten) {
  const auto samples = Example(directory_);
  ASSERT_TRUE(WriteAuthenticitySet(directory_, samples).ok());
  const auto back = ReadAuthenticitySet(directory_);
  ASSERT_TRUE(back.ok()) << back.error().message;
  ASSERT_EQ(back->size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) ExpectSame((*back)[i], samples[i]);
}

TEST_F(AuthenticitySetTest, LineEndsAndByteOrderMarksAreTaken) {
  const std::string text =
      "\xEF\xBB\xBFpicture\tmask\toriginal\thistory\tengine\tsource\tsplit\r\n"
      "a.png\t\t\tauthentic\tauthentic\tx\t\r\n\r\nb.png\t\t\tgenerated\tsd\tx\ttest";
  const auto samples = ParseAuthenticitySet(text, "set", "t");
  ASSERT_TRUE(samples.ok()) << samples.error().message;
  ASSERT_EQ(samples->size(), 2u);
  EXPECT_EQ((*samples)[1].picture, fs::path("set/b.png"));
  EXPECT_EQ((*samples)[1].split, "test");
}

TEST_F(AuthenticitySetTest, DamagedTablesAreRefusedByLine) {
  const struct {
    std::string row, said;
  } kCases[] = {
      {"a.png\t\t\tauthentic\tauthentic\tx", "7 fields"},
      {"a.png\t\t\tauthentic\tauthentic\tx\t\t", "7 fields"},
      {"\t\t\tauthentic\tauthentic\tx\t", "picture is missing"},
      {"/etc/passwd\t\t\tauthentic\tauthentic\tx\t", "absolute"},
      {"a/../../b.png\t\t\tauthentic\tauthentic\tx\t", "leads out"},
      {"a//b.png\t\t\tauthentic\tauthentic\tx\t", "empty part"},
      {"./b.png\t\t\tauthentic\tauthentic\tx\t", "empty part"},
      {"a/\t\t\tauthentic\tauthentic\tx\t", "empty part"},
      {"..\t\t\tauthentic\tauthentic\tx\t", "leads out"},
      {std::string("a\x01.png\t\t\tauthentic\tauthentic\tx\t"), "control"},
      {std::string(5000, 'a') + "\t\t\tauthentic\tauthentic\tx\t", "longer"},
      {"a.png\t\t\treal\tauthentic\tx\t", "history"},
      {"a.png\t\t\tedited\ttelea\tx\t", "needs the mask"},
      {"a.png\tm.png\t\tgenerated\tsd\tx\t", "only an edited"},
      {"a.png\t\t\tauthentic\t\tx\t", "engine"},
      {"a.png\t\t\tauthentic\tauthentic\t\t", "source"},
      {"a.png\t\t\tauthentic\tauthentic\t" + std::string(101, 's') + "\t", "source"},
  };
  for (const auto& c : kCases) {
    const auto result = ParseAuthenticitySet(std::string(kHeader) + c.row + "\n", "d", "set.tsv");
    ASSERT_FALSE(result.ok()) << c.row;
    EXPECT_EQ(result.error().code, ErrorCode::kCorrupt) << c.row;
    EXPECT_THAT(result.error().message, HasSubstr("set.tsv, line 2"));
    EXPECT_THAT(result.error().message, HasSubstr(c.said)) << c.row;
  }
  const std::string row = "a.png\t\t\tauthentic\tauthentic\tx\t\n";
  EXPECT_THAT(ParseAuthenticitySet(std::string(kHeader) + row + row, "d", "t").error().message,
              HasSubstr("twice"));
  for (const std::string_view text : {"", "picture,mask\n", "\xFF\xFE"})
    EXPECT_THAT(ParseAuthenticitySet(text, "d", "t").error().message, HasSubstr("header"));
}

TEST_F(AuthenticitySetTest, WhatWouldNotBeReadIsNotWritten) {
  auto outside = Example(directory_);
  outside[0].picture = directory_.parent_path() / "x.jpg";
  EXPECT_THAT(WriteAuthenticitySet(directory_, outside).error().message, HasSubstr("leads out"));
  auto unmasked = Example(directory_);
  unmasked[1].mask.clear();
  EXPECT_EQ(WriteAuthenticitySet(directory_, unmasked).error().code, ErrorCode::kInvalidArgument);
  auto twice = Example(directory_);
  twice[2].picture = twice[0].picture;
  EXPECT_THAT(WriteAuthenticitySet(directory_, twice).error().message, HasSubstr("twice"));
  EXPECT_FALSE(fs::exists(directory_ / kAuthenticitySetFile));
  EXPECT_EQ(ReadAuthenticitySet(directory_).error().code, ErrorCode::kNotFound);
}

TEST_F(AuthenticitySetTest, AnimeDl2mRecordsBecomeSamples) {
  const std::string json = R"([
    {"raw": "0000/1.jpg", "text": "t", "mask": "0000/mask/1.png",
     "inpaint": ["0000/inpainting/1/SD.png", "0000/inpainting/1/SDXL.png", "0000/inpainting/1/flux.png"],
     "t2i": ["0000/text2image/1/FLUX.png"]},
    {"raw": "0000/2.png", "text": "t", "mask": "0000/mask/2", "inpaint": null, "t2i": "null"}])";
  AuthenticityReadOptions options;
  options.raw_root = "/raw";
  options.fake_root = "/fake";
  const auto samples = ParseAnimeDl2m(json, options, "/lists", "l.json");
  ASSERT_TRUE(samples.ok()) << samples.error().message;
  ASSERT_EQ(samples->size(), 6u);
  EXPECT_EQ((*samples)[0].picture, fs::path("/raw/0000/1.jpg"));
  EXPECT_EQ((*samples)[0].history, History::kAuthentic);
  EXPECT_EQ((*samples)[1].mask, fs::path("/fake/0000/mask/1.png"));
  EXPECT_EQ((*samples)[1].original, fs::path("/raw/0000/1.jpg"));
  EXPECT_EQ((*samples)[1].engine, "sd");
  EXPECT_EQ((*samples)[2].engine, "sdxl");
  EXPECT_EQ((*samples)[4].engine, "flux");
  EXPECT_EQ((*samples)[4].history, History::kGenerated);
  EXPECT_TRUE((*samples)[4].mask.empty());
  EXPECT_EQ((*samples)[5].picture, fs::path("/raw/0000/2.png"));
}

TEST_F(AuthenticitySetTest, DamagedJsonIsRefused) {
  const AuthenticityReadOptions options;
  for (const std::string_view text :
       {"", "{", "{}", "[3]", R"([{"raw": 3}])", R"([{"raw": ["a", "b"]}])", R"([{"inpaint": ["a.png"]}])",
        R"([{"inpaint": ["a", "b"], "mask": ["1", "2", "3"]}])", R"([{"t2i": ["a", 3]}])",
        R"([{"raw": "a\nb"}])", R"([{"raw": ""}])"}) {
    const auto result = ParseAnimeDl2m(text, options, "d", "list.json");
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.error().code, ErrorCode::kCorrupt) << text;
    EXPECT_THAT(result.error().message, HasSubstr("list.json"));
  }
  for (const std::string_view text :
       {"", "{}", "[[]]", R"([["a"]])", R"([["a", 3]])", R"([["a", "b", "c"]])", R"([["", "Negative"]])"})
    EXPECT_EQ(ParsePairs(text, options, "d", "list.json").error().code, ErrorCode::kCorrupt) << text;
}

TEST_F(AuthenticitySetTest, PairsOfImdlBenCo) {
  const auto samples =
      ParsePairs(R"([["./Tp/6.jpg", "./Gt/6.jpg"], ["./Tp/8.jpg", "Negative"]])", {}, "/d", "c.json");
  ASSERT_TRUE(samples.ok());
  ASSERT_EQ(samples->size(), 2u);
  EXPECT_EQ((*samples)[0].mask, fs::path("/d/./Gt/6.jpg"));
  EXPECT_EQ((*samples)[1].history, History::kAuthentic);
  EXPECT_EQ((*samples)[0].source, "c");
}

TEST_F(AuthenticitySetTest, TablesOfSagiAndTgif) {
  const auto sagi = ParseSampleCsv(
      "image_path,mask_path,prompt,output_path,seed,status\n"
      "in/1.jpg,m/1.png,\"a, b\",out/1.png,5,success\nin/2.jpg,m/2.png,c,out/2.png,6,failed\n",
      {}, "/s", "results.csv");
  ASSERT_TRUE(sagi.ok()) << sagi.error().message;
  ASSERT_EQ(sagi->size(), 1u);
  EXPECT_EQ((*sagi)[0].picture, fs::path("/s/out/1.png"));
  EXPECT_EQ((*sagi)[0].original, fs::path("/s/in/1.jpg"));
  EXPECT_EQ((*sagi)[0].history, History::kEdited);

  AuthenticityReadOptions options;
  options.csv.picture = "sd2/{category}/{image_id}_{mask_variation}_{gen_variation_id}.png";
  options.csv.mask = "masks/{image_id}_{mask_variation}.png";
  options.engine = "sd2-sp";
  const auto tgif = ParseSampleCsv(
      "category,image_id,mask_variation,gen_variation_id,nima_mean\nairplane,208901,bbox,0,5.1\n", options,
      "/t", "sd2_testing.csv");
  ASSERT_TRUE(tgif.ok()) << tgif.error().message;
  EXPECT_EQ((*tgif)[0].picture, fs::path("/t/sd2/airplane/208901_bbox_0.png"));
  EXPECT_EQ((*tgif)[0].mask, fs::path("/t/masks/208901_bbox.png"));
  EXPECT_EQ((*tgif)[0].engine, "sd2-sp");

  const auto labelled = ParseSampleCsv("image,label,source\na.png,real,web\nb.png,1,web\n", {}, "", "x.csv");
  ASSERT_TRUE(labelled.ok());
  EXPECT_EQ((*labelled)[0].history, History::kAuthentic);
  EXPECT_EQ((*labelled)[1].history, History::kGenerated);
  EXPECT_EQ((*labelled)[1].source, "web");
}

TEST_F(AuthenticitySetTest, DamagedTablesOfOthersAreRefused) {
  AuthenticityReadOptions unknown;
  unknown.csv.picture = "{nothing}.png";
  EXPECT_THAT(ParseSampleCsv("a,b\n1,2\n", unknown, "", "x.csv").error().message, HasSubstr("nothing"));
  unknown.csv.picture = "{a";
  EXPECT_EQ(ParseSampleCsv("a,b\n1,2\n", unknown, "", "x.csv").error().code, ErrorCode::kInvalidArgument);
  for (const std::string_view text :
       {"", "a,b\n1,2\n", "image,history\na.png,maybe\n", "image,history\na.png,edited\n",
        "image,mask\n,m.png\n", "image\n\"open\n", "image\na\x01z.png\n"})
    EXPECT_EQ(ParseSampleCsv(text, {}, "", "x.csv").error().code, ErrorCode::kCorrupt) << text;
}

TEST_F(AuthenticitySetTest, FoldersAreRecognised) {
  Put("casia/Au/Au_1.jpg");
  Put("casia/Tp/Tp_D_2.jpg");
  Put("casia/Tp/Tp_S_3.tif");
  Put("casia/CASIA 2 Groundtruth/Tp_D_2_gt.png");
  Put("casia/CASIA 2 Groundtruth/Tp_S_3_gt.png");
  const auto casia = ReadAuthenticitySamples(directory_ / "casia", {});
  ASSERT_TRUE(casia.ok()) << casia.error().message;
  ASSERT_EQ(casia->size(), 3u);
  EXPECT_EQ((*casia)[1].engine, "splice");
  EXPECT_EQ((*casia)[2].engine, "copy-move");
  EXPECT_EQ((*casia)[2].mask.filename(), "Tp_S_3_gt.png");
  fs::remove(directory_ / "casia/CASIA 2 Groundtruth/Tp_S_3_gt.png");
  EXPECT_THAT(ReadAuthenticitySamples(directory_ / "casia", {}).error().message, HasSubstr("Tp_S_3"));

  Put("plain/Tp/a.png");
  Put("plain/Gt/a.png");
  EXPECT_EQ(ReadAuthenticitySamples(directory_ / "plain", {})->size(), 1u);
  Put("plain/Tp/b.png");
  EXPECT_EQ(ReadAuthenticitySamples(directory_ / "plain", {}).error().code, ErrorCode::kCorrupt);

  Put("pairs.json", R"([["a.png", "Negative"]])");
  EXPECT_EQ(ReadAuthenticitySamples(directory_ / "pairs.json", {})->front().history, History::kAuthentic);
  Put("anime/list.json", R"([{"raw": "a.png"}])");
  EXPECT_EQ(ReadAuthenticitySamples(directory_ / "anime", {})->front().picture, directory_ / "anime/a.png");

  ASSERT_TRUE(WriteAuthenticitySet(directory_, Example(directory_)).ok());
  AuthenticityReadOptions options;
  options.split = "val";
  EXPECT_EQ(ReadAuthenticitySamples(directory_, options)->size(), 2u);
  options.split = "test";
  EXPECT_EQ(ReadAuthenticitySamples(directory_, options).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(ReadAuthenticitySamples(directory_ / "nowhere", {}).error().code, ErrorCode::kNotFound);
  fs::create_directories(directory_ / "empty");
  EXPECT_EQ(ReadAuthenticitySamples(directory_ / "empty", {}).error().code, ErrorCode::kInvalidArgument);

  const auto folders = ReadTwoFolders(directory_ / "casia/Au", directory_ / "plain/Tp", History::kGenerated);
  ASSERT_TRUE(folders.ok());
  EXPECT_EQ(folders->size(), 3u);
  EXPECT_EQ(folders->back().history, History::kGenerated);
  EXPECT_EQ(ReadTwoFolders(directory_ / "empty", directory_, History::kEdited).error().code,
            ErrorCode::kNotFound);
}

TEST(Layouts, NamesComeBack) {
  for (const char* name : {"set", "animedl2m", "pairs", "tp-gt", "casia", "csv"})
    EXPECT_EQ(LayoutName(*ParseLayout(name)), name);
  EXPECT_THAT(ParseLayout("zip").error().message, HasSubstr("tp-gt"));
}

}  // namespace
}  // namespace kantei::dataset
