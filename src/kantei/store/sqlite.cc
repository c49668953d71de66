#include "kantei/store/sqlite.h"

#include <sqlite3.h>

#include <utility>

namespace kantei::store {
namespace {

// Above every blob that Kantei writes; what a hostile file claims beyond it is refused before it is
// allocated.
constexpr int kMaxValueBytes = 256 << 20;
constexpr int kBusyTimeoutMs = 10'000;

int OnProgress(void* token) {
  return static_cast<const CancellationToken*>(token)->cancelled() ? 1 : 0;
}

/// A file: URI can carry immutable=1; every byte that is not plainly safe is escaped.
std::string ImmutableUri(const std::filesystem::path& file) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string uri = "file:";
  for (const char c : file.native()) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '/' || c == '.' || c == '-' || c == '_';
    if (plain) {
      uri += c;
    } else {
      uri += '%';
      uri += kDigits[byte >> 4];
      uri += kDigits[byte & 15];
    }
  }
  return uri + "?immutable=1";
}

}  // namespace

Statement::Statement(Database* database, sqlite3_stmt* handle, bool* in_use)
    : database_(database), handle_(handle), in_use_(in_use) {
  if (in_use_ != nullptr) *in_use_ = true;
}

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_),
      handle_(std::exchange(other.handle_, nullptr)),
      in_use_(std::exchange(other.in_use_, nullptr)),
      parameter_(other.parameter_),
      bind_error_(other.bind_error_) {}

Statement::~Statement() {
  if (handle_ == nullptr) return;
  if (in_use_ == nullptr) {
    sqlite3_finalize(handle_);
    return;
  }
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
  *in_use_ = false;
}

void Statement::Note(int code) {
  if (code != SQLITE_OK && bind_error_ == SQLITE_OK) bind_error_ = code;
}

Statement& Statement::Bind(std::int64_t value) {
  Note(sqlite3_bind_int64(handle_, ++parameter_, value));
  return *this;
}

Statement& Statement::Bind(std::string_view text) {
  Note(sqlite3_bind_text64(handle_, ++parameter_, text.empty() ? "" : text.data(), text.size(), SQLITE_STATIC,
                           SQLITE_UTF8));
  return *this;
}

Statement& Statement::BindCopy(std::string_view text) {
  Note(sqlite3_bind_text64(handle_, ++parameter_, text.empty() ? "" : text.data(), text.size(),
                           SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Statement& Statement::Bind(std::span<const std::byte> bytes) {
  // A null pointer would bind NULL instead of an empty blob.
  const void* data = bytes.empty() ? static_cast<const void*>("") : bytes.data();
  Note(sqlite3_bind_blob64(handle_, ++parameter_, data, bytes.size(), SQLITE_STATIC));
  return *this;
}

Statement& Statement::BindNull() {
  Note(sqlite3_bind_null(handle_, ++parameter_));
  return *this;
}

Result<bool> Statement::Step() {
  if (bind_error_ != SQLITE_OK) return database_->Fail(bind_error_);
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return database_->Fail(sqlite3_extended_errcode(database_->handle_));
}

Status Statement::Run() {
  KANTEI_RETURN_IF_ERROR(Step());
  return {};
}

std::int64_t Statement::Int(int column) const {
  return sqlite3_column_int64(handle_, column);
}

std::string Statement::Text(int column) const {
  const unsigned char* text = sqlite3_column_text(handle_, column);
  const int size = sqlite3_column_bytes(handle_, column);
  return text == nullptr ? std::string()
                         : std::string(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
}

std::span<const std::byte> Statement::Blob(int column) const {
  const void* data = sqlite3_column_blob(handle_, column);
  const int size = sqlite3_column_bytes(handle_, column);
  if (data == nullptr) return {};
  return {static_cast<const std::byte*>(data), static_cast<std::size_t>(size)};
}

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

Result<std::unique_ptr<Database>> Database::Open(const std::filesystem::path& file, Access access) {
  int flags = SQLITE_OPEN_NOMUTEX;
  std::string name = file.native();
  switch (access) {
    case Access::kRead:
      flags |= SQLITE_OPEN_READONLY;
      break;
    case Access::kReadImmutable:
      flags |= SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
      name = ImmutableUri(file);
      break;
    case Access::kWrite:
      flags |= SQLITE_OPEN_READWRITE;
      break;
    case Access::kCreate:
      flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
      break;
  }
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &handle, flags, nullptr);
  std::unique_ptr<Database> database(new Database(handle, file));
  if (code != SQLITE_OK) return database->Fail(handle == nullptr ? code : sqlite3_extended_errcode(handle));
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, kMaxValueBytes);
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  // The file may come from someone else: its schema must not run functions or rewrite itself.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  KANTEI_RETURN_IF_ERROR(database->Execute("PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON"));
  return database;
}

Database::~Database() {
  for (auto& [sql, cached] : cache_) sqlite3_finalize(cached.handle);
  sqlite3_close_v2(handle_);
}

Result<Statement> Database::Prepare(const std::string& sql) {
  const auto found = cache_.find(sql);
  if (found != cache_.end() && !found->second.in_use) {
    return Statement(this, found->second.handle, &found->second.in_use);
  }
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.c_str(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (code != SQLITE_OK) return Fail(sqlite3_extended_errcode(handle_));
  if (found != cache_.end()) return Statement(this, handle, nullptr);
  Cached& cached = cache_[sql];
  cached.handle = handle;
  return Statement(this, handle, &cached.in_use);
}

Status Database::Execute(const std::string& sql) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return Fail(sqlite3_extended_errcode(handle_));
  }
  return {};
}

bool Database::InTransaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}
std::int64_t Database::LastInsertId() const {
  return sqlite3_last_insert_rowid(handle_);
}
std::int64_t Database::Changes() const {
  return sqlite3_changes64(handle_);
}

