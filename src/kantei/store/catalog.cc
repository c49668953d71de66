#include "kantei/store/catalog.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <limits>
#include <system_error>
#include <utility>

#include "kantei/store/catalog_state.h"

namespace kantei::store {
namespace {

constexpr const char* kUuidSetting = "catalog_uuid";
constexpr const char* kPictureColumns =
    "SELECT p.picture_id, b.name, p.path, p.sha256, p.label, p.owner, p.source, p.notes, p.width, p.height, "
    "p.file_bytes, "
    "p.added_at, p.pdq, p.pdq_quality, p.has_features FROM pictures AS p JOIN banks AS b USING (bank_id)";

using Digest = std::array<std::byte, 32>;

/// 32 bytes in the order of the hexadecimal text, so that hex(pdq) in SQL shows what people know.
Digest ToBytes(const Code256& code) {
  Digest bytes{};
  for (std::size_t i = 0; i < 32; ++i)
    bytes[i] = static_cast<std::byte>(code.words[3 - i / 8] >> (56 - 8 * (i % 8)) & 0xFF);
  return bytes;
}

Code256 FromBytes(std::span<const std::byte, 32> bytes) {
  Code256 code;
  for (std::size_t i = 0; i < 32; ++i) {
    code.words[3 - i / 8] |= std::to_integer<std::uint64_t>(bytes[i]) << (56 - 8 * (i % 8));
  }
  return code;
}

/// A SHA-256 has the same size and text form as a 256-bit code.
Result<Digest> ParseSha256(const std::string& sha256) {
  const Result<Code256> code = Code256::FromHex(sha256);
  if (!code.ok())
    return Error{ErrorCode::kInvalidArgument, "a SHA-256 is 64 hexadecimal digits, not '" + sha256 + "'"};
  return ToBytes(*code);
}

std::string UtcNow() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return std::string(text, size);
}

Error DamagedRow(const Database& database, std::int64_t picture_id) {
  return {ErrorCode::kCorrupt, DisplayPath(database.file()) + " has impossible values in picture " +
                                   std::to_string(picture_id) + "; restore it from a backup"};
}

Error NoPicture(const Database& database, std::int64_t picture_id) {
  return {ErrorCode::kNotFound, "there is no picture " + std::to_string(picture_id) + " in " +
                                    DisplayPath(database.file().parent_path())};
}

std::string_view AsText(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<const std::byte> AsBytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

Bytes CopyBytes(std::span<const std::byte> bytes) {
  return {bytes.begin(), bytes.end()};
}

Result<Picture> ReadPicture(const Database& database, const Statement& row) {
  Picture picture;
  picture.picture_id = row.Int(0);
  picture.bank = row.Text(1);
  picture.path = AsText(row.Blob(2));
  const std::span<const std::byte> sha256 = row.Blob(3);
  if (!sha256.empty()) {
    if (sha256.size() != 32) return DamagedRow(database, picture.picture_id);
    picture.sha256 = FromBytes(sha256.first<32>()).ToHex();
  }
  picture.label = row.Text(4);
  picture.owner = row.Text(5);
  picture.source = row.Text(6);
  picture.notes = row.Text(7);
  const std::int64_t width = row.Int(8), height = row.Int(9), quality = row.Int(13);
  constexpr std::int64_t kMax = std::numeric_limits<int>::max();
  const std::span<const std::byte> pdq = row.Blob(12);
  if (pdq.size() != 32 || width < 0 || width > kMax || height < 0 || height > kMax || quality < 0 ||
      quality > 100) {
    return DamagedRow(database, picture.picture_id);
  }
  picture.width = static_cast<int>(width);
  picture.height = static_cast<int>(height);
  picture.file_bytes = row.Int(10);
  picture.added_at = row.Text(11);
  picture.pdq = FromBytes(pdq.first<32>());
  picture.pdq_quality = static_cast<int>(quality);
  picture.has_features = row.Int(14) != 0;
  return picture;
}

/// The WHERE clause of a filter and its values; the clause depends on which fields are set.
struct Where {
  std::string clause = " WHERE 1";
  explicit Where(const PictureFilter& filter) {
    if (filter.after_id > 0) clause += " AND p.picture_id > ?";
    if (!filter.bank.empty()) clause += " AND p.bank_id = (SELECT bank_id FROM banks WHERE name = ?)";
    if (!filter.label.empty()) clause += " AND p.label = ?";
    if (!filter.owner.empty()) clause += " AND p.owner = ?";
    if (!filter.path_prefix.empty()) clause += " AND substr(p.path, 1, ?) = ?";
  }
  static void Bind(const PictureFilter& filter, Statement* statement) {
    if (filter.after_id > 0) statement->Bind(filter.after_id);
    for (const std::string* text : {&filter.bank, &filter.label, &filter.owner}) {
      if (!text->empty()) statement->Bind(std::string_view(*text));
    }
    if (!filter.path_prefix.empty()) {
      statement->Bind(static_cast<std::int64_t>(filter.path_prefix.size())).Bind(AsBytes(filter.path_prefix));
    }
  }
};

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
    KANTEI_TRY(state->lock, WriterLock::Take(directory));
  }
  KANTEI_TRY(state->database, OpenCatalogDatabase(directory, mode));
  return std::unique_ptr<Catalog>(new Catalog(std::move(state)));
}

