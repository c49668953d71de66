#include "kantei/evaluate/survey_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "kantei/base/files.h"

namespace kantei::evaluate {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

SurveyAnswer Single(const std::string& participant, std::int64_t trial, const std::string& picture,
                    bool edited, bool says_edited) {
  SurveyAnswer answer;
  answer.participant = participant;
  answer.trial = trial;
  answer.picture = picture;
  answer.edited = edited;
  answer.engine = edited ? (picture < "e3" ? "telea" : "<diffuse>") : "authentic";
  answer.source = "s";
  answer.answer = says_edited ? "edited" : "real";
  answer.correct = edited == says_edited;
  answer.confidence = answer.correct ? 4 : 2;
  answer.ms = 1000 * (trial + 1);
  answer.language = "en";
  answer.time = "2026-11-25T00:00:00Z";
  return answer;
}

/// Two people, four edited pictures and one real one. P is deceived by e3 and e4, Q by e4; Q takes the real one for edited.
SurveyResults Answers() {
  SurveyResults results;
  results.started = 3;
  for (const std::string& who : {std::string("P"), std::string("Q")}) {
    std::int64_t trial = 0;
    for (const char* picture : {"e1", "e2", "e3", "e4"}) {
      const std::string name = picture;
      results.answers.push_back(
          Single(who, trial++, name, true, !(name == "e4" || (name == "e3" && who == "P"))));
    }
    results.answers.push_back(Single(who, trial, "r1", false, who == "Q"));
  }
  results.answers[0].reloads = 1;
  return results;
}

TEST(SurveyReport, CountsAndAgreesWithHandWork) {
  const SurveyReport report = MakeSurveyReport(Answers(), {}, false);
  EXPECT_EQ(report.overall.answers, 10);
  EXPECT_EQ(report.overall.correct, 6);
  EXPECT_EQ(report.overall.median_ms, 3000);
  EXPECT_EQ(report.reloaded, 1);
  ASSERT_EQ(report.engines.size(), 2u);
  EXPECT_EQ(report.engines[0].name, "<diffuse>");
  EXPECT_EQ(report.engines[0].answers, 4);
  EXPECT_EQ(report.engines[0].correct, 1);
  EXPECT_EQ(report.engines[1].accuracy, 1);
  ASSERT_EQ(report.participants.size(), 2u);
  EXPECT_EQ(report.participants[0].correct, 3);
  ASSERT_EQ(report.confidences.size(), 2u);
  EXPECT_EQ(report.confidences[1].accuracy, 1);
  // said edited: P 1 1 0 0 0, Q 1 1 1 0 1: n = 10, disagreeing pairs 4 of values; by chance 4·6·2 / 9.
  EXPECT_NEAR(*report.alpha, 1 - 4.0 / (48.0 / 9), 1e-12);
  EXPECT_EQ(report.alpha_units, 5u);
  EXPECT_EQ(MakeSurveyReport(Answers(), {}, true).overall.answers, 9);
}

TEST(SurveyReport, CorrelatesWithMeasures) {
  const MeasureTable table{
      "m.csv",
      {{"realism", {{"e1", 1}, {"e2", 2}, {"e3", 3}, {"e4", 4}, {"r1", 100}}}, {"none", {{"x", 1}}}}};
  const SurveyReport report = MakeSurveyReport(Answers(), std::span(&table, 1), false);
  ASSERT_EQ(report.measures.size(), 1u);
  const MeasureCorrelation& one = report.measures[0];
  EXPECT_EQ(one.column, "realism");
  EXPECT_EQ(one.pictures, 4u);
  EXPECT_EQ(one.answers, 8u);
  // Deceived shares 0 0 0.5 1: midranks 1.5 1.5 3 4 against 1 2 3 4: 4.5 / √(4.5 · 5).
  EXPECT_NEAR(*one.spearman, 4.5 / std::sqrt(22.5), 1e-12);
  // Wrong 0 0 1 1 0 0 0 1, measure 1 2 3 4 twice: covariance sum 3.5, squares 1.875 and 10.
  EXPECT_NEAR(*one.point_biserial, 3.5 / std::sqrt(18.75), 1e-12);
}

TEST(SurveyReport, ReadsMeasures) {
  const auto path =
      std::filesystem::temp_directory_path() / ("kantei_measures_" + std::to_string(::getpid()) + ".csv");
  ASSERT_TRUE(WriteFileAtomic(path,
                              "picture,outcome,realistic,psnr,words\na,deceiving,yes,31.5,x\nb,unknown,,nan,"
                              "y\nc,undeceiving,no,,z\n")
                  .ok());
  const auto table = ReadMeasures(path);
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->columns.size(), 3u);
  EXPECT_EQ(table->columns.at("outcome"), (std::map<std::string, double>{{"a", 1}, {"c", 0}}));
  EXPECT_EQ(table->columns.at("psnr"), (std::map<std::string, double>{{"a", 31.5}}));
  EXPECT_EQ(table->columns.at("realistic"), (std::map<std::string, double>{{"a", 1}, {"c", 0}}));
  ASSERT_TRUE(WriteFileAtomic(path, "name,psnr\na,1\n").ok());
  EXPECT_EQ(ReadMeasures(path).error().code, ErrorCode::kCorrupt);
  ASSERT_TRUE(WriteFileAtomic(path, "").ok());
  EXPECT_EQ(ReadMeasures(path).error().code, ErrorCode::kCorrupt);
  std::filesystem::remove(path);
}

