#include "kantei/store/catalog.h"

#include <system_error>
#include <utility>

#include "kantei/base/clock.h"
#include "kantei/store/catalog_state.h"

namespace kantei::store {
namespace {

constexpr const char* kUuidSetting = "catalog_uuid";

/// A SHA-256 has the same size and text form as a 256-bit code.
Result<Digest> ParseSha256(const std::string& sha256) {
  const Result<Code256> code = Code256::FromHex(sha256);
  if (!code.ok())
    return Error{ErrorCode::kInvalidArgument, "a SHA-256 is 64 hexadecimal digits, not '" + sha256 + "'"};
  return ToBytes(*code);
}

Result<std::optional<std::int64_t>> FindId(Database* database, const char* sql,
                                           std::span<const std::byte> key, const std::string& bank) {
  KANTEI_TRY(Statement statement, database->Prepare(sql));
  KANTEI_TRY(const bool found, statement.Bind(key).Bind(std::string_view(bank)).Step());
  return found ? std::optional(statement.Int(0)) : std::nullopt;
}

Status CheckPicture(const Picture& picture, const PictureBlobs& blobs) {
  const char* problem = nullptr;
  if (picture.pdq_quality < 0 || picture.pdq_quality > 100) problem = "pdq_quality must be 0 to 100";
  if (picture.width < 0 || picture.height < 0 || picture.file_bytes < 0)
    problem = "sizes must not be negative";
  if (picture.has_features != !blobs.features.empty())
    problem = "has_features must tell whether there are features";
  if (picture.sha256.empty()) {
    if (!blobs.features.empty() || !blobs.postings.empty() || !blobs.preview.empty())
      problem = "a bare hash has no blobs";
  } else if (picture.path.empty()) {
    problem = "a picture with a SHA-256 needs the path it was read from";
  }
  if (problem == nullptr) return {};
  return Error{ErrorCode::kInvalidArgument, "the picture cannot be added: " + std::string(problem)};
}

}  // namespace

std::string_view BankKindName(BankKind kind) {
  switch (kind) {
    case BankKind::kAllow:
      return "allow";
    case BankKind::kDeny:
      return "deny";
    case BankKind::kIgnore:
      return "ignore";
  }
  return "deny";
}

Result<BankKind> ParseBankKind(std::string_view name) {
  for (const BankKind kind : {BankKind::kAllow, BankKind::kDeny, BankKind::kIgnore}) {
    if (name == BankKindName(kind)) return kind;
  }
  return Error{ErrorCode::kInvalidArgument,
               "a bank is of kind allow, deny or ignore, not '" + std::string(name) + "'"};
}

Status Catalog::State::CheckWritable() const {
  if (!writable) {
    return Error{ErrorCode::kInvalidArgument,
                 "the catalogue in " + DisplayPath(directory) + " was opened for reading only"};
  }
  if (in_batch && !database->InTransaction()) {
    return Error{ErrorCode::kUnavailable,
                 "the batch in " + DisplayPath(directory) +
                     " was undone after a write failed (disk full?); nothing of it is kept"};
  }
  return {};
}

Catalog::Catalog(std::unique_ptr<State> state) : state_(std::move(state)) {}
Catalog::~Catalog() = default;

Result<std::unique_ptr<Catalog>> Catalog::Open(const std::filesystem::path& directory, OpenMode mode) {
  if (mode == OpenMode::kCreate) {
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (error) {
      return Error{ErrorCode::kUnavailable,
                   "the library directory " + DisplayPath(directory) + " cannot be made: " + error.message()};
    }
  }
  auto state = std::make_unique<State>();
  state->directory = directory;
  state->writable = mode != OpenMode::kReadOnly;
  if (mode == OpenMode::kReadWrite) {  // no lock file in a directory that is not a library
    KANTEI_RETURN_IF_ERROR(OpenCatalogDatabase(directory, OpenMode::kReadOnly));
  }
  if (state->writable) {
    KANTEI_TRY(state->lock,
               DirectoryLock::Take(directory, "writer.lock", "the library " + DisplayPath(directory)));
  }
  KANTEI_TRY(state->database, OpenCatalogDatabase(directory, mode));
  return std::unique_ptr<Catalog>(new Catalog(std::move(state)));
}

const std::filesystem::path& Catalog::directory() const {
  return state_->directory;
}

Status Catalog::EnsureBank(const std::string& name, BankKind kind) {
  KANTEI_RETURN_IF_ERROR(state_->CheckWritable());
  if (name.empty()) return Error{ErrorCode::kInvalidArgument, "a bank needs a name"};
  {
    KANTEI_TRY(Statement find, state_->database->Prepare("SELECT kind FROM banks WHERE name = ?"));
    KANTEI_TRY(const bool found, find.Bind(std::string_view(name)).Step());
    if (found) {
      if (find.Int(0) == static_cast<std::int64_t>(kind)) return {};
      return Error{ErrorCode::kInvalidArgument, "the bank '" + name + "' exists with another kind than " +
                                                    std::string(BankKindName(kind)) +
                                                    "; choose another name"};
    }
  }
  KANTEI_TRY(Statement insert, state_->database->Prepare("INSERT INTO banks (name, kind) VALUES (?, ?)"));
  return insert.Bind(std::string_view(name)).Bind(static_cast<std::int64_t>(kind)).Run();
}

Result<std::optional<std::int64_t>> Catalog::FindBySha256(const std::string& sha256,
                                                          const std::string& bank) {
  KANTEI_TRY(const Digest digest, ParseSha256(sha256));
  return FindId(state_->database.get(),
                "SELECT picture_id FROM pictures WHERE sha256 = ? AND bank_id = (SELECT bank_id FROM banks "
                "WHERE name = ?)",
                digest, bank);
}

Result<std::optional<std::int64_t>> Catalog::FindBareHash(const Code256& pdq, const std::string& bank) {
  const Digest digest = ToBytes(pdq);
  return FindId(state_->database.get(),
                "SELECT picture_id FROM pictures WHERE sha256 IS NULL AND pdq = ? AND bank_id = (SELECT "
                "bank_id FROM banks "
                "WHERE name = ?)",
                digest, bank);
}

Status Catalog::Begin() {
  KANTEI_RETURN_IF_ERROR(state_->CheckWritable());
  if (state_->in_batch)
    return Error{ErrorCode::kInvalidArgument, "a batch is already open; commit or roll it back first"};
  KANTEI_TRY(state_->before_batch, CurrentCheckpoint());
  KANTEI_TRY(Statement begin, state_->database->Prepare("BEGIN IMMEDIATE"));
  KANTEI_RETURN_IF_ERROR(begin.Run());
  state_->in_batch = true;
  return {};
}

Status Catalog::Commit() {
  KANTEI_RETURN_IF_ERROR(state_->CheckWritable());
  if (!state_->in_batch) return Error{ErrorCode::kInvalidArgument, "no batch is open; begin one first"};
  KANTEI_TRY(Statement commit, state_->database->Prepare("COMMIT"));
  KANTEI_RETURN_IF_ERROR(commit.Run());
  state_->in_batch = false;
  return {};
}

Status Catalog::Rollback() {
  if (!state_->in_batch)
    return Error{ErrorCode::kInvalidArgument, "no batch is open; there is nothing to roll back"};
  state_->in_batch = false;
  if (!state_->database->InTransaction()) return {};  // SQLite has done it already
  KANTEI_TRY(Statement rollback, state_->database->Prepare("ROLLBACK"));
  return rollback.Run();
}

Result<std::int64_t> Catalog::Add(const Picture& picture, const PictureBlobs& blobs) {
  KANTEI_RETURN_IF_ERROR(state_->CheckWritable());
  KANTEI_RETURN_IF_ERROR(CheckPicture(picture, blobs));
  Database* database = state_->database.get();
  const bool bare = picture.sha256.empty();
  Digest sha256{};
  if (!bare) {
    KANTEI_TRY(sha256, ParseSha256(picture.sha256));
  }
  std::int64_t bank_id = 0;
  {
    KANTEI_TRY(Statement find, database->Prepare("SELECT bank_id FROM banks WHERE name = ?"));
    KANTEI_TRY(const bool found, find.Bind(std::string_view(picture.bank)).Step());
    if (!found)
      return Error{ErrorCode::kInvalidArgument, "there is no bank '" + picture.bank + "'; create it first"};
    bank_id = find.Int(0);
  }
  KANTEI_TRY(Change change, Change::Begin(database));
  const Digest pdq = ToBytes(picture.pdq);
  const std::string now = UtcNow();
  std::int64_t picture_id = 0;
  {
    KANTEI_TRY(Statement insert,
               database->Prepare(
                   "INSERT INTO pictures (bank_id, path, sha256, label, owner, source, notes, width, height, "
                   "file_bytes, added_at, pdq, pdq_quality, has_features) "
                   "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"));
    insert.Bind(bank_id).Bind(AsBytes(picture.path));
    if (bare) {
      insert.BindNull();
    } else {
      insert.Bind(sha256);
    }
    for (const std::string* text : {&picture.label, &picture.owner, &picture.source, &picture.notes}) {
      insert.Bind(std::string_view(*text));
    }
    insert.Bind(static_cast<std::int64_t>(picture.width)).Bind(static_cast<std::int64_t>(picture.height));
    insert.Bind(picture.file_bytes).Bind(std::string_view(now)).Bind(pdq);
    insert.Bind(static_cast<std::int64_t>(picture.pdq_quality))
        .Bind(static_cast<std::int64_t>(picture.has_features ? 1 : 0));
    KANTEI_RETURN_IF_ERROR(insert.Run());
    if (database->Changes() == 0) {
      return Error{ErrorCode::kInvalidArgument,
                   (bare ? "the hash " + picture.pdq.ToHex() : DisplayPath(picture.path)) +
                       " is already in the bank '" + picture.bank + "'"};
    }
    picture_id = database->LastInsertId();
  }
  if (!bare) {
    KANTEI_TRY(
        Statement insert,
        database->Prepare("INSERT INTO blobs (picture_id, postings, preview, features) VALUES (?, ?, ?, ?)"));
    insert.Bind(picture_id).Bind(blobs.postings).Bind(blobs.preview).Bind(blobs.features);
    KANTEI_RETURN_IF_ERROR(insert.Run());
  }
  KANTEI_RETURN_IF_ERROR(change.Commit());
  return picture_id;
}

Status Catalog::Remove(std::int64_t picture_id) {
  KANTEI_RETURN_IF_ERROR(state_->CheckWritable());
  Database* database = state_->database.get();
  KANTEI_TRY(Change change, Change::Begin(database));
  {
    KANTEI_TRY(Statement remove,
               database->Prepare("DELETE FROM pictures WHERE picture_id = ?"));  // blobs: cascade
    KANTEI_RETURN_IF_ERROR(remove.Bind(picture_id).Run());
    if (database->Changes() == 0) return NoPicture(*database, picture_id);
  }
  {
    KANTEI_TRY(Statement log, database->Prepare("INSERT INTO removals (picture_id) VALUES (?)"));
    KANTEI_RETURN_IF_ERROR(log.Bind(picture_id).Run());
  }
  return change.Commit();
}

Status Catalog::UpdateTexts(std::int64_t picture_id, const std::string& label, const std::string& owner,
                            const std::string& source, const std::string& notes) {
  KANTEI_RETURN_IF_ERROR(state_->CheckWritable());
  KANTEI_TRY(Statement update,
             state_->database->Prepare(
                 "UPDATE pictures SET label = ?, owner = ?, source = ?, notes = ? WHERE picture_id = ?"));
  for (const std::string* text : {&label, &owner, &source, &notes}) update.Bind(std::string_view(*text));
  KANTEI_RETURN_IF_ERROR(update.Bind(picture_id).Run());
  if (state_->database->Changes() == 0) return NoPicture(*state_->database, picture_id);
  return {};
}

Status Catalog::SetSetting(const std::string& name, const std::string& value) {
  KANTEI_RETURN_IF_ERROR(state_->CheckWritable());
  if (name.empty() || name == kUuidSetting) {
    return Error{ErrorCode::kInvalidArgument,
                 "a setting needs a name other than catalog_uuid, which is the catalogue's own"};
  }
  KANTEI_TRY(Statement statement,
             state_->database->Prepare(
                 "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET "
                 "value = excluded.value"));
  return statement.Bind(std::string_view(name)).Bind(std::string_view(value)).Run();
}

}  // namespace kantei::store
