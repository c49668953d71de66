#include "kantei/server/server.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "kantei/base/clock.h"
#include "kantei/base/files.h"
#include "kantei/base/log.h"
#include "kantei/server/access.h"
#include "kantei/server/case_json.h"
#include "kantei/server/console.h"
#include "kantei/server/inspection_work.h"
#include "kantei/server/routes.h"
#include "kantei/server/secrets.h"
#include "kantei/server/webhook_sender.h"

namespace kantei::server {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxJson = 1 << 20;

/// Headers of every answer. Evidence pages and pictures bring their own policy.
void AddSecurityHeaders(const Request& request, Response* response) {
  const auto has = [&](std::string_view name) {
    for (const auto& [key, value] : response->headers)
      if (key == name) return true;
    return false;
  };
  const auto add = [&](const char* name, const char* value) {
    if (!has(name)) response->headers.emplace_back(name, value);
  };
  add("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  add("X-Content-Type-Options", "nosniff");
  add("Referrer-Policy", "no-referrer");
  add("X-Frame-Options", "DENY");
  add("Cross-Origin-Resource-Policy", "same-origin");
  add("Cache-Control", "no-store");
  if (request.secure) add("Strict-Transport-Security", "max-age=31536000");
  response->headers.emplace_back("X-Request-Id", request.request_id);
}

BodyRule RuleOf(const App& app, const Route& route) {
  const ServiceOptions& options = app.options;
  BodyRule rule;
  rule.max_bytes = kMaxJson;
  if (route.body == BodyKind::kPicture || route.body == BodyKind::kPictures) {
    const bool many = route.body == BodyKind::kPictures;
    rule.multipart = true;
    rule.max_files = many ? options.pictures_per_request : 2;
    rule.max_file_bytes = options.upload_bytes;
    rule.max_bytes = many ? options.request_bytes : 2 * options.upload_bytes + kMaxJson;
    rule.spool = app.SpoolPath();
  }
  return rule;
}

/// What was found out about a request before its body came.
struct Admission {
  const Route* route = nullptr;
  std::vector<std::string> path;
  Principal who;
  std::chrono::steady_clock::time_point start;
};
thread_local Admission admission;  // admit and answer of one request run on one thread

std::variant<BodyRule, Response> Admit(App& app, Request& request) {
  admission = {};
  admission.start = std::chrono::steady_clock::now();
  RouteMatch match = FindRoute(request.method, request.path);
  const auto refuse = [&](const Problem& problem) {
    Response response = ProblemResponse(problem, request.request_id);
    if (problem.status == 405) {
      std::string allowed;
      for (const std::string& method : match.allowed) allowed += (allowed.empty() ? "" : ", ") + method;
      response.headers.emplace_back("Allow", allowed);
    }
    AddSecurityHeaders(request, &response);
    app.metrics.NoteRequest(request.method, match.route != nullptr ? std::string(match.route->path) : "other",
                            problem.status, 0);
    return response;
  };
  if (match.route == nullptr) {
    if (!match.allowed.empty())
      return refuse({405, "method_not_allowed", "this path does not know the method " + request.method});
    if (request.method == "GET" && !request.path.starts_with("/api/")) {
      if (auto page = ConsoleFileAt(request)) {
        AddSecurityHeaders(request, &*page);
        return std::move(*page);
      }
    }
    return refuse({404, "not_found", "there is nothing at this path"});
  }
  admission.who = Identify(app, request);
  if (const auto problem = CheckAccess(app, request, *match.route, admission.who)) return refuse(*problem);
  if (app.stopping) return refuse({503, "unavailable", "the server is stopping", 5});
  const BodyRule rule = RuleOf(app, *match.route);
  if (rule.multipart && !request.IsMultipart())
    return refuse({415, "unsupported", "the body must be multipart/form-data"});
  admission.route = match.route;
  admission.path = std::move(match.path);
  return rule;
}

Response AnswerRequest(App& app, Request& request) {
  const Admission mine = std::move(admission);
  Call call{app, request, mine.who, mine.path};
  Response response;
  try {
    response = mine.route->handler(call).Take(request.request_id);
  } catch (const std::exception& failure) {
    LogWarning("request " + request.request_id + " (" + std::string(mine.route->path) +
               "): " + failure.what());
    response = ProblemResponse({500, "internal", "an internal error; its request_id stands in the log"},
                               request.request_id);
  }
  AddSecurityHeaders(request, &response);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - mine.start;
  app.metrics.NoteRequest(request.method, std::string(mine.route->path), response.status, taken.count());
  return response;
}

Status MakeDirectories(const App& app) {
  for (const fs::path& folder : {app.options.data, app.SpoolPath(), app.FilesPath(), app.CaseFilesPath()}) {
    std::error_code failure;
    fs::create_directories(folder, failure);
    if (failure)
      return Error{ErrorCode::kUnavailable, DisplayPath(folder) + " cannot be made: " + failure.message()};
    fs::permissions(folder, fs::perms::owner_all, failure);
  }
  return {};
}

/// Uploads that a crash left without an item.
Status SweepSpool(App& app) {
  KANTEI_TRY(const std::vector<std::string> names, app.jobs().SpoolInUse());
  const std::set<std::string> used(names.begin(), names.end());
  std::error_code failure;
  for (const fs::directory_entry& entry : fs::directory_iterator(app.SpoolPath(), failure))
    if (!used.contains(entry.path().filename().native())) fs::remove(entry.path(), failure);
  return {};
}

Result<std::optional<std::string>> MakeFirstUser(App& app) {
  KANTEI_TRY(const std::int64_t users, app.accounts().CountUsers());
  if (users > 0) return std::optional<std::string>();
  const std::string password = OneTimePassword();
  KANTEI_TRY(const std::string hash, HashPassword(password));
  KANTEI_RETURN_IF_ERROR(
      app.accounts().AddUser("admin", "Administrator", store::Role::kAdministrator, true, hash));
  store::AuditRow row;
  row.actor = "system";
  row.action = "user.first";
  row.target = "user:1";
  KANTEI_RETURN_IF_ERROR(app.audit().Append(std::move(row)));
  return std::optional<std::string>(password);
}

void TellRetroactive(App& app, const store::RetroactiveMatch& match) {
  const auto found = app.review().Retroactive(match.inspection_id, std::nullopt, 0, 200);
  if (!found.ok()) return;
  for (const store::RetroactiveMatch& row : *found)
    if (row.picture_id == match.picture_id)
      (void)app.webhooks().Enqueue("retroactive.match", DumpJson(RetroactiveJson(row)));
}

}  // namespace

/// Sends webhooks and tidies, now and then.
struct Server::Upkeep {
  explicit Upkeep(App* app) : sender(app->database.get(), app->options.webhooks_private) {
    thread = std::thread([this, app] { Loop(*app); });
  }
  ~Upkeep() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    wake.notify_all();
    thread.join();
  }
  void Loop(App& app) {
    for (std::int64_t second = 0;; ++second) {
      {
        std::unique_lock lock(mutex);
        if (wake.wait_for(lock, std::chrono::seconds(1), [&] { return stopping; })) return;
      }
      const Status sent = sender.SendDue();
      if (!sent.ok()) LogWarning("webhooks: " + sent.error().message);
      if (second % 60 != 0) continue;
      (void)app.accounts().DropOldSessions(UtcFromNow(-std::int64_t{60} * app.options.session_idle_minutes));
      (void)app.jobs().DropExpired();
    }
  }

