// What a client is told when something went wrong, and the one table from our errors to HTTP.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "kantei/base/result.h"
#include "kantei/server/http.h"

namespace kantei::server {

struct Problem {
  int status = 500;
  std::string code;     ///< as in docs/openapi.yaml
  std::string detail;   ///< one sentence
  int retry_after = 0;  ///< seconds; 0: not said
};

/// 400 for kInvalidArgument, 404 kNotFound, 422 kCorrupt, 413 kTooLarge, 415 kUnsupported, 503 kUnavailable, 409 kCancelled, 500 kInternal.
Problem ProblemOf(const Error& error);
/// application/problem+json (RFC 9457).
Response ProblemResponse(const Problem& problem, const std::string& request_id);
std::string_view StatusTitle(int status);

inline Problem Forbidden(std::string detail) {
  return {403, "forbidden", std::move(detail)};
}
inline Problem Conflict(std::string detail) {
  return {409, "conflict", std::move(detail)};
}
inline Problem BadRequest(std::string detail) {
  return {400, "invalid_argument", std::move(detail)};
}

/// What a handler returns: an answer, a problem, or one of our errors (so that KANTEI_TRY works in handlers).
class Reply {
 public:
  Reply(Response response) : state_(std::move(response)) {}  // NOLINT(google-explicit-constructor)
  Reply(Problem problem) : state_(std::move(problem)) {}     // NOLINT(google-explicit-constructor)
  Reply(const Error& error) : state_(ProblemOf(error)) {}    // NOLINT(google-explicit-constructor)
  Response Take(const std::string& request_id) && {
    if (Response* response = std::get_if<Response>(&state_)) return std::move(*response);
    return ProblemResponse(std::get<Problem>(state_), request_id);
  }

 private:
  std::variant<Response, Problem> state_;
};

}  // namespace kantei::server
