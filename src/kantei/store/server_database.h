// The server's own database: users, cases, jobs, audit log, webhooks. One SQLite file beside the library's catalogue.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "kantei/base/result.h"

namespace kantei::store {

/// One connection behind one lock; every call of the stores that share it is short. Thread-safe.
class ServerDatabase {
 public:
  struct State;

  /// Creates the file when there is none. kCorrupt when it is not ours, kUnsupported when a newer version wrote it,
  /// kUnavailable when another process has it open for writing.
  static Result<std::unique_ptr<ServerDatabase>> Open(const std::filesystem::path& file);
  ~ServerDatabase();
  ServerDatabase(const ServerDatabase&) = delete;
  ServerDatabase& operator=(const ServerDatabase&) = delete;

  /// Holds the lock; what the stores do on this thread meanwhile is one change, durable after Commit and undone without it.
  class Transaction {
   public:
    Transaction(Transaction&&) noexcept;
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();
    Status Commit();

   private:
    friend class ServerDatabase;
    struct Open;
    explicit Transaction(std::unique_ptr<Open> open);
    std::unique_ptr<Open> open_;
  };
  Result<Transaction> Begin();

  /// Named values, e.g. the rules of the review.
  Result<std::optional<std::string>> GetSetting(const std::string& name);
  Status SetSetting(const std::string& name, const std::string& value);

  const std::filesystem::path& file() const;
  State* state() { return state_.get(); }

 private:
  explicit ServerDatabase(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace kantei::store
