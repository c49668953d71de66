// The audit log: rows that each carry a hash over the one before, so that a change anywhere shows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/json.h"
#include "kantei/base/result.h"
#include "kantei/store/server_database.h"

namespace kantei::store {

struct AuditRow {
  std::int64_t seq = 0;  ///< 1, 2, 3 ... without gaps
  std::string at, actor, address, action, target;
  Json detail = Json::object();
  std::string request_id;
  std::string hash;  ///< SHA-256 of the hash before (64 zeros for the first) and this row
};

struct AuditFilter {
  std::string actor, action_prefix, target, from, to;  ///< empty: no filter
  std::int64_t before_seq = 0;                         ///< 0: from the newest on
  int limit = 50;
};

struct AuditVerdict {
  std::int64_t rows = 0;
  std::string head;                    ///< hash of the last row, 64 zeros when there is none
  std::optional<std::string> problem;  ///< the first row that does not fit, in one sentence
};

class AuditLog {
 public:
  explicit AuditLog(ServerDatabase* database) : database_(database) {}
  /// seq, at and hash are filled in.
  Status Append(AuditRow row);
  /// Newest first.
  Result<std::vector<AuditRow>> List(const AuditFilter& filter);
  Result<AuditVerdict> Verify(const CancellationToken& cancellation);

 private:
  ServerDatabase* database_;
};

/// Of a database file that no server need have open; nothing is written.
Result<AuditVerdict> VerifyAuditFile(const std::filesystem::path& file,
                                     const CancellationToken& cancellation);

/// A row of that hash is there: the log was not cut off before it.
Result<bool> AuditFileHasHash(const std::filesystem::path& file, const std::string& hash);

}  // namespace kantei::store
