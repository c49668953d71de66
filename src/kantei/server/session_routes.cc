#include "kantei/base/clock.h"
#include "kantei/base/sha256.h"
#include "kantei/server/access.h"
#include "kantei/server/case_json.h"
#include "kantei/server/routes.h"
#include "kantei/server/secrets.h"

namespace kantei::server {
namespace {

constexpr std::size_t kShortestPassword = 12;
constexpr std::size_t kLongestPassword = 256;

Json SessionJson(const Principal& who) {
  return {{"user", UserJson(who.user)},
          {"auth", who.key ? "key" : "session"},
          {"csrf_token", who.key ? Json(nullptr) : Json(who.csrf_token)},
          {"must_change_password", who.user.must_change_password},
          {"scopes", who.key ? Json(who.key->scopes) : Json(nullptr)},
          {"expires_at", who.expires_at}};
}

/// A new session with a token that nobody has seen before (so that one planted by others is worth nothing).
Result<Response> BeginSession(Call& call, const store::User& user) {
  const std::string token = RandomToken();
  const int seconds = call.app.options.session_hours * 3600;
  Principal who;
  who.token_hash = Sha256Hex(std::string_view(token));
  who.csrf_token = CsrfTokenOf(token);
  who.expires_at = UtcFromNow(seconds);
  KANTEI_RETURN_IF_ERROR(
      call.app.accounts().AddSession(who.token_hash, user.user_id, who.expires_at, call.request.address));
  KANTEI_TRY(who.user, call.app.accounts().GetUser(user.user_id));
  Response response = JsonResponse(SessionJson(who));
  response.headers.emplace_back("Set-Cookie", SessionCookie(token, call.request.secure, seconds));
  return response;
}

}  // namespace

Reply GetSession(Call& call) {
  return JsonResponse(SessionJson(call.who));
}

Reply Login(Call& call) {
  KANTEI_TRY(const JsonBody body, JsonBody::Of(call.request));
  KANTEI_TRY(const std::string name, body.Text("name", 64));
  KANTEI_TRY(const std::string password, body.Text("password", kLongestPassword));
  if (const int wait = call.app.logins.Wait(name, call.request.address); wait > 0)
    return Problem{429, "rate_limited", "too many wrong passwords; wait before the next try", wait};
  KANTEI_TRY(const auto user, call.app.accounts().FindUser(name));
  std::string hash;
  if (user && user->active) {
    KANTEI_TRY(hash, call.app.accounts().PasswordHash(user->user_id));
  }
  KANTEI_TRY(const bool right, VerifyPassword(hash, password));
  if (!right) {
    call.app.logins.NoteFailure(name, call.request.address);
    // Somebody may type the password into the field for the name: only names of users are written down.
    KANTEI_RETURN_IF_ERROR(
        call.Audit("session.login_failed", user ? "user:" + std::to_string(user->user_id) : "user:unknown"));
    return Problem{401, "unauthorized", "name or password is wrong"};
  }
  call.app.logins.NoteSuccess(name, call.request.address);
  if (!call.who.token_hash.empty())
    KANTEI_RETURN_IF_ERROR(call.app.accounts().EndSession(call.who.token_hash));
  call.who = Principal{};
  call.who.user = *user;
  KANTEI_RETURN_IF_ERROR(call.app.accounts().NoteLogin(user->user_id));
  KANTEI_RETURN_IF_ERROR(call.Audit("session.login", "user:" + std::to_string(user->user_id)));
  KANTEI_TRY(Response response, BeginSession(call, *user));
  return response;
}

Reply Logout(Call& call) {
  KANTEI_RETURN_IF_ERROR(call.app.accounts().EndSession(call.who.token_hash));
  KANTEI_RETURN_IF_ERROR(call.Audit("session.logout", "user:" + std::to_string(call.who.user.user_id)));
  Response response = NoContent();
  response.headers.emplace_back("Set-Cookie", SessionCookie("", call.request.secure, 0));
  return response;
}

Reply ChangePassword(Call& call) {
  KANTEI_TRY(const JsonBody body, JsonBody::Of(call.request));
  KANTEI_TRY(const std::string old_password, body.Text("old_password", kLongestPassword));
  KANTEI_TRY(const std::string new_password, body.Text("new_password", kLongestPassword));
  const store::User& user = call.who.user;
  if (new_password.size() < kShortestPassword)
    return BadRequest("the new password must have at least 12 characters");
  if (new_password == old_password || new_password == user.name)
    return BadRequest("the new password must be another one");
  if (const int wait = call.app.logins.Wait(user.name, call.request.address); wait > 0)
    return Problem{429, "rate_limited", "too many wrong passwords; wait before the next try", wait};
  KANTEI_TRY(const std::string hash, call.app.accounts().PasswordHash(user.user_id));
  KANTEI_TRY(const bool right, VerifyPassword(hash, old_password));
  if (!right) {
    call.app.logins.NoteFailure(user.name, call.request.address);
    return Forbidden("the old password is wrong");
  }
  KANTEI_TRY(const std::string fresh, HashPassword(new_password));
  KANTEI_RETURN_IF_ERROR(call.app.accounts().SetPassword(user.user_id, fresh, false));
  KANTEI_RETURN_IF_ERROR(call.Audit("session.password", "user:" + std::to_string(user.user_id)));
  KANTEI_TRY(Response response, BeginSession(call, user));
  return response;
}

}  // namespace kantei::server
