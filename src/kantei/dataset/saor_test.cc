#include "kantei/dataset/saor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "kantei/dataset/chat_test_server.h"
#include "kantei/dataset/offline_ideas.h"

namespace kantei::dataset {
namespace {

using testing::ChatTestServer;
using testing::Completion;
using ::testing::HasSubstr;
using testing::MakeEndpoint;
using ::testing::Not;
using testing::QuickOptions;
using ::testing::StartsWith;
using Clock = std::chrono::steady_clock;

SceneDescription LivingRoom() {
  return {"A dog sleeps on a couch.", {{"couch", 0.4}, {"dog", 0.05}, {"dog", 0.12}, {"potted_plant", 0.03}}};
}

std::string Idea(const std::string& object, const std::string& replacement, const std::string& prompt) {
  return DumpJson(Json{{"object", object},
                       {"replacement", replacement},
                       {"prompt", prompt},
                       {"negative_prompt", "blurry"},
                       {"reason", "cats like couches"}});
}
const std::string kGood = Idea("dog", "tabby cat", "a tabby cat curled up on a couch, warm light");

struct Outcome {
  ReplacementIdea idea;
  ChatUsage usage;
  double seconds = 0;
};

/// Proposes with the offline source as fallback; fails the test when a row is lost.
Outcome Propose(const ChatOptions& options, std::uint64_t seed = 7) {
  auto endpoint = MakeEndpoint(options);
  LanguageModelReplacementSource source(endpoint, std::make_shared<OfflineReplacementSource>(nullptr));
  const auto start = Clock::now();
  auto idea = source.Propose(LivingRoom(), seed, {});
  Outcome outcome;
  outcome.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  outcome.usage = endpoint->usage();
  EXPECT_TRUE(idea.ok());
  if (idea.ok()) outcome.idea = std::move(*idea);
  return outcome;
}

void ExpectFallback(const Outcome& outcome, const std::string& why) {
  EXPECT_THAT(outcome.idea.source, StartsWith("offline after endpoint failure: "));
  EXPECT_THAT(outcome.idea.source, HasSubstr(why));
  EXPECT_FALSE(outcome.idea.replacement.empty());
  EXPECT_FALSE(outcome.idea.prompt.empty());
  EXPECT_EQ(outcome.usage.answered, 0);
}

TEST(Saor, TakesAGoodAnswer) {
  ChatTestServer server(ChatTestServer::Words(kGood));
  ChatOptions options = QuickOptions(server.url());
  options.api_key = "key";
  options.price_in = 2;
  options.price_out = 10;
  const Outcome outcome = Propose(options, (1ull << 40) + 5);
  EXPECT_EQ(outcome.idea.object_idx, 2u);  // the larger dog
  EXPECT_EQ(outcome.idea.replacement, "tabby cat");
  EXPECT_EQ(outcome.idea.negative_prompt, "blurry");
  EXPECT_EQ(outcome.idea.source, "model test-model");
  EXPECT_EQ(outcome.usage.requests, 1);
  EXPECT_EQ(outcome.usage.prompt_tokens, 100);
  EXPECT_NEAR(outcome.usage.cost, (100 * 2 + 20 * 10) / 1e6, 1e-12);
  EXPECT_EQ(server.authorization(), "Bearer key");
  const Json request = server.requests().at(0);
  EXPECT_EQ(request["model"], "test-model");
  EXPECT_EQ(request["seed"], 5);
  EXPECT_EQ(request["response_format"]["type"], "json_schema");
  EXPECT_EQ(request["response_format"]["json_schema"]["schema"]["properties"]["object"]["enum"],
            Json({"couch", "dog", "potted plant"}));
  EXPECT_THAT(request["messages"][1]["content"].get<std::string>(), HasSubstr("dog (17.0 % of the picture)"));
}

TEST(Saor, FindsTheAnswerAmongOtherWords) {
  for (const std::string& words : {"<think>{\"object\": maybe}</think>\n" + kGood,
                                   "Here you are:\n```json\n" + kGood + "\n```", kGood + " Good luck!"}) {
    ChatTestServer server(ChatTestServer::Words(words));
    EXPECT_EQ(Propose(QuickOptions(server.url())).idea.source, "model test-model") << words;
  }
}

TEST(Saor, AsksServersThatRefuseSchemas) {
  for (const char* accepted : {"json_object", ""}) {
    ChatTestServer server([&](const Json& request, int, httplib::Response& response) {
      const std::string type =
          request.contains("response_format") ? request["response_format"]["type"] : Json("");
      if (type == accepted) {
        response.set_content(Completion(kGood), "application/json");
      } else {
        response.status = 400;
        response.set_content(R"({"error":{"message":"response_format is not supported"}})",
                             "application/json");
      }
    });
    auto endpoint = MakeEndpoint(QuickOptions(server.url()));
    LanguageModelReplacementSource source(endpoint, std::make_shared<OfflineReplacementSource>(nullptr));
    EXPECT_EQ(source.Propose(LivingRoom(), 1, {})->source, "model test-model");
    const auto requests = server.requests().size();
    // It is remembered.
    EXPECT_EQ(source.Propose(LivingRoom(), 2, {})->source, "model test-model");
    EXPECT_EQ(server.requests().size(), requests + 1);
  }
}

TEST(Saor, TellsTheModelWhatWasWrong) {
  ChatTestServer server([](const Json&, int number, httplib::Response& response) {
    response.set_content(Completion(number == 0 ? Idea("sofa", "cat", "a cat") : kGood), "application/json");
  });
  const Outcome outcome = Propose(QuickOptions(server.url()));
  EXPECT_EQ(outcome.idea.source, "model test-model");
  EXPECT_EQ(outcome.usage.unfit, 1);
  EXPECT_EQ(outcome.usage.prompt_tokens, 200);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_NE(requests[0]["seed"], requests[1]["seed"]);
  EXPECT_THAT(requests[1]["messages"][1]["content"].get<std::string>(), HasSubstr("refused"));
}

TEST(Saor, UnfitAnswersFallBack) {
  std::string long_prompt = "a cat";
  for (int i = 0; i < 40; ++i) long_prompt += " very";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {Idea("sofa", "cat", "a cat"), "/object"},
      {Idea("dog", "Dogs", "some dogs on a couch"), "the object itself"},
      {Idea("dog", "", "a cat"), "too short"},
      {Idea("dog", "_", "a cat on a couch"), "empty"},
      {Idea("dog", "cat", long_prompt), "more than 40 words"},
      {Idea("dog", "cat", "an iguana on a couch"), "does not name"},
      {Idea("dog", "cat", "a cat\non a couch"), "line break"},
      {"{\"object\": \"dog\"}", "lacks"},
      {"{\"object\": \"dog\", ", "no end"},
      {"{\"object\": dog}", "malformed"},
      {"I would rather not.", "no JSON object"},
      {"[1, 2]", "no JSON object"},
  };
  for (const auto& [words, why] : cases) {
    ChatTestServer server(ChatTestServer::Words(words));
    const Outcome outcome = Propose(QuickOptions(server.url()));
    ExpectFallback(outcome, why);
    EXPECT_EQ(outcome.usage.requests, 2) << words;
    EXPECT_EQ(outcome.usage.unfit, 2) << words;
  }
}

TEST(Saor, AnswersThatAreNoCompletionsFallBack) {
  for (const char* body :
       {"", "not json", "[]", "{}", R"({"choices":[]})", R"({"choices":[1]})",
        R"({"choices":[{"message":{"content":null}}]})", R"({"choices":[{"message":"words"}]})"}) {
    ChatTestServer server([&](const Json&, int, httplib::Response& response) {
      response.set_content(body, "application/json");
    });
    ExpectFallback(Propose(QuickOptions(server.url())), "answer");
  }
}

TEST(Saor, HttpErrorsFallBack) {
  for (const int status : {500, 503, 429}) {
    ChatTestServer server([&](const Json&, int, httplib::Response& response) {
      response.status = status;
      response.set_content(R"({"error":{"message":"the machine is on fire"}})", "application/json");
    });
    const Outcome outcome = Propose(QuickOptions(server.url()));
    ExpectFallback(outcome, "HTTP status " + std::to_string(status) + ": the machine is on fire");
    EXPECT_EQ(outcome.usage.requests, 2);
  }
  // A wrong key does not become right by asking again.
  ChatTestServer server([&](const Json&, int, httplib::Response& response) { response.status = 401; });
  const Outcome outcome = Propose(QuickOptions(server.url()));
  ExpectFallback(outcome, "401");
  EXPECT_EQ(outcome.usage.requests, 1);
}

TEST(Saor, RetryAfterIsHeededWithinTheLimit) {
  ChatTestServer server([](const Json&, int number, httplib::Response& response) {
    if (number == 0) {
      response.status = 429;
      response.set_header("Retry-After", "3600");
    } else {
      response.set_content(Completion(kGood), "application/json");
    }
  });
  ChatOptions options = QuickOptions(server.url());
  options.max_backoff_seconds = 0.4;
  const Outcome outcome = Propose(options);
  EXPECT_EQ(outcome.idea.source, "model test-model");
  EXPECT_GE(outcome.seconds, 0.4);
  EXPECT_LT(outcome.seconds, 2);
}

TEST(Saor, SlowServersFallBackInTime) {
  ChatTestServer server([](const Json&, int, httplib::Response& response) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1200));
    response.set_content(Completion(kGood), "application/json");
  });
  ChatOptions options = QuickOptions(server.url());
  options.answer_seconds = 0.3;
  const Outcome outcome = Propose(options);
  ExpectFallback(outcome, "0.3 s");
  EXPECT_LT(outcome.seconds, 1.5);
}

