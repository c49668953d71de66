#include <memory>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/progress.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/library_actions.h"
#include "kantei/cli/text_format.h"
#include "kantei/copy/enroll.h"
#include "kantei/store/hash_list.h"

namespace kantei::cli {
namespace {

constexpr std::uint64_t kMaxListBytes = std::uint64_t{4} << 30;
constexpr std::int64_t kRowsPerCommit = 10'000;

struct ImportSummary {
  std::int64_t added = 0, already_known = 0;
  bool cancelled = false;
};

Result<ImportSummary> AddRows(store::Catalog* catalog, const store::HashList& list, const std::string& bank,
                              Session* session) {
  ImportSummary summary;
  std::int64_t pending = 0;
  Progress progress("importing", list.rows.size(), "hashes");
  for (const store::HashListRow& row : list.rows) {
    if (session->cancellation.cancelled()) {
      summary.cancelled = true;
      break;
    }
    if (pending == 0) KANTEI_RETURN_IF_ERROR(catalog->Begin());
    ++pending;
    KANTEI_TRY(const auto known, catalog->FindBareHash(row.pdq, bank));
    if (known) {
      ++summary.already_known;
    } else {
      store::Picture picture;
      picture.bank = bank;
      picture.pdq = row.pdq;
      picture.pdq_quality = row.quality;
      picture.label = row.label;
      picture.source = row.source_id;
      KANTEI_RETURN_IF_ERROR(catalog->Add(picture, {}));
      ++summary.added;
    }
    progress.Advance();
    if (pending == kRowsPerCommit) {
      KANTEI_RETURN_IF_ERROR(catalog->Commit());
      pending = 0;
    }
  }
  if (pending > 0) KANTEI_RETURN_IF_ERROR(catalog->Commit());
  return summary;
}

}  // namespace

Result<int> RunLibraryExport(Session* session, const LibraryExportArguments& arguments) {
  std::vector<store::HashListRow> rows;
  {
    KANTEI_TRY(const std::unique_ptr<store::Catalog> catalog,
               store::Catalog::Open(session->LibraryPath(), store::OpenMode::kReadOnly));
    KANTEI_RETURN_IF_ERROR(CheckBank(catalog.get(), arguments.bank));
    store::PictureFilter filter;
    filter.bank = arguments.bank;
    KANTEI_RETURN_IF_ERROR(catalog->List(filter, [&](const store::Picture& picture) {
      // A partner's own identifier goes back to the partner; of our pictures only the id leaves the house,
      // never the path.
      const bool bare = picture.path.empty();
      rows.push_back({picture.pdq, picture.pdq_quality, picture.label,
                      bare ? picture.source : "kantei-" + std::to_string(picture.picture_id)});
      return !session->cancellation.cancelled();
    }));
  }
  KANTEI_RETURN_IF_ERROR(session->cancellation.Check());
  const std::string csv = store::FormatHashList(rows);
  if (arguments.out == "-") {
    session->out.Write(csv);
    return kExitOk;
  }
  KANTEI_RETURN_IF_ERROR(WriteFileAtomic(arguments.out, csv));
  if (session->json) {
    session->out.WriteLine(DumpJson(Json{{"exported", rows.size()}, {"path", DisplayPath(arguments.out)}}));
  } else {
    session->out.WriteLine("exported " + std::to_string(rows.size()) + " hashes to " +
                           TerminalPath(arguments.out));
  }
  return kExitOk;
}

Result<int> RunLibraryImport(Session* session, const LibraryImportArguments& arguments) {
  KANTEI_TRY(const std::string text, ReadTextFile(arguments.list, kMaxListBytes));
  KANTEI_TRY(const store::HashList list, store::ParseHashList(text));
  for (const std::string& problem : list.problems) {
    session->Complain(TerminalPath(arguments.list) + ": " + TerminalText(problem));
  }
  ImportSummary summary;
  {
    KANTEI_TRY(const std::unique_ptr<store::Catalog> catalog,
               store::Catalog::Open(session->LibraryPath(), store::OpenMode::kCreate));
    KANTEI_TRY(const std::string bank, ResolveBank(catalog.get(), arguments.bank));
    KANTEI_TRY(summary, AddRows(catalog.get(), list, bank, session));
  }
  if (session->json) {
    session->out.WriteLine(DumpJson(Json{{"added", summary.added},
                                         {"already_known", summary.already_known},
                                         {"skipped_lines", list.problems.size()},
                                         {"cancelled", summary.cancelled}}));
  } else {
    session->out.WriteLine("added " + std::to_string(summary.added) + ", already known " +
                           std::to_string(summary.already_known) + ", skipped lines " +
                           std::to_string(list.problems.size()));
  }
  if (summary.cancelled) {
    return Error{ErrorCode::kCancelled,
                 "stopped on request; what was added is safe, run the same command again to go on"};
  }
  const Status refreshed = copy::RefreshIndexes(session->LibraryPath(), nullptr, session->cancellation);
  if (!refreshed.ok() && refreshed.error().code == ErrorCode::kCancelled) return refreshed.error();
  return list.problems.empty() ? kExitOk : kExitSomeFailed;
}

}  // namespace kantei::cli
