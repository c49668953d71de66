// What the routes share: stores, engine, queue, limits; and one call of one route.
#pragma once

#include <atomic>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/json.h"
#include "kantei/base/result.h"
#include "kantei/server/engine.h"
#include "kantei/server/http.h"
#include "kantei/server/library_service.h"
#include "kantei/server/limiter.h"
#include "kantei/server/metrics.h"
#include "kantei/server/problem.h"
#include "kantei/server/work_queue.h"
#include "kantei/store/account_store.h"
#include "kantei/store/audit_store.h"
#include "kantei/store/case_store.h"
#include "kantei/store/job_store.h"
#include "kantei/store/review_store.h"
#include "kantei/store/server_database.h"
#include "kantei/store/webhook_store.h"

namespace kantei::server {

struct ServiceOptions {
  std::filesystem::path data;                  ///< the server's directory: database, spool, files
  std::uint64_t upload_bytes = 64ull << 20;    ///< of one picture
  std::uint64_t request_bytes = 512ull << 20;  ///< of one request
  std::uint64_t sync_bytes = 8ull << 20;       ///< of a picture that is answered at once
  int sync_seconds = 60;                       ///< how long such an answer may take
  int pictures_per_request = 100;
  std::int64_t queue_limit = 20'000;  ///< pictures that may wait
  int workers = 0;                    ///< 0: all cores
  int job_days = 7;                   ///< ended jobs are listed so long
  int session_idle_minutes = 60, session_hours = 12;
  int requests_per_minute = 1200;  ///< of one person, and of a key unless it says otherwise
  bool webhooks_private = false;   ///< webhooks may call addresses of private networks
  Status Validate() const;
};

/// Who calls.
struct Principal {
  store::User user;  ///< role kNone: nobody that is known
  std::optional<store::ApiKey> key;
  std::string token_hash;  ///< of a session
  std::string csrf_token;
  std::string expires_at;
  bool known() const { return user.role != store::Role::kNone; }
  std::string AuditName() const;
};

/// The parts of a running server. Thread-safe as far as its members are.
struct App {
  ServiceOptions options;
  std::unique_ptr<store::ServerDatabase> database;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<WorkQueue> queue;
  std::unique_ptr<LibraryService> library;
  RequestLimiter requests;
  LoginLimiter logins;
  Metrics metrics;
  std::string started_at;
  std::atomic<bool> stopping{false};

  store::Accounts accounts() { return store::Accounts(database.get()); }
  store::AuditLog audit() { return store::AuditLog(database.get()); }
  store::Cases cases() { return store::Cases(database.get()); }
  store::Review review() { return store::Review(database.get()); }
  store::Jobs jobs() { return store::Jobs(database.get()); }
  store::Webhooks webhooks() { return store::Webhooks(database.get()); }

  std::filesystem::path SpoolPath() const { return options.data / "spool"; }
  std::filesystem::path FilesPath() const { return options.data / "files"; }
  std::filesystem::path CaseFilesPath() const { return options.data / "case-files"; }
};

/// One request on its way through a handler.
struct Call {
  App& app;
  Request& request;
  Principal who;
  std::vector<std::string> path;  ///< what stands for {…} in the route, in order

  /// A path parameter that is an id; kNotFound for anything else.
  Result<std::int64_t> Id(std::size_t index = 0) const;
  /// A row of the audit log in the caller's name.
  Status Audit(const std::string& action, const std::string& target, Json detail = Json::object());
};

Response JsonResponse(const Json& json, int status = 200);
Response NoContent();

/// The JSON body as an object with typed, limited members. Errors are kInvalidArgument.
class JsonBody {
 public:
  static Result<JsonBody> Of(const Request& request);
  bool Has(const char* name) const { return json_.contains(name); }
  bool IsNull(const char* name) const { return json_.contains(name) && json_[name].is_null(); }
  /// At most `max` bytes of valid UTF-8; missing: `fallback`, or an error without one.
  Result<std::string> Text(const char* name, std::size_t max,
                           std::optional<std::string> fallback = std::nullopt) const;
  Result<std::int64_t> Integer(const char* name, std::int64_t low, std::int64_t high,
                               std::optional<std::int64_t> fallback = std::nullopt) const;
  Result<bool> Bool(const char* name, std::optional<bool> fallback = std::nullopt) const;
  /// Missing is an error, null is nothing.
  Result<std::optional<double>> NumberOrNull(const char* name, double low, double high) const;
  /// 1 to `max` different positive ids.
  Result<std::vector<std::int64_t>> Ids(const char* name, std::size_t max) const;
  /// Different words; every one of `allowed` when that is not empty. Missing: none.
  Result<std::vector<std::string>> Words(const char* name, std::size_t max_words, std::size_t max_bytes,
                                         const std::vector<std::string_view>& allowed = {}) const;
  const Json& json() const { return json_; }

 private:
  explicit JsonBody(Json json) : json_(std::move(json)) {}
  Json json_;
};

/// Query parameters; errors are kInvalidArgument.
Result<std::int64_t> QueryInteger(const Request& request, const std::string& name, std::int64_t low,
                                  std::int64_t high, std::int64_t fallback);
Result<std::string> QueryText(const Request& request, const std::string& name, std::size_t max);
Result<std::optional<Band>> QueryBand(const Request& request, const std::string& name);
/// "2026-11-25", or a full time; empty when missing.
Result<std::string> QueryTime(const Request& request, const std::string& name);
Result<int> QueryLimit(const Request& request);
/// Cursors of lists by falling id; 0 when missing.
Result<std::int64_t> QueryCursor(const Request& request);

}  // namespace kantei::server
