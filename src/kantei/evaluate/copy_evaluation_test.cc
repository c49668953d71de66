#include "kantei/evaluate/copy_evaluation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "kantei/base/files.h"
#include "kantei/copy/descriptor_file.h"
#include "kantei/copy/descriptor_math.h"
#include "kantei/evaluate/copy_report.h"
#include "kantei/evaluate/picture_features.h"
#include "kantei/evaluate/test_benchmark.h"

namespace kantei::evaluate {
namespace {

namespace fs = std::filesystem;

CopyEvaluationOptions Options(const std::vector<std::string>& systems) {
  CopyEvaluationOptions options;
  for (const std::string& name : systems) {
    auto system = ParseCopySystem(name);
    EXPECT_TRUE(system.ok());
    options.systems.push_back(*system);
  }
  options.bootstrap = 20;
  options.threads = 2;
  options.pdq_radius = 60;
  return options;
}

CopyEvaluation Evaluate(const TestBenchmark& test, const CopyEvaluationOptions& options,
                        std::shared_ptr<const copy::DescriptorModel> model = nullptr) {
  auto evaluation = EvaluateCopy(test.Open(), std::move(model), options, {});
  EXPECT_TRUE(evaluation.ok()) << (evaluation.ok() ? "" : evaluation.error().message);
  return evaluation.ok() ? std::move(*evaluation) : CopyEvaluation{};
}

const GroupFigures& Group(const std::vector<GroupFigures>& groups, const std::string& name) {
  const auto found =
      std::find_if(groups.begin(), groups.end(), [&](const auto& group) { return group.name == name; });
  EXPECT_NE(found, groups.end()) << name;
  static const GroupFigures kNone;
  return found == groups.end() ? kNone : *found;
}

TEST(CopyEvaluationTest, PdqFindsResavesAndTurnsAndTheTablesSaySo) {
  const TestBenchmark test;
  const CopyEvaluation evaluation = Evaluate(test, Options({"pdq-plain", "pdq"}));
  ASSERT_EQ(evaluation.systems.size(), 2u);
  EXPECT_EQ(evaluation.queries, 8);
  EXPECT_EQ(evaluation.queries_with_source, 5);
  EXPECT_EQ(evaluation.unreadable, 1);
  ASSERT_EQ(evaluation.problems.size(), 1u);
  EXPECT_NE(evaluation.problems[0].find("Q00006"), std::string::npos);
  // Resaved (Q0, Q7); with turns also the mirrored one. The crop and the stranger that the truth names are beyond a hash.
  EXPECT_NEAR(evaluation.systems[0].score.recall_at_p90, 0.4, 1e-12);
  EXPECT_NEAR(evaluation.systems[1].score.recall_at_p90, 0.6, 1e-12);
  const SystemReport& pdq = evaluation.systems[1];
  EXPECT_EQ(Group(pdq.edits, "flip").recall, 1);
  EXPECT_EQ(Group(evaluation.systems[0].edits, "flip").recall, 0);
  EXPECT_EQ(Group(pdq.edits, "crop").queries, 2);
  EXPECT_EQ(Group(pdq.edits, "crop").recall, 0);
  EXPECT_NEAR(Group(pdq.edits, "jpeg").recall, 2.0 / 3, 1e-12);
  EXPECT_EQ(Group(pdq.levels, "easy").recall, 1);
  EXPECT_EQ(Group(pdq.sources, "drawings").recall, 0.5);
  EXPECT_EQ(pdq.edits.front().name, "crop");  // the weakest first
  ASSERT_EQ(pdq.misses.size(), 2u);
  EXPECT_FALSE(pdq.misses[0].score.has_value());
  ASSERT_EQ(pdq.false_alarms.size(), 2u);
  EXPECT_EQ(pdq.false_alarms[0].kind, "look-alike");
  EXPECT_EQ(pdq.false_alarms[1].queries, 2);
  EXPECT_EQ(pdq.false_alarms[1].named, 0);
}

TEST(CopyEvaluationTest, PairsThatShowTheSameCountForNothing) {
  const TestBenchmark test;
  CopyEvaluationOptions options = Options({"pdq"});
  dataset::CopyBenchmark benchmark = test.Open();
  // The stranger names a reference with the best score of all.
  std::vector<ScoredPair> pairs = {{9, 4, 5}, {8, 0, 0}, {7, 1, 1}};
  const SystemReport wrong = ReportPairs(benchmark, "x", pairs, options);
  EXPECT_NEAR(wrong.score.micro_average_precision, (1.0 / 2 + 2.0 / 3) / 5, 1e-12);
  benchmark.queries[4].same = {5};
  const SystemReport left_out = ReportPairs(benchmark, "x", pairs, options);
  EXPECT_NEAR(left_out.score.micro_average_precision, 2.0 / 5, 1e-12);
  EXPECT_EQ(left_out.score.predictions, 2);
  EXPECT_TRUE(left_out.alarms.empty());
}

TEST(CopyEvaluationTest, VerificationFindsTheCropThatTheHashOnlyProposes) {
  const TestBenchmark test;
  CopyEvaluationOptions options = Options({"pdq", "pdq+verify"});
  options.pdq_radius = 150;  // everything is a candidate
  options.verify.per_query = 12;
  const CopyEvaluation evaluation = Evaluate(test, options);
  EXPECT_GE(evaluation.systems[1].score.recall_at_p90, 0.8);
  EXPECT_GT(evaluation.systems[1].score.micro_average_precision,
            evaluation.systems[0].score.micro_average_precision);
  EXPECT_EQ(Group(evaluation.systems[1].edits, "crop").recall, 0.5);
}

TEST(CopyEvaluationTest, ARerunReadsTheCacheAndGivesTheSame) {
  const TestBenchmark test;
  const auto model = test.Model();
  ASSERT_NE(model, nullptr);
  CopyEvaluationOptions options = Options({"pdq", "descriptor", "descriptor+verify"});
  options.normalisation = copy::Normalisation::kStretching;
  const CopyEvaluation first = Evaluate(test, options, model);
  EXPECT_EQ(first.negatives, 20);
  EXPECT_EQ(first.dimension, 24);
  // The blank and the unreadable query have no descriptor.
  EXPECT_EQ(first.undescribed, 2);
  const auto benchmark = test.Open();
  const std::string before = DumpJson(CopyReportJson(benchmark, first, "1")["systems"][2]["curve"]);
  // The pictures are gone: only the cache can answer. Sizes and times are part of its keys, so they are kept.
  for (const auto& entry : fs::directory_iterator(test.root / "references")) {
    const auto time = fs::last_write_time(entry.path());
    const auto size = fs::file_size(entry.path());
    std::ofstream(entry.path(), std::ios::binary) << std::string(size, 'x');
    fs::last_write_time(entry.path(), time);
  }
  options.threads = 1;
  const CopyEvaluation second = Evaluate(test, options, model);
  EXPECT_EQ(DumpJson(CopyReportJson(benchmark, second, "1")["systems"][2]["curve"]), before);
  // A damaged cache is made anew, here from pictures that are no longer readable.
  for (const auto& entry : fs::directory_iterator(test.root / "kantei-cache"))
    fs::resize_file(entry.path(), 10);
  const CopyEvaluation third = Evaluate(test, Options({"pdq"}));
  EXPECT_EQ(third.unreadable, 13);
  EXPECT_EQ(third.systems[0].score.found_pairs, 0);
}

TEST(CopyEvaluationTest, BackgroundComesFromWhereItIsNamed) {
  const TestBenchmark test;
  const auto model = test.Model();
  ASSERT_NE(model, nullptr);
  CopyEvaluationOptions options = Options({"descriptor"});
  options.normalisation = copy::Normalisation::kAdditive;
  options.background = test.root / "training";
  EXPECT_EQ(Evaluate(test, options, model).negatives, 20);
  copy::DescriptorSet set;
  set.dimension = 24;
  set.values.assign(24 * 5, 0.0f);
  for (std::size_t i = 0; i < 5; ++i) set.values[i * 25] = 1;
  set.model_sha256 = model->info().sha256;
  options.background = test.root / "negatives.safetensors";
  ASSERT_TRUE(copy::WriteDescriptorFile(options.background, set, copy::DescriptorPrecision::kFloat16).ok());
  EXPECT_EQ(Evaluate(test, options, model).negatives, 5);
  set.model_sha256 = "another";
  ASSERT_TRUE(copy::WriteDescriptorFile(options.background, set, copy::DescriptorPrecision::kFloat16).ok());
  EXPECT_EQ(EvaluateCopy(test.Open(), model, options, {}).error().code, ErrorCode::kInvalidArgument);
  options.background.clear();
  fs::remove_all(test.root / "training");
  const auto without = EvaluateCopy(test.Open(), model, options, {});
  ASSERT_FALSE(without.ok());
  EXPECT_NE(without.error().message.find("--background"), std::string::npos);
}

TEST(CopyEvaluationTest, RefusesWhatMakesNoSense) {
  const TestBenchmark test;
  EXPECT_EQ(EvaluateCopy(test.Open(), nullptr, Options({"descriptor"}), {}).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_FALSE(Options({}).Validate().ok());
  EXPECT_FALSE(Options({"pdq", "pdq"}).Validate().ok());
  for (const char* name : {"", "descriptor+", "pdq+views", "descriptor+verify+views", "descriptorx", "sift"})
    EXPECT_FALSE(ParseCopySystem(name).ok()) << name;
  for (const char* name : {"pdq", "pdq-plain", "pdq+verify", "descriptor+views+verify"})
    EXPECT_EQ(ParseCopySystem(name)->Name(), name);
  CancellationToken cancelled;
  cancelled.Cancel();
  EXPECT_EQ(EvaluateCopy(test.Open(), nullptr, Options({"pdq"}), cancelled).error().code,
            ErrorCode::kCancelled);
}

TEST(CopyEvaluationTest, MergingPutsVerifiedPairsFirst) {
  const std::vector<ScoredPair> ranked = {{0.9, 0, 0}, {0.8, 1, 1}, {0.7, 2, 2}, {0.2, 3, 3}};
  const std::vector<VerifiedPair> verified = {{0, 0, -14, 0}, {2, 2, 6, 40}};
  const auto merged = MergeVerified(ranked, verified, {10, -5});
  ASSERT_EQ(merged.size(), 4u);
  EXPECT_EQ(merged[0].query, 2u);
  EXPECT_NEAR(merged[0].score, 2 + 6, 1e-9);
  // Verified in vain (evidence bounded at -5) and not verified count alike.
  EXPECT_EQ(merged[1].query, 0u);
  EXPECT_NEAR(merged[1].score, 4 - 5, 1e-9);
  EXPECT_NEAR(merged[2].score, 3 - 5, 1e-9);
  EXPECT_NEAR(merged[3].score, -3 - 5, 1e-9);
}

TEST(CopyEvaluationTest, ViewsGiveSeveralRowsAndTheWholeFirst) {
  const TestBenchmark test;
  const auto model = test.Model();
  ASSERT_NE(model, nullptr);
  FeatureContext context;
  context.cache = test.root / "cache";
  const std::vector<fs::path> files = {test.root / "queries/Q00000.jpg", test.root / "queries/Q00006.jpg",
                                       test.root / "queries/Q00002.jpg"};
  const auto whole = DescribePictures(files, *model, &context);
  ASSERT_TRUE(whole.ok());
  for (int turn = 0; turn < 2; ++turn) {  // made, then read back
    const auto views = DescribeViews(files, *model, {}, &context);
    ASSERT_TRUE(views.ok());
    ASSERT_EQ(views->queries(), 3u);
    EXPECT_GT(views->first[1], 1u);
    EXPECT_EQ(views->first[1], views->first[2]);  // the unreadable one has none
    EXPECT_EQ(views->values.size(), views->first[3] * 24u);
    for (std::size_t k = 0; k < 24; ++k) EXPECT_NEAR(views->values[k], (*whole)[k], 1e-5);
  }
}

TEST(CopyEvaluationTest, HashesComeBackFromTheCacheBitByBit) {
  const TestBenchmark test;
  const auto files = test.Open().references.files;
  FeatureContext context;
  context.cache = test.root / "cache";
  const auto first = HashPictures(files, &context), second = HashPictures(files, &context);
  ASSERT_TRUE(first.ok() && second.ok());
  for (std::size_t i = 0; i < files.size(); ++i) {
    EXPECT_EQ((*first)[i].codes, (*second)[i].codes);
    EXPECT_EQ((*first)[i].quality, (*second)[i].quality);
  }
}

TEST(CopyReportTest, JsonHasEverySystemAndNullWhereThereIsNoThreshold) {
  const TestBenchmark test;
  CopyEvaluation evaluation = Evaluate(test, Options({"pdq"}));
  const auto benchmark = test.Open();
  const Json json = CopyReportJson(benchmark, evaluation, "9.9");
  EXPECT_EQ(json["schema"], "kantei.evaluate-copy/1");
  EXPECT_EQ(json["tool"]["version"], "9.9");
  EXPECT_EQ(json["benchmark"]["queries"], 8);
  ASSERT_EQ(json["systems"].size(), 1u);
  EXPECT_EQ(json["systems"][0]["misses"].size(), 2u);
  EXPECT_TRUE(json["systems"][0]["misses"][0]["score"].is_null());
  EXPECT_FALSE(json.contains("model"));
  evaluation.systems[0].score.threshold_at_p90 = INFINITY;
  EXPECT_TRUE(CopyReportJson(benchmark, evaluation, "9.9")["systems"][0]["threshold_at_p90"].is_null());
}

TEST(CopyReportTest, ThePageIsSelfContainedAndEscapesNames) {
  const TestBenchmark test;
  CopyEvaluation evaluation = Evaluate(test, Options({"pdq"}));
  evaluation.benchmark = "<script>alert(1)</script>";
  evaluation.systems[0].edits[0].name = "\"><img src=x onerror=alert(2)>";
  evaluation.warnings.push_back("a & b\x1b[31m \xFF");
  auto benchmark = test.Open();
  benchmark.queries[2].edits = {"<b>crop</b>"};
  const std::string html = CopyReportHtml(benchmark, evaluation, "9.9");
  EXPECT_EQ(html.find("<script"), std::string::npos);
  EXPECT_EQ(html.find("<img src=x"), std::string::npos);
  EXPECT_EQ(html.find("<b>crop"), std::string::npos);
  EXPECT_EQ(html.find('\x1b'), std::string::npos);
  EXPECT_EQ(html.find("http://"), std::string::npos);
  EXPECT_EQ(html.find("https://"), std::string::npos);
  EXPECT_NE(html.find("a &amp; b"), std::string::npos);
  EXPECT_NE(html.find("<svg"), std::string::npos);
  EXPECT_NE(html.find("data:image/jpeg;base64,"), std::string::npos);
  EXPECT_NE(html.find("not among the candidates"), std::string::npos);
}

}  // namespace
}  // namespace kantei::evaluate
