#include "kantei/dataset/deceptiveness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "kantei/base/base64.h"
#include "kantei/dataset/authenticity_set.h"
#include "kantei/dataset/chat_test_server.h"
#include "kantei/dataset/deceptiveness_set.h"
#include "kantei/image/encode.h"

namespace kantei::dataset {
namespace {

using testing::ChatTestServer;
using testing::Completion;
using ::testing::HasSubstr;
using testing::MakeEndpoint;
using testing::QuickOptions;

image::Image Flat(std::uint8_t value) {
  image::Image picture(40, 30, 3);
  for (std::uint8_t& sample : picture.pixels()) sample = value;
  return picture;
}
const image::Image kOriginal = Flat(60), kEdited = Flat(200);

std::string DataUrl(const image::Image& picture) {
  std::string url = "data:image/jpeg;base64,";
  AppendBase64(*image::EncodeJpeg(picture, JudgeOptions().quality), &url);
  return url;
}

std::string Words(const char* name, const Json& value, double confidence) {
  return DumpJson(Json{{name, value}, {"confidence", confidence}, {"reason", "since"}});
}

/// How a model behaves.
struct Model {
  bool says_real = true;
  bool finds_second = true, finds_first = true;  ///< the edited picture, shown second or first
  double confidence = 0.9;
};

ChatTestServer::Answer Play(Model model) {
  return [model](const Json& request, int, httplib::Response& response) {
    const Json& content = request["messages"][1]["content"];
    std::vector<std::string> urls;
    for (const Json& part : content)
      if (part["type"] == "image_url") urls.push_back(part["image_url"]["url"]);
    if (urls.size() == 1) {
      EXPECT_EQ(urls[0], DataUrl(kEdited));
      response.set_content(Completion(Words("realistic", model.says_real, 0.8)), "application/json");
      return;
    }
    ASSERT_EQ(urls.size(), 2u);
    const bool edited_first = urls[0] == DataUrl(kEdited);
    EXPECT_EQ(urls[edited_first ? 1 : 0], DataUrl(kOriginal));
    const bool found = edited_first ? model.finds_first : model.finds_second;
    response.set_content(
        Completion(Words("altered", edited_first == found ? "first" : "second", model.confidence)),
        "application/json");
  };
}

DeceptivenessVerdict Judge(const ChatOptions& chat, const JudgeOptions& options = {}) {
  const auto judge = DeceptivenessJudge::Make(MakeEndpoint(chat), options);
  auto verdict = judge.value().Judge(kOriginal, kEdited, 5, {});
  EXPECT_TRUE(verdict.ok());
  return verdict.ok() ? *verdict : DeceptivenessVerdict{};
}

TEST(Deceptiveness, FollowsTheRule) {
  struct Case {
    Model model;
    Deceptiveness outcome;
    std::size_t requests;
  };
  for (const Case& one : {Case{{false, true, true, 0.9}, Deceptiveness::kUnrealistic, 1},
                          Case{{true, true, true, 0.9}, Deceptiveness::kUndeceiving, 3},
                          Case{{true, true, true, 0.5}, Deceptiveness::kUncertain, 3},
                          Case{{true, false, false, 0.9}, Deceptiveness::kDeceiving, 3},
                          Case{{true, true, false, 0.9}, Deceptiveness::kDeceiving, 3},
                          Case{{true, false, true, 0.1}, Deceptiveness::kDeceiving, 3}}) {
    ChatTestServer server(Play(one.model));
    const DeceptivenessVerdict verdict = Judge(QuickOptions(server.url()));
    EXPECT_EQ(verdict.outcome, one.outcome) << DeceptivenessName(one.outcome);
    EXPECT_EQ(server.requests().size(), one.requests);
    EXPECT_EQ(verdict.realistic, one.model.says_real);
    EXPECT_EQ(verdict.reason, "since");
    if (one.requests == 3) {
      EXPECT_EQ(verdict.edited_second->found, one.model.finds_second);
      EXPECT_EQ(verdict.edited_first->found, one.model.finds_first);
      EXPECT_EQ(verdict.edited_first->confidence, one.model.confidence);
    }
  }
}

TEST(Deceptiveness, TheFirstStepCanBeLeftOut) {
  ChatTestServer server(Play({false, true, true, 0.9}));
  JudgeOptions options;
  options.realism_step = false;
  const DeceptivenessVerdict verdict = Judge(QuickOptions(server.url()), options);
  EXPECT_EQ(verdict.outcome, Deceptiveness::kUndeceiving);
  EXPECT_FALSE(verdict.realistic.has_value());
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST(Deceptiveness, PicturesAreShrunkToTheNamedSize) {
  std::vector<std::string> urls;
  ChatTestServer server([&](const Json& request, int, httplib::Response& response) {
    urls.push_back(request["messages"][1]["content"][1]["image_url"]["url"]);
    response.set_content(Completion(Words("realistic", false, 1)), "application/json");
  });
  const auto judge = DeceptivenessJudge::Make(MakeEndpoint(QuickOptions(server.url())), {.side = 64});
  image::Image large(640, 320, 3);
  ASSERT_TRUE(judge->Judge(large, large, 1, {}).ok());
  std::string expected = "data:image/jpeg;base64,";
  AppendBase64(*image::EncodeJpeg(image::Image(64, 32, 3), JudgeOptions().quality), &expected);
  ASSERT_EQ(urls.size(), 1u);
  EXPECT_EQ(urls[0], expected);
}

TEST(Deceptiveness, EndpointFailuresAreUnknownAndNeverLost) {
  for (const std::string& words :
       {Words("altered", "third", 1), Words("realistic", "yes", 1), Words("realistic", true, 2),
        std::string("{broken"), std::string("I see nothing")}) {
    ChatTestServer server(ChatTestServer::Words(words));
    const DeceptivenessVerdict verdict = Judge(QuickOptions(server.url()));
    EXPECT_EQ(verdict.outcome, Deceptiveness::kUnknown) << words;
    EXPECT_FALSE(verdict.reason.empty());
  }
  // It dies after the first step: what was answered stays.
  ChatTestServer server([](const Json&, int number, httplib::Response& response) {
    if (number == 0)
      return response.set_content(Completion(Words("realistic", true, 0.7)), "application/json");
    response.status = 503;
  });
  const DeceptivenessVerdict verdict = Judge(QuickOptions(server.url()));
  EXPECT_EQ(verdict.outcome, Deceptiveness::kUnknown);
  EXPECT_EQ(verdict.realistic, true);
  EXPECT_THAT(verdict.reason, HasSubstr("503"));
  RawTestServer silent([](int socket) { RawTestServer::WaitForClose(socket); });
  ChatOptions options = QuickOptions(silent.url());
  options.answer_seconds = 0.2;
  EXPECT_EQ(Judge(options).outcome, Deceptiveness::kUnknown);
}

TEST(Deceptiveness, NamesAreReadBack) {
  for (const char* name : {"unrealistic", "deceiving", "undeceiving", "uncertain", "unknown"})
    EXPECT_EQ(DeceptivenessName(*ParseDeceptiveness(name)), name);
  EXPECT_FALSE(ParseDeceptiveness("").ok());
}

class JudgedSet : public ::testing::Test {
 protected:
  void SetUp() override {
    set_ = std::filesystem::temp_directory_path() / ("kantei_judge_" + std::to_string(::getpid()));
    std::filesystem::remove_all(set_);
    std::filesystem::create_directories(set_);
    std::vector<AuthenticitySample> samples;
    const auto write = [&](const char* name, const image::Image& picture) {
      EXPECT_TRUE(image::WriteImage(set_ / name, picture).ok());
      return set_ / name;
    };
    const auto original = write("o.png", kOriginal), mask = write("m.png", image::Image(40, 30, 1));
    samples.push_back({original, {}, {}, History::kAuthentic, "authentic", "s", ""});
    for (const char* name : {"a.png", "b, \"c\".png", "d.png"})
      samples.push_back({write(name, kEdited), mask, original, History::kEdited, "telea", "s", ""});
    samples.push_back({write("no-original.png", kEdited), mask, {}, History::kEdited, "telea", "s", ""});
    ASSERT_TRUE(WriteAuthenticitySet(set_, samples).ok());
  }
  void TearDown() override { std::filesystem::remove_all(set_); }

  Result<JudgeSetSummary> Run(const ChatOptions& chat, std::int64_t pictures = 0) {
    const auto judge = DeceptivenessJudge::Make(MakeEndpoint(chat), {});
    JudgeSetOptions options;
    options.set = set_;
    options.model = "test-model";
    options.pictures = pictures;
    return JudgeSet(options, *judge, {}, {});
  }
  std::string Table() { return *ReadTextFile(set_ / kDeceptivenessFile, 1 << 20); }
  std::filesystem::path set_;
};

TEST_F(JudgedSet, IsGoneOnWith) {
  ChatTestServer server(Play({true, true, true, 0.9}));
  auto summary = Run(QuickOptions(server.url()), 2);
  ASSERT_TRUE(summary.ok()) << summary.error().message;
  EXPECT_EQ(summary->judged, 2);
  EXPECT_EQ(server.requests().size(), 6u);
  // As if it had been killed while it wrote the third row.
  std::ofstream(set_ / kDeceptivenessFile, std::ios::app) << "d.png,undecei";
  summary = Run(QuickOptions(server.url()));
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->judged, 1);
  EXPECT_EQ(summary->kept, 2);
  EXPECT_EQ(server.requests().size(), 9u);
  EXPECT_EQ(summary->outcomes.at("undeceiving"), 3);
  const std::string row = ",undeceiving,yes,0.8,yes,0.9,yes,0.9,test-model,since\n";
  EXPECT_EQ(Table(),
            "picture,outcome,realistic,realism_confidence,found_second,found_second_confidence,found_first,"
            "found_first_confidence,model,reason\na.png" +
                row + "\"b, \"\"c\"\".png\"" + row + "d.png" + row);
}

TEST_F(JudgedSet, UnknownRowsAreAskedAgain) {
  ChatTestServer broken(ChatTestServer::Words("no"));
  auto summary = Run(QuickOptions(broken.url()));
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->outcomes.at("unknown"), 3);
  ChatTestServer server(Play({true, false, true, 0.9}));
  summary = Run(QuickOptions(server.url()));
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->judged, 3);
  EXPECT_EQ(summary->outcomes.size(), 1u);
  EXPECT_EQ(summary->outcomes.at("deceiving"), 3);
}

TEST_F(JudgedSet, UnreadablePicturesGetARow) {
  std::ofstream(set_ / "a.png") << "no picture";
  ChatTestServer server(Play({}));
  const auto summary = Run(QuickOptions(server.url()));
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->unreadable, 1);
  EXPECT_THAT(Table(), HasSubstr("a.png,unknown,"));
  std::ofstream(set_ / kDeceptivenessFile) << "a,b\n";
  EXPECT_EQ(Run(QuickOptions(server.url())).error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace kantei::dataset
