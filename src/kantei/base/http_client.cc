#include "kantei/base/http_client.h"

#include <httplib.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <iterator>

#include "kantei/base/socket_guard.h"

namespace kantei {
namespace {

/// For lines of the head and what TLS adds; only a bound.
constexpr std::uint64_t kHeadBytes = 256 << 10;

bool HasBlankOrControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; });
}

struct UrlParts {
  std::string origin, prefix;
};

Result<UrlParts> SplitUrl(const std::string& url) {
  const auto bad = [&](const std::string& what) {
    return Error{ErrorCode::kInvalidArgument,
                 "the address \"" + url.substr(0, 200) + "\" " + what + "; expected http://HOST:PORT/PATH"};
  };
  if (HasBlankOrControl(url)) return bad("holds a blank or a control character");
  std::string_view rest = url;
  const std::size_t scheme = url.starts_with("http://") ? 7 : url.starts_with("https://") ? 8 : 0;
  if (scheme == 0) return bad("is neither http nor https");
  if (rest.find_first_of("?#") != rest.npos) return bad("has a query or a fragment");
  rest.remove_prefix(scheme);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const std::string_view authority = rest.substr(0, slash);
  if (authority.empty() || authority.starts_with(':')) return bad("names no host");
  if (authority.find('@') != authority.npos) return bad("holds a user name, which would end up in messages");
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.rfind(':');
  if (colon != authority.npos && (bracket == authority.npos || colon > bracket)) {
    int port = 0;
    const std::string_view digits = authority.substr(colon + 1);
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (failure != std::errc() || end != digits.data() + digits.size() || port < 1 || port > 65535)
      return bad("has a port that is no number from 1 to 65535");
  }
  UrlParts parts{url.substr(0, scheme + slash), std::string(rest.substr(slash))};
  while (parts.prefix.ends_with('/')) parts.prefix.pop_back();
  return parts;
}

/// Seconds, or a date of RFC 9110 (IMF-fixdate).
std::optional<double> ParseRetryAfter(const std::string& value) {
  double seconds = 0;
  const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (failure == std::errc() && end == value.data() + value.size())
    return seconds >= 0 && std::isfinite(seconds) ? std::optional(seconds) : std::nullopt;
  std::tm date{};
  if (::strptime(value.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date) == nullptr) return std::nullopt;
  return std::max(0.0, static_cast<double>(::timegm(&date) - ::time(nullptr)));
}

