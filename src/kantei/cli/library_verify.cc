#include <memory>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/parallel.h"
#include "kantei/base/progress.h"
#include "kantei/base/sha256.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/library_actions.h"
#include "kantei/cli/text_format.h"
#include "kantei/copy/library_index.h"

namespace kantei::cli {
namespace {

struct FileToCheck {
  std::string path, sha256;
};

struct RehashSummary {
  std::int64_t checked = 0, missing = 0, changed = 0, unreadable = 0;
  bool sound() const { return missing + changed + unreadable == 0; }
};

/// Reads every file of the catalogue again; names each that is not what was added.
Result<RehashSummary> Rehash(Session* session, store::Catalog* catalog) {
  std::vector<FileToCheck> files;
  KANTEI_RETURN_IF_ERROR(catalog->List({}, [&](const store::Picture& picture) {
    if (!picture.path.empty()) files.push_back({picture.path, picture.sha256});
    return !session->cancellation.cancelled();
  }));
  RehashSummary summary;
  Progress progress("reading", files.size(), "files");
  OrderedPipeline<Result<std::string>>(
      files.size(), ThreadCount(session->jobs), session->cancellation,
      [&](std::size_t i) { return Sha256File(files[i].path); },
      [&](std::size_t i, Result<std::string>&& digest) {
        ++summary.checked;
        progress.Advance();
        const std::string name = "kantei: " + TerminalPath(files[i].path);
        if (!digest.ok() && digest.error().code == ErrorCode::kNotFound) {
          ++summary.missing;
          progress.Say(name + " is missing");
        } else if (!digest.ok()) {
          ++summary.unreadable;
          progress.Say("kantei: " + TerminalText(digest.error().message));
        } else if (*digest != files[i].sha256) {
          ++summary.changed;
          progress.Say(name + " has changed since it was added");
        }
        return true;
      });
  KANTEI_RETURN_IF_ERROR(session->cancellation.Check());
  return summary;
}

/// Empty when the index answers for exactly the pictures of the catalogue, else one sentence.
Result<std::string> CheckIndexes(Session* session, store::Catalog* catalog) {
  KANTEI_TRY(const auto vocabulary, copy::Vocabulary::Shipped());
  KANTEI_TRY(const auto index, copy::LibraryIndex::Open(catalog, *vocabulary, false, session->cancellation));
  KANTEI_TRY(const std::int64_t pictures, catalog->Count({}));
  if (index->pictures() == pictures) return std::string();
  return "the index knows " + std::to_string(index->pictures()) + " pictures, the catalogue " +
         std::to_string(pictures) +
         "; delete the index folder in the library, it is made again from the catalogue";
}

}  // namespace

Result<int> RunLibraryVerify(Session* session, const LibraryVerifyArguments& arguments) {
  KANTEI_TRY(const std::unique_ptr<store::Catalog> catalog,
             store::Catalog::Open(session->LibraryPath(), store::OpenMode::kReadOnly));
  KANTEI_TRY(const std::int64_t pictures, catalog->Count({}));
  KANTEI_TRY(std::vector<std::string> problems, catalog->Verify(session->cancellation));
  KANTEI_TRY(std::string index_problem, CheckIndexes(session, catalog.get()));
  if (!index_problem.empty()) problems.push_back(std::move(index_problem));
  RehashSummary rehash;
  if (arguments.rehash) {
    KANTEI_TRY(rehash, Rehash(session, catalog.get()));
  }

  const bool sound = problems.empty() && rehash.sound();
  if (session->json) {
    Json line{{"sound", sound}, {"pictures", pictures}, {"problems", problems}};
    if (arguments.rehash) {
      line["rehash"] = {{"checked", rehash.checked},
                        {"missing", rehash.missing},
                        {"changed", rehash.changed},
                        {"unreadable", rehash.unreadable}};
    }
    session->out.WriteLine(DumpJson(line));
  } else {
    for (const std::string& problem : problems) session->out.WriteLine("problem: " + TerminalText(problem));
    std::string line = std::to_string(pictures) + " pictures, catalogue and indexes " +
                       (problems.empty() ? "sound" : "not sound");
    if (arguments.rehash) {
      line += "; files read " + std::to_string(rehash.checked) + ", missing " +
              std::to_string(rehash.missing) + ", changed " + std::to_string(rehash.changed) +
              ", unreadable " + std::to_string(rehash.unreadable);
    }
    session->out.WriteLine(line);
  }
  return sound ? kExitOk : kExitSomeFailed;
}

}  // namespace kantei::cli
