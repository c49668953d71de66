#include "kantei/store/server_database.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "kantei/base/files.h"
#include "kantei/store/server_state.h"

namespace kantei::store {
namespace {

constexpr std::int64_t kApplicationId = 0x4B4E5453;  // "KNTS"
constexpr std::int64_t kSchemaVersion = 1;

Result<std::int64_t> Pragma(Database* database, const std::string& name) {
  KANTEI_TRY(Statement statement, database->Prepare("PRAGMA " + name));
  KANTEI_TRY(const bool row, statement.Step());
  return row ? statement.Int(0) : std::int64_t{0};
}

Status CreateOrCheck(Database* database) {
  // FULL: what was answered with 202, decided or audited is on the disk, also after a power cut.
  KANTEI_RETURN_IF_ERROR(database->Execute(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864"));
  KANTEI_TRY(const std::int64_t application, Pragma(database, "application_id"));
  KANTEI_TRY(const std::int64_t version, Pragma(database, "user_version"));
  const std::string name = DisplayPath(database->file());
  if (application == 0 && version == 0) {
    KANTEI_TRY(Change change, Change::Begin(database));
    KANTEI_RETURN_IF_ERROR(database->Execute(kServerSchema));
    KANTEI_RETURN_IF_ERROR(database->Execute("PRAGMA application_id = " + std::to_string(kApplicationId) +
                                             "; PRAGMA user_version = " + std::to_string(kSchemaVersion)));
    return change.Commit();
  }
  if (application != kApplicationId)
    return Error{ErrorCode::kCorrupt,
                 name + " is not the database of a Kantei server; name another directory with --data"};
  if (version > kSchemaVersion)
    return Error{ErrorCode::kUnsupported, name + " was written by a newer Kantei; update Kantei"};
  return {};
}

/// Two servers on one database would both run its jobs.
Result<int> TakeLock(const std::filesystem::path& file) {
  std::filesystem::path lock = file;
  lock += ".lock";
  const int descriptor = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return FileError(lock, "cannot be opened for writing");
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    ::close(descriptor);
    return Error{ErrorCode::kUnavailable,
                 DisplayPath(file) + " is used by another kantei serve; stop that one first"};
  }
  return descriptor;
}

}  // namespace

ServerDatabase::State::~State() {
  database.reset();
  if (lock_file >= 0) ::close(lock_file);
}

ServerDatabase::ServerDatabase(std::unique_ptr<State> state) : state_(std::move(state)) {}
ServerDatabase::~ServerDatabase() = default;

Result<std::unique_ptr<ServerDatabase>> ServerDatabase::Open(const std::filesystem::path& file) {
  auto state = std::make_unique<State>();
  KANTEI_TRY(state->lock_file, TakeLock(file));
  // Passwords and sessions are hashed; what people wrote is nobody else's business all the same.
  const int made = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (made < 0) return FileError(file, "cannot be opened for writing");
  ::close(made);
  KANTEI_TRY(state->database, Database::Open(file, Database::Access::kWrite));
  KANTEI_RETURN_IF_ERROR(CreateOrCheck(state->database.get()));
  return std::unique_ptr<ServerDatabase>(new ServerDatabase(std::move(state)));
}

struct ServerDatabase::Transaction::Open {
  std::unique_lock<std::recursive_mutex> lock;
  Change change;
};

ServerDatabase::Transaction::Transaction(std::unique_ptr<Open> open) : open_(std::move(open)) {}
ServerDatabase::Transaction::Transaction(Transaction&&) noexcept = default;

ServerDatabase::Transaction::~Transaction() {
  if (open_ == nullptr) return;
  // The lock must outlive the rollback.
  std::unique_lock<std::recursive_mutex> lock = std::move(open_->lock);
  open_.reset();
}

Status ServerDatabase::Transaction::Commit() {
  return open_->change.Commit();
}

Result<ServerDatabase::Transaction> ServerDatabase::Begin() {
  std::unique_lock<std::recursive_mutex> lock(state_->mutex);
  KANTEI_TRY(Change change, Change::Begin(state_->database.get()));
  return Transaction(
      std::unique_ptr<Transaction::Open>(new Transaction::Open{std::move(lock), std::move(change)}));
}

Result<std::optional<std::string>> ServerDatabase::GetSetting(const std::string& name) {
  const LockedDatabase database(this);
  KANTEI_TRY(Statement statement, Query(database, "SELECT value FROM settings WHERE name = ?", name));
  KANTEI_TRY(const bool row, statement.Step());
  if (!row) return std::optional<std::string>();
  return std::optional<std::string>(statement.Text(0));
}

Status ServerDatabase::SetSetting(const std::string& name, const std::string& value) {
  const LockedDatabase database(this);
  return Run(database,
             "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = "
             "excluded.value",
             name, value);
}

const std::filesystem::path& ServerDatabase::file() const {
  return state_->database->file();
}

}  // namespace kantei::store