/// Writing to a connection that the other side closed would end the program.
class WithoutSigpipe {
 public:
  WithoutSigpipe() {
    sigemptyset(&sigpipe_);
    sigaddset(&sigpipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
  }
  ~WithoutSigpipe() {
    if (!was_pending_) {
      const timespec now{};
      sigtimedwait(&sigpipe_, nullptr, &now);
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  WithoutSigpipe(const WithoutSigpipe&) = delete;
  WithoutSigpipe& operator=(const WithoutSigpipe&) = delete;

 private:
  sigset_t sigpipe_, before_;
  bool was_pending_ = false;
};

std::string Seconds(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g s", seconds);
  return text;
}

std::chrono::microseconds Microseconds(double seconds) {
  return std::chrono::microseconds(static_cast<std::int64_t>(seconds * 1e6));
}

/// What the exchange left behind, to say why there is no answer.
struct Exchange {
  bool head = false;       ///< the status line and the head were read
  bool too_large = false;  ///< the reader of the body stopped
  SocketGuard::End end = SocketGuard::End::kNone;
  std::uint64_t received = 0;  ///< the kernel counts the end of a connection as one byte
  double seconds = 0;
};

Error Failure(const std::string& where, httplib::Error error, const Exchange& exchange,
              const HttpClientOptions& options) {
  const auto unavailable = [&](const std::string& what) {
    return Error{ErrorCode::kUnavailable, where + " " + what};
  };
  if (exchange.end == SocketGuard::End::kCancelled)
    return Error{ErrorCode::kCancelled, "stopped on request while waiting for " + where};
  if (exchange.end == SocketGuard::End::kTime)
    return unavailable("did not finish its answer within " + Seconds(options.total_seconds));
  if (exchange.too_large || exchange.end == SocketGuard::End::kBytes)
    return Error{ErrorCode::kTooLarge,
                 where + " answered with more than " + std::to_string(options.max_answer_bytes) + " bytes"};
  switch (error) {
    case httplib::Error::Connection:
    case httplib::Error::ConnectionTimeout:
    case httplib::Error::BindIPAddress:
      return unavailable("cannot be reached; is the server running there?");
    case httplib::Error::SSLConnection:
      return unavailable("does not speak TLS");
    case httplib::Error::SSLLoadingCerts:
      return unavailable("cannot be checked: the certificates of authorities cannot be loaded");
    case httplib::Error::SSLServerVerification:
      return unavailable("shows a certificate that is not trusted");
    case httplib::Error::ExceedRedirectCount:
      return unavailable("sends from one address to the next without end");
    default:
      break;
  }
  if (exchange.seconds >= options.read_seconds)
    return unavailable("was silent for " + Seconds(options.read_seconds));
  if (exchange.head) return unavailable("ended the connection in the middle of its answer");
  if (exchange.received > 1) return Error{ErrorCode::kCorrupt, where + " answered with what is not HTTP"};
  return unavailable("ended the connection without an answer");
}

}  // namespace

Status HttpClientOptions::Validate() const {
  const auto bad = [](const std::string& what) { return Error{ErrorCode::kInvalidArgument, what}; };
  KANTEI_RETURN_IF_ERROR(SplitUrl(base_url));
  if (HasBlankOrControl(bearer_token)) return bad("the token holds a blank or a control character");
  for (const double seconds : {connect_seconds, read_seconds, total_seconds})
    if (!(seconds >= 0.01 && seconds <= 86'400)) return bad("a time limit must be between 0.01 and 86400 s");
  if (max_answer_bytes < 1 || max_answer_bytes > (1ull << 30))
    return bad("max_answer_bytes must be between 1 and 1 GiB");
  return {};
}

Result<HttpClient> HttpClient::Make(HttpClientOptions options) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  KANTEI_TRY(UrlParts parts, SplitUrl(options.base_url));
  HttpClient client;
  client.options_ = std::move(options);
  client.origin_ = std::move(parts.origin);
  client.prefix_ = std::move(parts.prefix);
  return client;
}

Result<HttpAnswer> HttpClient::Get(std::string_view path, const CancellationToken& cancellation) const {
  return Ask("GET", path, {}, cancellation);
}

Result<HttpAnswer> HttpClient::PostJson(std::string_view path, std::string_view json,
                                        const CancellationToken& cancellation) const {
  return Ask("POST", path, json, cancellation);
}

Result<HttpAnswer> HttpClient::Ask(const char* method, std::string_view path, std::string_view body,
                                   const CancellationToken& cancellation) const {
  if (!path.starts_with('/') || HasBlankOrControl(path))
    return Error{ErrorCode::kInvalidArgument, "a path must start with / and hold no blanks"};
  KANTEI_RETURN_IF_ERROR(cancellation.Check());
  const std::string where = origin_ + prefix_ + std::string(path);

  const WithoutSigpipe quiet;
  Exchange exchange;
  HttpAnswer answer;
  const auto start = std::chrono::steady_clock::now();
  SocketGuard guard(options_.total_seconds, options_.max_answer_bytes + kHeadBytes, cancellation);

  httplib::Client client(origin_);
  if (!client.is_valid()) return Error{ErrorCode::kInvalidArgument, "the address " + origin_ + " is not fit"};
  client.set_connection_timeout(Microseconds(std::min(options_.connect_seconds, options_.total_seconds)));
  client.set_read_timeout(Microseconds(options_.read_seconds));
  client.set_write_timeout(Microseconds(options_.read_seconds));
  client.set_follow_location(options_.follow_redirects);
  client.set_keep_alive(false);
  client.set_decompress(false);  // a few bytes could become gigabytes
  client.set_socket_options([&guard](int socket) { guard.Watch(socket); });
  if (!options_.ca_file.empty()) client.set_ca_cert_path(options_.ca_file);

  httplib::Request request;
  request.method = method;
  request.path = prefix_ + std::string(path);
  request.set_header("Accept", "application/json");
  request.set_header("Accept-Encoding", "identity");
  request.set_header("User-Agent", "kantei/" KANTEI_VERSION);
  if (!options_.bearer_token.empty()) request.set_header("Authorization", "Bearer " + options_.bearer_token);
  if (!body.empty()) {
    request.set_header("Content-Type", "application/json");
    request.body = std::string(body);
  }
  request.response_handler = [&](const httplib::Response& response) {
    exchange.head = true;
    const std::string length = response.get_header_value("Content-Length");
    std::uint64_t bytes = 0;
    std::from_chars(length.data(), length.data() + length.size(), bytes);
    exchange.too_large = bytes > options_.max_answer_bytes;
    return !exchange.too_large;
  };
  request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
    if (size > options_.max_answer_bytes - answer.body.size()) {
      exchange.too_large = true;
      return false;
    }
    answer.body.append(data, size);
    return true;
  };

  const httplib::Result result = client.send(request);
  exchange.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  exchange.received = guard.received();
  exchange.end = guard.end();
  if (!result || exchange.end != SocketGuard::End::kNone)
    return Failure(where, result.error(), exchange, options_);
  answer.status = result->status;
  answer.content_type = result->get_header_value("Content-Type");
  if (result->has_header("Retry-After"))
    answer.retry_after_seconds = ParseRetryAfter(result->get_header_value("Retry-After"));
  return answer;
}

}  // namespace kantei
