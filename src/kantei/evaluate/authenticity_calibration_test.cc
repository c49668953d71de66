#include "kantei/evaluate/authenticity_calibration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "kantei/base/random.h"
#include "kantei/evaluate/authenticity_evaluation.h"
#include "kantei/evaluate/authenticity_test_set.h"

namespace kantei::evaluate {
namespace {

namespace fs = std::filesystem;
using authenticity::AuthenticityQuestion;
using authenticity::QuestionCalibration;
using ::testing::HasSubstr;

/// Normal scores, `apart` between the kinds; fakes and authentic pictures come in pairs.
std::vector<CalibrationSample> Drawn(int each, double apart, std::uint64_t seed) {
  Random random(seed);
  std::vector<CalibrationSample> samples;
  for (int i = 0; i < each; ++i)
    for (const bool fake : {false, true})
      samples.push_back(
          {random.Normal() + (fake ? apart / 2 : -apart / 2), fake, static_cast<std::uint64_t>(i), 2});
  return samples;
}

TEST(CalibrateQuestion, ThresholdHoldsTheWishedRate) {
  const auto samples = Drawn(2000, 2, 3);
  for (const double rate : {0.01, 0.05, 0.2}) {
    AuthenticityCalibrationOptions options;
    options.false_alarm_rate = rate;
    const auto c = CalibrateQuestion(samples, options);
    ASSERT_TRUE(c.ok()) << c.error().message;
    std::int64_t alarms = 0;
    for (const auto& s : samples) alarms += !s.fake && c->Probability(s.logit, s.softness) > c->threshold;
    EXPECT_NEAR(static_cast<double>(alarms) / 2000, rate, 0.0006);
    EXPECT_LE(static_cast<double>(alarms) / 2000, rate);
    EXPECT_EQ(c->false_alarms, static_cast<double>(alarms) / 2000);
    EXPECT_LT(c->false_alarms_low, c->false_alarms);
    EXPECT_GT(c->false_alarms_high, c->false_alarms);
    // On other pictures of the same kind the rate lies near.
    std::int64_t others = 0;
    for (const auto& s : Drawn(2000, 2, 4))
      others += !s.fake && c->Probability(s.logit, s.softness) > c->threshold;
    EXPECT_NEAR(static_cast<double>(others) / 2000, rate, 0.02);
    EXPECT_LE(c->lower, c->threshold);
    EXPECT_GE(c->upper, c->threshold);
    EXPECT_LT(c->expected_error, 0.05);
  }
}

TEST(CalibrateQuestion, ProbabilitiesAreThoseOfTheDrawing) {
  // Two normals of unit spread, `apart` between them: the log-odds are apart × score.
  const auto c = CalibrateQuestion(Drawn(20000, 2, 5), {});
  ASSERT_TRUE(c.ok());
  EXPECT_NEAR(c->curve.slope, 2, 0.08);
  EXPECT_NEAR(c->curve.intercept, 0, 0.05);
  EXPECT_LT(c->expected_error, 0.02);
}

TEST(CalibrateQuestion, TemperatureKeepsTheIntercept) {
  AuthenticityCalibrationOptions options;
  options.temperature = true;
  const auto c = CalibrateQuestion(Drawn(5000, 2, 6), options);
  ASSERT_TRUE(c.ok());
  EXPECT_EQ(c->curve.intercept, 0);
  EXPECT_NEAR(c->curve.slope, 2, 0.15);
  EXPECT_EQ(c->method, "temperature");
}

TEST(CalibrateQuestion, TheMiddleIsInconclusiveWhetherTheKindsOverlapOrNot) {
  const auto overlapping = CalibrateQuestion(Drawn(1000, 1, 7), {});
  ASSERT_TRUE(overlapping.ok());
  EXPECT_LT(overlapping->lower, overlapping->threshold);
  EXPECT_EQ(overlapping->upper, overlapping->threshold);
  const auto apart = CalibrateQuestion(Drawn(1000, 12, 8), {});
  ASSERT_TRUE(apart.ok()) << apart.error().message;
  EXPECT_EQ(apart->lower, apart->threshold);
  EXPECT_GT(apart->upper, apart->threshold);
  EXPECT_EQ(apart->BandOf((apart->lower + apart->upper) / 2), Band::kInconclusive);
}

TEST(CalibrateQuestion, TakesOffWhatSoftnessAloneBrings) {
  // Half of the pictures are soft, which lifts their logits by 0.7 for each unit above the native softness.
  const auto drawn = [](std::uint64_t seed) {
    auto samples = Drawn(4000, 2, seed);
    Random random(seed + 100);
    for (auto& sample : samples) {
      sample.softness = sample.pair % 2 == 0 ? 3 : 4 + 5 * random.Uniform();
      sample.logit += 0.7 * std::max(0.0, sample.softness - authenticity::kNativeSoftness);
    }
    return samples;
  };
  const auto c = CalibrateQuestion(drawn(11), {});
  ASSERT_TRUE(c.ok()) << c.error().message;
  EXPECT_NEAR(c->softness_slope, 0.7, 0.06);
  EXPECT_NEAR(c->curve.slope, 2, 0.1);
  double alarms[2] = {}, count[2] = {};
  for (const auto& s : drawn(12)) {
    if (s.fake) continue;
    ++count[s.softness > 4];
    alarms[s.softness > 4] += c->Probability(s.logit, s.softness) > c->threshold;
  }
  EXPECT_NEAR(alarms[0] / count[0], 0.05, 0.015);
  EXPECT_NEAR(alarms[1] / count[1], 0.05, 0.015);
}

TEST(CalibrateQuestion, SoftnessThatLowersLogitsIsNoGround) {
  auto samples = Drawn(2000, 2, 13);
  for (auto& sample : samples)
    if (sample.pair % 2 == 0) sample.softness = 7, sample.logit -= 1;
  const auto c = CalibrateQuestion(samples, {});
  ASSERT_TRUE(c.ok());
  EXPECT_EQ(c->softness_slope, 0);
}

TEST(CalibrateQuestion, RefusesTooFewPictures) {
  EXPECT_EQ(LeastAuthentic(0.05), 60);
  EXPECT_EQ(LeastAuthentic(0.01), 300);
  AuthenticityCalibrationOptions options;
  options.false_alarm_rate = 0.01;
  const auto few = CalibrateQuestion(Drawn(299, 2, 9), options);
  EXPECT_EQ(few.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(few.error().message,
              HasSubstr("1 % false alarms needs at least 300 authentic pictures; there are 299"));
  EXPECT_TRUE(CalibrateQuestion(Drawn(300, 2, 9), options).ok());
  EXPECT_THAT(CalibrateQuestion(Drawn(300, -2, 9), options).error().message,
              HasSubstr("do not score higher"));
  options.false_alarm_rate = 0;
  EXPECT_EQ(CalibrateQuestion(Drawn(300, 2, 9), options).error().code, ErrorCode::kInvalidArgument);
}

TEST(CalibrateAuthenticity, MakesAProfileThatTheEvaluationUses) {
  std::string pattern = (fs::temp_directory_path() / "kantei_acal_XXXXXX").string();
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  const fs::path directory = pattern;
  const auto samples = testing::MakeSet(directory / "set", 24);
  const testing::NoiseDetector detector;
  AuthenticityCalibrationOptions options;
  options.cache = directory / "cache";
  options.threads = 2;
  const auto few = CalibrateAuthenticity("set", samples, detector, options, CancellationToken());
  EXPECT_THAT(few.error().message, HasSubstr("at least 60 authentic pictures; there are 24"));
  EXPECT_EQ(detector.calls, 0);  // said before the work
  options.false_alarm_rate = 0.125;
  options.soft_rate = 0;
  options.handling.clear();
  const auto made = CalibrateAuthenticity("set", samples, detector, options, CancellationToken());
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(made->profile.detector, detector.id());
  EXPECT_THAT(made->profile.data, HasSubstr("24 authentic, 24 edited, 24 generated"));
  ASSERT_EQ(made->profile.questions.size(), 3u);
  ASSERT_TRUE(authenticity::SaveAuthenticityProfile(directory / "p.json", made->profile).ok());
  const auto profile = authenticity::LoadAuthenticityProfile(directory / "p.json", detector.id());
  ASSERT_TRUE(profile.ok()) << profile.error().message;

  AuthenticityEvaluationOptions evaluate;
  evaluate.profile = *profile;
  evaluate.cache = options.cache;
  evaluate.bootstrap = 0;
  evaluate.examples = 0;
  const int calls = detector.calls;
  const auto evaluation = EvaluateAuthenticity("set", samples, detector, evaluate, CancellationToken());
  ASSERT_TRUE(evaluation.ok());
  EXPECT_EQ(detector.calls - calls, 72);  // equalised predictions are those of the calibration
  for (const AuthenticityQuestion q :
       {AuthenticityQuestion::kManipulated, AuthenticityQuestion::kAiMade, AuthenticityQuestion::kEdited}) {
    const auto at = static_cast<std::size_t>(q);
    const QuestionCalibration& c = profile->questions.at(q);
    EXPECT_EQ(evaluation->thresholds[at], c.threshold);
    EXPECT_NEAR(*evaluation->conditions[0].questions[at].decisions.FalseAlarmRate(), c.false_alarms, 1e-12);
  }

  // With a limit, the softest pictures are neither fitted on nor called anything.
  EXPECT_EQ(profile->most_softness, 16);
  options.soft_rate = 0.25;
  options.false_alarm_rate = 0.2;
  const auto limited = CalibrateAuthenticity("set", samples, detector, options, CancellationToken());
  ASSERT_TRUE(limited.ok()) << limited.error().message;
  EXPECT_LT(limited->profile.most_softness, 16);
  EXPECT_EQ(limited->profile.questions.at(AuthenticityQuestion::kEdited).authentic, 18);
  evaluate.profile = limited->profile;
  const auto again = EvaluateAuthenticity("set", samples, detector, evaluate, CancellationToken());
  ASSERT_TRUE(again.ok());
  const QuestionFigures& any = again->conditions[0].questions[0];
  EXPECT_EQ(any.too_soft_authentic, 6);
  EXPECT_LE(any.decisions.hits, any.fake - any.too_soft_fake);
  EXPECT_EQ(any.decisions.count(), 72);
  EXPECT_EQ(any.auc, evaluation->conditions[0].questions[0].auc);

  // Handled pictures are fitted on too, and named.
  options.soft_rate = 0;
  options.handling = {*ParseCondition("resize-2"), *ParseCondition("blur-5")};
  const auto handled = CalibrateAuthenticity("set", samples, detector, options, CancellationToken());
  ASSERT_TRUE(handled.ok()) << handled.error().message;
  EXPECT_EQ(handled->profile.questions.at(AuthenticityQuestion::kEdited).authentic, 48);
  EXPECT_THAT(handled->profile.data, HasSubstr("enlarged or blurred"));

  options.soft_rate = 0.6;
  EXPECT_FALSE(options.Validate().ok());
  options.soft_rate = 0, options.false_alarm_rate = 0.125;

  // Two folders with fakes of one kind calibrate what they can.
  std::vector<dataset::AuthenticitySample> no_edits = samples;
  std::erase_if(no_edits, [](const auto& s) { return s.history == dataset::History::kEdited; });
  const auto part = CalibrateAuthenticity("set", no_edits, detector, options, CancellationToken());
  ASSERT_TRUE(part.ok());
  EXPECT_FALSE(part->profile.questions.contains(AuthenticityQuestion::kEdited));
  ASSERT_EQ(part->warnings.size(), 1u);
  EXPECT_THAT(part->warnings[0], HasSubstr("edited"));
  fs::remove_all(directory);
}

}  // namespace
}  // namespace kantei::evaluate
