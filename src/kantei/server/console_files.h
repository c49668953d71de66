// The review console (web/), built and compiled into the program by cmake/EmbedConsole.cmake.
#pragma once

#include <span>
#include <string_view>

namespace kantei::server {

struct ConsoleFile {
  std::string_view path;  ///< "index.html", without a slash before it; index.html also answers for "/"
  std::string_view type;  ///< Content-Type
  std::string_view etag;  ///< with its quotes
  std::string_view bytes;
  std::string_view gzip;  ///< the same for those who accept gzip; empty where it saves nothing
};

/// What the console's pages need: scripts, styles, pictures and connections of the same origin, previews as blobs.
inline constexpr std::string_view kConsolePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src "
    "'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// All of them; none in a program that was built with -DKANTEI_BUILD_CONSOLE=OFF.
std::span<const ConsoleFile> ConsoleFiles();

}  // namespace kantei::server
