// Serves the web console (console_files.h) and the API's own description.
#pragma once

#include <optional>
#include <string_view>

#include "kantei/server/http.h"

namespace kantei::server {

/// The console's file at this path; its page for paths without a dot, so that the console's own addresses work. A page that says so when
/// the program was built without the console. Nothing: there is no such file.
std::optional<Response> ConsoleFileAt(const Request& request);

/// docs/openapi.yaml, put into the program when it was built.
std::string_view OpenApiDocument();

}  // namespace kantei::server
