#include <cstdio>
#include <memory>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/library_actions.h"
#include "kantei/cli/text_format.h"

namespace kantei::cli {
namespace {

Json PictureJson(const store::Picture& picture) {
  return Json{{"id", picture.picture_id},
              {"bank", picture.bank},
              {"path", DisplayPath(picture.path)},
              {"sha256", picture.sha256},
              {"label", picture.label},
              {"owner", picture.owner},
              {"source", picture.source},
              {"notes", picture.notes},
              {"width", picture.width},
              {"height", picture.height},
              {"file_bytes", picture.file_bytes},
              {"added_at", picture.added_at},
              {"pdq", picture.pdq.ToHex()},
              {"pdq_quality", picture.pdq_quality},
              {"has_features", picture.has_features}};
}

std::string PictureCsv(const store::Picture& picture) {
  return CsvLine({std::to_string(picture.picture_id), picture.bank, DisplayPath(picture.path), picture.sha256,
                  picture.label, picture.owner, picture.source, picture.notes, std::to_string(picture.width),
                  std::to_string(picture.height), std::to_string(picture.file_bytes), picture.added_at,
                  picture.pdq.ToHex(), std::to_string(picture.pdq_quality),
                  picture.has_features ? "1" : "0"});
}

/// Streamed, so the columns have fixed widths; what varies in length comes last.
std::string PictureText(const store::Picture& picture) {
  char head[64];
  std::snprintf(head, sizeof head, "%8lld  ", static_cast<long long>(picture.picture_id));
  std::string line = head + TerminalText(picture.bank);
  line.append(static_cast<std::size_t>(std::max(1, 22 - DisplayWidth(line))), ' ');
  const std::string size = picture.width > 0
                               ? std::to_string(picture.width) + "×" + std::to_string(picture.height)
                               : std::string("hash only");
  line += size;
  line.append(static_cast<std::size_t>(std::max(1, 34 - DisplayWidth(line))), ' ');
  line += picture.path.empty() ? picture.pdq.ToHex() : TerminalPath(picture.path);
  if (!picture.label.empty()) line += "  [" + TerminalText(picture.label) + "]";
  return line;
}

}  // namespace

Result<int> RunLibraryList(Session* session, const LibraryListArguments& arguments) {
  KANTEI_TRY(const std::unique_ptr<store::Catalog> catalog,
             store::Catalog::Open(session->LibraryPath(), store::OpenMode::kReadOnly));
  KANTEI_RETURN_IF_ERROR(CheckBank(catalog.get(), arguments.bank));
  store::PictureFilter filter;
  filter.bank = arguments.bank;
  filter.label = arguments.label;
  if (arguments.csv) {
    session->out.WriteLine(
        "id,bank,path,sha256,label,owner,source,notes,width,height,file_bytes,added_at,pdq,pdq_quality,has_"
        "features");
  }
  KANTEI_RETURN_IF_ERROR(catalog->List(filter, [&](const store::Picture& picture) {
    if (session->json) {
      session->out.WriteLine(DumpJson(PictureJson(picture)));
    } else {
      session->out.WriteLine(arguments.csv ? PictureCsv(picture) : PictureText(picture));
    }
    return !session->out.failed() && !session->cancellation.cancelled();
  }));
  KANTEI_RETURN_IF_ERROR(session->cancellation.Check());
  return kExitOk;
}

Result<int> RunLibraryBanks(Session* session) {
  KANTEI_TRY(const std::unique_ptr<store::Catalog> catalog,
             store::Catalog::Open(session->LibraryPath(), store::OpenMode::kReadOnly));
  KANTEI_TRY(const std::vector<store::Bank> banks, catalog->Banks());
  std::vector<std::vector<std::string>> rows = {{"bank", "kind", "pictures"}};
  for (const store::Bank& bank : banks) {
    const std::string kind(store::BankKindName(bank.kind));
    if (session->json) {
      session->out.WriteLine(
          DumpJson(Json{{"bank", bank.name}, {"kind", kind}, {"pictures", bank.pictures}}));
    }
    rows.push_back({TerminalText(bank.name), kind, std::to_string(bank.pictures)});
  }
  if (!session->json) session->out.Write(AlignColumns(rows));
  return kExitOk;
}

}  // namespace kantei::cli
