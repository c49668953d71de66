#include "kantei/evaluate/authenticity_evaluation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "kantei/base/files.h"
#include "kantei/evaluate/authenticity_calibration.h"
#include "kantei/evaluate/authenticity_report.h"
#include "kantei/evaluate/authenticity_test_set.h"

namespace kantei::evaluate {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::MakeSet;
using testing::NoiseDetector;

class AuthenticityEvaluationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "kantei_aeval_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    samples_ = MakeSet(directory_ / "set", 8);
    options_.bootstrap = 50;
    options_.threads = 2;
    options_.examples = 2;
  }
  void TearDown() override { fs::remove_all(directory_); }
  Result<AuthenticityEvaluation> Run() {
    return EvaluateAuthenticity("a test", samples_, detector_, options_, CancellationToken());
  }
  fs::path directory_;
  std::vector<dataset::AuthenticitySample> samples_;
  NoiseDetector detector_;
  AuthenticityEvaluationOptions options_;
};

TEST_F(AuthenticityEvaluationTest, FiguresOfAGoodDetector) {
  options_.conditions = {*ParseCondition("blur-23"), *ParseCondition("resize-1.25")};
  const auto evaluation = Run();
  ASSERT_TRUE(evaluation.ok()) << evaluation.error().message;
  EXPECT_EQ(evaluation->authentic, 8);
  EXPECT_EQ(evaluation->edited, 8);
  EXPECT_EQ(evaluation->generated, 8);
  ASSERT_EQ(evaluation->conditions.size(), 4u);
  EXPECT_EQ(evaluation->conditions[0].name, "equalised");
  EXPECT_EQ(evaluation->conditions[1].name, "plain");
  const ConditionFigures& plain = evaluation->conditions[1];
  for (const QuestionFigures& figures : plain.questions) EXPECT_EQ(figures.auc, 1.0);
  EXPECT_EQ(plain.questions[0].fake, 16);
  EXPECT_EQ(plain.questions[1].fake, 8);
  EXPECT_EQ(plain.questions[2].authentic, 8);
  EXPECT_GT(plain.edited.origin.f1, 0.9);
  EXPECT_EQ(plain.edited.pictures, 8);
  EXPECT_GT(plain.generated.origin.iou, 0.99);
  EXPECT_EQ(plain.generated.origin.auc, std::nullopt);
  EXPECT_LT(plain.authentic.mean_share, 0.01);
  EXPECT_GT(evaluation->conditions[0].edited.origin.f1, 0.5);
  EXPECT_TRUE(evaluation->conditions[0].questions[0].auc_95.has_value());
  // Blur takes the noise away, and with it all that this detector sees.
  const ConditionFigures& blurred = evaluation->conditions[2];
  EXPECT_EQ(blurred.name, "blur-23");
  EXPECT_GT(blurred.authentic.mean_share, 0.9);
  EXPECT_EQ(blurred.questions[1].decisions.FalseAlarmRate(), 1.0);
}

TEST_F(AuthenticityEvaluationTest, TablesByEngineAndSource) {
  const auto evaluation = Run();
  ASSERT_TRUE(evaluation.ok());
  ASSERT_EQ(evaluation->engines.size(), 3u);
  std::int64_t fakes = 0;
  for (const EngineFigures& engine : evaluation->engines) {
    fakes += engine.figures.fake;
    EXPECT_EQ(engine.figures.authentic, 8);  // every engine meets all authentic pictures
    EXPECT_EQ(engine.pixels.pictures, engine.figures.fake);
  }
  EXPECT_EQ(fakes, 16);
  ASSERT_EQ(evaluation->sources.size(), 2u);
  EXPECT_EQ(evaluation->sources[0].figures.authentic, 4);
  EXPECT_EQ(evaluation->sources[1].figures.fake, 8);
  EXPECT_EQ(evaluation->sources[1].edited.pictures, 4);
}

TEST_F(AuthenticityEvaluationTest, FiguresDoNotDependOnOrderOrThreads) {
  const auto first = Run();
  std::reverse(samples_.begin(), samples_.end());
  options_.threads = 1;
  const auto second = Run();
  ASSERT_TRUE(first.ok() && second.ok());
  for (std::size_t q = 0; q < kQuestions; ++q)
    EXPECT_EQ(first->conditions[0].questions[q].auc, second->conditions[0].questions[q].auc);
  EXPECT_NEAR(first->conditions[0].edited.origin.f1, second->conditions[0].edited.origin.f1, 1e-12);
}

