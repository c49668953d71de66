// PDQ lists as partners exchange them: the ThreatExchange CSV form.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/code256.h"
#include "kantei/base/result.h"

namespace kantei::store {

struct HashListRow {
  Code256 pdq;
  int quality = 100;      ///< 100 when the list has no quality
  std::string label;      ///< tags, joined by a space; may be empty
  std::string source_id;  ///< the partner's identifier; may be empty
};

struct HashList {
  std::vector<HashListRow> rows;
  std::vector<std::string> problems;  ///< one sentence per line that was skipped, with its number
};

/// Rows of other signal types are counted as problems and skipped; a file without one usable line is
/// kCorrupt.
Result<HashList> ParseHashList(std::string_view csv);
std::string FormatHashList(const std::vector<HashListRow>& rows);

}  // namespace kantei::store
