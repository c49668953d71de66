// A running Kantei server: opened from options, answering until it is stopped.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/server/app.h"
#include "kantei/server/http.h"

namespace kantei::server {

struct ServerOptions {
  HttpOptions http;
  EngineOptions engine;
  ServiceOptions service;
  /// Without TLS, only loopback addresses may be listened on unless http.behind_proxy.
  Status Validate() const;
};

class Server {
 public:
  static Result<std::unique_ptr<Server>> Start(ServerOptions options, const CancellationToken& cancellation);
  ~Server();  ///< Stop
  /// Ends connections, lets running inspections end, keeps what waits for the next start.
  void Stop();

  int port() const;
  /// Of the administrator "admin" that was just made: only at the first start, and only once.
  std::optional<std::string> first_password() const { return first_password_; }
  App& app() { return *app_; }

 private:
  struct Upkeep;
  Server();
  std::unique_ptr<App> app_;
  std::unique_ptr<Upkeep> upkeep_;
  std::unique_ptr<HttpServer> http_;
  std::optional<std::string> first_password_;
};

/// True for 127.0.0.0/8, ::1 and localhost.
bool IsLoopback(const std::string& host);

}  // namespace kantei::server
