// What stands around the sections of the pictures: head, summary, last page. Private to inspect.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "kantei/inspect/evidence.h"

namespace kantei::inspect {

/// One line of the summary; html fields are escaped already, the others are not.
struct SummaryRow {
  struct Cell {
    std::string key;
    Text name;
    std::string html;
  };
  std::string thumbnail;  ///< html, may be empty
  std::string name, hash, error;
  std::vector<Cell> cells;
  std::size_t conflicts = 0;
};

/// Everything up to <main>; each picture's pages carry its hash in the running foot.
void AppendHead(const RunFacts& run, const std::vector<std::string>& hashes, Language language,
                std::string* out);
void AppendSummary(const RunFacts& run, const std::vector<SummaryRow>& rows, Language language,
                   std::string* out);
/// Bands, limits, tool and options, and the end of the page.
void AppendAbout(const RunFacts& run, std::size_t pictures, double seconds, Language language,
                 std::string* out);

void AppendError(const Error& error, Language language, std::string* out);
void AppendGist(const CheckReport& report, Language language, std::string* out);

}  // namespace kantei::inspect
