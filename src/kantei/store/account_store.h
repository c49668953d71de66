// Who may call the server: users, their sessions, API keys. Secrets come in and stay as hashes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/store/server_database.h"

namespace kantei::store {

/// Each may do what the one before may.
enum class Role { kNone = 0, kViewer = 1, kReviewer = 2, kAdministrator = 3 };
/// "none", "viewer", "reviewer", "administrator".
std::string_view RoleName(Role role);
Result<Role> ParseRole(std::string_view name);

struct User {
  std::int64_t user_id = 0;
  std::string name, display_name;
  Role role = Role::kViewer;
  bool active = true;
  bool must_change_password = false;
  std::string created_at;
  std::optional<std::string> last_login_at;
};

struct LoginSession {
  std::string token_hash;
  std::int64_t user_id = 0;
  std::string created_at, seen_at, expires_at;
};

struct ApiKey {
  std::int64_t key_id = 0;
  std::int64_t user_id = 0;
  std::string name, prefix;
  std::vector<std::string> scopes;
  std::int64_t per_minute = 0;
  std::string created_at, expires_at;
  std::optional<std::string> last_used_at;
  bool revoked = false;
};

class Accounts {
 public:
  explicit Accounts(ServerDatabase* database) : database_(database) {}

  Result<std::vector<User>> Users();
  Result<std::int64_t> CountUsers();
  /// kNotFound when there is none.
  Result<User> GetUser(std::int64_t user_id);
  Result<std::optional<User>> FindUser(const std::string& name);
  /// kInvalidArgument when the name is taken (in any case of letters).
  Result<User> AddUser(const std::string& name, const std::string& display_name, Role role, bool must_change,
                       const std::string& password_hash);
  /// Everything but the name and times. False, and nothing changed, when it would leave no active administrator.
  Result<bool> UpdateUser(const User& user);
  Result<std::string> PasswordHash(std::int64_t user_id);
  /// Ends all sessions of the user.
  Status SetPassword(std::int64_t user_id, const std::string& password_hash, bool must_change);
  Status NoteLogin(std::int64_t user_id);

  Status AddSession(const std::string& token_hash, std::int64_t user_id, const std::string& expires_at,
                    const std::string& address);
  Result<std::optional<LoginSession>> FindSession(const std::string& token_hash);
  Status TouchSession(const std::string& token_hash);
  Status EndSession(const std::string& token_hash);
  Status EndSessionsOf(std::int64_t user_id);
  /// Removes what is past its end or was not seen since `idle_since`.
  Status DropOldSessions(const std::string& idle_since);

  /// Of one user, or of all.
  Result<std::vector<ApiKey>> Keys(std::optional<std::int64_t> user_id);
  Result<ApiKey> GetKey(std::int64_t key_id);
  Result<ApiKey> AddKey(const ApiKey& key, const std::string& secret_hash);
  Result<std::optional<ApiKey>> FindKey(const std::string& secret_hash);
  Status RevokeKey(std::int64_t key_id);
  Status TouchKey(std::int64_t key_id);

 private:
  ServerDatabase* database_;
};

}  // namespace kantei::store
