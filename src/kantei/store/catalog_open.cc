#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <random>
#include <string>

#include "kantei/store/catalog_state.h"

namespace kantei::store {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kApplicationId = 0x4B4E5449;  // "KNTI" in the file's header, offset 68
constexpr std::int64_t kSchemaVersion = 2;           // offset 60

// Page size: features are read whole and are tens of kilobytes, so few long overflow pages beat many short
// ones.
constexpr const char* kCreatePragmas = "PRAGMA page_size = 16384; PRAGMA journal_mode = WAL";

// synchronous FULL: a commit is on the disk when it returns, also after a power cut. A write-ahead log of 64
// MB instead of 4 MB: fewer copies into the main file while adding. A cache of 64 MB: the indexes are filled
// in random order.
constexpr const char* kWritePragmas =
    "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4096; PRAGMA journal_size_limit = 67108864; "
    "PRAGMA cache_size = -65536";

// postings stand first in a blob row, so that an index scan reads no page of previews and features.
constexpr const char* kSchema = R"sql(
CREATE TABLE banks (
  bank_id INTEGER PRIMARY KEY,
  name    TEXT NOT NULL UNIQUE CHECK (length(name) > 0),
  kind    INTEGER NOT NULL CHECK (kind IN (0, 1, 2))
) STRICT;
CREATE TABLE pictures (
  picture_id   INTEGER PRIMARY KEY AUTOINCREMENT,
  bank_id      INTEGER NOT NULL REFERENCES banks (bank_id),
  path         BLOB NOT NULL,
  sha256       BLOB CHECK (sha256 IS NULL OR length(sha256) = 32),
  label        TEXT NOT NULL,
  owner        TEXT NOT NULL,
  source       TEXT NOT NULL,
  notes        TEXT NOT NULL,
  width        INTEGER NOT NULL CHECK (width >= 0),
  height       INTEGER NOT NULL CHECK (height >= 0),
  file_bytes   INTEGER NOT NULL CHECK (file_bytes >= 0),
  added_at     TEXT NOT NULL,
  pdq          BLOB NOT NULL CHECK (length(pdq) = 32),
  pdq_quality  INTEGER NOT NULL CHECK (pdq_quality BETWEEN 0 AND 100),
  has_features INTEGER NOT NULL CHECK (has_features IN (0, 1))
) STRICT;
CREATE UNIQUE INDEX pictures_file ON pictures (sha256, bank_id) WHERE sha256 IS NOT NULL;
CREATE UNIQUE INDEX pictures_hash ON pictures (pdq, bank_id) WHERE sha256 IS NULL;
CREATE INDEX pictures_bank ON pictures (bank_id);
CREATE TABLE blobs (
  picture_id INTEGER PRIMARY KEY REFERENCES pictures (picture_id) ON DELETE CASCADE,
  postings   BLOB NOT NULL,
  preview    BLOB NOT NULL,
  features   BLOB NOT NULL
) STRICT;
CREATE TABLE removals (
  removal    INTEGER PRIMARY KEY AUTOINCREMENT,
  picture_id INTEGER NOT NULL UNIQUE
) STRICT;
CREATE TABLE settings (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO banks (name, kind) VALUES ('allow', 0), ('deny', 1), ('ignore', 2);
)sql";

// Version 2. Beside the blobs and not in their rows, because a new network replaces every one of them.
constexpr const char* kDescriptorSchema = R"sql(
CREATE TABLE descriptor_models (
  model_id INTEGER PRIMARY KEY,
  model    TEXT NOT NULL UNIQUE CHECK (length(model) > 0)
) STRICT;
CREATE TABLE descriptors (
  picture_id INTEGER PRIMARY KEY REFERENCES pictures (picture_id) ON DELETE CASCADE,
  model_id   INTEGER NOT NULL REFERENCES descriptor_models (model_id),
  vectors    BLOB NOT NULL
) STRICT;
)sql";

/// RFC 9562 version 4.
std::string MakeUuid() {
  std::random_device device;
  char text[37];
  const unsigned a = device(), b = device(), c = device(), d = device();
  std::snprintf(text, sizeof text, "%08x-%04x-4%03x-%04x-%04x%08x", a, b >> 16, b & 0xFFF,
                (c >> 16 & 0x3FFF) | 0x8000, c & 0xFFFF, d);
  return text;
}

Result<std::int64_t> ReadNumber(Database* database, const std::string& sql) {
  KANTEI_TRY(Statement statement, database->Prepare(sql));
  KANTEI_TRY(const bool row, statement.Step());
  return row ? statement.Int(0) : 0;
}

/// A new directory entry survives a power cut only when the directory itself is synced.
void SyncDirectory(const fs::path& directory) {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  (void)::fsync(descriptor);
  ::close(descriptor);
}

