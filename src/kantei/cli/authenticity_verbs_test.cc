#include "kantei/cli/authenticity_verbs.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/json_schema.h"
#include "kantei/cli/exit_code.h"
#include "kantei/evaluate/authenticity_test_set.h"

namespace kantei::cli {
namespace {

namespace fs = std::filesystem;
using evaluate::testing::NoiseDetector;
using ::testing::HasSubstr;

class AuthenticityVerbsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "kantei_averbs_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    evaluate::testing::MakeSet(directory_ / "set", 20);
    file_ = ::open((directory_ / "out").c_str(), O_RDWR | O_CREAT, 0600);
    session_.out = Output(file_);
    session_.quiet = true;
    session_.jobs = 2;
  }
  void TearDown() override {
    ::close(file_);
    fs::remove_all(directory_);
  }
  std::string Written() {
    EXPECT_TRUE(session_.out.Flush().ok());
    return ReadTextFile(directory_ / "out", 1 << 24).value();
  }
  fs::path directory_;
  int file_ = -1;
  Session session_;
  NoiseDetector detector_;
};

TEST_F(AuthenticityVerbsTest, EvaluateWritesTextJsonAndPage) {
  EvaluateAuthenticityArguments arguments;
  arguments.set.set = directory_ / "set";
  arguments.robustness = {"jpeg-90", "jpeg-50", "resize-0.75"};
  arguments.html = directory_ / "report.html";
  arguments.options.bootstrap = 20;
  arguments.options.examples = 1;
  const auto code = RunEvaluateAuthenticity(&session_, &arguments, detector_);
  ASSERT_TRUE(code.ok()) << code.error().message;
  EXPECT_EQ(*code, kExitOk);
  EXPECT_TRUE(fs::exists(directory_ / "set/kantei-cache"));
  const std::string text = Written();
  for (const char* expected : {"20 authentic, 20 edited, 20 generated", "equalised", "plain", "telea",
                               "splice", "sd15", "jpeg-50", "TruFor's F1", "not calibrated"})
    EXPECT_THAT(text, HasSubstr(expected));
  const std::string html = *ReadTextFile(directory_ / "report.html", 1 << 24);
  EXPECT_NE(html.find("<svg"), std::string::npos);
  // For people who look at the page of a test run.
  if (const char* keep = std::getenv("KANTEI_KEEP_REPORT"); keep != nullptr)
    fs::copy_file(directory_ / "report.html", keep, fs::copy_options::overwrite_existing);

  session_.json = true;
  fs::resize_file(directory_ / "out", 0);
  ASSERT_EQ(::lseek(file_, 0, SEEK_SET), 0);
  EvaluateAuthenticityArguments again = arguments;
  again.options.conditions.clear();
  ASSERT_TRUE(RunEvaluateAuthenticity(&session_, &again, detector_).ok());
  const auto report = ParseJson(Written(), "report");
  ASSERT_TRUE(report.ok()) << report.error().message;
  const auto schema =
      ReadTextFile(fs::path(KANTEI_SOURCE_DIR) / "docs/schema/evaluate-authenticity-1.schema.json", 1 << 20);
  const Json schema_json = *ParseJson(*schema, "schema");
  for (const std::string& violation : SchemaCheck(schema_json).Violations(*report))
    ADD_FAILURE() << violation;
  EXPECT_EQ(report->at("conditions").size(), 5u);
  EXPECT_EQ(report->at("conditions")[1].at("image").at("manipulated").at("auc"), 1.0);
  // The schema notices what is missing or misspelt.
  Json damaged = *report;
  damaged["conditions"][0]["image"]["manipulated"].erase("auc");
  damaged["engines"][0]["more"] = 1;
  EXPECT_GE(SchemaCheck(schema_json).Violations(damaged).size(), 2u);
}

TEST_F(AuthenticityVerbsTest, CalibrateWritesAProfileThatEvaluateTakes) {
  CalibrateArguments arguments;
  arguments.set.set = directory_ / "set";
  arguments.out = directory_ / "profile.json";
  const auto few = RunCalibrate(&session_, &arguments, detector_);
  EXPECT_THAT(few.error().message, HasSubstr("at least 60 authentic pictures; there are 20"));
  EXPECT_FALSE(fs::exists(arguments.out));
  arguments.options.false_alarm_rate = 0.25;
  const auto code = RunCalibrate(&session_, &arguments, detector_);
  ASSERT_TRUE(code.ok()) << code.error().message;
  EXPECT_THAT(Written(), HasSubstr("manipulated"));
  EvaluateAuthenticityArguments evaluate;
  evaluate.set = arguments.set;
  evaluate.profile = arguments.out;
  evaluate.options.bootstrap = 0;
  const auto evaluated = RunEvaluateAuthenticity(&session_, &evaluate, detector_);
  ASSERT_TRUE(evaluated.ok()) << evaluated.error().message;
  EXPECT_THAT(Written(), HasSubstr("calibrated on set: 20 authentic"));
  const NoiseDetector other("other 1");
  EvaluateAuthenticityArguments foreign;
  foreign.set = arguments.set;
  foreign.profile = arguments.out;
  EXPECT_THAT(RunEvaluateAuthenticity(&session_, &foreign, other).error().message,
              HasSubstr("made for the detector noise-1"));
}

TEST_F(AuthenticityVerbsTest, TwoFoldersAndBadSets) {
  fs::create_directories(directory_ / "real");
  fs::create_directories(directory_ / "made");
  for (int i = 0; i < 20; ++i) {
    fs::copy_file(directory_ / ("set/p/a" + std::to_string(i) + ".png"),
                  directory_ / ("real/" + std::to_string(i) + ".png"));
    fs::copy_file(directory_ / ("set/p/g" + std::to_string(i) + ".png"),
                  directory_ / ("made/" + std::to_string(i) + ".png"));
  }
  CalibrateArguments arguments;
  arguments.set.authentic = directory_ / "real";
  arguments.out = directory_ / "p.json";
  EXPECT_EQ(RunCalibrate(&session_, &arguments, detector_).error().code, ErrorCode::kInvalidArgument);
  arguments.set.fake = directory_ / "made";
  arguments.options.false_alarm_rate = 0.25;
  const auto code = RunCalibrate(&session_, &arguments, detector_);
  ASSERT_TRUE(code.ok()) << code.error().message;
  EXPECT_THAT(Written(), HasSubstr("real and made"));
  arguments.set.set = directory_ / "set";
  EXPECT_THAT(RunCalibrate(&session_, &arguments, detector_).error().message, HasSubstr("name one set"));
  CalibrateArguments unknown;
  unknown.set.set = directory_ / "set";
  unknown.questions = {"real"};
  EXPECT_EQ(RunCalibrate(&session_, &unknown, detector_).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace kantei::cli
