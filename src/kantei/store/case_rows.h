// How a case is read from its row. Private to store/.
#pragma once

#include <string>

#include "kantei/store/case_store.h"
#include "kantei/store/sqlite.h"

namespace kantei::store {

/// True for rows that belong into the queue: by band, by a retroactive match, or by a saved threshold.
inline constexpr const char* kFlagged =
    "(band >= 1 OR retroactive > 0 OR score_copy >= (SELECT value FROM settings WHERE name = "
    "'threshold.copy') + 0 OR "
    "score_ai_made >= (SELECT value FROM settings WHERE name = 'threshold.ai_made') + 0 OR "
    "score_edited >= (SELECT value FROM settings WHERE name = 'threshold.edited') + 0)";

/// What ReadCase reads, from inspections AS i.
inline std::string CaseColumns() {
  return "SELECT inspection_id, job_id, user_id, source, created_at, updated_at, file_name, sha256, bytes, "
         "format, width, "
         "height, pdq, pdq_quality, band, bands, score_copy, score_ai_made, score_edited, evidence, "
         "top_match, error, runs, "
         "folder, erased, state, decided_band, decided_at, assignee, retroactive, "
         "(SELECT json_group_array(label) FROM labels AS l WHERE l.inspection_id = i.inspection_id), "
         "(SELECT count(*) FROM decisions AS d WHERE d.inspection_id = i.inspection_id AND d.kind = "
         "'decision' AND NOT EXISTS "
         "(SELECT 1 FROM decisions AS u WHERE u.undoes = d.decision_id)), "
         "(SELECT count(*) FROM notes AS n WHERE n.inspection_id = i.inspection_id), " +
         std::string(kFlagged) + " FROM inspections AS i";
}

Result<Case> ReadCase(const Statement& row);

}  // namespace kantei::store
