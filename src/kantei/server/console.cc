#include "kantei/server/console.h"

#include <string>

#include "kantei/server/console_files.h"

namespace kantei::server {
namespace {

constexpr std::string_view kNoConsole =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Kantei</title><p>This program was built "
    "without its "
    "console. The API is described at <a href=\"/api/v1/openapi.yaml\">/api/v1/openapi.yaml</a>.</html>\n";

bool TakesGzip(const Request& request) {
  const std::string accepted = request.Header("accept-encoding");
  const std::size_t at = accepted.find("gzip");
  return at != std::string::npos && accepted.compare(at, 8, "gzip;q=0") != 0;
}

}  // namespace

std::optional<Response> ConsoleFileAt(const Request& request) {
  const bool page = request.path.find('.') == std::string::npos;
  const std::string name = page ? "index.html" : request.path.substr(1);
  Response response;
  response.headers.emplace_back("Content-Security-Policy", std::string(kConsolePolicy));
  if (ConsoleFiles().empty() && name == "index.html") {
    response.content_type = "text/html; charset=utf-8";
    response.body = kNoConsole;
    return response;
  }
  for (const ConsoleFile& file : ConsoleFiles()) {
    if (file.path != name) continue;
    // Asked for anew each time, answered with 304 as long as the program is the same.
    response.headers.emplace_back("ETag", std::string(file.etag));
    response.headers.emplace_back("Cache-Control", "no-cache");
    response.headers.emplace_back("Vary", "Accept-Encoding");
    if (request.Header("if-none-match") == file.etag) {
      response.status = 304;
      return response;
    }
    response.content_type = file.type;
    const bool small = !file.gzip.empty() && TakesGzip(request);
    if (small) response.headers.emplace_back("Content-Encoding", "gzip");
    response.body = small ? file.gzip : file.bytes;
    return response;
  }
  return std::nullopt;
}

}  // namespace kantei::server