TEST(SurveyReport, RendersWhatHostileNamesAllow) {
  const SurveyReport report = MakeSurveyReport(Answers(), {}, false);
  const std::string page = SurveyReportHtml(report, "1.0");
  EXPECT_THAT(page, HasSubstr("&lt;diffuse&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("<diffuse>")));
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  const Json json = SurveyReportJson(report, "1.0");
  EXPECT_EQ(json["schema"], "kantei.survey-report/1");
  EXPECT_EQ(json["overall"]["correct"], 6);
  EXPECT_TRUE(SurveyReportJson(MakeSurveyReport({}, {}, false), "1")["krippendorff_alpha"].is_null());
  EXPECT_THAT(SurveyReportHtml(MakeSurveyReport({}, {}, false), "1"), HasSubstr("Nobody"));
}

TEST(SurveyResults, ReadsBackAndSkipsWhatIsTorn) {
  const auto path = std::filesystem::temp_directory_path() / ("kantei_results_" + std::to_string(::getpid()));
  const SurveyAnswer answer = Single("P", 0, "a,\"b\".png", true, false);
  std::string text = "{\"type\":\"survey\"}\n" + DumpJson(SurveyAnswerJson(answer)) + "\n" +
                     DumpJson(SurveyAnswerJson(answer)) + "\n";
  Json lie = SurveyAnswerJson(answer);
  lie["trial"] = 1;
  lie["correct"] = true;
  text += DumpJson(lie) + "\n[]\n{\"type\":\"ans";
  ASSERT_TRUE(WriteFileAtomic(path, text).ok());
  const auto results = ReadSurveyResults(path);
  ASSERT_TRUE(results.ok());
  ASSERT_EQ(results->answers.size(), 1u);  // the same trial twice counts once
  EXPECT_EQ(results->unreadable, 3);
  EXPECT_EQ(results->answers[0].picture, answer.picture);
  EXPECT_THAT(SurveyCsv(results->answers),
              HasSubstr("\nP,0,single,\"a,\"\"b\"\".png\",telea,s,1,real,0,2,1000,,0,en,"));
  ASSERT_TRUE(WriteFileAtomic(path, "no results\n").ok());
  EXPECT_EQ(ReadSurveyResults(path).error().code, ErrorCode::kCorrupt);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace kantei::evaluate