const std::filesystem::path& Catalog::directory() const {
  return state_->directory;
}

Result<std::vector<Bank>> Catalog::Banks() {
  KANTEI_TRY(Statement statement,
             state_->database->Prepare(
                 "SELECT bank_id, name, kind, (SELECT count(*) FROM pictures AS p WHERE p.bank_id = "
                 "b.bank_id) FROM banks AS b ORDER BY bank_id"));
  std::vector<Bank> banks;
  while (true) {
    KANTEI_TRY(const bool row, statement.Step());
    if (!row) return banks;
    const std::int64_t kind = statement.Int(2);
    if (kind < 0 || kind > 2) {
      return Error{ErrorCode::kCorrupt,
                   DisplayPath(state_->database->file()) + " has a bank of an unknown kind"};
    }
    banks.push_back({statement.Int(0), statement.Text(1), static_cast<BankKind>(kind), statement.Int(3)});
  }
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

Result<Picture> Catalog::Get(std::int64_t picture_id) {
  KANTEI_TRY(Statement statement,
             state_->database->Prepare(std::string(kPictureColumns) + " WHERE p.picture_id = ?"));
  KANTEI_TRY(const bool found, statement.Bind(picture_id).Step());
  if (!found) return NoPicture(*state_->database, picture_id);
  return ReadPicture(*state_->database, statement);
}

Status Catalog::List(const PictureFilter& filter, const std::function<bool(const Picture&)>& visit) {
  const Where where(filter);
  KANTEI_TRY(Statement statement,
             state_->database->Prepare(kPictureColumns + where.clause + " ORDER BY p.picture_id LIMIT ?"));
  Where::Bind(filter, &statement);
  statement.Bind(static_cast<std::int64_t>(filter.limit > 0 ? filter.limit : -1));
  while (true) {
    KANTEI_TRY(const bool row, statement.Step());
    if (!row) return {};
    KANTEI_TRY(const Picture picture, ReadPicture(*state_->database, statement));
    if (!visit(picture)) return {};
  }
}

Result<std::int64_t> Catalog::Count(const PictureFilter& filter) {
  const Where where(filter);
  KANTEI_TRY(Statement statement,
             state_->database->Prepare("SELECT count(*) FROM (SELECT 1 FROM pictures AS p" + where.clause +
                                       " LIMIT ?)"));
  Where::Bind(filter, &statement);
  statement.Bind(static_cast<std::int64_t>(filter.limit > 0 ? filter.limit : -1));
  KANTEI_RETURN_IF_ERROR(statement.Step());
  return statement.Int(0);
}

namespace {

/// The blobs of a picture in the named column; a bare hash has a picture but no row of blobs.
Result<Bytes> ReadBlob(Database* database, const char* sql, std::int64_t picture_id) {
  KANTEI_TRY(Statement statement, database->Prepare(sql));
  KANTEI_TRY(const bool found, statement.Bind(picture_id).Step());
  if (!found) return NoPicture(*database, picture_id);
  return CopyBytes(statement.Blob(0));
}

}  // namespace

Result<PictureBlobs> Catalog::GetBlobs(std::int64_t picture_id) {
  KANTEI_TRY(Statement statement,
             state_->database->Prepare(
                 "SELECT postings, preview, features FROM pictures LEFT JOIN blobs USING (picture_id) "
                 "WHERE picture_id = ?"));
  KANTEI_TRY(const bool found, statement.Bind(picture_id).Step());
  if (!found) return NoPicture(*state_->database, picture_id);
  PictureBlobs blobs;
  blobs.postings = CopyBytes(statement.Blob(0));
  blobs.preview = CopyBytes(statement.Blob(1));
  blobs.features = CopyBytes(statement.Blob(2));
  return blobs;
}

Result<Bytes> Catalog::GetFeatures(std::int64_t picture_id) {
  return ReadBlob(state_->database.get(),
                  "SELECT features FROM pictures LEFT JOIN blobs USING (picture_id) WHERE picture_id = ?",
                  picture_id);
}

Result<Bytes> Catalog::GetPreview(std::int64_t picture_id) {
  return ReadBlob(state_->database.get(),
                  "SELECT preview FROM pictures LEFT JOIN blobs USING (picture_id) WHERE picture_id = ?",
                  picture_id);
}

Status Catalog::ScanForIndex(std::int64_t after_id, bool with_postings,
                             const std::function<bool(IndexRow&&)>& visit) {
  KANTEI_TRY(
      Statement statement,
      state_->database->Prepare(
          with_postings ? "SELECT picture_id, pdq, pdq_quality, postings FROM pictures LEFT JOIN blobs USING "
                          "(picture_id) WHERE picture_id > ? ORDER BY picture_id"
                        : "SELECT picture_id, pdq, pdq_quality FROM pictures WHERE picture_id > ? ORDER BY "
                          "picture_id"));
  statement.Bind(after_id);
  while (true) {
    KANTEI_TRY(const bool more, statement.Step());
    if (!more) return {};
    IndexRow row;
    row.picture_id = statement.Int(0);
    const std::span<const std::byte> pdq = statement.Blob(1);
    const std::int64_t quality = statement.Int(2);
    if (pdq.size() != 32 || quality < 0 || quality > 100)
      return DamagedRow(*state_->database, row.picture_id);
    row.pdq = FromBytes(pdq.first<32>());
    row.pdq_quality = static_cast<int>(quality);
    if (with_postings) row.postings = CopyBytes(statement.Blob(3));
    if (!visit(std::move(row))) return {};
  }
}

Result<std::vector<std::int64_t>> Catalog::RemovedSince(std::int64_t removals) {
  KANTEI_TRY(Statement statement,
             state_->database->Prepare("SELECT picture_id FROM removals WHERE removal > ? ORDER BY removal"));
  statement.Bind(removals);
  std::vector<std::int64_t> ids;
  while (true) {
    KANTEI_TRY(const bool row, statement.Step());
    if (!row) return ids;
    ids.push_back(statement.Int(0));
  }
}

Result<Checkpoint> Catalog::CurrentCheckpoint() {
  if (state_->in_batch) return state_->before_batch;
  // One statement, so that a reader sees one moment of the writer's history.
  KANTEI_TRY(Statement statement,
             state_->database->Prepare("SELECT (SELECT value FROM settings WHERE name = 'catalog_uuid'), "
                                       "(SELECT seq FROM sqlite_sequence WHERE name = 'pictures'), "
                                       "(SELECT max(removal) FROM removals)"));
  KANTEI_RETURN_IF_ERROR(statement.Step());
  return Checkpoint{statement.Text(0), statement.Int(1), statement.Int(2)};
}

Result<std::optional<std::string>> Catalog::GetSetting(const std::string& name) {
  KANTEI_TRY(Statement statement, state_->database->Prepare("SELECT value FROM settings WHERE name = ?"));
  KANTEI_TRY(const bool found, statement.Bind(std::string_view(name)).Step());
  return found ? std::optional(statement.Text(0)) : std::nullopt;
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