TEST(Saor, ServersThatNeverAnswerOrNeverEndFallBackInTime) {
  RawTestServer silent([](int socket) { RawTestServer::WaitForClose(socket); });
  ChatOptions options = QuickOptions(silent.url());
  options.answer_seconds = 0.3;
  Outcome outcome = Propose(options);
  ExpectFallback(outcome, "0.3 s");
  EXPECT_LT(outcome.seconds, 1.5);
  EXPECT_EQ(silent.accepted, 2);

  const std::string more(65536, ' ');
  RawTestServer endless([&](int socket) {
    bool sent = RawTestServer::Send(socket, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n");
    while (sent) sent = RawTestServer::Send(socket, more);
  });
  outcome = Propose(QuickOptions(endless.url()));
  ExpectFallback(outcome, "more than");
  EXPECT_LT(outcome.seconds, 3);
}

TEST(Saor, ADeadEndpointIsNotAskedAgainAndAgain) {
  std::string url;
  {
    const RawTestServer gone([](int) {});
    url = gone.url();
  }
  ChatOptions options = QuickOptions(url);
  options.failures_before_rest = 2;
  auto endpoint = MakeEndpoint(options);
  LanguageModelReplacementSource source(endpoint, std::make_shared<OfflineReplacementSource>(nullptr));
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto idea = source.Propose(LivingRoom(), seed, {});
    ASSERT_TRUE(idea.ok());
    EXPECT_THAT(idea->source, HasSubstr(seed < 2 ? "cannot be reached" : "failures in a row"));
  }
  EXPECT_EQ(endpoint->usage().requests, 4);
  EXPECT_EQ(endpoint->usage().questions, 20);
}

