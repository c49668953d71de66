#include "kantei/store/account_store.h"

#include <utility>

#include "kantei/base/clock.h"
#include "kantei/store/server_state.h"
#include "kantei/store/text_list.h"

namespace kantei::store {
namespace {

constexpr const char* kUserColumns =
    "SELECT user_id, name, display_name, role, active, must_change, created_at, last_login_at FROM users";
constexpr const char* kKeyColumns =
    "SELECT key_id, user_id, name, prefix, scopes, per_minute, created_at, expires_at, last_used_at, revoked "
    "FROM keys";

User ReadUser(const Statement& row) {
  User user;
  user.user_id = row.Int(0);
  user.name = row.Text(1);
  user.display_name = row.Text(2);
  user.role = static_cast<Role>(row.Int(3));
  user.active = row.Int(4) != 0;
  user.must_change_password = row.Int(5) != 0;
  user.created_at = row.Text(6);
  user.last_login_at = OptionalText(row, 7);
  return user;
}

ApiKey ReadKey(const Statement& row) {
  ApiKey key;
  key.key_id = row.Int(0);
  key.user_id = row.Int(1);
  key.name = row.Text(2);
  key.prefix = row.Text(3);
  key.scopes = SplitList(row.Text(4));
  key.per_minute = row.Int(5);
  key.created_at = row.Text(6);
  key.expires_at = row.Text(7);
  key.last_used_at = OptionalText(row, 8);
  key.revoked = row.Int(9) != 0;
  return key;
}

}  // namespace

std::string_view RoleName(Role role) {
  switch (role) {
    case Role::kNone:
      return "none";
    case Role::kViewer:
      return "viewer";
    case Role::kReviewer:
      return "reviewer";
    case Role::kAdministrator:
      return "administrator";
  }
  return "none";
}

Result<Role> ParseRole(std::string_view name) {
  for (const Role role : {Role::kViewer, Role::kReviewer, Role::kAdministrator})
    if (RoleName(role) == name) return role;
  return Error{ErrorCode::kInvalidArgument, "the role must be viewer, reviewer or administrator"};
}

Result<std::vector<User>> Accounts::Users() {
  const LockedDatabase database(database_);
  KANTEI_TRY(Statement row, Query(database, std::string(kUserColumns) + " ORDER BY user_id"));
  std::vector<User> users;
  while (true) {
    KANTEI_TRY(const bool more, row.Step());
    if (!more) return users;
    users.push_back(ReadUser(row));
  }
}

Result<std::int64_t> Accounts::CountUsers() {
  return Number(LockedDatabase(database_), "SELECT count(*) FROM users");
}

Result<User> Accounts::GetUser(std::int64_t user_id) {
  const LockedDatabase database(database_);
  KANTEI_TRY(Statement row, Query(database, std::string(kUserColumns) + " WHERE user_id = ?", user_id));
  KANTEI_TRY(const bool found, row.Step());
  if (!found) return Error{ErrorCode::kNotFound, "there is no user " + std::to_string(user_id)};
  return ReadUser(row);
}

Result<std::optional<User>> Accounts::FindUser(const std::string& name) {
  const LockedDatabase database(database_);
  KANTEI_TRY(Statement row, Query(database, std::string(kUserColumns) + " WHERE name = ?", name));
  KANTEI_TRY(const bool found, row.Step());
  return found ? std::optional<User>(ReadUser(row)) : std::nullopt;
}

Result<User> Accounts::AddUser(const std::string& name, const std::string& display_name, Role role,
                               bool must_change, const std::string& password_hash) {
  const LockedDatabase database(database_);
  KANTEI_TRY(const auto taken, FindUser(name));
  if (taken)
    return Error{ErrorCode::kInvalidArgument, "there is a user of this name already; choose another name"};
  KANTEI_RETURN_IF_ERROR(
      Run(database,
          "INSERT INTO users (name, display_name, role, active, must_change, password_hash, created_at) "
          "VALUES (?, ?, ?, 1, ?, ?, ?)",
          name, display_name, static_cast<int>(role), must_change, password_hash, UtcNow()));
  return GetUser(database->LastInsertId());
}

Result<bool> Accounts::UpdateUser(const User& user) {
  KANTEI_TRY(ServerDatabase::Transaction change, database_->Begin());
  const LockedDatabase database(database_);
  KANTEI_RETURN_IF_ERROR(Run(database,
                             "UPDATE users SET display_name = ?, role = ?, active = ? WHERE user_id = ?",
                             user.display_name, static_cast<int>(user.role), user.active, user.user_id));
  KANTEI_TRY(const std::int64_t left,
             Number(database, "SELECT count(*) FROM users WHERE active = 1 AND role = 3"));
  if (left == 0) return false;
  if (!user.active) KANTEI_RETURN_IF_ERROR(EndSessionsOf(user.user_id));
  KANTEI_RETURN_IF_ERROR(change.Commit());
  return true;
}

Result<std::string> Accounts::PasswordHash(std::int64_t user_id) {
  const LockedDatabase database(database_);
  KANTEI_TRY(Statement row, Query(database, "SELECT password_hash FROM users WHERE user_id = ?", user_id));
  KANTEI_TRY(const bool found, row.Step());
  if (!found) return Error{ErrorCode::kNotFound, "there is no user " + std::to_string(user_id)};
  return row.Text(0);
}

Status Accounts::SetPassword(std::int64_t user_id, const std::string& password_hash, bool must_change) {
  KANTEI_TRY(ServerDatabase::Transaction change, database_->Begin());
  KANTEI_RETURN_IF_ERROR(Run(LockedDatabase(database_),
                             "UPDATE users SET password_hash = ?, must_change = ? WHERE user_id = ?",
                             password_hash, must_change, user_id));
  KANTEI_RETURN_IF_ERROR(EndSessionsOf(user_id));
  return change.Commit();
}

Status Accounts::NoteLogin(std::int64_t user_id) {
  return Run(LockedDatabase(database_), "UPDATE users SET last_login_at = ? WHERE user_id = ?", UtcNow(),
             user_id);
}

Status Accounts::AddSession(const std::string& token_hash, std::int64_t user_id,
                            const std::string& expires_at, const std::string& address) {
  const std::string now = UtcNow();
  return Run(LockedDatabase(database_),
             "INSERT INTO sessions (token_hash, user_id, created_at, seen_at, expires_at, address) VALUES "
             "(?, ?, ?, ?, ?, ?)",
             token_hash, user_id, now, now, expires_at, address);
}

Result<std::optional<LoginSession>> Accounts::FindSession(const std::string& token_hash) {
  const LockedDatabase database(database_);
  KANTEI_TRY(
      Statement row,
      Query(database, "SELECT user_id, created_at, seen_at, expires_at FROM sessions WHERE token_hash = ?",
            token_hash));
  KANTEI_TRY(const bool found, row.Step());
  if (!found) return std::optional<LoginSession>();
  return std::optional<LoginSession>({token_hash, row.Int(0), row.Text(1), row.Text(2), row.Text(3)});
}

Status Accounts::TouchSession(const std::string& token_hash) {
  return Run(LockedDatabase(database_), "UPDATE sessions SET seen_at = ? WHERE token_hash = ?", UtcNow(),
             token_hash);
}

Status Accounts::EndSession(const std::string& token_hash) {
  return Run(LockedDatabase(database_), "DELETE FROM sessions WHERE token_hash = ?", token_hash);
}

Status Accounts::EndSessionsOf(std::int64_t user_id) {
  return Run(LockedDatabase(database_), "DELETE FROM sessions WHERE user_id = ?", user_id);
}

Status Accounts::DropOldSessions(const std::string& idle_since) {
  return Run(LockedDatabase(database_), "DELETE FROM sessions WHERE expires_at <= ? OR seen_at < ?", UtcNow(),
             idle_since);
}

Result<std::vector<ApiKey>> Accounts::Keys(std::optional<std::int64_t> user_id) {
  const LockedDatabase database(database_);
  KANTEI_TRY(Statement row,
             Query(database, std::string(kKeyColumns) + " WHERE ?1 IS NULL OR user_id = ?1 ORDER BY key_id",
                   user_id));
  std::vector<ApiKey> keys;
  while (true) {
    KANTEI_TRY(const bool more, row.Step());
    if (!more) return keys;
    keys.push_back(ReadKey(row));
  }
}

Result<ApiKey> Accounts::GetKey(std::int64_t key_id) {
  const LockedDatabase database(database_);
  KANTEI_TRY(Statement row, Query(database, std::string(kKeyColumns) + " WHERE key_id = ?", key_id));
  KANTEI_TRY(const bool found, row.Step());
  if (!found) return Error{ErrorCode::kNotFound, "there is no key " + std::to_string(key_id)};
  return ReadKey(row);
}

Result<ApiKey> Accounts::AddKey(const ApiKey& key, const std::string& secret_hash) {
  const LockedDatabase database(database_);
  KANTEI_RETURN_IF_ERROR(
      Run(database,
          "INSERT INTO keys (user_id, name, prefix, secret_hash, scopes, per_minute, created_at, "
          "expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
          key.user_id, key.name, key.prefix, secret_hash, JoinList(key.scopes), key.per_minute, UtcNow(),
          key.expires_at));
  return GetKey(database->LastInsertId());
}

Result<std::optional<ApiKey>> Accounts::FindKey(const std::string& secret_hash) {
  const LockedDatabase database(database_);
  KANTEI_TRY(Statement row,
             Query(database, std::string(kKeyColumns) + " WHERE secret_hash = ?", secret_hash));
  KANTEI_TRY(const bool found, row.Step());
  return found ? std::optional<ApiKey>(ReadKey(row)) : std::nullopt;
}

Status Accounts::RevokeKey(std::int64_t key_id) {
  return Run(LockedDatabase(database_), "UPDATE keys SET revoked = 1 WHERE key_id = ?", key_id);
}

Status Accounts::TouchKey(std::int64_t key_id) {
  return Run(LockedDatabase(database_), "UPDATE keys SET last_used_at = ? WHERE key_id = ?", UtcNow(),
             key_id);
}

}  // namespace kantei::store
