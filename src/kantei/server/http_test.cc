// HTTP itself: what is malformed, slow, too large or meant to be read in two ways.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <thread>

#include "kantei/server/problem.h"
#include "kantei/server/test_server.h"

namespace kantei::server {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using Clock = std::chrono::steady_clock;

/// A bare connection: sends what it is told, reads what comes.
class RawClient {
 public:
  explicit RawClient(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawClient() { ::close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  bool connected() const { return connected_; }
  bool Send(std::string_view text) {
    return ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }
  /// Until the server closes or nothing comes for `milliseconds`; `closed` tells which.
  std::string Read(int milliseconds, bool* closed = nullptr) {
    std::string out;
    char block[4096];
    if (closed != nullptr) *closed = false;
    while (true) {
      pollfd entry{socket_, POLLIN, 0};
      if (::poll(&entry, 1, milliseconds) <= 0) return out;
      const ssize_t got = ::recv(socket_, block, sizeof block, 0);
      if (got <= 0) {
        if (closed != nullptr) *closed = true;
        return out;
      }
      out.append(block, static_cast<std::size_t>(got));
    }
  }

 private:
  int socket_;
  bool connected_ = false;
};

/// A server that answers with what it got, without accounts.
class EchoServer {
 public:
  explicit EchoServer(HttpOptions options = {}) {
    options.threads = std::max(options.threads, 8);
    HttpCallbacks callbacks;
    callbacks.admit = [this](Request& request) -> std::variant<BodyRule, Response> {
      if (request.path == "/refuse") return ProblemResponse({401, "unauthorized", "no"}, request.request_id);
      BodyRule rule;
      rule.max_bytes = 100'000;
      rule.multipart = request.IsMultipart();
      rule.max_file_bytes = 50'000;
      rule.max_files = 3;
      rule.spool = folder.path();
      return rule;
    };
    callbacks.answer = [](Request& request) {
      Response response;
      response.content_type = "text/plain";
      response.body = request.method + " " + request.path + " " + request.address + " " +
                      std::to_string(request.secure) + " [" + request.body + "] " +
                      std::to_string(request.parts.size());
      return response;
    };
    callbacks.refuse = [](int status, const std::string& detail, const std::string& id) {
      return ProblemResponse({status, "invalid_argument", detail}, id);
    };
    auto started = HttpServer::Start(options, std::move(callbacks));
    EXPECT_TRUE(started.ok());
    server = std::move(*started);
  }
  TestFolder folder;
  std::unique_ptr<HttpServer> server;
};

std::string Exchange(int port, const std::string& request, bool* closed = nullptr) {
  RawClient client(port);
  client.Send(request);
  return client.Read(600, closed);
}

int CountAnswers(const std::string& text) {
  int count = 0;
  for (std::size_t at = text.find("HTTP/1.1 "); at != std::string::npos; at = text.find("HTTP/1.1 ", at + 1))
    ++count;
  return count;
}

TEST(Http, KeepsConnectionsAndReadsBodies) {
  EchoServer echo;
  const std::string two = Exchange(echo.server->port(),
                                   "POST /a%20b?x=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET "
                                   "/second HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(two, HasSubstr("POST /a b 127.0.0.1 0 [abc] 0"));
  EXPECT_THAT(two, HasSubstr("GET /second"));
  const std::string chunked = Exchange(
      echo.server->port(),
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_THAT(chunked, HasSubstr("[abcde]"));
  EXPECT_THAT(Exchange(echo.server->port(), "POST /none HTTP/1.1\r\nHost: x\r\n\r\n"),
              HasSubstr("POST /none"))
      << "a POST without a body does not wait for one";
}

TEST(Http, WhatCouldBeReadInTwoWaysIsRefusedAndEndsTheConnection) {
  EchoServer echo;
  const std::vector<std::string> requests = {
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET "
      "/smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 40\r\n\r\nabcGET /smuggled "
      "HTTP/1.1\r\nHost: x\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\nGET /smuggled "
      "HTTP/1.1\r\nHost: x\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabcGET /smuggled "
      "HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 36\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
      "rubbish\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"};
  for (const std::string& request : requests) {
    SCOPED_TRACE(request.substr(0, 90));
    bool closed = false;
    const std::string answer = Exchange(echo.server->port(), request, &closed);
    EXPECT_EQ(CountAnswers(answer), 1);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400"));
    EXPECT_TRUE(closed);
  }
}

TEST(Http, ARefusedBodyDoesNotBecomeTheNextRequest) {
  EchoServer echo;
  const std::string small =
      Exchange(echo.server->port(),
               "POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 19\r\n\r\nGET /s HTTP/1.1\r\n\r\n"
               "GET /next HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(CountAnswers(small), 2);
  EXPECT_THAT(small, HasSubstr("GET /next"));
  bool closed = false;
  const std::string large =
      Exchange(echo.server->port(),
               "POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n" + std::string(5000, 'x'),
               &closed);
  EXPECT_THAT(large, StartsWith("HTTP/1.1 401"));
  EXPECT_TRUE(closed);
}

TEST(Http, HeadsAndBodiesHaveLimits) {
  EchoServer echo;
  const int port = echo.server->port();
  std::string many = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 20'000; ++i) many += "X-" + std::to_string(i) + ": y\r\n";
  bool closed = false;
  EXPECT_THAT(Exchange(port, many + "\r\n", &closed), testing::Not(HasSubstr("200 OK")));
  EXPECT_THAT(Exchange(port, "GET /" + std::string(3000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n"),
              StartsWith("HTTP/1.1 414"));
  EXPECT_THAT(Exchange(port, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100001\r\n\r\n"),
              StartsWith("HTTP/1.1 413"));
  std::string chunks = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 60; ++i) chunks += "800\r\n" + std::string(2048, 'x') + "\r\n";
  EXPECT_THAT(Exchange(port, chunks + "0\r\n\r\n"), StartsWith("HTTP/1.1 413"));
}

TEST(Http, SlowHeadsAndBodiesEnd) {
  HttpOptions options;
  options.header_seconds = 1;
  options.body_seconds = 1;
  options.read_seconds = 1;
  EchoServer echo(options);
  for (const std::string& begin :
       {std::string("GET / HT"), std::string("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nab")}) {
    RawClient client(echo.server->port());
    client.Send(begin);
    const auto start = Clock::now();
    bool closed = false;
    // One byte now and then must not hold it open.
    for (int i = 0; i < 40 && !closed; ++i) {
      client.Send("x");
      (void)client.Read(200, &closed);
    }
    EXPECT_TRUE(closed);
    EXPECT_LT(Clock::now() - start, std::chrono::seconds(5));
  }
}

TEST(Http, TwoHundredStalledClientsStopNobody) {
  HttpOptions options;
  options.threads = 256;
  EchoServer echo(options);
  std::vector<std::unique_ptr<RawClient>> stalled;
  for (int i = 0; i < 200; ++i) {
    stalled.push_back(std::make_unique<RawClient>(echo.server->port()));
    ASSERT_TRUE(stalled.back()->connected());
    stalled.back()->Send(i % 2 == 0 ? "GET / HTTP/1.1\r\nHost:"
                                    : "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc");
  }
  HttpClient live("http://127.0.0.1:" + std::to_string(echo.server->port()));
  for (int i = 0; i < 50; ++i) {
    const auto start = Clock::now();
    const auto response = live.Send("GET", "/live");
    ASSERT_TRUE(response.ok());
    EXPECT_EQ(response->status, 200);
    EXPECT_LT(Clock::now() - start, std::chrono::seconds(2));
  }
  EXPECT_GE(echo.server->connections(), 200);
  const auto start = Clock::now();
  stalled.clear();
  echo.server->Stop();
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(15));
}

TEST(Http, BehindAProxyTheClientIsTheLastHop) {
  const std::string request =
      "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 6.6.6.6, 10.1.2.3\r\nX-Forwarded-Proto: https\r\n\r\n";
  EchoServer open;
  EXPECT_THAT(Exchange(open.server->port(), request), HasSubstr("GET / 127.0.0.1 0"));
  HttpOptions options;
  options.behind_proxy = true;
  EchoServer behind(options);
  EXPECT_THAT(Exchange(behind.server->port(), request), HasSubstr("GET / 10.1.2.3 1"));
}

TEST(Http, UploadsThatEndEarlyLeaveNothing) {
  EchoServer echo;
  {
    RawClient client(echo.server->port());
    client.Send(
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: "
        "5000\r\n\r\n--b\r\n"
        "Content-Disposition: form-data; name=\"p\"; filename=\"a\"\r\n\r\n" +
        std::string(2000, 'x'));
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  for (int i = 0; i < 100 && !std::filesystem::is_empty(echo.folder.path()); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_TRUE(std::filesystem::is_empty(echo.folder.path()));
}

TEST(Http, AnswersOverTls) {
  TestFolder folder;
  HttpOptions options;
  options.certificate = options.key = folder.path() / "missing.pem";
  EXPECT_FALSE(HttpServer::Start(options, {}).ok());
  options.key.clear();
  EXPECT_FALSE(options.Validate().ok());
}

TEST(PrivateAddresses, AreKnown) {
  for (const char* address : {"127.0.0.1",       "10.0.0.1",        "172.16.0.1",    "172.31.255.255",
                              "192.168.1.1",     "169.254.169.254", "100.64.0.1",    "0.0.0.0",
                              "224.0.0.1",       "255.255.255.255", "::1",           "::",
                              "fe80::1",         "fc00::1",         "fd12::1",       "::ffff:127.0.0.1",
                              "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1",
                              "ff02::1",         "not an address"})
    EXPECT_TRUE(IsPrivateAddress(address)) << address;
  for (const char* address : {"8.8.8.8", "172.32.0.1", "100.128.0.1", "2600::1", "::ffff:8.8.8.8"})
    EXPECT_EQ(IsPrivateAddress(address), false) << address;
}

TEST(Urls, AreReadStrictly) {
  const auto url = ParseUrl("https://example.org:8443/a?b=1#c");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->Origin(), "https://example.org:8443");
  EXPECT_EQ(url->path, "/a?b=1");
  EXPECT_EQ(ParseUrl("http://[::1]/")->Origin(), "http://[::1]:80");
  for (const char* bad : {"ftp://x/", "http://", "http://user@host/", "http://host:0/", "http://host:x/",
                          "http://ho st/", "//host/", "http://[::1/"})
    EXPECT_FALSE(ParseUrl(bad).ok()) << bad;
}

}  // namespace
}  // namespace kantei::server
