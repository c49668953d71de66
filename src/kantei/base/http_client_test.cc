#include "kantei/base/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kantei/base/http_test_server.h"

namespace kantei {
namespace {

using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

HttpClientOptions Quick(const std::string& url) {
  HttpClientOptions options;
  options.base_url = url;
  options.connect_seconds = 2;
  options.read_seconds = 2;
  options.total_seconds = 4;
  options.max_answer_bytes = 1 << 16;
  return options;
}

Result<HttpAnswer> Get(const HttpClientOptions& options, const CancellationToken& token = {}) {
  KANTEI_TRY(const HttpClient client, HttpClient::Make(options));
  return client.Get("/x", token);
}

TEST(HttpClient, RefusesAddressesThatAreNotFit) {
  for (const char* url : {"", "localhost:80", "ftp://host/", "http://", "http://:80/", "http://host:0/",
                          "http://host:70000/", "http://host:8o/", "http://user:secret@host/",
                          "http://host/?a=b", "http://host/#a", "http://ho st/", "http://host/\r\nX: y"}) {
    const auto client = HttpClient::Make(Quick(url));
    ASSERT_FALSE(client.ok()) << url;
    EXPECT_EQ(client.error().code, ErrorCode::kInvalidArgument) << url;
  }
  for (const char* url : {"http://host", "https://host:8443/v1/", "http://[::1]:8080/v1"})
    EXPECT_TRUE(HttpClient::Make(Quick(url)).ok()) << url;
  HttpClientOptions options = Quick("http://host");
  options.bearer_token = "a\r\nX-Evil: 1";
  EXPECT_FALSE(HttpClient::Make(options).ok());
  options = Quick("http://host");
  options.read_seconds = 0;
  EXPECT_FALSE(HttpClient::Make(options).ok());
}

TEST(HttpClient, SendsTheTokenAndTheBodyAndReadsTheAnswer) {
  HttpTestServer test;
  test.server.Post("/v1/x", [](const httplib::Request& request, httplib::Response& response) {
    response.set_content(request.get_header_value("Authorization") + "|" +
                             request.get_header_value("Content-Type") + "|" + request.body,
                         "text/plain");
  });
  test.server.Get("/v1/x", [](const httplib::Request&, httplib::Response& response) {
    response.status = 429;
    response.set_header("Retry-After", "7");
    response.set_content("slow down", "text/plain");
  });
  test.server.Get("/v1/date", [](const httplib::Request&, httplib::Response& response) {
    response.status = 503;
    response.set_header("Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT");
  });
  HttpClientOptions options = Quick(test.Start() + "/v1/");
  options.bearer_token = "secret";
  const auto client = HttpClient::Make(options);
  ASSERT_TRUE(client.ok());
  const auto answer = client->PostJson("/x", "{\"a\":1}", {});
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "Bearer secret|application/json|{\"a\":1}");
  const auto refused = client->Get("/x", {});
  ASSERT_TRUE(refused.ok());
  EXPECT_EQ(refused->status, 429);
  EXPECT_FALSE(refused->ok());
  EXPECT_EQ(refused->retry_after_seconds, 7.0);
  EXPECT_EQ(refused->body, "slow down");
  const auto past = client->Get("/date", {});
  ASSERT_TRUE(past.ok());
  EXPECT_EQ(past->retry_after_seconds, 0.0);
  EXPECT_EQ(client->Get("x", {}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(client->Get("/x\r\nHost: other", {}).error().code, ErrorCode::kInvalidArgument);
}

TEST(HttpClient, FollowsRedirectsOnlyWhenAsked) {
  HttpTestServer test;
  test.server.Get("/x",
                  [](const httplib::Request&, httplib::Response& response) { response.set_redirect("/y"); });
  test.server.Get("/y", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("there", "text/plain");
  });
  HttpClientOptions options = Quick(test.Start());
  auto answer = Get(options);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->status, 302);
  options.follow_redirects = true;
  answer = Get(options);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "there");
}