  WebhookSender sender;
  std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;
  std::thread thread;
};

Status ServerOptions::Validate() const {
  KANTEI_RETURN_IF_ERROR(http.Validate());
  KANTEI_RETURN_IF_ERROR(service.Validate());
  if (!IsLoopback(http.host) && http.certificate.empty() && !http.behind_proxy)
    return Error{ErrorCode::kInvalidArgument,
                 "listening on " + http.host +
                     " would send passwords readable over the network; give --certificate and --key, or "
                     "--behind-proxy when a proxy in front does TLS"};
  return {};
}

Server::Server() = default;

Result<std::unique_ptr<Server>> Server::Start(ServerOptions options, const CancellationToken& cancellation) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  std::unique_ptr<Server> server(new Server());
  server->app_ = std::make_unique<App>();
  App& app = *server->app_;
  app.options = options.service;
  app.started_at = UtcNow();
  KANTEI_TRY(app.engine, Engine::Open(options.engine, cancellation));
  KANTEI_RETURN_IF_ERROR(MakeDirectories(app));
  KANTEI_TRY(app.database, store::ServerDatabase::Open(app.options.data / "server.sqlite"));
  KANTEI_RETURN_IF_ERROR(SweepSpool(app));
  KANTEI_TRY(server->first_password_, MakeFirstUser(app));
  KANTEI_TRY(app.library, LibraryService::Open(
                              app.engine.get(), app.database.get(), app.options.data / "known",
                              [&app](const store::RetroactiveMatch& match) { TellRetroactive(app, match); }));
  app.queue =
      std::make_unique<WorkQueue>(app.database.get(), app.options.workers, app.options.job_days,
                                  [&app](const store::JobItem& item) { return InspectItem(app, item); });
  app.queue->Start();
  server->upkeep_ = std::make_unique<Upkeep>(&app);
  HttpCallbacks callbacks;
  callbacks.admit = [&app](Request& request) { return Admit(app, request); };
  callbacks.answer = [&app](Request& request) { return AnswerRequest(app, request); };
  callbacks.refuse = [&app](int status, const std::string& detail, const std::string& request_id) {
    const char* code = status == 413 ? "too_large" : status == 503 ? "unavailable" : "invalid_argument";
    Response response = ProblemResponse({status, code, detail}, request_id);
    Request nobody;
    nobody.request_id = request_id;
    AddSecurityHeaders(nobody, &response);
    app.metrics.NoteRequest("any", "refused", status, 0);
    return response;
  };
  KANTEI_TRY(server->http_, HttpServer::Start(options.http, std::move(callbacks)));
  return server;
}

Server::~Server() {
  Stop();
}

void Server::Stop() {
  if (app_ == nullptr) return;
  app_->stopping = true;
  if (http_ != nullptr) http_->Stop();
  if (app_->queue != nullptr) app_->queue->Stop();
  upkeep_.reset();
  app_->library.reset();
}

int Server::port() const {
  return http_->port();
}

bool IsLoopback(const std::string& host) {
  const bool numeric = host.find_first_not_of("0123456789.") == std::string::npos;
  return host == "localhost" || host == "::1" || (numeric && host.starts_with("127."));
}

}  // namespace kantei::server
