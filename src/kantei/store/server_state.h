// What the stores of the server's database share. Private to store/.
#pragma once

#include <concepts>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "kantei/store/server_database.h"
#include "kantei/store/sqlite.h"

namespace kantei::store {

struct ServerDatabase::State {
  std::recursive_mutex mutex;  // a transaction holds it while it calls the stores
  std::unique_ptr<Database> database;
  int lock_file = -1;
  ~State();
};

/// The connection while nobody else uses it.
class LockedDatabase {
 public:
  explicit LockedDatabase(ServerDatabase* database)
      : lock_(database->state()->mutex), database_(database->state()->database.get()) {}
  Database* operator->() const { return database_; }
  Database* get() const { return database_; }

 private:
  std::unique_lock<std::recursive_mutex> lock_;
  Database* database_;
};

template <typename T>
void BindValue(Statement* statement, const T& value) {
  if constexpr (std::convertible_to<T, std::string_view>) {
    statement->BindCopy(std::string_view(value));
  } else if constexpr (std::integral<T>) {
    statement->Bind(static_cast<std::int64_t>(value));
  } else {  // an optional of these
    if (value) {
      BindValue(statement, *value);
    } else {
      statement->BindNull();
    }
  }
}

/// A statement with its parameters bound in order.
template <typename... Values>
Result<Statement> Query(const LockedDatabase& database, const std::string& sql, const Values&... values) {
  KANTEI_TRY(Statement statement, database->Prepare(sql));
  (BindValue(&statement, values), ...);
  return statement;
}

/// The same, run to its end.
template <typename... Values>
Status Run(const LockedDatabase& database, const std::string& sql, const Values&... values) {
  KANTEI_TRY(Statement statement, Query(database, sql, values...));
  return statement.Run();
}

/// First column of the first row; 0 when there is none.
template <typename... Values>
Result<std::int64_t> Number(const LockedDatabase& database, const std::string& sql, const Values&... values) {
  KANTEI_TRY(Statement statement, Query(database, sql, values...));
  KANTEI_TRY(const bool row, statement.Step());
  return row ? statement.Int(0) : std::int64_t{0};
}

inline std::optional<std::string> OptionalText(const Statement& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return row.Text(column);
}
inline std::optional<std::int64_t> OptionalInt(const Statement& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return row.Int(column);
}

/// The tables, made at first opening.
extern const char* const kServerSchema;

}  // namespace kantei::store
