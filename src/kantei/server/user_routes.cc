#include <algorithm>

#include "kantei/base/clock.h"
#include "kantei/base/sha256.h"
#include "kantei/server/case_json.h"
#include "kantei/server/routes.h"
#include "kantei/server/secrets.h"

namespace kantei::server {
namespace {

const std::vector<std::string_view> kScopes = {"read",    "lookup", "inspect", "review",
                                               "library", "audit",  "metrics"};

bool IsUserName(const std::string& name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-' || c == '@';
  });
}

std::string Target(std::int64_t user_id) {
  return "user:" + std::to_string(user_id);
}

}  // namespace

Reply ListUsers(Call& call) {
  KANTEI_TRY(const std::vector<store::User> users, call.app.accounts().Users());
  Json items = Json::array();
  for (const store::User& user : users) items.push_back(UserJson(user));
  return JsonResponse(ListJson(std::move(items)));
}

Reply AddUser(Call& call) {
  KANTEI_TRY(const JsonBody body, JsonBody::Of(call.request));
  KANTEI_TRY(const std::string name, body.Text("name", 64));
  if (!IsUserName(name)) return BadRequest("name must be 1 to 64 letters, digits, '.', '_', '-' or '@'");
  KANTEI_TRY(const std::string display_name, body.Text("display_name", 128, name));
  KANTEI_TRY(const std::string role_name, body.Text("role", 32));
  KANTEI_TRY(const store::Role role, store::ParseRole(role_name));
  KANTEI_TRY(const auto taken, call.app.accounts().FindUser(name));
  if (taken) return Conflict("there is a user of this name already");
  const std::string password = OneTimePassword();
  KANTEI_TRY(const std::string hash, HashPassword(password));
  KANTEI_TRY(auto change, call.app.database->Begin());
  KANTEI_TRY(const store::User user, call.app.accounts().AddUser(name, display_name, role, true, hash));
  KANTEI_RETURN_IF_ERROR(
      call.Audit("user.create", Target(user.user_id), {{"name", name}, {"role", role_name}}));
  KANTEI_RETURN_IF_ERROR(change.Commit());
  return JsonResponse({{"user", UserJson(user)}, {"one_time_password", password}}, 201);
}

Reply ChangeUser(Call& call) {
  KANTEI_TRY(const std::int64_t user_id, call.Id());
  KANTEI_TRY(const JsonBody body, JsonBody::Of(call.request));
  KANTEI_TRY(auto change, call.app.database->Begin());
  KANTEI_TRY(store::User user, call.app.accounts().GetUser(user_id));
  KANTEI_TRY(user.display_name, body.Text("display_name", 128, user.display_name));
  KANTEI_TRY(const std::string role, body.Text("role", 32, std::string(store::RoleName(user.role))));
  KANTEI_TRY(user.role, store::ParseRole(role));
  KANTEI_TRY(user.active, body.Bool("active", user.active));
  KANTEI_TRY(const bool changed, call.app.accounts().UpdateUser(user));
  if (!changed) return Conflict("the last active administrator must stay one; make another first");
  KANTEI_RETURN_IF_ERROR(
      call.Audit("user.change", Target(user_id), {{"role", role}, {"active", user.active}}));
  KANTEI_RETURN_IF_ERROR(change.Commit());
  return JsonResponse(UserJson(user));
}

Reply ResetPassword(Call& call) {
  KANTEI_TRY(const std::int64_t user_id, call.Id());
  KANTEI_TRY(const store::User known, call.app.accounts().GetUser(user_id));
  const std::string password = OneTimePassword();
  KANTEI_TRY(const std::string hash, HashPassword(password));
  KANTEI_TRY(auto change, call.app.database->Begin());
  KANTEI_RETURN_IF_ERROR(call.app.accounts().SetPassword(known.user_id, hash, true));
  KANTEI_RETURN_IF_ERROR(call.Audit("user.password_reset", Target(user_id)));
  KANTEI_TRY(const store::User user, call.app.accounts().GetUser(user_id));
  KANTEI_RETURN_IF_ERROR(change.Commit());
  return JsonResponse({{"user", UserJson(user)}, {"one_time_password", password}});
}

Reply ListKeys(Call& call) {
  const bool all = call.who.user.role == store::Role::kAdministrator;
  KANTEI_TRY(const std::vector<store::ApiKey> keys,
             call.app.accounts().Keys(all ? std::nullopt : std::optional(call.who.user.user_id)));
  KANTEI_TRY(const People people, People::Of(call.app));
  Json items = Json::array();
  for (const store::ApiKey& key : keys) items.push_back(KeyJson(key, people));
  return JsonResponse(ListJson(std::move(items)));
}

Reply AddKey(Call& call) {
  KANTEI_TRY(const JsonBody body, JsonBody::Of(call.request));
  store::ApiKey key;
  key.user_id = call.who.user.user_id;
  KANTEI_TRY(key.name, body.Text("name", 128));
  if (key.name.empty()) return BadRequest("name is empty");
  KANTEI_TRY(key.scopes, body.Words("scopes", kScopes.size(), 32, kScopes));
  if (key.scopes.empty())
    return BadRequest(
        "scopes must name at least one of read, lookup, inspect, review, library, audit, metrics");
  KANTEI_TRY(const std::int64_t days, body.Integer("days", 1, 3650, 365));
  KANTEI_TRY(key.per_minute,
             body.Integer("requests_per_minute", 1, 1'000'000, call.app.options.requests_per_minute));
  key.expires_at = UtcFromNow(days * 86'400);
  const std::string secret = "kantei_" + RandomToken();
  key.prefix = secret.substr(0, 12);
  KANTEI_TRY(auto change, call.app.database->Begin());
  KANTEI_TRY(const store::ApiKey made, call.app.accounts().AddKey(key, Sha256Hex(std::string_view(secret))));
  KANTEI_RETURN_IF_ERROR(call.Audit("key.create", "key:" + std::to_string(made.key_id),
                                    {{"name", key.name}, {"scopes", key.scopes}}));
  KANTEI_TRY(const People people, People::Of(call.app));
  KANTEI_RETURN_IF_ERROR(change.Commit());
  return JsonResponse({{"key", KeyJson(made, people)}, {"secret", secret}}, 201);
}

Reply RevokeKey(Call& call) {
  KANTEI_TRY(const std::int64_t key_id, call.Id());
  KANTEI_TRY(auto change, call.app.database->Begin());
  KANTEI_TRY(const store::ApiKey key, call.app.accounts().GetKey(key_id));
  // To others the key does not exist.
  if (key.user_id != call.who.user.user_id && call.who.user.role != store::Role::kAdministrator)
    return Error{ErrorCode::kNotFound, "there is no key " + std::to_string(key_id)};
  KANTEI_RETURN_IF_ERROR(call.app.accounts().RevokeKey(key_id));
  KANTEI_RETURN_IF_ERROR(call.Audit("key.revoke", "key:" + std::to_string(key_id)));
  KANTEI_RETURN_IF_ERROR(change.Commit());
  return NoContent();
}

}  // namespace kantei::server
