// Asking a web service: one request, one answer, within limits of time and size. HTTP/1.1, http and https.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"

namespace kantei {

struct HttpClientOptions {
  /// http:// or https://, host, port if need be, and what every path starts with: "http://127.0.0.1:8080/v1". No user name, query or
  /// fragment.
  std::string base_url;
  std::string bearer_token;  ///< sent as Authorization: Bearer; empty: not sent
  std::string ca_file;       ///< PEM, for https; empty: the certificates of the system
  double connect_seconds = 10;
  double read_seconds = 120;  ///< longest silence of the other side
  double total_seconds =
      300;  ///< from the call to the end of the answer; only looking up the name is not under it
  std::uint64_t max_answer_bytes = 8ull << 20;
  bool follow_redirects = false;  ///< a token would be sent on to whoever the answer names
  Status Validate() const;        ///< names the first bad field
};

struct HttpAnswer {
  int status = 0;  ///< 100..599; an answer with any status is an answer
  std::string content_type, body;
  std::optional<double> retry_after_seconds;  ///< of Retry-After, in seconds or as a date
  bool ok() const { return status >= 200 && status < 300; }
};

/// Every call makes its own connection, so that one client serves any number of threads.
class HttpClient {
 public:
  /// kInvalidArgument: what Validate says.
  static Result<HttpClient> Make(HttpClientOptions options);

  /// `path` is put behind the base URL and starts with '/'. Errors: kUnavailable (nobody answers, the connection ends early, a time
  /// limit), kTooLarge (the answer's bytes), kCorrupt (not HTTP), kCancelled, kInvalidArgument (path).
  Result<HttpAnswer> Get(std::string_view path, const CancellationToken& cancellation) const;
  Result<HttpAnswer> PostJson(std::string_view path, std::string_view json,
                              const CancellationToken& cancellation) const;

  const HttpClientOptions& options() const { return options_; }

 private:
  HttpClient() = default;
  Result<HttpAnswer> Ask(const char* method, std::string_view path, std::string_view body,
                         const CancellationToken& cancellation) const;

  HttpClientOptions options_;
  std::string origin_;  ///< scheme, host and port
  std::string prefix_;  ///< path of the base URL, without a slash at its end
};

}  // namespace kantei