TEST(Saor, TheFallbackIsTheOfflineIdea) {
  OfflineReplacementSource offline(nullptr);
  ChatTestServer server(ChatTestServer::Words("no"));
  EXPECT_EQ(Propose(QuickOptions(server.url()), 99).idea.prompt,
            offline.Propose(LivingRoom(), 99, {})->prompt);
}

class SaorCache : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("kantei_saor_" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
};

TEST_F(SaorCache, AnswersAreKeptByTheWholeRequest) {
  ChatTestServer server(ChatTestServer::Words(kGood));
  ChatOptions options = QuickOptions(server.url());
  options.cache = folder_;
  EXPECT_EQ(Propose(options, 1).usage.requests, 1);
  const Outcome again = Propose(options, 1);
  EXPECT_EQ(again.usage.requests, 0);
  EXPECT_EQ(again.usage.from_cache, 1);
  EXPECT_EQ(again.usage.cost, 0);
  EXPECT_EQ(again.idea.replacement, "tabby cat");
  EXPECT_EQ(Propose(options, 2).usage.requests, 1);  // another seed
  options.temperature = 0.1;
  EXPECT_EQ(Propose(options, 1).usage.requests, 1);  // another request
}

TEST_F(SaorCache, DamagedOrUnfitEntriesAreAskedAgain) {
  ChatTestServer server(ChatTestServer::Words(kGood));
  ChatOptions options = QuickOptions(server.url());
  options.cache = folder_;
  Propose(options, 1);
  std::filesystem::path file;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_))
    if (entry.is_regular_file()) file = entry.path();
  ASSERT_FALSE(file.empty());
  const std::string key = file.stem().string();
  for (const std::string& text :
       {std::string("{\"requ"), std::string("[]"), std::string("{\"request\":\"x\",\"answer\":{}}"),
        "{\"request\":\"" + key + "\",\"answer\":{\"object\":\"sofa\"}}"}) {
    std::ofstream(file) << text;
    const Outcome outcome = Propose(options, 1);
    EXPECT_EQ(outcome.usage.requests, 1) << text;
    EXPECT_EQ(outcome.idea.source, "model test-model");
  }
  EXPECT_EQ(Propose(options, 1).usage.requests, 0);  // mended
}

