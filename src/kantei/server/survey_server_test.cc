#include "kantei/server/survey_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <set>
#include <thread>

#include "kantei/base/files.h"
#include "kantei/base/http_test_server.h"
#include "kantei/base/json.h"
#include "kantei/dataset/authenticity_set.h"
#include "kantei/evaluate/survey_results.h"
#include "kantei/image/decode.h"
#include "kantei/image/encode.h"
#include "kantei/server/survey_plan.h"

namespace kantei::server {
namespace {

using dataset::AuthenticitySample;
using dataset::History;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kScenes = 12;

/// A set with two engines; the pictures of a scene are flat: its number × 10, and 5 more where edited.
class Survey : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("kantei_survey_" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    std::vector<AuthenticitySample> samples;
    for (int i = 0; i < kScenes; ++i) {
      const auto original = Write("o" + std::to_string(i) + ".png", 10 * i);
      samples.push_back({original, {}, {}, History::kAuthentic, "authentic", "s", ""});
      for (const char* engine : {"telea", "diffuse"})
        samples.push_back({Write("e" + std::to_string(i) + engine + ".png", 10 * i + 5),
                           Write("m" + std::to_string(i) + ".png", 255), original, History::kEdited, engine,
                           "s", ""});
    }
    ASSERT_TRUE(dataset::WriteAuthenticitySet(folder_, samples).ok());
    samples_ = samples;
    options_.set = folder_;
    options_.results = folder_ / "results.jsonl";
    options_.trials = 8;
  }
  void TearDown() override {
    StopServer();
    std::filesystem::remove_all(folder_);
  }
  std::filesystem::path Write(const std::string& name, int value) {
    image::Image picture(48, 32, 3);
    for (std::uint8_t& sample : picture.pixels()) sample = static_cast<std::uint8_t>(value);
    EXPECT_TRUE(image::WriteImage(folder_ / name, picture).ok());
    return folder_ / name;
  }