Status CreateSchema(Database* database) {
  KANTEI_RETURN_IF_ERROR(database->Execute(kCreatePragmas));
  KANTEI_RETURN_IF_ERROR(database->Execute(kWritePragmas));
  KANTEI_TRY(Change change, Change::Begin(database));
  KANTEI_RETURN_IF_ERROR(database->Execute(kSchema));
  KANTEI_RETURN_IF_ERROR(database->Execute(kDescriptorSchema));
  KANTEI_TRY(Statement insert,
             database->Prepare("INSERT INTO settings (name, value) VALUES ('catalog_uuid', ?)"));
  const std::string uuid = MakeUuid();
  KANTEI_RETURN_IF_ERROR(insert.Bind(std::string_view(uuid)).Run());
  // The two marks are in the same transaction as the tables: a half-made catalogue has neither.
  KANTEI_RETURN_IF_ERROR(database->Execute("PRAGMA application_id = " + std::to_string(kApplicationId) +
                                           "; PRAGMA user_version = " + std::to_string(kSchemaVersion)));
  KANTEI_RETURN_IF_ERROR(change.Commit());
  const fs::path directory = database->file().parent_path();
  SyncDirectory(directory);
  SyncDirectory(directory / "..");
  return {};
}

Status MigrateFromVersion1(Database* database) {
  KANTEI_TRY(Change change, Change::Begin(database));
  KANTEI_RETURN_IF_ERROR(database->Execute(kDescriptorSchema));
  KANTEI_RETURN_IF_ERROR(database->Execute("PRAGMA user_version = " + std::to_string(kSchemaVersion)));
  return change.Commit();
}

Error NoCatalogue(const fs::path& directory) {
  return {ErrorCode::kNotFound, "there is no library in " + DisplayPath(directory) +
                                    "; make one with 'kantei library add', or name another with --library"};
}

/// Checks that the file is a catalogue of a version that is understood, and makes a new one when it is empty
/// and may.
Status CheckOrCreate(Database* database, OpenMode mode) {
  KANTEI_TRY(const std::int64_t application, ReadNumber(database, "PRAGMA application_id"));
  KANTEI_TRY(const std::int64_t version, ReadNumber(database, "PRAGMA user_version"));
  KANTEI_TRY(const std::int64_t objects, ReadNumber(database, "SELECT count(*) FROM sqlite_schema"));
  if (application == 0 && version == 0 && objects == 0) {  // new, or a creation was cut off before its commit
    if (mode != OpenMode::kCreate) return NoCatalogue(database->file().parent_path());
    return CreateSchema(database);
  }
  const std::string name = DisplayPath(database->file());
  if (application != kApplicationId) {
    return Error{ErrorCode::kCorrupt,
                 name +
                     " is a database of another program, not a Kantei catalogue; name another "
                     "directory with --library"};
  }
  if (version > kSchemaVersion) {
    return Error{ErrorCode::kUnsupported, name + " was written by a newer Kantei (catalogue version " +
                                              std::to_string(version) + ", this one reads up to " +
                                              std::to_string(kSchemaVersion) + "); update Kantei"};
  }
  if (version < 1)
    return Error{ErrorCode::kCorrupt, name + " names no catalogue version; restore it from a backup"};
  if (mode == OpenMode::kReadOnly) return {};  // one of version 1 is read as having no descriptors
  KANTEI_RETURN_IF_ERROR(database->Execute(kWritePragmas));
  return version == 1 ? MigrateFromVersion1(database) : Status();
}

bool IsEmptyOrAbsent(const fs::path& file) {
  struct stat info {};
  return ::stat(file.c_str(), &info) != 0 || info.st_size == 0;
}

}  // namespace

Result<std::unique_ptr<Database>> OpenCatalogDatabase(const fs::path& directory, OpenMode mode) {
  const fs::path file = directory / "catalog.sqlite";
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) {
    if (errno != ENOENT && errno != ENOTDIR) return FileError(file, "cannot be examined");
    if (mode != OpenMode::kCreate) return NoCatalogue(directory);
  } else if (!S_ISREG(info.st_mode)) {
    return Error{ErrorCode::kCorrupt, DisplayPath(file) + " is not a regular file; a catalogue was expected"};
  }
  using Access = Database::Access;
  const Access access = mode == OpenMode::kReadOnly    ? Access::kRead
                        : mode == OpenMode::kReadWrite ? Access::kWrite
                                                       : Access::kCreate;
  KANTEI_TRY(std::unique_ptr<Database> database, Database::Open(file, access));
  const Status checked = CheckOrCreate(database.get(), mode);
  if (checked.ok()) return database;
  // A reader of a WAL database makes shared-memory files beside it. Where the directory refuses them and no
  // log waits to be read, the file alone is the whole truth and can be read as one that nobody changes.
  const bool log_waits = !IsEmptyOrAbsent(directory / "catalog.sqlite-wal");
  if (mode != OpenMode::kReadOnly || checked.error().code != ErrorCode::kUnavailable || log_waits ||
      ::access(directory.c_str(), W_OK) == 0) {
    return checked.error();
  }
  KANTEI_TRY(database, Database::Open(file, Access::kReadImmutable));
  KANTEI_RETURN_IF_ERROR(CheckOrCreate(database.get(), mode));
  return database;
}

}  // namespace kantei::store
