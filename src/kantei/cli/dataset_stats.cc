#include <memory>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/cli/dataset_build.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/text_format.h"
#include "kantei/evaluate/dataset_stats.h"

namespace kantei::cli {
namespace {

struct Arguments {
  std::string set, html;
};

Result<int> RunStats(Session* session, const Arguments& arguments) {
  KANTEI_TRY(const evaluate::DatasetStats stats, evaluate::ReadDatasetStats(arguments.set));
  const Json json = evaluate::DatasetStatsJson(stats);
  if (!arguments.html.empty()) {
    KANTEI_RETURN_IF_ERROR(WriteFileAtomic(arguments.html, evaluate::DatasetStatsHtml(stats)));
    session->Say("wrote " + TerminalPath(arguments.html));
  }
  if (session->json) {
    session->out.WriteLine(DumpJson(json));
    return kExitOk;
  }
  std::vector<std::vector<std::string>> rows{{"what", "name", "pictures"}};
  for (const char* what : {"history", "kind", "engine", "split", "source", "mask_kind", "post_processing",
                           "refused", "fruitless"})
    for (const auto& [name, count] : json.at(what).items())
      rows.push_back({what, TerminalText(name), std::to_string(count.get<std::int64_t>())});
  session->out.Write(AlignColumns(rows));
  return kExitOk;
}

}  // namespace

void AddDatasetStats(CLI::App* dataset, Session* session) {
  CLI::App* verb = dataset->add_subcommand("stats", "Say what is in a set that kantei dataset build made");
  auto arguments = std::make_shared<Arguments>();
  verb->add_option("OUT", arguments->set, "The set's directory")->required()->type_name("");
  verb->add_option("--html", arguments->html, "Write a page with plots and a sheet of samples")
      ->type_name("FILE");
  AddJsonOption(verb, session);
  AddQuietOption(verb, session);
  SetExample(verb, "kantei dataset stats set --html set.html");
  SetAction(verb, session, [session, arguments] { return RunStats(session, *arguments); });
}

}  // namespace kantei::cli