TEST_F(SaorCache, AFolderThatCannotBeMadeCostsNoAnswer) {
  std::ofstream(folder_) << "a file";
  ChatTestServer server(ChatTestServer::Words(kGood));
  ChatOptions options = QuickOptions(server.url());
  options.cache = folder_ / "below";
  EXPECT_EQ(Propose(options).idea.source, "model test-model");
}

TEST(Saor, NeverMoreRequestsAtOnceThanAllowed) {
  std::atomic<int> now = 0, most = 0;
  ChatTestServer server([&](const Json&, int, httplib::Response& response) {
    const int here = ++now;
    for (int seen = most; here > seen && !most.compare_exchange_weak(seen, here);) {
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(40));
    --now;
    response.set_content(Completion(kGood), "application/json");
  });
  ChatOptions options = QuickOptions(server.url());
  options.concurrent = 2;
  options.answer_seconds = 10;
  auto endpoint = MakeEndpoint(options);
  LanguageModelReplacementSource source(endpoint, std::make_shared<OfflineReplacementSource>(nullptr));
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < 8; ++i)
    threads.emplace_back(
        [&, i] { EXPECT_EQ(source.Propose(LivingRoom(), i, {})->source, "model test-model"); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(endpoint->usage().requests, 8);
  EXPECT_EQ(most, 2);
}

TEST(Saor, CancellationEndsWaitsAndLosesNothing) {
  RawTestServer silent([](int socket) { RawTestServer::WaitForClose(socket); });
  ChatOptions options = QuickOptions(silent.url());
  options.answer_seconds = 30;
  LanguageModelReplacementSource source(MakeEndpoint(options),
                                        std::make_shared<OfflineReplacementSource>(nullptr));
  const CancellationToken token;
  std::thread canceller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    token.Cancel();
  });
  const auto start = Clock::now();
  const auto idea = source.Propose(LivingRoom(), 1, token);
  canceller.join();
  ASSERT_FALSE(idea.ok());
  EXPECT_EQ(idea.error().code, ErrorCode::kCancelled);
  EXPECT_LT(std::chrono::duration<double>(Clock::now() - start).count(), 1);
}

TEST(Saor, OptionsAreChecked) {
  const auto code = [](auto change) {
    ChatOptions options = QuickOptions("http://127.0.0.1:1");
    change(options);
    const auto made = ChatEndpoint::Make(options);
    return made.ok() ? ErrorCode::kInternal : made.error().code;
  };
  EXPECT_EQ(code([](ChatOptions&) {}), ErrorCode::kInternal);
  EXPECT_EQ(code([](ChatOptions& o) { o.endpoint = "nowhere"; }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code([](ChatOptions& o) { o.model.clear(); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code([](ChatOptions& o) { o.attempts = 0; }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code([](ChatOptions& o) { o.concurrent = 0; }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code([](ChatOptions& o) { o.temperature = -1; }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code([](ChatOptions& o) { o.price_in = std::nan(""); }), ErrorCode::kInvalidArgument);
}

TEST(Saor, EndpointsAreNamedInThreeWays) {
  ChatTestServer server(ChatTestServer::Words(kGood));
  for (const char* path : {"", "/", "/v1", "/v1/", "/v1/chat/completions"})
    EXPECT_EQ(Propose(QuickOptions(server.url() + path)).idea.source, "model test-model") << path;
}

}  // namespace
}  // namespace kantei::dataset
