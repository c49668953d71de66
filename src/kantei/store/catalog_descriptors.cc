#include "kantei/store/catalog_state.h"

namespace kantei::store {
namespace {

Bytes Copied(std::span<const std::byte> bytes) {
  return Bytes(bytes.begin(), bytes.end());
}

/// A catalogue of version 1, opened for reading, has no descriptors.
Result<bool> HasTables(Database* database) {
  KANTEI_TRY(
      Statement statement,
      database->Prepare("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'descriptors'"));
  KANTEI_RETURN_IF_ERROR(statement.Step());
  return statement.Int(0) == 1;
}

constexpr const char* kModelId = "(SELECT model_id FROM descriptor_models WHERE model = ?)";

}  // namespace

Status Catalog::PutDescriptor(std::int64_t picture_id, const std::string& model, const Bytes& vectors) {
  KANTEI_RETURN_IF_ERROR(state_->CheckWritable());
  Database* database = state_->database.get();
  {
    KANTEI_TRY(Statement find, database->Prepare("SELECT 1 FROM pictures WHERE picture_id = ?"));
    KANTEI_TRY(const bool found, find.Bind(picture_id).Step());
    if (!found) return NoPicture(*database, picture_id);
  }
  KANTEI_TRY(Change change, Change::Begin(database));
  {
    KANTEI_TRY(Statement name,
               database->Prepare("INSERT INTO descriptor_models (model) VALUES (?) ON CONFLICT DO NOTHING"));
    KANTEI_RETURN_IF_ERROR(name.Bind(std::string_view(model)).Run());
  }
  {
    KANTEI_TRY(
        Statement put,
        database->Prepare(std::string("INSERT INTO descriptors (picture_id, model_id, vectors) VALUES (?, ") +
                          kModelId +
                          ", ?) ON CONFLICT (picture_id) DO UPDATE SET model_id = excluded.model_id, "
                          "vectors = excluded.vectors"));
    KANTEI_RETURN_IF_ERROR(put.Bind(picture_id).Bind(std::string_view(model)).Bind(vectors).Run());
  }
  return change.Commit();
}

Result<std::optional<Bytes>> Catalog::GetDescriptor(std::int64_t picture_id, const std::string& model) {
  KANTEI_TRY(const bool there, HasTables(state_->database.get()));
  if (!there) return std::optional<Bytes>();
  KANTEI_TRY(
      Statement statement,
      state_->database->Prepare(
          std::string("SELECT vectors FROM descriptors WHERE picture_id = ? AND model_id = ") + kModelId));
  KANTEI_TRY(const bool found, statement.Bind(picture_id).Bind(std::string_view(model)).Step());
  return found ? std::optional<Bytes>(Copied(statement.Blob(0))) : std::nullopt;
}

Status Catalog::ScanDescriptors(const std::string& model, std::int64_t after_id,
                                const std::function<bool(DescriptorRow&&)>& visit) {
  KANTEI_TRY(const bool there, HasTables(state_->database.get()));
  if (!there) return {};
  KANTEI_TRY(
      Statement statement,
      state_->database->Prepare(
          std::string(
              "SELECT d.picture_id, b.kind, d.vectors FROM descriptors AS d JOIN pictures USING (picture_id) "
              "JOIN banks AS b USING (bank_id) WHERE d.picture_id > ? AND d.model_id = ") +
          kModelId + " ORDER BY d.picture_id"));
  statement.Bind(after_id).Bind(std::string_view(model));
  while (true) {
    KANTEI_TRY(const bool more, statement.Step());
    if (!more) return {};
    DescriptorRow row{statement.Int(0), static_cast<BankKind>(statement.Int(1)), Copied(statement.Blob(2))};
    if (!visit(std::move(row))) return {};
  }
}

Result<std::vector<std::int64_t>> Catalog::WithoutDescriptor(const std::string& model, std::int64_t after_id,
                                                             int limit) {
  KANTEI_TRY(const bool there, HasTables(state_->database.get()));
  const std::string described = there ? std::string(
                                            " AND NOT EXISTS (SELECT 1 FROM descriptors AS d WHERE "
                                            "d.picture_id = b.picture_id AND d.model_id = ") +
                                            kModelId + ")"
                                      : " AND ? IS NOT NULL";
  KANTEI_TRY(Statement statement,
             state_->database->Prepare(
                 "SELECT b.picture_id FROM blobs AS b WHERE b.picture_id > ? AND length(b.preview) > 0" +
                 described + " ORDER BY b.picture_id LIMIT ?"));
  statement.Bind(after_id).Bind(std::string_view(model)).Bind(static_cast<std::int64_t>(limit));
  std::vector<std::int64_t> ids;
  while (true) {
    KANTEI_TRY(const bool more, statement.Step());
    if (!more) return ids;
    ids.push_back(statement.Int(0));
  }
}

Result<std::int64_t> Catalog::CountDescriptors(const std::string& model) {
  KANTEI_TRY(const bool there, HasTables(state_->database.get()));
  if (!there) return std::int64_t{0};
  KANTEI_TRY(Statement statement,
             state_->database->Prepare(std::string("SELECT count(*) FROM descriptors WHERE model_id = ") +
                                       kModelId));
  statement.Bind(std::string_view(model));
  KANTEI_RETURN_IF_ERROR(statement.Step());
  return statement.Int(0);
}

}  // namespace kantei::store
