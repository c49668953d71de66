#include "kantei/dataset/disc_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "kantei/base/files.h"
#include "kantei/dataset/copy_folder.h"

namespace kantei::dataset {
namespace {

namespace fs = std::filesystem;

TEST(DiscFiles, ReadsThePublicGroundTruth) {
  const auto rows =
      ParseGroundTruth("query_id,reference_id\r\nQ00000,\r\nQ00001,R123456\r\nQ00001,R000002\r\n", "t");
  ASSERT_TRUE(rows.ok()) << rows.error().message;
  ASSERT_EQ(rows->size(), 3u);
  EXPECT_EQ((*rows)[0].query_id, "Q00000");
  EXPECT_EQ((*rows)[0].reference_id, "");
  EXPECT_EQ((*rows)[2].reference_id, "R000002");
}

TEST(DiscFiles, ColumnsStandInAnyOrderAndNewOnesAreLeftAside) {
  const auto rows =
      ParseGroundTruth("edits,colour,reference_id,level,query_id\nblur  crop,red,R1,hard,Q1\n", "t");
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ((*rows)[0].edits, (std::vector<std::string>{"blur", "crop"}));
  EXPECT_EQ((*rows)[0].level, "hard");
  EXPECT_EQ((*rows)[0].reference_id, "R1");
  EXPECT_EQ((*rows)[0].source, "");
}

TEST(DiscFiles, WithoutAHeaderTheFirstFieldsCount) {
  const auto rows = ParseGroundTruth("Q1,R1\nQ2,\n", "t");
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ(rows->size(), 2u);
  const auto predictions = ParsePredictions("Q1,R1,-0.25\n", "t");
  ASSERT_TRUE(predictions.ok());
  EXPECT_EQ((*predictions)[0].score, -0.25);
}

std::string TruthError(std::string_view csv) {
  const auto rows = ParseGroundTruth(csv, "truth.csv");
  if (rows.ok()) return "ok";
  EXPECT_EQ(rows.error().code, ErrorCode::kCorrupt);
  return rows.error().message;
}

TEST(DiscFiles, HostileGroundTruthsAreRefusedWithTheirLine) {
  EXPECT_NE(TruthError("query_id,reference_id\nQ1\n").find("line 2"), std::string::npos);
  EXPECT_NE(TruthError("Q1,R1\nQ2,R2\nQ1,R1\n").find("line 3"), std::string::npos);
  EXPECT_NE(TruthError("Q1,R1\nQ1,\n").find("twice"), std::string::npos);
  EXPECT_NE(TruthError("Q1,\nQ1,\n").find("twice"), std::string::npos);
  EXPECT_NE(TruthError(",R1\n").find("query_id"), std::string::npos);
  EXPECT_NE(TruthError("../../etc/passwd,R1\n").find("query_id"), std::string::npos);
  EXPECT_NE(TruthError("Q1,a/b\n").find("reference_id"), std::string::npos);
  EXPECT_NE(TruthError("Q1," + std::string(201, 'R') + "\n").find("reference_id"), std::string::npos);
  EXPECT_NE(TruthError("query_id,source\nQ1,x\n").find("reference_id"), std::string::npos);
  EXPECT_NE(TruthError("Q1,\"R1\nQ2,R2\n").find("quotation"), std::string::npos);
  // The message must not carry an escape sequence to a terminal.
  EXPECT_EQ(TruthError("Q\x1b[31m,R1\n").find('\x1b'), std::string::npos);
}

TEST(DiscFiles, HostilePredictionsAreRefusedWithTheirLine) {
  const auto error = [](std::string_view csv) {
    const auto rows = ParsePredictions(csv, "p.csv");
    return rows.ok() ? std::string("ok") : rows.error().message;
  };
  for (const char* score : {"nan", "inf", "-inf", "1e999", "", "0x10", "1,5", "0.5 0.6", "high"})
    EXPECT_NE(
        error(std::string("Q1,R1,") + (std::string(score) == "1,5" ? "\"1,5\"" : score) + "\n").find("score"),
        std::string::npos)
        << score;
  EXPECT_NE(error("Q1,R1,1\nQ1,R1,2\n").find("twice"), std::string::npos);
  EXPECT_NE(error("Q1,R1\n").find("expected"), std::string::npos);
  EXPECT_NE(error("query_id,score\n").find("header"), std::string::npos);
  EXPECT_EQ(error("query_id,reference_id,score\nQ1,R1,1e-3\n"), "ok");
}

TEST(DiscFiles, WhatIsWrittenIsReadBack) {
  const std::vector<TruthRow> truth = {
      {"Q1", "R1", "copy", "hard", {"crop", "jpeg"}, "photos, \"old\"", "ab"},
      {"Q2", "", "stranger", "easy", {}, "", ""}};
  const auto back = ParseGroundTruth(FormatGroundTruth(truth), "t");
  ASSERT_TRUE(back.ok());
  ASSERT_EQ(back->size(), 2u);
  EXPECT_EQ((*back)[0].source, "photos, \"old\"");
  EXPECT_EQ((*back)[0].edits, truth[0].edits);
  EXPECT_EQ((*back)[1].kind, "stranger");
  const std::vector<PredictionRow> predictions = {
      {"Q1", "R1", 0.1}, {"Q1", "R2", -1.0 / 3}, {"Q2", "R1", 1e-300}};
  const auto read = ParsePredictions(FormatPredictions(predictions), "p");
  ASSERT_TRUE(read.ok());
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ((*read)[i].score, predictions[i].score);
}

TEST(DiscFiles, IdsOfTheSet) {
  EXPECT_TRUE(IsDiscId("R000001", 'R'));
  EXPECT_TRUE(IsDiscId("Q00000", 'Q'));
  EXPECT_FALSE(IsDiscId("R00001x", 'R'));
  EXPECT_FALSE(IsDiscId("T000001", 'R'));
  EXPECT_FALSE(IsPictureId(".hidden"));
  EXPECT_FALSE(IsPictureId("a\nb"));
  EXPECT_TRUE(IsPictureId("holiday photo 3"));
}

class CopyFolderTest : public testing::Test {
 protected:
  CopyFolderTest() : root_(fs::temp_directory_path() / ("kantei_copy_folder." + std::to_string(::getpid()))) {
    fs::remove_all(root_);
  }
  ~CopyFolderTest() override { fs::remove_all(root_); }
  void Put(const std::string& name, const std::string& text = "x") {
    fs::create_directories((root_ / name).parent_path());
    ASSERT_TRUE(WriteFileAtomic(root_ / name, text).ok());
  }
  Result<CopyBenchmark> Open(CopyFolderOptions options = {}) { return OpenCopyFolder(root_, options); }
  std::string Failure(CopyFolderOptions options = {}) {
    const auto opened = Open(options);
    return opened.ok() ? "ok"
                       : std::string(ErrorCodeName(opened.error().code)) + ": " + opened.error().message;
  }
  fs::path root_;
};

TEST_F(CopyFolderTest, ReadsDiscAsItIsUnpacked) {
  Put("images/references/R000001.jpg");
  Put("images/references/R000000.jpg");
  Put("images/references/readme.txt");
  Put("images/references/cover.jpg");
  Put("images/queries/Q00000.jpg");
  Put("images/queries/Q00001.jpg");
  Put("images/queries/Q00002.jpg");  // not in the public half
  Put("images/train/T000000.jpg");
  Put("list_files/public_ground_truth.csv", "query_id,reference_id\nQ00000,R000001\nQ00001,\n");
  CopyFolderOptions options;
  options.disc = true;
  const auto opened = Open(options);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(opened->references.ids, (std::vector<std::string>{"R000000", "R000001"}));
  ASSERT_EQ(opened->queries.size(), 2u);
  EXPECT_EQ(opened->queries[0].references, std::vector<std::uint32_t>{1});
  EXPECT_EQ(opened->queries[0].kind, "copy");
  EXPECT_EQ(opened->queries[1].kind, "distractor");
  EXPECT_EQ(opened->background.ids, std::vector<std::string>{"T000000"});
  EXPECT_EQ(opened->true_pairs, 1);
  ASSERT_EQ(opened->warnings.size(), 1u);
  EXPECT_NE(opened->warnings[0].find("1 pictures"), std::string::npos);
  // Without --disc any name is an id.
  const auto any = Open();
  ASSERT_TRUE(any.ok());
  EXPECT_EQ(any->references.size(), 3u);
  EXPECT_NE(any->identity, opened->identity);
}

TEST_F(CopyFolderTest, PairsThatShowTheSameAreReadAndMustBeOfTheBenchmark) {
  for (const char* file : {"references/R1.jpg", "references/R2.jpg", "queries/Q1.jpg", "queries/Q2.jpg"})
    Put(file);
  Put("ground_truth.csv", "Q1,R1\nQ2,\n");
  Put("same_pairs.csv", "query_id,reference_id\nQ1,R2\nQ2,R2\nQ2,R1\n");
  const auto opened = Open();
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(opened->same_pairs, 3);
  EXPECT_EQ(opened->queries[0].same, std::vector<std::uint32_t>{1});
  EXPECT_EQ(opened->queries[1].same, (std::vector<std::uint32_t>{0, 1}));
  Put("same_pairs.csv", "Q1,R1\n");
  EXPECT_NE(Failure().find("as right"), std::string::npos);
  Put("same_pairs.csv", "Q1,R3\n");
  EXPECT_NE(Failure().find("corrupt"), std::string::npos);
}

TEST_F(CopyFolderTest, SaysWhatIsMissing) {
  EXPECT_NE(Failure().find("not_found"), std::string::npos);
  Put("references/R1.jpg");
  EXPECT_NE(Failure().find("queries/"), std::string::npos);
  Put("queries/Q1.jpg");
  EXPECT_NE(Failure().find("ground_truth.csv"), std::string::npos);
  Put("ground_truth.csv", "Q1,R1\nQ2,R1\nQ3,\n");
  EXPECT_NE(Failure().find("2 queries of the ground truth have no picture, the first is Q2"),
            std::string::npos);
  CopyFolderOptions partial;
  partial.partial = true;
  auto opened = Open(partial);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->queries.size(), 1u);
  EXPECT_EQ(opened->warnings.size(), 1u);
  Put("ground_truth.csv", "Q1,R9\n");
  EXPECT_NE(Failure().find("R9"), std::string::npos);
  EXPECT_NE(Failure(partial).find("not_found"), std::string::npos);
  Put("dev_ground_truth.csv", "Q1,R1\n");
  EXPECT_NE(Failure().find("--ground-truth"), std::string::npos);
  CopyFolderOptions chosen;
  chosen.ground_truth = root_ / "dev_ground_truth.csv";
  EXPECT_TRUE(Open(chosen).ok());
  Put("references/sub/R1.png");
  EXPECT_NE(Failure(chosen).find("two pictures have the id R1"), std::string::npos);
}

}  // namespace
}  // namespace kantei::dataset
