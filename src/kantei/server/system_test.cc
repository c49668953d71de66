// Audit log, webhooks, metrics, console, and the document of the API.
#include <gmock/gmock.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>

#include "kantei/server/console.h"
#include "kantei/server/routes.h"
#include "kantei/server/secrets.h"
#include "kantei/server/test_server.h"
#include "kantei/server/webhook_sender.h"

namespace kantei::server {
namespace {

using testing::HasSubstr;

TEST(OpenApi, DocumentAndRoutesAreTheSame) {
  std::set<std::string> documented;
  std::string path, line, method;
  bool in_paths = false;
  std::map<std::string, std::string> roles, scopes;
  std::istringstream lines{std::string(OpenApiDocument())};
  while (std::getline(lines, line)) {
    if (!line.starts_with(' ') && !line.empty()) in_paths = line == "paths:";
    if (!in_paths) continue;
    if (line.starts_with("  /")) path = line.substr(2, line.rfind(':') - 2);
    for (const char* name : {"get", "post", "put", "patch", "delete"}) {
      if (line != "    " + std::string(name) + ":") continue;
      method = name;
      std::transform(method.begin(), method.end(), method.begin(),
                     [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
      documented.insert(method + " " + path);
    }
    if (line.starts_with("      x-role: ")) roles[method + " " + path] = line.substr(14);
    if (line.starts_with("      x-scope: ")) scopes[method + " " + path] = line.substr(15);
  }
  std::set<std::string> served;
  for (const Route& route : Routes()) {
    const std::string name = std::string(route.method) + " " + std::string(route.path);
    served.insert(name);
    EXPECT_EQ(roles[name], store::RoleName(route.role)) << name;
    if (route.role != store::Role::kNone) {
      EXPECT_EQ(scopes[name], route.scope) << name;
    }
  }
  EXPECT_EQ(documented, served);
  EXPECT_GT(served.size(), 60u);
}

TEST(Audit, RecordsWhoDidWhat) {
  const TestServer test;
  Caller admin = test.As("admin"), reviewer = test.As("reviewer");
  const std::int64_t id = test.Inspect(reviewer, 1)["inspection"]["inspection_id"].get<std::int64_t>();
  reviewer.Post("/api/v1/review/decisions", {{"inspection_ids", {id}}, {"verdict", "confirm"}});
  const Json rows = Parsed(admin.Get("/api/v1/audit?action=review."))["items"];
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0]["actor"], "reviewer");
  EXPECT_EQ(rows[0]["target"], "inspection:" + std::to_string(id));
  EXPECT_EQ(rows[0]["address"], "127.0.0.1");
  const Json sound = Parsed(admin.Get("/api/v1/audit/verify"));
  EXPECT_TRUE(sound["sound"].get<bool>()) << sound;
  EXPECT_EQ(sound["rows"], 3) << "first user, inspection, decision";
  const Json page = Parsed(admin.Get("/api/v1/audit?limit=2"));
  EXPECT_EQ(page["items"].size(), 2u);
  EXPECT_EQ(
      Parsed(admin.Get("/api/v1/audit?limit=2&cursor=" + page["next"].get<std::string>()))["items"][0]["seq"],
      page["items"][1]["seq"].get<int>() - 1);
}

TEST(Webhooks, AreSignedTriedAgainAndKeptOutOfPrivateNetworks) {
  TestServer test;
  Caller admin = test.As("admin");
  const auto add = [](Caller& caller, const std::string& url) {
    return caller.Post("/api/v1/webhooks", {{"url", url}, {"events", {"ping", "review.decided"}}});
  };
  for (const char* url : {"http://127.0.0.1/x", "http://localhost/", "http://[::1]/",
                          "http://169.254.169.254/latest", "http://0x7f000001/", "file:///etc/passwd"})
    EXPECT_EQ(add(admin, url).status, 400) << url;

  // A receiver that fails once and then is content.
  std::mutex mutex;
  std::vector<std::pair<std::string, std::string>> received;  // signature, body
  HttpCallbacks callbacks;
  callbacks.admit = [](Request&) -> std::variant<BodyRule, Response> {
    BodyRule rule;
    rule.max_bytes = 1 << 20;
    return rule;
  };
  callbacks.answer = [&](Request& request) {
    const std::lock_guard lock(mutex);
    received.emplace_back(request.Header("x-kantei-signature"), request.body);
    Response response;
    response.status = received.size() == 1 ? 500 : 204;
    return response;
  };
  callbacks.refuse = [](int status, const std::string&, const std::string&) {
    Response response;
    response.status = status;
    return response;
  };
  auto receiver = HttpServer::Start({}, callbacks);
  ASSERT_TRUE(receiver.ok());
  test.server.reset();
  test.options.service.webhooks_private = true;
  test.Start();
  Caller owner = test.As("admin");
  const Json made =
      Parsed(add(owner, "http://127.0.0.1:" + std::to_string((*receiver)->port()) + "/hook?x=1"));
  const std::string secret = made["secret"].get<std::string>();
  const std::string path = "/api/v1/webhooks/" + made["webhook"]["webhook_id"].dump();
  ASSERT_EQ(owner.Post(path + "/test").status, 202);
  Json delivery;
  for (int i = 0; i < 300; ++i) {
    delivery = Parsed(owner.Get(path + "/deliveries"))["items"][0];
    if (delivery["state"] == "delivered") break;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_EQ(delivery["state"], "delivered");
  EXPECT_EQ(delivery["attempts"], 2);
  const std::lock_guard lock(mutex);
  ASSERT_EQ(received.size(), 2u);
  for (const auto& [signature, body] : received) {
    const std::int64_t at = std::stoll(signature.substr(2));
    EXPECT_EQ(signature, WebhookSignature(secret, at, body));
    EXPECT_EQ(Json::parse(body)["event"], "ping");
    EXPECT_EQ(Json::parse(body)["delivery"], delivery["delivery_id"]);
  }
}

TEST(System, MetricsHealthAndState) {
  const TestServer test;
  Caller nobody = test.Nobody(), admin = test.As("admin");
  EXPECT_EQ(Parsed(nobody.Get("/healthz"))["status"], "ok");
  EXPECT_EQ(Parsed(nobody.Get("/readyz"))["status"], "ready");
  EXPECT_EQ(nobody.Get("/metrics").status, 401);
  const ClientResponse metrics = admin.Get("/metrics");
  EXPECT_THAT(metrics.Header("Content-Type"), HasSubstr("version=0.0.4"));
  EXPECT_THAT(metrics.body, HasSubstr("kantei_library_pictures 3\n"));
  EXPECT_THAT(metrics.body,
              HasSubstr("kantei_http_requests_total{method=\"GET\",route=\"/healthz\",status=\"200\"} 1\n"));
  EXPECT_EQ(metrics.body.find("/api/v1/users/4"), std::string::npos);
  const Json state = Parsed(admin.Get("/api/v1/system"));
  EXPECT_EQ(state["library"]["pictures"], 3);
  EXPECT_GE(state["queue"]["workers"].get<int>(), 1);
}

TEST(System, AnswersCarryTheirRulesForBrowsers) {
  const TestServer test;
  Caller caller = test.Nobody();
  const ClientResponse page = caller.Get("/review/17");
  EXPECT_EQ(page.status, 200) << "the console's own addresses lead to its page";
  EXPECT_THAT(page.Header("Content-Type"), HasSubstr("text/html"));
  EXPECT_THAT(page.Header("Content-Security-Policy"), HasSubstr("script-src 'self'"));
  EXPECT_EQ(page.Header("Content-Security-Policy").find("unsafe"), std::string::npos);
  const ClientResponse api = caller.Get("/api/v1/session");
  EXPECT_EQ(api.status, 401);
  EXPECT_EQ(api.Header("Cache-Control"), "no-store");
  EXPECT_EQ(api.Header("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(api.Header("X-Frame-Options"), "DENY");
  EXPECT_FALSE(api.Header("X-Request-Id").empty());
  EXPECT_EQ(Parsed(api)["request_id"], api.Header("X-Request-Id"));
  EXPECT_EQ(caller.Get("/api/v1/nothing").status, 404);
  EXPECT_EQ(caller.Get("/nothing.js").status, 404);
  const ClientResponse method = caller.Send("PUT", "/api/v1/session", Json::object());
  EXPECT_EQ(method.status, 405);
  EXPECT_THAT(method.Header("Allow"), HasSubstr("POST"));
}

TEST(Limits, RequestsOfAKeyArePaced) {
  TestServer test;
  Caller admin = test.As("admin");
  const Json made = Parsed(
      admin.Post("/api/v1/keys", {{"name", "slow"}, {"scopes", {"read"}}, {"requests_per_minute", 60}}));
  Caller slow = test.Nobody();
  slow.key = made["secret"].get<std::string>();
  int paced = 0;
  for (int i = 0; i < 30; ++i) paced += slow.Get("/api/v1/session").status == 429 ? 1 : 0;
  EXPECT_GE(paced, 10);
  EXPECT_EQ(admin.Get("/api/v1/session").status, 200) << "others are not slowed down";
}

TEST(Secrets, AreRandomAndCompared) {
  EXPECT_EQ(RandomToken().size(), 43u);
  EXPECT_NE(RandomToken(), RandomToken());
  const std::string hash = HashPassword("a password").value();
  EXPECT_THAT(hash, testing::StartsWith("$argon2id$"));
  EXPECT_TRUE(VerifyPassword(hash, "a password").value());
  EXPECT_FALSE(VerifyPassword(hash, "another").value());
  EXPECT_FALSE(VerifyPassword("", "").value());
  // RFC 4231, test case 2.
  EXPECT_EQ(HmacSha256Hex("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_TRUE(EqualSecrets("abc", "abc"));
  EXPECT_FALSE(EqualSecrets("abc", "abd"));
  EXPECT_FALSE(EqualSecrets("abc", "ab"));
}

}  // namespace
}  // namespace kantei::server
