#include <memory>

#include "kantei/base/json.h"
#include "kantei/base/progress.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/library_actions.h"
#include "kantei/cli/text_format.h"
#include "kantei/copy/descriptor_library.h"
#include "kantei/copy/enroll.h"

namespace kantei::cli {

Result<int> RunLibraryReindex(Session* session, const LibraryReindexArguments& arguments) {
  KANTEI_TRY(const auto model, OpenNetwork(arguments.network));
  copy::ReindexOptions options;
  options.threads = session->jobs;
  if (!arguments.index.empty()) {
    KANTEI_TRY(options.backend, store::ParseVectorBackend(arguments.index));
  }
  copy::ReindexSummary summary;
  std::int64_t total = 0;
  {
    KANTEI_TRY(const std::unique_ptr<store::Catalog> catalog,
               store::Catalog::Open(session->LibraryPath(), store::OpenMode::kReadWrite));
    KANTEI_TRY(const std::int64_t pictures, catalog->Count({}));
    KANTEI_TRY(const std::int64_t described, catalog->CountDescriptors(model->id()));
    total = pictures - described;
    Progress progress("describing", static_cast<std::uint64_t>(total), "pictures");
    KANTEI_TRY(summary,
               copy::ReindexLibrary(catalog.get(), *model, options, session->cancellation, &progress));
  }
  if (session->json)
    session->out.WriteLine(DumpJson(Json{{"network", model->info().name},
                                         {"described", summary.described},
                                         {"without_descriptor", summary.without},
                                         {"cancelled", summary.cancelled}}));
  else
    session->out.WriteLine("described " + std::to_string(summary.described) + " pictures with " +
                           TerminalText(model->info().name) + ", of which " +
                           std::to_string(summary.without) + " have no descriptor");
  if (summary.cancelled)
    return Error{ErrorCode::kCancelled,
                 "stopped on request; what was described is safe, run the same command again to go on"};
  KANTEI_RETURN_IF_ERROR(copy::RefreshIndexes(session->LibraryPath(), model, session->cancellation));
  return kExitOk;
}

}  // namespace kantei::cli
