// Inspected pictures as cases: what Kantei found in each run, and the files that show it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kantei/base/band.h"
#include "kantei/base/code256.h"
#include "kantei/base/json.h"
#include "kantei/base/result.h"
#include "kantei/store/server_database.h"

namespace kantei::store {

/// What one run found, in the form that lists and filters need. Scores are 0..1.
struct CaseFindings {
  std::string sha256, format;
  std::int64_t bytes = 0;
  int width = 0, height = 0;
  std::string pdq;  ///< 64 hexadecimal digits; empty when there is none
  int pdq_quality = 0;
  Band band = Band::kNone;
  Json bands = Json::object();  ///< check -> band
  std::optional<double> score_copy, score_ai_made, score_edited;
  double evidence = 0;  ///< orders cases of one band, 0..1
  std::optional<Json> top_match;
  std::optional<std::string> error;
  std::string tool_version;
  std::int64_t library_pictures = 0;
  Json result;  ///< kantei.inspect/1
};

struct Artifact {
  std::string name, type;
  std::int64_t bytes = 0;
  std::string sha256;
  std::string file;  ///< below the folder of the case
};

struct Case {
  std::int64_t inspection_id = 0, job_id = 0, user_id = 0;
  std::string source, created_at, updated_at, file_name;
  CaseFindings findings;  ///< of the latest run, without `result`
  std::int64_t runs = 0;
  std::string folder;  ///< name below the server's files
  bool erased = false;
  std::string state;  ///< "open", "pending_second", "confirmed", "dismissed", "escalated", "inconclusive"
  std::optional<Band> decided_band;
  std::optional<std::string> decided_at;
  std::optional<std::int64_t> assignee;
  std::int64_t decisions = 0, notes = 0;
  std::int64_t retroactive = 0;  ///< unseen retroactive matches
  std::vector<std::string> labels;
  bool flagged = false;
};

struct CaseRun {
  std::int64_t run = 0;
  std::string at, tool_version;
  Band band = Band::kNone;
  std::int64_t library_pictures = 0;
};

/// Scores at or above which a case belongs into the queue, whatever its band.
struct ThresholdProfile {
  std::optional<double> copy, ai_made, edited;
};

struct CaseFilter {
  std::optional<Band> band, min_band;
  std::vector<std::string> states;
  std::string label, from, to, text;
  std::optional<std::int64_t> assignee;  ///< 0: nobody
  std::optional<std::int64_t> job_id;
  bool only_flagged = false;
  bool by_evidence = false;  ///< else newest first
  std::string cursor;        ///< of CaseList::next
  int limit = 50;
};

struct CaseList {
  std::vector<Case> cases;
  std::optional<std::string> next;
};

class Cases {
 public:
  explicit Cases(ServerDatabase* database) : database_(database) {}

  struct NewCase {
    std::int64_t job_id = 0, user_id = 0;
    std::string source, file_name, folder;
    std::vector<std::string> labels;
  };
  Result<std::int64_t> Add(const NewCase& facts, const CaseFindings& findings,
                           const std::vector<Artifact>& artifacts);
  /// A further run: findings and artifacts are replaced, the earlier result stays among the runs. Nothing of what people did is touched.
  Status AddRun(std::int64_t inspection_id, const CaseFindings& findings,
                const std::vector<Artifact>& artifacts);

  /// kNotFound when there is none.
  Result<Case> Get(std::int64_t inspection_id);
  Result<Json> ResultOf(std::int64_t inspection_id);
  Result<std::vector<CaseRun>> Runs(std::int64_t inspection_id);
  Result<std::vector<Artifact>> Artifacts(std::int64_t inspection_id);
  /// kInvalidArgument for a cursor that is not ours.
  Result<CaseList> List(const CaseFilter& filter);
  /// Flagged cases by state.
  Result<Json> StateCounts();
  Result<std::int64_t> Count();

  Status SetLabels(std::int64_t inspection_id, const std::vector<std::string>& labels);
  /// The rows of files go, the record stays. Returns the folder whose files are to be removed.
  Result<std::string> Erase(std::int64_t inspection_id);

  Result<ThresholdProfile> Profile();
  Status SetProfile(const ThresholdProfile& profile);

  /// Hashes of all cases that have one of at least this quality, for retroactive matching.
  struct HashRow {
    std::int64_t inspection_id = 0;
    Code256 pdq;
  };
  Result<std::vector<HashRow>> Hashes(int min_quality);

 private:
  ServerDatabase* database_;
};

}  // namespace kantei::store