TEST(HttpClient, NobodyListens) {
  std::string url;
  {
    const RawTestServer gone([](int) {});
    ASSERT_TRUE(gone.ready());
    url = gone.url();
  }
  const auto answer = Get(Quick(url));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(answer.error().message, HasSubstr("cannot be reached"));
}

TEST(HttpClient, SilenceEndsAtTheReadLimit) {
  RawTestServer server([](int socket) { RawTestServer::WaitForClose(socket); });
  HttpClientOptions options = Quick(server.url());
  options.read_seconds = 0.3;
  const auto start = Clock::now();
  const auto answer = Get(options);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(answer.error().message, HasSubstr("silent"));
  EXPECT_LT(SecondsSince(start), 1.5);
}

TEST(HttpClient, TricklesEndAtTheTotalLimit) {
  // Never silent for long: in the head, and in the body.
  for (const std::string head :
       {"HTTP/1.1 200 OK\r\nX-Long: ", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"}) {
    RawTestServer server([&head](int socket) {
      for (bool sent = RawTestServer::Send(socket, head); sent; sent = RawTestServer::Send(socket, "a"))
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    });
    HttpClientOptions options = Quick(server.url());
    options.total_seconds = 0.5;
    const auto start = Clock::now();
    const auto answer = Get(options);
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
    EXPECT_THAT(answer.error().message, HasSubstr("within 0.5 s"));
    EXPECT_LT(SecondsSince(start), 1.5);
  }
}

TEST(HttpClient, AnswersWithoutEndAreCutOff) {
  const std::string more(4096, 'a');
  for (const std::string head :
       {"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-Long: "}) {
    RawTestServer server([&](int socket) {
      for (bool sent = RawTestServer::Send(socket, head); sent;) sent = RawTestServer::Send(socket, more);
    });
    const auto start = Clock::now();
    const auto answer = Get(Quick(server.url()));
    ASSERT_FALSE(answer.ok()) << head;
    EXPECT_EQ(answer.error().code, ErrorCode::kTooLarge) << head << answer.error().message;
    EXPECT_LT(SecondsSince(start), 3) << head;
  }
}

TEST(HttpClient, TheLargestAnswerIsTaken) {
  HttpTestServer test;
  std::string body(1000, 'b');
  test.server.Get("/x", [&](const httplib::Request&, httplib::Response& response) {
    response.set_content(body, "text/plain");
  });
  HttpClientOptions options = Quick(test.Start());
  options.max_answer_bytes = 1000;
  ASSERT_TRUE(Get(options).ok());
  options.max_answer_bytes = 999;
  ASSERT_FALSE(Get(options).ok());
}

TEST(HttpClient, BrokenAnswers) {
  struct Case {
    std::string bytes;
    ErrorCode code;
  };
  for (const Case& broken :
       {Case{"SSH-2.0-OpenSSH_9.2\r\n", ErrorCode::kCorrupt}, Case{"", ErrorCode::kUnavailable},
        Case{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", ErrorCode::kUnavailable},
        Case{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", ErrorCode::kUnavailable}}) {
    RawTestServer server([&](int socket) { RawTestServer::Send(socket, broken.bytes); });
    const auto answer = Get(Quick(server.url()));
    ASSERT_FALSE(answer.ok()) << broken.bytes;
    EXPECT_EQ(answer.error().code, broken.code) << broken.bytes << ": " << answer.error().message;
  }
}

TEST(HttpClient, CancellationEndsTheWait) {
  RawTestServer server([](int socket) { RawTestServer::WaitForClose(socket); });
  const CancellationToken token;
  std::thread canceller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    token.Cancel();
  });
  const auto start = Clock::now();
  const auto answer = Get(Quick(server.url()), token);
  canceller.join();
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::kCancelled);
  EXPECT_LT(SecondsSince(start), 1);
}

TEST(HttpClient, TlsIsAskedOfAServerThatDoesNotSpeakIt) {
  RawTestServer server([](int socket) { RawTestServer::Send(socket, "HTTP/1.1 400 Bad Request\r\n\r\n"); });
  HttpClientOptions options = Quick("https" + server.url().substr(4));
  const auto answer = Get(options);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace kantei
