// Thin RAII over SQLite's C interface. Private to store/: only its .cc files include this header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "kantei/base/cancellation.h"
#include "kantei/base/files.h"
#include "kantei/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace kantei::store {

class Database;

/// A prepared statement on loan from its Database; reset and given back at the end of its life. Bound text
/// and bytes must live as long as the loan. A failed Bind is reported by the next Step.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  Statement& Bind(std::int64_t value);  ///< the parameters in order, starting with the first
  Statement& Bind(std::string_view text);
  Statement& Bind(std::span<const std::byte> bytes);
  Statement& BindCopy(std::string_view text);  ///< of text that need not live on
  Statement& BindNull();

  /// True: a row is there to be read. False: done.
  Result<bool> Step();
  /// Step, for statements that give no rows.
  Status Run();

  std::int64_t Int(int column) const;
  std::string Text(int column) const;
  std::span<const std::byte> Blob(int column) const;  ///< valid until the next Step
  bool IsNull(int column) const;

 private:
  friend class Database;
  Statement(Database* database, sqlite3_stmt* handle, bool* in_use);
  void Note(int code);

  Database* database_;
  sqlite3_stmt* handle_;
  bool* in_use_;  ///< flag of the cache entry; null for a statement outside the cache
  int parameter_ = 0;
  int bind_error_ = 0;
};

/// One connection. Not thread-safe.
class Database {
 public:
  enum class Access { kRead, kReadImmutable, kWrite, kCreate };
  static Result<std::unique_ptr<Database>> Open(const std::filesystem::path& file, Access access);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// `sql` is one statement. Cached by its text; a second loan of one in use gets a statement of its own.
  Result<Statement> Prepare(const std::string& sql);
  /// One or more statements without parameters.
  Status Execute(const std::string& sql);

  bool InTransaction() const;
  std::int64_t LastInsertId() const;
  std::int64_t Changes() const;
  const std::filesystem::path& file() const { return file_; }

  /// While it lives, a cancelled token interrupts running statements (kCancelled).
  class CancelScope {
   public:
    CancelScope(Database* database, const CancellationToken& cancellation);
    ~CancelScope();
    CancelScope(const CancelScope&) = delete;
    CancelScope& operator=(const CancelScope&) = delete;

   private:
    Database* database_;
    CancellationToken cancellation_;
  };

  /// The Error for a result code of SQLite, with the file's name and advice.
  Error Fail(int code) const;

 private:
  friend class Statement;
  struct Cached {
    sqlite3_stmt* handle = nullptr;
    bool in_use = false;
  };
  Database(sqlite3* handle, std::filesystem::path file) : handle_(handle), file_(std::move(file)) {}

  sqlite3* handle_;
  std::filesystem::path file_;
  std::map<std::string, Cached> cache_;
};

/// A change of several statements, all or nothing; rolled back unless committed. Nests inside an open
/// transaction.
class Change {
 public:
  static Result<Change> Begin(Database* database);
  Change(Change&& other) noexcept;
  Change& operator=(Change&&) = delete;
  ~Change();
  Status Commit();

 private:
  Change(Database* database, bool nested) : database_(database), nested_(nested) {}
  Database* database_;
  bool nested_;
};

}  // namespace kantei::store
