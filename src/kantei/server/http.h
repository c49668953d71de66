// HTTP as the routes see it: requests and responses as plain values, and the server that speaks it. No library's type shows here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "kantei/base/result.h"

namespace kantei::server {

/// One part of a multipart body. Files lie in the spool directory and are removed with the request unless they are taken.
struct Part {
  std::string name;
  bool is_file = false;
  std::string file_name;  ///< as sent, made safe to show: one path component without control characters
  std::string value;      ///< of a field
  std::filesystem::path spooled;  ///< of a file
  std::uint64_t bytes = 0;
};

struct Request {
  std::string method;   ///< "GET" for HEAD too
  std::string path;     ///< decoded, without the query
  std::string address;  ///< of the client (behind a proxy: as the proxy says)
  bool secure = false;  ///< it came over TLS (behind a proxy: as the proxy says)
  std::string request_id;
  std::multimap<std::string, std::string> query;
  std::map<std::string, std::string> headers;  ///< names in lower case; of repeated ones the first
  std::uint64_t content_length = 0;
  std::string body;  ///< when it is no multipart body
  std::vector<Part> parts;

  Request() = default;
  Request(Request&&) = default;
  Request& operator=(Request&&) = default;
  ~Request();

  std::optional<std::string> Query(const std::string& name) const;
  std::string Header(const std::string& lower_case_name) const;  ///< empty when there is none
  std::optional<std::string> Cookie(std::string_view name) const;
  bool IsMultipart() const;
};

struct Response {
  int status = 200;
  std::string content_type;
  std::string body;
  std::filesystem::path file;  ///< sent instead of `body` when not empty
  std::vector<std::pair<std::string, std::string>> headers;
};

/// What of a body is read before the answer is asked for.
struct BodyRule {
  std::uint64_t max_bytes = 0;       ///< of the whole body; 0: there should be none
  bool multipart = false;            ///< else it is kept in Request::body
  std::uint64_t max_file_bytes = 0;  ///< of one file
  int max_files = 0;
  std::filesystem::path spool;  ///< directory for files
};

struct HttpOptions {
  std::string host = "127.0.0.1";
  int port = 0;  ///< 0: any free one
  int threads = 320;
  int header_seconds = 10;  ///< a request's head must be there by then
  int body_seconds = 120;   ///< a body must be there by then, plus a second for each 64 kB of it
  int read_seconds = 10;    ///< pause between two bytes
  int keep_alive_seconds = 15;
  int keep_alive_requests = 10'000;
  bool behind_proxy = false;               ///< X-Forwarded-For and X-Forwarded-Proto are believed
  std::filesystem::path certificate, key;  ///< PEM; both or none
  Status Validate() const;
};

struct HttpCallbacks {
  /// Sees the head. Answers at once, or says what body may come. Called on many threads at once.
  std::function<std::variant<BodyRule, Response>(Request&)> admit;
  std::function<Response(Request&)> answer;
  /// For what never reached `admit`, e.g. a malformed head, and for bodies that were refused.
  std::function<Response(int status, const std::string& detail, const std::string& request_id)> refuse;
};

class HttpServer {
 public:
  /// Binds and listens. kUnavailable when the port cannot be had, kInvalidArgument for an unusable certificate.
  static Result<std::unique_ptr<HttpServer>> Start(const HttpOptions& options, HttpCallbacks callbacks);
  ~HttpServer();  ///< Stop
  /// Answers what is under way, then ends all connections.
  void Stop();
  int port() const;
  /// Connections that are open now.
  int connections() const;

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A file name from outside as one that may be shown and stored: the last path component, no control characters, valid UTF-8,
/// at most 200 bytes, "unnamed" when nothing is left.
std::string SafeFileName(std::string_view sent);

}  // namespace kantei::server