  void StartServer() {
    auto sessions = SurveySessions::Open(options_);
    ASSERT_TRUE(sessions.ok()) << sessions.error().message;
    sessions_ = std::move(*sessions);
    auto server = SurveyServer::Make(sessions_.get(), {});
    ASSERT_TRUE(server.ok()) << server.error().message;
    server_ = std::move(*server);
    stop_ = CancellationToken();
    thread_ = std::thread([this] { (void)server_->Run(stop_); });
    client_ = std::make_unique<httplib::Client>("127.0.0.1", server_->port());
    while (!client_->Get("/")) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  void StopServer() {
    if (!server_) return;
    stop_.Cancel();
    thread_.join();
    client_.reset();
    server_.reset();
    sessions_.reset();
  }
  struct Reply {
    int status = 0;
    Json json;
  };
  Reply Post(const std::string& path, const Json& body, const std::string& key = {}) {
    const auto result = client_->Post(path, {{"X-Survey-Key", key}}, DumpJson(body), "application/json");
    if (!result) return {};
    auto json = ParseJson(result->body, path);
    return {result->status, json.ok() ? *json : Json()};
  }
  evaluate::SurveyResults Results() { return evaluate::ReadSurveyResults(options_.results).value(); }

  std::filesystem::path folder_;
  std::vector<AuthenticitySample> samples_;
  SurveyOptions options_;
  std::unique_ptr<SurveySessions> sessions_;
  std::unique_ptr<SurveyServer> server_;
  std::unique_ptr<httplib::Client> client_;
  CancellationToken stop_;
  std::thread thread_;
};

TEST_F(Survey, PlansAreBalancedAndShowNoSceneTwice) {
  for (const bool pairs : {false, true}) {
    const auto plan = SurveyPlan::Make(samples_, folder_, pairs, 3);
    ASSERT_TRUE(plan.ok());
    std::map<std::string, int> shown;
    for (std::uint64_t participant = 0; participant < 6; ++participant) {
      const auto trials = plan->Trials(participant, 8);
      ASSERT_EQ(trials.size(), 8u);
      std::map<std::string, int> answers, engines;
      std::set<std::string> scenes;
      for (const SurveyTrial& trial : trials) {
        ++answers[trial.answer];
        if (trial.edited) ++engines[trial.engine];
        if (trial.edited) ++shown[trial.picture];
        // "o7.png", "e7telea.png": the number.
        scenes.insert(trial.picture.substr(1, trial.picture.find_first_not_of("0123456789", 1) - 1));
      }
      EXPECT_EQ(answers[pairs ? "left" : "real"], 4);
      EXPECT_EQ(answers[pairs ? "right" : "edited"], 4);
      EXPECT_EQ(engines["telea"], engines["diffuse"]);
      EXPECT_EQ(scenes.size(), 8u);
      // The same again, and another order for the next.
      const auto again = plan->Trials(participant, 8), next = plan->Trials(participant + 1, 8);
      bool same_as_next = true;
      for (std::size_t i = 0; i < trials.size(); ++i) {
        EXPECT_EQ(again[i].picture, trials[i].picture);
        same_as_next = same_as_next && next[i].picture == trials[i].picture;
      }
      EXPECT_FALSE(same_as_next);
    }
    // 24 edited pictures, 6 × 4 or 6 × 8 shown.
    EXPECT_GE(shown.size(), pairs ? 20u : 16u);
  }
  // More than there is: all scenes, then others of theirs; still balanced.
  const auto plan = SurveyPlan::Make(samples_, folder_, false, 3);
  const auto trials = plan->Trials(0, 1000);
  EXPECT_EQ(trials.size(), 2u * kScenes);
  EXPECT_EQ(SurveyPlan::Make({}, folder_, false, 1).error().code, ErrorCode::kNotFound);
}

TEST_F(Survey, AWholeSurveyIsRecorded) {
  StartServer();
  const Reply entry = Post("/api/start", {{"language", "ja"}});
  ASSERT_EQ(entry.status, 200);
  const std::string key = entry.json["key"];
  Json view = Post("/api/trial", Json::object(), key).json;
  int right = 0;
  for (int i = 0; i < 8; ++i) {
    ASSERT_EQ(view["index"], i);
    ASSERT_EQ(view["pictures"].size(), 1u);
    const auto picture = client_->Get(view["pictures"][0].get<std::string>());
    ASSERT_TRUE(picture);
    ASSERT_EQ(picture->status, 200);
    const auto decoded = image::DecodeImage(std::as_bytes(std::span(picture->body)), {});
    ASSERT_TRUE(decoded.ok());
    // Every edited picture is found by its grey, but the last one.
    const bool edited = decoded->pixels.row(0)[0] % 10 >= 3 && decoded->pixels.row(0)[0] % 10 <= 7;
    const bool say_edited = i == 7 ? !edited : edited;
    right += i == 7 ? 0 : 1;
    EXPECT_EQ(
        Post("/api/choose",
             {{"token", view["token"]}, {"answer", say_edited ? "edited" : "real"}, {"client_ms", 0}}, key)
            .status,
        200);
    view = Post("/api/rate", {{"token", view["token"]}, {"confidence", 1 + i % 5}}, key).json;
  }
  EXPECT_EQ(view["done"], true);
  const auto results = Results();
  EXPECT_EQ(results.started, 1);
  ASSERT_EQ(results.answers.size(), 8u);
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(results.answers[i].correct, i != 7);
    EXPECT_EQ(results.answers[i].confidence, 1 + static_cast<int>(i % 5));
    EXPECT_EQ(results.answers[i].reloads, 0);
    EXPECT_EQ(results.answers[i].client_ms, 0);
    EXPECT_EQ(results.answers[i].language, "ja");
    EXPECT_EQ(results.answers[i].participant, entry.json["code"]);
  }
  EXPECT_EQ(Post("/api/choose", {{"token", view["token"]}, {"answer", "real"}}, key).status, 400);
}

TEST_F(Survey, AReloadIsMarkedAndItsClockRunsOn) {
  StartServer();
  const std::string key = Post("/api/start", Json::object()).json["key"];
  const Json first = Post("/api/trial", Json::object(), key).json;
  std::this_thread::sleep_for(std::chrono::milliseconds(120));
  const Json second = Post("/api/trial", Json::object(), key).json;
  EXPECT_EQ(second["index"], 0);
  EXPECT_NE(second["token"], first["token"]);
  EXPECT_NE(second["pictures"], first["pictures"]);
  EXPECT_EQ(client_->Get(first["pictures"][0].get<std::string>())->status, 404);
  EXPECT_EQ(Post("/api/choose", {{"token", first["token"]}, {"answer", "real"}}, key).status, 400);
  EXPECT_EQ(Post("/api/rate", {{"token", second["token"]}, {"confidence", 3}}, key).status,
            400);  // not answered
  EXPECT_EQ(Post("/api/choose", {{"token", second["token"]}, {"answer", "left"}}, key).status, 400);
  EXPECT_EQ(Post("/api/choose", {{"token", second["token"]}, {"answer", "real"}, {"client_ms", 999999}}, key)
                .status,
            200);
  EXPECT_EQ(Post("/api/choose", {{"token", second["token"]}, {"answer", "edited"}}, key).status,
            400);  // replay
  // Reloaded between answer and confidence: the answer stays.
  const Json third = Post("/api/trial", Json::object(), key).json;
  EXPECT_EQ(third["awaits_confidence"], true);
  EXPECT_EQ(Post("/api/choose", {{"token", third["token"]}, {"answer", "edited"}}, key).status, 400);
  for (const Json& confidence : {Json(0), Json(6), Json("3"), Json(2.5), Json()})
    EXPECT_EQ(Post("/api/rate", {{"token", third["token"]}, {"confidence", confidence}}, key).status, 400);
  EXPECT_EQ(Post("/api/rate", {{"token", third["token"]}, {"confidence", 3}}, key).json["index"], 1);
  EXPECT_EQ(Post("/api/rate", {{"token", third["token"]}, {"confidence", 3}}, key).status, 400);  // replay
  const auto results = Results();
  ASSERT_EQ(results.answers.size(), 1u);
  EXPECT_EQ(results.answers[0].reloads, 2);
  EXPECT_EQ(results.answers[0].answer, "real");
  EXPECT_GE(results.answers[0].ms, 120);
  EXPECT_EQ(results.answers[0].client_ms, -1);  // not believed
}

TEST_F(Survey, GoesOnAfterTheProgramWasKilled) {
  StartServer();
  const Reply entry = Post("/api/start", Json::object());
  const std::string code = entry.json["code"], key = entry.json["key"];
  Json view = Post("/api/trial", Json::object(), key).json;
  Post("/api/choose", {{"token", view["token"]}, {"answer", "real"}}, key);
  view = Post("/api/rate", {{"token", view["token"]}, {"confidence", 2}}, key).json;
  Post("/api/choose", {{"token", view["token"]}, {"answer", "edited"}}, key);
  StopServer();
  std::ofstream(options_.results, std::ios::app)
      << "{\"type\":\"answer\",\"parti";  // a write that was cut off
  StartServer();
  EXPECT_EQ(Post("/api/trial", Json::object(), key).status, 404);  // keys die with the program
  EXPECT_EQ(Post("/api/resume", {{"code", "NOSUCH"}}).status, 404);
  std::string lower = code;
  for (char& c : lower) c = static_cast<char>(std::tolower(c));
  const Reply resumed = Post("/api/resume", {{"code", lower}});
  ASSERT_EQ(resumed.status, 200);
  const std::string new_key = resumed.json["key"];
  view = Post("/api/trial", Json::object(), new_key).json;
  EXPECT_EQ(view["index"], 1);
  EXPECT_EQ(view["awaits_confidence"], true);
  EXPECT_EQ(Post("/api/rate", {{"token", view["token"]}, {"confidence", 5}}, new_key).json["index"], 2);
  const auto results = Results();
  ASSERT_EQ(results.answers.size(), 2u);
  EXPECT_EQ(results.unreadable, 1);
  EXPECT_EQ(results.answers[1].answer, "edited");
  EXPECT_EQ(results.answers[1].reloads, 1);
  // A second page takes over.
  const std::string other = Post("/api/resume", {{"code", code}}).json["key"];
  EXPECT_EQ(Post("/api/trial", Json::object(), new_key).status, 404);
  EXPECT_EQ(Post("/api/trial", Json::object(), other).status, 200);
  StopServer();
  // Another survey does not mix with this one.
  options_.trials = 9;
  EXPECT_EQ(SurveySessions::Open(options_).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(Survey, PairsShowBothSidesAndNoNames) {
  options_.pairs = true;
  StartServer();
  const std::string key = Post("/api/start", Json::object()).json["key"];
  const Json view = Post("/api/trial", Json::object(), key).json;
  EXPECT_EQ(view["mode"], "pair");
  ASSERT_EQ(view["pictures"].size(), 2u);
  for (const Json& url : view["pictures"]) {
    const auto picture = client_->Get(url.get<std::string>());
    ASSERT_EQ(picture->status, 200);
    for (const auto& [name, value] : picture->headers) EXPECT_THAT(value, Not(HasSubstr(".png"))) << name;
  }
  EXPECT_THAT(DumpJson(view), Not(HasSubstr(".png")));
  EXPECT_THAT(DumpJson(view), Not(HasSubstr("telea")));
  EXPECT_EQ(Post("/api/choose", {{"token", view["token"]}, {"answer", "right"}}, key).status, 200);
}

TEST_F(Survey, RefusesWhatIsNotItsOwn) {
  StartServer();
  const auto page = client_->Get("/");
  EXPECT_THAT(page->get_header_value("Content-Security-Policy"), HasSubstr("default-src 'none'"));
  EXPECT_THAT(page->body, HasSubstr("/survey.js"));
  for (const char* path :
       {"/../samples.tsv", "/picture/../samples.tsv", "/picture/..%2f..%2fsamples.tsv", "/samples.tsv",
        "/m0.png", "/picture/m0.png", "/picture/", "/picture/00000000000000000000000000000000",
        "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd"}) {
    const auto answer = client_->Get(path);
    ASSERT_TRUE(answer) << path;
    EXPECT_EQ(answer->status, 404) << path;
    EXPECT_THAT(answer->body, Not(HasSubstr("telea"))) << path;
  }
  EXPECT_EQ(
      client_->Post("/api/start", {}, "{\"language\":\"" + std::string(5000, 'x') + "\"}", "application/json")
          ->status,
      413);
  EXPECT_EQ(client_->Post("/api/start", {}, "{}", "text/plain")->status, 415);
  EXPECT_EQ(client_->Post("/api/start", {}, "{", "application/json")->status, 400);
  EXPECT_EQ(client_->Post("/api/start", {}, "[]", "application/json")->status, 200);
  EXPECT_EQ(client_->Post("/api/trial", {}, "{}", "application/json")->status, 404);
  EXPECT_EQ(client_->Get("/", {{"Host", "evil.example"}})->status, 403);
  EXPECT_EQ(
      client_->Post("/api/start", {{"Origin", "http://evil.example"}}, "{}", "application/json")->status,
      403);
  EXPECT_EQ(client_->Delete("/")->status, 405);
}

TEST_F(Survey, HasAnEndOfParticipants) {
  options_.participants = 2;
  StartServer();
  EXPECT_EQ(Post("/api/start", Json::object()).status, 200);
  EXPECT_EQ(Post("/api/start", Json::object()).status, 200);
  EXPECT_EQ(Post("/api/start", Json::object()).status, 413);
}

}  // namespace
}  // namespace kantei::server
