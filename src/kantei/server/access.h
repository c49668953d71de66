// Who a request comes from, and whether that is enough for a route.
#pragma once

#include <optional>
#include <string>

#include "kantei/server/app.h"
#include "kantei/server/routes.h"

namespace kantei::server {

inline constexpr const char* kSessionCookie = "kantei_session";

/// Cookie or key; role kNone without either, and with one that has ended.
Principal Identify(App& app, const Request& request);

/// Nothing when the caller may; else why not. In this order: known, password changed, role, scope, CSRF token, rate.
std::optional<Problem> CheckAccess(App& app, const Request& request, const Route& route,
                                   const Principal& who);

/// A new session's cookie, or one that ends it (`token` empty).
std::string SessionCookie(const std::string& token, bool secure, int seconds);

/// The token of a session that is sent along as a header; other sites cannot read it.
std::string CsrfTokenOf(const std::string& session_token);

}  // namespace kantei::server
