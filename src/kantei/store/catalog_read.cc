// The reading half of Catalog.
#include <limits>
#include <utility>

#include "kantei/store/catalog_state.h"

namespace kantei::store {
namespace {

constexpr const char* kPictureColumns =
    "SELECT p.picture_id, b.name, p.path, p.sha256, p.label, p.owner, p.source, p.notes, p.width, p.height, "
    "p.file_bytes, "
    "p.added_at, p.pdq, p.pdq_quality, p.has_features FROM pictures AS p JOIN banks AS b USING (bank_id)";

Error DamagedRow(const Database& database, std::int64_t picture_id) {
  return {ErrorCode::kCorrupt, DisplayPath(database.file()) + " has impossible values in picture " +
                                   std::to_string(picture_id) + "; restore it from a backup"};
}

std::string_view AsText(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
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
    if (!filter.text.empty())
      clause +=
          " AND (instr(lower(CAST(p.path AS TEXT) || char(10) || p.label || char(10) || p.owner || char(10) "
          "|| p.source || "
          "char(10) || p.notes), lower(?)) > 0 OR substr(lower(hex(p.sha256)), 1, length(?)) = lower(?))";
    if (!filter.added_from.empty()) clause += " AND p.added_at >= ?";
    if (!filter.added_to.empty()) clause += " AND p.added_at < ?";
    if (filter.before_id > 0) clause += " AND p.picture_id < ?";
  }
  static void Bind(const PictureFilter& filter, Statement* statement) {
    if (filter.after_id > 0) statement->Bind(filter.after_id);
    for (const std::string* text : {&filter.bank, &filter.label, &filter.owner}) {
      if (!text->empty()) statement->Bind(std::string_view(*text));
    }
    if (!filter.path_prefix.empty()) {
      statement->Bind(static_cast<std::int64_t>(filter.path_prefix.size())).Bind(AsBytes(filter.path_prefix));
    }
    for (const std::string* text :
         {&filter.text, &filter.text, &filter.text, &filter.added_from, &filter.added_to}) {
      if (!text->empty()) statement->Bind(std::string_view(*text));
    }
    if (filter.before_id > 0) statement->Bind(filter.before_id);
  }
};

/// The blobs of a picture in the named column; a bare hash has a picture but no row of blobs.
Result<Bytes> ReadBlob(Database* database, const char* sql, std::int64_t picture_id) {
  KANTEI_TRY(Statement statement, database->Prepare(sql));
  KANTEI_TRY(const bool found, statement.Bind(picture_id).Step());
  if (!found) return NoPicture(*database, picture_id);
  return CopyBytes(statement.Blob(0));
}

}  // namespace

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

Error NoPicture(const Database& database, std::int64_t picture_id) {
  return {ErrorCode::kNotFound, "there is no picture " + std::to_string(picture_id) + " in " +
                                    DisplayPath(database.file().parent_path())};
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
             state_->database->Prepare(kPictureColumns + where.clause + " ORDER BY p.picture_id" +
                                       (filter.newest_first ? " DESC" : "") + " LIMIT ?"));
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

}  // namespace kantei::store