TEST_F(AuthenticityEvaluationTest, ARerunComesFromTheCacheAndAStoppedRunGoesOn) {
  options_.cache = directory_ / "cache";
  options_.examples = 0;
  const auto first = Run();
  ASSERT_TRUE(first.ok());
  const int calls = detector_.calls;
  EXPECT_EQ(calls, 48);  // equalised and plain
  const auto again = Run();
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(detector_.calls, calls);
  EXPECT_EQ(DumpJson(AuthenticityReportJson(samples_, *first, "1")),
            DumpJson(AuthenticityReportJson(samples_, *again, "1")));
  // A damaged part, a changed picture and another detector are judged anew.
  const fs::path part = fs::directory_iterator(options_.cache)->path();
  std::ofstream(part) << "{}";
  ASSERT_TRUE(Run().ok());
  EXPECT_GT(detector_.calls, calls);
  EXPECT_LE(detector_.calls, calls + 16);
  const int before = detector_.calls;
  fs::last_write_time(samples_[0].picture, fs::file_time_type::clock::now() + std::chrono::hours(1));
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(detector_.calls, before + 2 * 16);
  const NoiseDetector other("noise-2 test");
  ASSERT_TRUE(EvaluateAuthenticity("a test", samples_, other, options_, CancellationToken()).ok());
  EXPECT_EQ(other.calls, 48);
  NoiseDetector coarser;  // the same detector, computing in another type
  coarser.computes_in = "bfloat16";
  ASSERT_TRUE(EvaluateAuthenticity("a test", samples_, coarser, options_, CancellationToken()).ok());
  EXPECT_EQ(coarser.calls, 48);
  options_.seed = 2;
  const int seeded = detector_.calls;
  ASSERT_TRUE(Run().ok());
  EXPECT_GT(detector_.calls, seeded);
}

/// Cancels after some calls, as Ctrl-C would.
class Impatient final : public authenticity::ManipulationDetector {
 public:
  Impatient(const NoiseDetector& inner, int after) : inner_(inner), after_(after) {}
  std::string id() const override { return inner_.id(); }
  Result<authenticity::PixelFindings> Analyse(const image::Image& picture,
                                              const CancellationToken& cancellation) const override {
    if (++calls_ > after_) cancellation.Cancel();
    return inner_.Analyse(picture, cancellation);
  }

 private:
  const NoiseDetector& inner_;
  int after_;
  mutable std::atomic<int> calls_{0};
};

TEST_F(AuthenticityEvaluationTest, CancellingKeepsWhatIsDone) {
  options_.cache = directory_ / "cache";
  options_.threads = 1;
  options_.examples = 0;
  const Impatient impatient(detector_, 18);
  const auto stopped = EvaluateAuthenticity("a test", samples_, impatient, options_, CancellationToken());
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
  const int calls = detector_.calls;
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(detector_.calls - calls, 48 - 16);  // the first part was kept
}

TEST_F(AuthenticityEvaluationTest, UnreadablePicturesAreNamedAndCountNowhere) {
  std::ofstream(samples_[0].picture) << "no picture";
  ASSERT_TRUE(image::WriteImage(samples_[1].mask, image::Image(20, 20, 1)).ok());
  ASSERT_TRUE(image::WriteImage(samples_[2].picture, image::Image(60, 90, 3)).ok());
  const auto evaluation = Run();
  ASSERT_TRUE(evaluation.ok());
  EXPECT_EQ(evaluation->unreadable, 3);
  EXPECT_EQ(evaluation->conditions[0].left_out, 3);
  EXPECT_EQ(evaluation->conditions[0].questions[0].authentic, 7);
  EXPECT_EQ(evaluation->conditions[0].questions[0].fake, 14);
  ASSERT_EQ(evaluation->problems.size(), 3u);
  EXPECT_THAT(evaluation->problems[0], HasSubstr("a0.png"));
  EXPECT_THAT(evaluation->problems[1], HasSubstr("must be equal"));
  EXPECT_THAT(evaluation->problems[2], HasSubstr("smaller than 64"));
  for (const auto& sample : samples_) fs::remove(sample.picture);
  EXPECT_EQ(Run().error().code, ErrorCode::kNotFound);
}

