#include "kantei/authenticity/authenticity_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "kantei/authenticity/detector_factory.h"
#include "kantei/base/files.h"
#include "kantei/base/json.h"

namespace kantei::authenticity {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

AuthenticityProfile Example() {
  AuthenticityProfile profile;
  profile.detector = "noise-1 abc123";
  profile.data = "500 authentic, 400 fakes of a test";
  profile.most_softness = 5.5;
  QuestionCalibration& c = profile.questions[AuthenticityQuestion::kAiMade];
  c.curve = {1.25, -0.5};
  c.threshold = 0.625, c.lower = 0.25, c.upper = 0.75;
  c.false_alarms_wished = 0.05, c.false_alarms = 0.048, c.false_alarms_low = 0.03, c.false_alarms_high = 0.07;
  c.expected_error = 0.02;
  c.authentic = 500, c.fake = 400;
  profile.questions[AuthenticityQuestion::kManipulated] = c;
  profile.questions[AuthenticityQuestion::kManipulated].method = "temperature";
  return profile;
}

TEST(AuthenticityProfile, ComesBackAsItWasWritten) {
  std::string pattern = (fs::temp_directory_path() / "kantei_aprofile_XXXXXX").string();
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  const fs::path path = fs::path(pattern) / "p.json";
  ASSERT_TRUE(SaveAuthenticityProfile(path, Example()).ok());
  const auto back = LoadAuthenticityProfile(path, "noise-1 abc123");
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(FormatAuthenticityProfile(*back), FormatAuthenticityProfile(Example()));
  EXPECT_EQ(back->questions.at(AuthenticityQuestion::kAiMade).curve.slope, 1.25);
  EXPECT_EQ(back->most_softness, 5.5);
  EXPECT_TRUE(back->TooSoft(5.6));
  EXPECT_FALSE(back->TooSoft(5.5));
  EXPECT_EQ(back->questions.at(AuthenticityQuestion::kManipulated).method, "temperature");
  EXPECT_THAT(LoadAuthenticityProfile(path, "other 1").error().message,
              HasSubstr("made for the detector noise-1"));
  EXPECT_EQ(LoadAuthenticityProfile(fs::path(pattern) / "none.json").error().code, ErrorCode::kNotFound);
  AuthenticityProfile falling = Example();
  falling.questions[AuthenticityQuestion::kAiMade].curve.slope = 0;
  EXPECT_EQ(SaveAuthenticityProfile(path, falling).error().code, ErrorCode::kInvalidArgument);
  fs::remove_all(pattern);
}

TEST(AuthenticityProfile, DamagedProfilesAreRefused) {
  const Json good = *ParseJson(FormatAuthenticityProfile(Example()), "x");
  Json older = good;
  older.erase("most_softness");
  EXPECT_EQ(ParseAuthenticityProfile(DumpJson(older), "p.json")->most_softness, 16);
  const auto refused = [&](const char* pointer, const Json& value) {
    Json bad = good;
    bad[Json::json_pointer(pointer)] = value;
    const auto result = ParseAuthenticityProfile(DumpJson(bad), "p.json");
    ASSERT_FALSE(result.ok()) << pointer;
    EXPECT_THAT(result.error().message, HasSubstr("p.json")) << pointer;
    EXPECT_TRUE(result.error().code == ErrorCode::kCorrupt || result.error().code == ErrorCode::kUnsupported);
  };
  refused("/most_softness", 0.5);
  refused("/most_softness", "soft");
  refused("/schema", "kantei.authenticity-profile/2");
  refused("/schema", "kantei.realism-reference/1");
  refused("/schema", 3);
  refused("/detector", "");
  refused("/detector", std::string(3000, 'x'));
  refused("/data", nullptr);
  refused("/equalised", 1);
  refused("/questions", Json::object());
  refused("/questions", Json::array());
  refused("/questions/other", good.at("questions").at("ai_made"));
  refused("/questions/ai_made/slope", 0);
  refused("/questions/ai_made/slope", -1);
  refused("/questions/ai_made/intercept", nullptr);
  refused("/questions/ai_made/method", "guess");
  refused("/questions/ai_made/threshold", 0.1);
  refused("/questions/ai_made/upper", 1.5);
  refused("/questions/ai_made/lower", "0.2");
  refused("/questions/ai_made/expected_error", -0.1);
  refused("/questions/ai_made/false_alarms/measured", 0.5);
  refused("/questions/ai_made/false_alarms/interval_95", Json::array({0.1}));
  refused("/questions/ai_made/authentic", 0);
  refused("/questions/ai_made/softness_slope", -0.1);
  const std::string text = FormatAuthenticityProfile(Example());
  for (const std::size_t keep : {std::size_t{0}, text.size() / 3, text.size() - 3})
    EXPECT_FALSE(ParseAuthenticityProfile(text.substr(0, keep), "p").ok());
}

TEST(AuthenticityProfile, BandsHaveAnInconclusiveMiddle) {
  const AuthenticityProfile profile = Example();
  QuestionCalibration c = profile.questions.at(AuthenticityQuestion::kAiMade);
  EXPECT_EQ(c.BandOf(0.2), Band::kNone);
  EXPECT_EQ(c.BandOf(0.25), Band::kInconclusive);
  EXPECT_EQ(c.BandOf(0.75), Band::kInconclusive);
  EXPECT_EQ(c.BandOf(0.76), Band::kModerate);
  EXPECT_NEAR(c.Probability(0.4, 0), 0.5, 1e-12);
  c.softness_slope = 0.5;
  EXPECT_EQ(c.Probability(0.4, 3.9), c.Probability(0.4, 0));  // no softer than pictures are
  EXPECT_NEAR(c.Probability(0.9, 5), 0.5, 1e-12);
}

TEST(AuthenticityQuestion, NamesAndLogits) {
  for (const char* name : {"manipulated", "ai_made", "edited"})
    EXPECT_EQ(QuestionName(*ParseQuestion(name)), name);
  EXPECT_FALSE(ParseQuestion("real").ok());
  EXPECT_EQ(QuestionLogit(AuthenticityQuestion::kManipulated, -1, 3), 3);
  EXPECT_EQ(QuestionLogit(AuthenticityQuestion::kAiMade, -1, 3), -1);
  EXPECT_EQ(QuestionLogit(AuthenticityQuestion::kEdited, -1, 3), 3);
}

TEST(OpenDetector, RefusesWhatItDoesNotKnow) {
  const auto unknown = OpenDetector("no-such-detector", {});
  EXPECT_EQ(unknown.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(unknown.error().message, HasSubstr("no-such-detector"));
  // Some other network's weights, and no weights at all.
  const std::string models = std::string(KANTEI_SOURCE_DIR) + "/models/";
  EXPECT_EQ(OpenDetector(models + "copy-descriptor.safetensors", {}).error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(OpenDetector(models + "copy-descriptor.md", {}).error().message,
              HasSubstr("copy-descriptor.md"));
}

}  // namespace
}  // namespace kantei::authenticity