Database::CancelScope::CancelScope(Database* database, const CancellationToken& cancellation)
    : database_(database), cancellation_(cancellation) {
  sqlite3_progress_handler(database_->handle_, 10'000, OnProgress, &cancellation_);
}

Database::CancelScope::~CancelScope() {
  sqlite3_progress_handler(database_->handle_, 0, nullptr, nullptr);
}

Error Database::Fail(int code) const {
  const std::string name = DisplayPath(file_);
  const std::string detail = handle_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle_);
  static constexpr const char* kFreeSpace =
      "; free some space and run the same command again (what was committed is kept)";
  switch (code & 0xFF) {
    case SQLITE_FULL:
      return {ErrorCode::kUnavailable, name + ": disk full" + kFreeSpace};
    case SQLITE_IOERR:
      // SQLite tells a full disk apart (above), but not a reached quota or limit on file sizes.
      if (code == SQLITE_IOERR_WRITE || code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_SHMSIZE) {
        return {ErrorCode::kUnavailable,
                name + ": a write failed (disk full, quota reached, or a failing disk)" + kFreeSpace};
      }
      return {ErrorCode::kUnavailable, name + " cannot be read or written: " + detail + "; check the disk"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorCode::kUnavailable, name + " is in use by another process; try again later"};
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
      return {ErrorCode::kUnavailable,
              name + " cannot be opened as asked: " + detail + "; check the permissions"};
    case SQLITE_NOMEM:
      return {ErrorCode::kUnavailable, "not enough memory for the catalogue " + name};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {ErrorCode::kCorrupt,
              name + " is damaged or not a catalogue (" + detail + "); restore it from a backup"};
    case SQLITE_ERROR:
    case SQLITE_SCHEMA:
    case SQLITE_MISMATCH:
      return {ErrorCode::kCorrupt,
              name + " lacks the tables of a catalogue (" + detail + "); restore it from a backup"};
    case SQLITE_INTERRUPT:
      return {ErrorCode::kCancelled, "stopped on request while reading " + name};
    case SQLITE_TOOBIG:
      return {ErrorCode::kTooLarge,
              name + ": a value is larger than the limit of " + std::to_string(kMaxValueBytes) + " bytes"};
    case SQLITE_CONSTRAINT:
      return {ErrorCode::kInvalidArgument, name + " refuses the row: " + detail};
    default:
      return {ErrorCode::kInternal, name + ": unexpected answer of SQLite: " + detail};
  }
}

Result<Change> Change::Begin(Database* database) {
  const bool nested = database->InTransaction();
  KANTEI_TRY(Statement begin, database->Prepare(nested ? "SAVEPOINT change" : "BEGIN IMMEDIATE"));
  KANTEI_RETURN_IF_ERROR(begin.Run());
  return Change(database, nested);
}

Change::Change(Change&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)), nested_(other.nested_) {}

Change::~Change() {
  // SQLite may have rolled everything back by itself (disk full); then there is nothing to undo.
  if (database_ == nullptr || !database_->InTransaction()) return;
  (void)database_->Execute(nested_ ? "ROLLBACK TO change; RELEASE change" : "ROLLBACK");
}

Status Change::Commit() {
  KANTEI_TRY(Statement commit, database_->Prepare(nested_ ? "RELEASE change" : "COMMIT"));
  KANTEI_RETURN_IF_ERROR(commit.Run());
  database_ = nullptr;
  return {};
}

}  // namespace kantei::store