TEST_F(AuthenticityEvaluationTest, SetsWithOneKindHaveNoRanking) {
  std::erase_if(samples_, [](const auto& s) { return s.history != dataset::History::kAuthentic; });
  const auto evaluation = Run();
  ASSERT_TRUE(evaluation.ok());
  EXPECT_EQ(evaluation->conditions[0].questions[0].auc, std::nullopt);
  EXPECT_EQ(evaluation->conditions[0].questions[0].decisions.FalseAlarmRate(), 0.0);
  EXPECT_EQ(evaluation->conditions[0].edited.pictures, 0);
  const std::string html = AuthenticityReportHtml(samples_, *evaluation, "1");
  EXPECT_EQ(html.find(">nan"), std::string::npos);
}

TEST_F(AuthenticityEvaluationTest, OptionsThatMakeNoSenseAreRefused) {
  options_.conditions = {*ParseCondition("jpeg-80"), *ParseCondition("jpeg-80")};
  EXPECT_EQ(Run().error().code, ErrorCode::kInvalidArgument);
  options_.conditions = {PictureCondition{}};
  EXPECT_EQ(Run().error().code, ErrorCode::kInvalidArgument);
  options_.conditions.clear();
  options_.examples = -1;
  EXPECT_EQ(Run().error().code, ErrorCode::kInvalidArgument);
  options_.examples = 0;
  authenticity::AuthenticityProfile foreign;
  foreign.detector = "another";
  options_.profile = foreign;
  EXPECT_THAT(Run().error().message, HasSubstr("another"));
  options_.profile.reset();
  samples_.clear();
  EXPECT_EQ(Run().error().code, ErrorCode::kInvalidArgument);
}

TEST(SampleSeed, IsThatOfThePairWhereverTheSetLies) {
  const dataset::AuthenticitySample original{"/x/p/a1.png", {},  {}, dataset::History::kAuthentic,
                                             "authentic",   "s", ""};
  const dataset::AuthenticitySample edited{
      "/x/q/e1.png", "/x/q/m.png", "/x/p/a1.png", dataset::History::kEdited, "t", "s", ""};
  dataset::AuthenticitySample moved = original;
  moved.picture = "/elsewhere/p/a1.png";
  EXPECT_EQ(SampleSeed(original, 1), SampleSeed(edited, 1));
  EXPECT_EQ(SampleSeed(original, 1), SampleSeed(moved, 1));
  EXPECT_NE(SampleSeed(original, 1), SampleSeed(original, 2));
  moved.picture = "/x/p/a2.png";
  EXPECT_NE(SampleSeed(original, 1), SampleSeed(moved, 1));
}

TEST_F(AuthenticityEvaluationTest, TheReportIsSelfContainedAndEscaped) {
  options_.conditions = {*ParseCondition("jpeg-80"), *ParseCondition("jpeg-30")};
  const auto evaluation =
      EvaluateAuthenticity("a <script>", samples_, detector_, options_, CancellationToken());
  ASSERT_TRUE(evaluation.ok());
  const std::string html = AuthenticityReportHtml(samples_, *evaluation, "1.0");
  // Found or not, the page is too long to be printed.
  for (const char* text :
       {"ROC", "Reliability", "Risk and coverage", "Robustness", "By engine", "By source", "Worst cases",
        "data:image/jpeg;base64,", "odd &lt;&amp;&gt;", "a &lt;script&gt;", "telea", "Equalised", "Plain"})
    EXPECT_NE(html.find(text), std::string::npos) << text;
  // The name space of SVG is no address that is fetched.
  std::string rest = html;
  for (std::size_t at; (at = rest.find("http://www.w3.org/2000/svg")) != std::string::npos;)
    rest.erase(at, 26);
  for (const char* text : {"<script", "http://", "https://", ">nan", ">inf", ">-nan"})
    EXPECT_EQ(rest.find(text), std::string::npos) << text;
  ASSERT_EQ(evaluation->examples.size(), 6u);
  EXPECT_FALSE(evaluation->examples[0].heat.empty());
  EXPECT_TRUE(evaluation->examples[0].truth.empty());
  EXPECT_FALSE(evaluation->examples[5].truth.empty());
}

}  // namespace
}  // namespace kantei::evaluate
