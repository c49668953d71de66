// A server with a tiny library on a free port, and clients with roles, for the tests of this folder.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kantei/base/clock.h"
#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/sha256.h"
#include "kantei/copy/enroll.h"
#include "kantei/copy/test_pictures.h"
#include "kantei/image/encode.h"
#include "kantei/server/access.h"
#include "kantei/server/http_client.h"
#include "kantei/server/secrets.h"
#include "kantei/server/server.h"

namespace kantei::server {

/// Removed at the end.
class TestFolder {
 public:
  TestFolder() {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("kantei-server-" + std::to_string(::getpid()) + "-" + std::to_string(count++));
    std::filesystem::create_directories(path_);
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::string AsString(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline std::string JpegOf(std::uint64_t seed, int width = 480, int height = 360) {
  auto bytes = image::EncodeJpeg(copy::TestPicture(seed, width, height), 90);
  return bytes.ok() ? AsString(*bytes) : std::string();
}

/// A library with pictures of the seeds 1, 2 and 3, labelled "known-N", without descriptors.
inline void MakeLibrary(const std::filesystem::path& folder) {
  auto catalog = store::Catalog::Open(folder, store::OpenMode::kCreate);
  ASSERT_TRUE(catalog.ok()) << catalog.error().message;
  for (int seed = 1; seed <= 3; ++seed) {
    const auto file = folder / ("known-" + std::to_string(seed) + ".jpg");
    ASSERT_TRUE(WriteFileAtomic(file, std::string_view(JpegOf(static_cast<std::uint64_t>(seed)))).ok());
    copy::EnrollOptions options;
    options.label = "known-" + std::to_string(seed);
    ASSERT_TRUE(copy::EnrollFiles(catalog->get(), {file}, options, CancellationToken(), nullptr).ok());
  }
}

/// Somebody who calls: with a session, with a key, or as nobody.
class Caller {
 public:
  explicit Caller(int port) : client_("http://127.0.0.1:" + std::to_string(port)) {}

  ClientResponse Send(const std::string& method, const std::string& path, const Json& body = nullptr) {
    auto response = body.is_null()
                        ? client_.Send(method, path, Headers())
                        : client_.Send(method, path, Headers(), DumpJson(body), "application/json");
    EXPECT_TRUE(response.ok()) << method << " " << path << ": " << response.error().message;
    return response.ok() ? *response : ClientResponse();
  }
  ClientResponse Get(const std::string& path) { return Send("GET", path); }
  ClientResponse Post(const std::string& path, const Json& body = Json::object()) {
    return Send("POST", path, body);
  }
  ClientResponse Upload(const std::string& path, const std::vector<HttpClient::File>& files) {
    auto response = client_.SendFiles(path, files, Headers());
    EXPECT_TRUE(response.ok()) << path << ": " << response.error().message;
    return response.ok() ? *response : ClientResponse();
  }
  ClientResponse Login(const std::string& name, const std::string& password) {
    ClientResponse response = Send("POST", "/api/v1/session", {{"name", name}, {"password", password}});
    Adopt(response);
    return response;
  }
  /// Takes cookie and token of an answer that began a session.
  void Adopt(const ClientResponse& response) {
    if (response.status != 200) return;
    const std::string set = response.Header("Set-Cookie");
    cookie = set.substr(0, set.find(';'));
    csrf = Json::parse(response.body)["csrf_token"].get<std::string>();
  }
  HttpClient::Headers Headers() const {
    HttpClient::Headers headers;
    if (!cookie.empty()) headers.emplace_back("Cookie", cookie);
    if (!csrf.empty()) headers.emplace_back("X-CSRF-Token", csrf);
    if (!key.empty()) headers.emplace_back("Authorization", "Bearer " + key);
    return headers;
  }

  std::string cookie, csrf, key;

 private:
  HttpClient client_;
};

inline Json Parsed(const ClientResponse& response) {
  Json json = Json::parse(response.body, nullptr, false);
  EXPECT_FALSE(json.is_discarded()) << response.body.substr(0, 200);
  return json;
}

/// Library and server; users "admin", "reviewer", "second" (a reviewer), "viewer" with the password kPassword.
class TestServer {
 public:
  static constexpr const char* kPassword = "correct horse battery";

  explicit TestServer(bool with_users = true) {
    options.engine.library = folder.path() / "library";
    options.engine.copy.use_descriptor = false;
    options.engine.pixels = false;
    options.service.data = folder.path() / "data";
    options.service.requests_per_minute = 1'000'000;
    options.http.threads = 64;
    MakeLibrary(options.engine.library);
    Start();
    if (with_users) MakeUsers();
  }
  void Start() {
    auto started = Server::Start(options, CancellationToken());
    ASSERT_TRUE(started.ok()) << started.error().message;
    server = std::move(*started);
    if (server->first_password()) one_time = *server->first_password();
  }
  Caller Nobody() const { return Caller(server->port()); }
  /// Logged in without the time that a password takes; what logging in does is looked at in access_test.cc.
  Caller As(const std::string& name) const {
    Caller caller(server->port());
    store::Accounts accounts = server->app().accounts();
    const auto user = accounts.FindUser(name);
    EXPECT_TRUE(user.ok() && *user) << name;
    const std::string token = RandomToken();
    EXPECT_TRUE(
        accounts.AddSession(Sha256Hex(std::string_view(token)), (*user)->user_id, UtcFromNow(3600), "test")
            .ok());
    caller.cookie = std::string(kSessionCookie) + "=" + token;
    caller.csrf = CsrfTokenOf(token);
    return caller;
  }
  Caller WithKey(const std::string& owner, const std::vector<std::string>& scopes) const {
    Caller caller = As(owner);
    const Json made = Parsed(caller.Post(
        "/api/v1/keys", {{"name", "test"}, {"scopes", scopes}, {"requests_per_minute", 1'000'000}}));
    Caller with_key(server->port());
    with_key.key = made["secret"].get<std::string>();
    return with_key;
  }
  void MakeUsers() const {
    static const std::string hash = HashPassword(kPassword).value();
    store::Accounts accounts = server->app().accounts();
    ASSERT_TRUE(accounts.SetPassword(1, hash, false).ok());
    for (const auto& [name, role] :
         {std::pair{"reviewer", store::Role::kReviewer}, std::pair{"second", store::Role::kReviewer},
          std::pair{"viewer", store::Role::kViewer}})
      ASSERT_TRUE(accounts.AddUser(name, name, role, false, hash).ok());
  }
  /// Inspects the picture of a seed at once and returns InspectionDetail.
  Json Inspect(Caller& caller, std::uint64_t seed, const std::string& file_name = "suspect.jpg") const {
    const ClientResponse response =
        caller.Upload("/api/v1/inspections", {{"picture", file_name, JpegOf(seed)}});
    EXPECT_EQ(response.status, 201) << response.body;
    return Parsed(response);
  }

  TestFolder folder;
  ServerOptions options;
  std::unique_ptr<Server> server;
  std::string one_time;
};

}  // namespace kantei::server
