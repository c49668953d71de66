#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <utility>

#include "kantei/base/json.h"
#include "kantei/base/progress.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/library_actions.h"
#include "kantei/cli/text_format.h"
#include "kantei/copy/enroll.h"

namespace kantei::cli {
namespace {

namespace fs = std::filesystem;

void ReportAdded(Session* session, const copy::EnrollSummary& summary) {
  if (session->json) {
    Json failures = Json::array();
    for (const copy::EnrollFailure& failure : summary.failures) {
      failures.push_back({{"path", DisplayPath(failure.path)},
                          {"code", std::string(ErrorCodeName(failure.error.code))},
                          {"message", failure.error.message}});
    }
    session->out.WriteLine(DumpJson(Json{{"added", summary.added},
                                         {"already_known", summary.already_known},
                                         {"without_descriptor", summary.without_descriptor},
                                         {"failed", summary.failures.size()},
                                         {"failures", std::move(failures)},
                                         {"cancelled", summary.cancelled}}));
    return;
  }
  session->out.WriteLine("added " + std::to_string(summary.added) + ", already known " +
                         std::to_string(summary.already_known) + ", failed " +
                         std::to_string(summary.failures.size()));
}

/// Digits alone are an id; a file of that name is meant by ./17.
std::optional<std::int64_t> ParseId(const std::string& text) {
  std::int64_t id = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (failure != std::errc() || end != text.data() + text.size() || id <= 0) return std::nullopt;
  return id;
}

/// Ids of the pictures that one argument means; empty when none.
Result<std::vector<std::int64_t>> FindPictures(store::Catalog* catalog, const std::string& name,
                                               const std::string& bank) {
  std::vector<std::int64_t> ids;
  if (const std::optional<std::int64_t> id = ParseId(name)) {
    auto picture = catalog->Get(*id);
    if (picture.ok() && (bank.empty() || picture->bank == bank)) ids.push_back(*id);
    if (!picture.ok() && picture.error().code != ErrorCode::kNotFound) return picture.error();
    return ids;
  }
  std::error_code failure;
  std::string path = fs::absolute(name, failure).lexically_normal().native();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  store::PictureFilter filter;
  filter.bank = bank;
  filter.path_prefix = path;
  KANTEI_RETURN_IF_ERROR(catalog->List(filter, [&](const store::Picture& picture) {
    const std::string_view rest = std::string_view(picture.path).substr(path.size());
    if (rest.empty() || rest.front() == '/' || path == "/") ids.push_back(picture.picture_id);
    return true;
  }));
  return ids;
}

/// The catalogue is safe already: a search makes the indexes current by itself if this could not.
Status BringIndexesUpToDate(Session* session, std::shared_ptr<const copy::DescriptorModel> descriptor) {
  Status refreshed =
      copy::RefreshIndexes(session->LibraryPath(), std::move(descriptor), session->cancellation);
  if (refreshed.ok() || refreshed.error().code == ErrorCode::kCancelled) return refreshed;
  session->Complain("the indexes will be made at the next search: " +
                    TerminalText(refreshed.error().message));
  return {};
}

}  // namespace

Status CheckBank(store::Catalog* catalog, const std::string& name) {
  if (name.empty()) return {};
  KANTEI_TRY(const std::vector<store::Bank> banks, catalog->Banks());
  std::string names;
  for (const store::Bank& bank : banks) {
    if (bank.name == name) return {};
    names += (names.empty() ? "" : ", ") + bank.name;
  }
  return Error{ErrorCode::kNotFound, "there is no bank " + TerminalText(name) + "; the library has " + names};
}

Result<std::string> ResolveBank(store::Catalog* catalog, const std::string& spec) {
  const std::size_t colon = spec.rfind(':');
  const std::string name = spec.substr(0, colon);
  if (colon != std::string::npos) {
    KANTEI_TRY(const store::BankKind kind, store::ParseBankKind(spec.substr(colon + 1)));
    if (name.empty())
      return Error{ErrorCode::kInvalidArgument, "--bank " + spec + " has no name before the colon"};
    KANTEI_RETURN_IF_ERROR(catalog->EnsureBank(name, kind));
    return name;
  }
  const Status known = CheckBank(catalog, name);
  if (known.ok()) return name;
  if (known.error().code != ErrorCode::kNotFound) return known.error();
  return Error{ErrorCode::kNotFound, known.error().message + "; say what a new one means: --bank " +
                                         TerminalText(name) + ":deny, :allow or :ignore"};
}

Result<int> RunLibraryAdd(Session* session, const LibraryAddArguments& arguments) {
  KANTEI_TRY(const std::vector<fs::path> files, CollectPictures(arguments.files));
  copy::EnrollOptions options;
  options.label = arguments.label;
  options.owner = arguments.owner;
  options.source = arguments.source;
  options.notes = arguments.notes;
  options.hashes_only = arguments.hashes_only;
  options.threads = session->jobs;
  if (!arguments.hashes_only) {
    KANTEI_TRY(options.descriptor, OpenNetwork(arguments.network));
  }
  copy::EnrollSummary summary;
  {
    KANTEI_TRY(const std::unique_ptr<store::Catalog> catalog,
               store::Catalog::Open(session->LibraryPath(), store::OpenMode::kCreate));
    KANTEI_TRY(options.bank, ResolveBank(catalog.get(), arguments.bank));
    Progress progress("adding", files.size(), "pictures");
    KANTEI_TRY(summary, copy::EnrollFiles(catalog.get(), files, options, session->cancellation, &progress));
  }
  ReportAdded(session, summary);
  if (summary.cancelled) {
    return Error{ErrorCode::kCancelled,
                 "stopped on request; what was added is safe, run the same command again to go on"};
  }
  if (summary.without_descriptor > 0)
    session->Say(std::to_string(summary.without_descriptor) +
                 " of the pictures are nearly of one colour and have no descriptor: only hashes and local "
                 "features know them.");
  KANTEI_RETURN_IF_ERROR(BringIndexesUpToDate(session, options.descriptor));
  return summary.failures.empty() ? kExitOk : kExitSomeFailed;
}

Result<int> RunLibraryRemove(Session* session, const LibraryRemoveArguments& arguments) {
  std::size_t removed = 0, missing = 0;
  {
    KANTEI_TRY(const std::unique_ptr<store::Catalog> catalog,
               store::Catalog::Open(session->LibraryPath(), store::OpenMode::kReadWrite));
    KANTEI_RETURN_IF_ERROR(CheckBank(catalog.get(), arguments.bank));
    KANTEI_RETURN_IF_ERROR(catalog->Begin());
    for (const std::string& name : arguments.names) {
      KANTEI_TRY(const std::vector<std::int64_t> ids, FindPictures(catalog.get(), name, arguments.bank));
      if (ids.empty()) {
        ++missing;
        session->Complain(TerminalPath(name) +
                          " is not in the library; 'kantei library list' prints ids and paths");
      }
      for (const std::int64_t id : ids) {
        KANTEI_RETURN_IF_ERROR(session->cancellation.Check());
        KANTEI_RETURN_IF_ERROR(catalog->Remove(id));
        ++removed;
      }
    }
    KANTEI_RETURN_IF_ERROR(catalog->Commit());
  }
  if (session->json) {
    session->out.WriteLine(DumpJson(Json{{"removed", removed}, {"missing", missing}}));
  } else {
    session->out.WriteLine("removed " + std::to_string(removed) + ", not found " + std::to_string(missing));
  }
  if (removed > 0) KANTEI_RETURN_IF_ERROR(BringIndexesUpToDate(session, nullptr));
  return missing > 0 ? kExitSomeFailed : kExitOk;
}

}  // namespace kantei::cli
