// Who may do what: every route and role, sessions, tokens, keys, wrong passwords.
#include <gmock/gmock.h>

#include "kantei/server/access.h"
#include "kantei/server/routes.h"
#include "kantei/server/test_server.h"

namespace kantei::server {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A path of the route that leads nowhere: what may be called answers that there is nothing, or that the body is bad.
std::string PathOf(const Route& route) {
  std::string path(route.path);
  for (std::size_t open = path.find('{'); open != std::string::npos; open = path.find('{'))
    path.replace(open, path.find('}') - open + 1, "999999");
  return path;
}

int StatusOf(Caller& caller, const Route& route) {
  if (route.body == BodyKind::kPicture || route.body == BodyKind::kPictures)
    return caller.Upload(PathOf(route), {{"nothing", "", "x"}}).status;
  return caller
      .Send(std::string(route.method), PathOf(route), route.method == "GET" ? Json(nullptr) : Json::object())
      .status;
}

bool IsLogin(const Route& route) {
  return route.path == "/api/v1/session" && route.method != "GET";
}

TEST(Access, EveryRouteAsksForItsRole) {
  const TestServer test;
  std::map<std::string, Caller> callers;
  callers.emplace("nobody", test.Nobody());
  for (const char* name : {"viewer", "reviewer", "admin"}) callers.emplace(name, test.As(name));
  const std::map<std::string, store::Role> roles = {{"nobody", store::Role::kNone},
                                                    {"viewer", store::Role::kViewer},
                                                    {"reviewer", store::Role::kReviewer},
                                                    {"admin", store::Role::kAdministrator}};
  for (const Route& route : Routes()) {
    if (IsLogin(route) || route.path == "/api/v1/session/password") continue;  // looked at below
    for (auto& [name, caller] : callers) {
      SCOPED_TRACE(std::string(route.method) + " " + std::string(route.path) + " as " + name);
      const int status = StatusOf(caller, route);
      if (roles.at(name) >= route.role) {
        EXPECT_NE(status, 401);
        EXPECT_NE(status, 403);
        EXPECT_LT(status, 500);
      } else {
        EXPECT_EQ(status, name == "nobody" ? 401 : 403);
      }
    }
  }
}

TEST(Access, EveryRouteAsksAKeyForItsScope) {
  const TestServer test;
  const std::vector<std::string> scopes = {"read",    "lookup", "inspect", "review",
                                           "library", "audit",  "metrics"};
  for (const std::string& scope : scopes) {
    Caller caller = test.WithKey("admin", {scope});
    for (const Route& route : Routes()) {
      if (route.role == store::Role::kNone) continue;
      SCOPED_TRACE(std::string(route.method) + " " + std::string(route.path) + " with scope " + scope);
      const int status = StatusOf(caller, route);
      const bool allowed = route.scope == scope || route.scope == "any";
      if (allowed) {
        EXPECT_NE(status, 403);
      } else {
        EXPECT_EQ(status, 403);
      }
    }
  }
}

TEST(Access, AKeyIsNotWorthMoreThanItsOwner) {
  const TestServer test;
  Caller viewer = test.WithKey("viewer", {"inspect", "read", "audit"});
  EXPECT_EQ(viewer.Get("/api/v1/inspections").status, 200);
  EXPECT_EQ(viewer.Get("/api/v1/audit").status, 403);
  EXPECT_EQ(viewer.Upload("/api/v1/inspections", {{"picture", "a.jpg", JpegOf(1)}}).status, 403);
  Caller admin = test.As("admin");
  const Json users = Parsed(admin.Get("/api/v1/users"));
  for (const Json& user : users["items"]) {
    if (user["name"] != "viewer") continue;
    EXPECT_EQ(admin.Send("PATCH", "/api/v1/users/" + user["user_id"].dump(), {{"active", false}}).status,
              200);
  }
  EXPECT_EQ(viewer.Get("/api/v1/inspections").status, 401);
}

TEST(Access, ARevokedKeyIsWorthNothing) {
  const TestServer test;
  Caller reviewer = test.As("reviewer");
  const Json made = Parsed(reviewer.Post("/api/v1/keys", {{"name", "partner"}, {"scopes", {"read"}}}));
  Caller partner = test.Nobody();
  partner.key = made["secret"].get<std::string>();
  EXPECT_EQ(partner.Get("/api/v1/session").status, 200);
  const std::string path = "/api/v1/keys/" + made["key"]["key_id"].dump();
  Caller viewer = test.As("viewer");
  EXPECT_EQ(viewer.Send("DELETE", path, Json::object()).status, 404) << "another person's key";
  EXPECT_EQ(reviewer.Send("DELETE", path, Json::object()).status, 204);
  EXPECT_EQ(partner.Get("/api/v1/session").status, 401);
}

TEST(Access, AnswersThatChangeSomethingNeedTheToken) {
  const TestServer test;
  for (const Route& route : Routes()) {
    if (route.method == "GET" || route.role == store::Role::kNone) continue;
    SCOPED_TRACE(std::string(route.method) + " " + std::string(route.path));
    static Caller admin = test.As("admin");
    for (const std::string& token : {std::string(), std::string(64, '0')}) {
      Caller forged = test.Nobody();
      forged.cookie = admin.cookie;
      forged.csrf = token;
      const ClientResponse response =
          route.body == BodyKind::kPicture || route.body == BodyKind::kPictures
              ? forged.Upload(PathOf(route), {{"nothing", "", "x"}})
              : forged.Send(std::string(route.method), PathOf(route), Json::object());
      EXPECT_EQ(response.status, 403);
      EXPECT_EQ(Parsed(response)["code"], "csrf");
    }
  }
}

TEST(Access, LoginFromAnotherSiteIsRefused) {
  const TestServer test;
  HttpClient client("http://127.0.0.1:" + std::to_string(test.server->port()));
  const std::string body = DumpJson({{"name", "admin"}, {"password", TestServer::kPassword}});
  const auto foreign =
      client.Send("POST", "/api/v1/session", {{"Origin", "https://evil.example"}}, body, "application/json");
  ASSERT_TRUE(foreign.ok());
  EXPECT_EQ(foreign->status, 403);
  const auto form = client.Send("POST", "/api/v1/session", {}, body, "text/plain");
  ASSERT_TRUE(form.ok());
  EXPECT_EQ(form->status, 415) << "what a form can send is no login";
}

TEST(Access, TheFirstPasswordMustBeChanged) {
  TestServer test(false);
  ASSERT_FALSE(test.one_time.empty());
  Caller admin = test.Nobody();
  const ClientResponse login = admin.Login("admin", test.one_time);
  ASSERT_EQ(login.status, 200);
  EXPECT_TRUE(Parsed(login)["must_change_password"].get<bool>());
  EXPECT_EQ(admin.Get("/api/v1/session").status, 200);
  const ClientResponse refused = admin.Get("/api/v1/inspections");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(Parsed(refused)["code"], "password_change_required");
  const auto change = [&](const std::string& old_password, const std::string& fresh) {
    return admin.Post("/api/v1/session/password", {{"old_password", old_password}, {"new_password", fresh}});
  };
  EXPECT_EQ(change(test.one_time, "short").status, 400);
  EXPECT_EQ(change(test.one_time, test.one_time).status, 400);
  EXPECT_EQ(change("wrong password", TestServer::kPassword).status, 403);
  const ClientResponse changed = change(test.one_time, TestServer::kPassword);
  ASSERT_EQ(changed.status, 200);
  Caller old = test.Nobody();
  old.cookie = admin.cookie;
  EXPECT_EQ(old.Get("/api/v1/session").status, 401) << "the session from before the change has ended";
  admin.Adopt(changed);
  EXPECT_EQ(admin.Get("/api/v1/inspections").status, 200);
  test.server->Stop();
  test.server.reset();
  test.Start();
  EXPECT_FALSE(test.server->first_password()) << "only the first start makes a password";
}

TEST(Access, ASessionThatWasPlantedIsWorthNothing) {
  const TestServer test;
  Caller victim = test.Nobody();
  victim.cookie = std::string(kSessionCookie) + "=planted-by-somebody-else";
  const std::string planted = victim.cookie;
  ASSERT_EQ(victim.Login("viewer", TestServer::kPassword).status, 200);
  EXPECT_NE(victim.cookie, planted);
  Caller attacker = test.Nobody();
  attacker.cookie = planted;
  EXPECT_EQ(attacker.Get("/api/v1/session").status, 401);
  // Logging in again ends the session that was sent along.
  const std::string first = victim.cookie;
  ASSERT_EQ(victim.Login("viewer", TestServer::kPassword).status, 200);
  attacker.cookie = first;
  EXPECT_EQ(attacker.Get("/api/v1/session").status, 401);
}

TEST(Access, TheCookieIsKeptFromScriptsAndOtherSites) {
  const TestServer test;
  Caller caller = test.Nobody();
  const std::string cookie = caller.Login("viewer", TestServer::kPassword).Header("Set-Cookie");
  EXPECT_THAT(cookie, HasSubstr("HttpOnly"));
  EXPECT_THAT(cookie, HasSubstr("SameSite=Strict"));
  EXPECT_THAT(cookie, Not(HasSubstr("Secure"))) << "this connection is no TLS";
}

TEST(Access, SessionsEnd) {
  TestServer test;
  Caller viewer = test.As("viewer");
  EXPECT_EQ(viewer.Send("DELETE", "/api/v1/session", Json::object()).status, 204);
  EXPECT_EQ(viewer.Get("/api/v1/session").status, 401);
  Caller other = test.As("viewer");
  ASSERT_TRUE(test.server->app().accounts().DropOldSessions("9999-12-31T00:00:00Z").ok());
  EXPECT_EQ(other.Get("/api/v1/session").status, 401) << "idle for longer than that";
}

TEST(Access, WrongPasswordsAreSlowedDown) {
  const TestServer test;
  Caller attacker = test.Nobody();
  int refused = 0, wrong = 0;
  for (int i = 0; i < 12; ++i) {
    const ClientResponse response = attacker.Login("viewer", "guess " + std::to_string(i));
    if (response.status == 401) ++wrong;
    if (response.status == 429) {
      ++refused;
      EXPECT_GE(std::stoi(response.Header("Retry-After")), 1);
    }
  }
  EXPECT_EQ(wrong + refused, 12);
  EXPECT_LE(wrong, 7);
  EXPECT_GE(refused, 5);
  EXPECT_EQ(attacker.Login("viewer", TestServer::kPassword).status, 429)
      << "also with the right one, until the pause is over";
}

TEST(Access, UnknownAndKnownNamesAnswerAlike) {
  const TestServer test;
  Caller caller = test.Nobody();
  const Json known = Parsed(caller.Login("viewer", "wrong")),
             unknown = Parsed(caller.Login("nosuchuser", "wrong"));
  EXPECT_EQ(known["detail"], unknown["detail"]);
  EXPECT_EQ(known["status"], unknown["status"]);
}

TEST(Access, TheLastAdministratorStays) {
  const TestServer test;
  Caller admin = test.As("admin");
  EXPECT_EQ(admin.Send("PATCH", "/api/v1/users/1", {{"active", false}}).status, 409);
  EXPECT_EQ(admin.Send("PATCH", "/api/v1/users/1", {{"role", "viewer"}}).status, 409);
  EXPECT_EQ(Parsed(admin.Get("/api/v1/session"))["user"]["role"], "administrator");
}

TEST(Access, NoPathLeadsOutOfTheServersFiles) {
  const TestServer test;
  Caller admin = test.As("admin");
  const Json detail = test.Inspect(admin, 1);
  const std::string base =
      "/api/v1/inspections/" + detail["inspection"]["inspection_id"].dump() + "/artifacts/";
  for (const char* name : {"..%2f..%2fserver.sqlite", "%2e%2e/%2e%2e/server.sqlite", "..", "original%00",
                           "....//", "/etc/passwd", "..\\..\\server.sqlite", "original.html"}) {
    SCOPED_TRACE(name);
    EXPECT_EQ(admin.Get(base + name).status, 404);
  }
  for (const char* path :
       {"/..%2f..%2fetc/passwd", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/data/server.sqlite"}) {
    SCOPED_TRACE(path);
    const ClientResponse response = admin.Get(path);
    EXPECT_THAT(response.body, Not(HasSubstr("root:")));
  }
}

TEST(Access, OnlyLoopbackWithoutTls) {
  ServerOptions options;
  options.http.host = "0.0.0.0";
  EXPECT_FALSE(options.Validate().ok());
  options.http.behind_proxy = true;
  EXPECT_TRUE(options.Validate().ok());
  EXPECT_TRUE(IsLoopback("127.0.0.1"));
  EXPECT_TRUE(IsLoopback("::1"));
  EXPECT_FALSE(IsLoopback("127.0.0.1.example"));
  EXPECT_FALSE(IsLoopback("::"));
}

}  // namespace
}  // namespace kantei::server
