#include "kantei/server/access.h"

#include <algorithm>

#include "kantei/base/clock.h"
#include "kantei/base/sha256.h"
#include "kantei/server/secrets.h"

namespace kantei::server {
namespace {

/// A write at every request would be one sync of the disk at every request.
constexpr std::int64_t kTouchSeconds = 60;

void UseSession(App& app, const std::string& token, Principal* who) {
  const std::string hash = Sha256Hex(std::string_view(token));
  const auto session = app.accounts().FindSession(hash);
  if (!session.ok() || !*session) return;
  const store::LoginSession& found = **session;
  const std::string idle_since = UtcFromNow(-std::int64_t{60} * app.options.session_idle_minutes);
  if (found.expires_at <= UtcNow() || found.seen_at < idle_since) {
    (void)app.accounts().EndSession(hash);
    return;
  }
  auto user = app.accounts().GetUser(found.user_id);
  if (!user.ok() || !user->active) return;
  if (found.seen_at < UtcFromNow(-kTouchSeconds)) (void)app.accounts().TouchSession(hash);
  who->user = std::move(*user);
  who->token_hash = hash;
  who->csrf_token = CsrfTokenOf(token);
  who->expires_at = found.expires_at;
}

void UseKey(App& app, const std::string& secret, Principal* who) {
  auto key = app.accounts().FindKey(Sha256Hex(std::string_view(secret)));
  if (!key.ok() || !*key || (*key)->revoked || (*key)->expires_at <= UtcNow()) return;
  auto user = app.accounts().GetUser((*key)->user_id);
  // A key is never worth more than its owner is now.
  if (!user.ok() || !user->active || user->must_change_password) return;
  if ((*key)->last_used_at.value_or("") < UtcFromNow(-kTouchSeconds))
    (void)app.accounts().TouchKey((*key)->key_id);
  who->user = std::move(*user);
  who->expires_at = (*key)->expires_at;
  who->key = std::move(**key);
}

bool HasScope(const store::ApiKey& key, std::string_view scope) {
  return scope == "any" || std::find(key.scopes.begin(), key.scopes.end(), scope) != key.scopes.end();
}

/// A page of another site may send a login form of its own; its browser says where it comes from.
bool ComesFromElsewhere(const Request& request) {
  const std::string site = request.Header("sec-fetch-site");
  if (!site.empty()) return site != "same-origin" && site != "none";
  const std::string origin = request.Header("origin");
  if (origin.empty()) return false;
  const std::size_t at = origin.find("://");
  return at == std::string::npos || origin.substr(at + 3) != request.Header("host");
}

}  // namespace

std::string CsrfTokenOf(const std::string& session_token) {
  return HmacSha256Hex(session_token, "csrf");
}

std::string SessionCookie(const std::string& token, bool secure, int seconds) {
  return std::string(kSessionCookie) + "=" + token +
         "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(token.empty() ? 0 : seconds) +
         (secure ? "; Secure" : "");
}

Principal Identify(App& app, const Request& request) {
  Principal who;
  who.user.role = store::Role::kNone;
  const std::string authorization = request.Header("authorization");
  if (!authorization.empty()) {
    // A request that brings a key is judged by it alone.
    if (authorization.starts_with("Bearer ") && authorization.size() < 200)
      UseKey(app, authorization.substr(7), &who);
    return who;
  }
  const auto token = request.Cookie(kSessionCookie);
  if (token && !token->empty() && token->size() < 200) UseSession(app, *token, &who);
  return who;
}

std::optional<Problem> CheckAccess(App& app, const Request& request, const Route& route,
                                   const Principal& who) {
  const std::string payer = who.key       ? "key " + std::to_string(who.key->key_id)
                            : who.known() ? "user " + std::to_string(who.user.user_id)
                                          : "address " + request.address;
  if (route.role == store::Role::kNone) {
    if (request.method != "GET" && ComesFromElsewhere(request))
      return Problem{403, "csrf", "the request comes from another site"};
    return std::nullopt;
  }
  if (!who.known()) {
    if (app.requests.Take(payer, app.options.requests_per_minute) > 0)
      return Problem{429, "rate_limited", "too many requests; slow down", 1};
    return Problem{401, "unauthorized", "log in, or send a valid key in Authorization: Bearer"};
  }
  if (who.user.must_change_password && !route.before_password_change)
    return Problem{403, "password_change_required",
                   "change the one-time password first (POST /api/v1/session/password)"};
  if (who.user.role < route.role)
    return Forbidden("this needs the role " + std::string(store::RoleName(route.role)));
  if (who.key) {
    if (route.scope.empty()) return Forbidden("this cannot be done with a key; log in");
    if (!HasScope(*who.key, route.scope))
      return Forbidden("the key lacks the scope " + std::string(route.scope));
  } else if (request.method != "GET" && !EqualSecrets(request.Header("x-csrf-token"), who.csrf_token)) {
    return Problem{403, "csrf",
                   "the header X-CSRF-Token is missing or not that of this session (GET /api/v1/session)"};
  }
  const double rate = who.key ? static_cast<double>(who.key->per_minute) : app.options.requests_per_minute;
  if (const int wait = app.requests.Take(payer, rate); wait > 0)
    return Problem{429, "rate_limited", "too many requests; slow down", wait};
  return std::nullopt;
}

}  // namespace kantei::server
