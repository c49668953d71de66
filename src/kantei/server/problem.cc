#include "kantei/server/problem.h"

#include <array>

#include "kantei/base/json.h"

namespace kantei::server {
namespace {

struct Row {
  ErrorCode code;
  int status;
};
constexpr std::array<Row, 8> kStatuses = {{{ErrorCode::kInvalidArgument, 400},
                                           {ErrorCode::kNotFound, 404},
                                           {ErrorCode::kCorrupt, 422},
                                           {ErrorCode::kTooLarge, 413},
                                           {ErrorCode::kUnsupported, 415},
                                           {ErrorCode::kUnavailable, 503},
                                           {ErrorCode::kCancelled, 409},
                                           {ErrorCode::kInternal, 500}}};

}  // namespace

Problem ProblemOf(const Error& error) {
  for (const Row& row : kStatuses)
    if (row.code == error.code)
      return {row.status, std::string(ErrorCodeName(error.code)), error.message, row.status == 503 ? 5 : 0};
  return {500, "internal", error.message};
}

std::string_view StatusTitle(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 503:
      return "Service Unavailable";
    default:
      return status >= 500 ? "Internal Server Error" : "Error";
  }
}

Response ProblemResponse(const Problem& problem, const std::string& request_id) {
  Response response;
  response.status = problem.status;
  response.content_type = "application/problem+json";
  response.body = DumpJson(Json{{"type", "about:blank"},
                                {"title", StatusTitle(problem.status)},
                                {"status", problem.status},
                                {"code", problem.code},
                                {"detail", problem.detail},
                                {"request_id", request_id}});
  if (problem.retry_after > 0)
    response.headers.emplace_back("Retry-After", std::to_string(problem.retry_after));
  if (problem.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

}  // namespace kantei::server
