#include <memory>

#include "kantei/cli/library_actions.h"
#include "kantei/cli/verbs.h"

namespace kantei::cli {
namespace {

/// A sub-verb of library with the options that all of them have, and its own arguments for the whole run.
template <typename Arguments>
CLI::App* AddVerb(CLI::App* library, Session* session, const std::string& name,
                  const std::string& description, const std::shared_ptr<Arguments>& arguments,
                  Result<int> (*run)(Session*, const Arguments&)) {
  CLI::App* verb = library->add_subcommand(name, description);
  AddLibraryOption(verb, session);
  AddJsonOption(verb, session);
  AddQuietOption(verb, session);
  SetAction(verb, session, [session, arguments, run] { return run(session, *arguments); });
  return verb;
}

void AddAdd(CLI::App* library, Session* session) {
  auto arguments = std::make_shared<LibraryAddArguments>();
  CLI::App* verb =
      AddVerb(library, session, "add", "Add pictures; what is there already is skipped, bad files are named",
              arguments, &RunLibraryAdd);
  verb->add_option("DIR", arguments->files, "Directories of pictures, or pictures")
      ->required()
      ->type_name("");
  verb->add_option(
          "--bank", arguments->bank,
          "Bank: allow, deny, ignore, or an own one, NAME:KIND at first use; ignore silences a match")
      ->type_name("BANK")
      ->capture_default_str();
  verb->add_option("--label", arguments->label, "Free text kept with each picture")->type_name("TEXT");
  verb->add_option("--owner", arguments->owner, "Who owns the pictures")->type_name("TEXT");
  verb->add_option("--source", arguments->source, "Where they come from")->type_name("TEXT");
  verb->add_option("--notes", arguments->notes, "Anything else")->type_name("TEXT");
  verb->add_flag("--hashes-only", arguments->hashes_only,
                 "Keep only the PDQ hash: about ten times faster, but finds resaved copies only");
  AddNetworkOptions(verb, &arguments->network);
  AddJobsOption(verb, session);
  SetExample(verb, "kantei library add --bank clients:deny --owner 'Studio K' artwork/");
}

void AddReindex(CLI::App* library, Session* session) {
  auto arguments = std::make_shared<LibraryReindexArguments>();
  CLI::App* verb = AddVerb(library, session, "reindex",
                           "Describe the pictures with another network, or anew, from the stored previews",
                           arguments, &RunLibraryReindex);
  AddNetworkOptions(verb, &arguments->network, true);
  verb->add_option("--index", arguments->index,
                   "How descriptors are searched: flat-int8 and flat-float16 exactly, hnsw through a graph "
                   "(for millions)")
      ->check(CLI::IsMember({"flat-int8", "flat-float16", "hnsw"}))
      ->type_name("KIND");
  AddJobsOption(verb, session);
  SetExample(verb, "kantei library reindex --model sscd_disc_mixup --library known");
}

void AddList(CLI::App* library, Session* session) {
  auto arguments = std::make_shared<LibraryListArguments>();
  CLI::App* verb = AddVerb(library, session, "list", "List the known pictures", arguments, &RunLibraryList);
  verb->add_option("--bank", arguments->bank, "Only this bank")->type_name("NAME");
  verb->add_option("--label", arguments->label, "Only this label")->type_name("TEXT");
  verb->add_flag("--csv", arguments->csv, "Print CSV, one line a picture")
      ->excludes(verb->get_option("--json"));
  SetExample(verb, "kantei library list --bank deny --csv");
}

void AddRemove(CLI::App* library, Session* session) {
  auto arguments = std::make_shared<LibraryRemoveArguments>();
  CLI::App* verb =
      AddVerb(library, session, "remove",
              "Forget pictures by id or path; a directory stands for all that was added below it", arguments,
              &RunLibraryRemove);
  verb->add_option("ID|PATH", arguments->names, "Ids as 'list' prints them, or paths")
      ->required()
      ->type_name("");
  verb->add_option("--bank", arguments->bank, "Only from this bank")->type_name("NAME");
  SetExample(verb, "kantei library remove 17 artwork/old/");
}

void AddExchange(CLI::App* library, Session* session) {
  auto to = std::make_shared<LibraryExportArguments>();
  CLI::App* out = AddVerb(library, session, "export", "Write the PDQ hashes as a ThreatExchange CSV list", to,
                          &RunLibraryExport);
  out->add_option("OUT", to->out, "The CSV file to write, - for standard output")->required()->type_name("");
  out->add_option("--bank", to->bank, "Only this bank")->type_name("NAME");
  SetExample(out, "kantei library export hashes.csv --bank deny");

  auto from = std::make_shared<LibraryImportArguments>();
  CLI::App* in = AddVerb(library, session, "import", "Add the hashes of a ThreatExchange CSV list", from,
                         &RunLibraryImport);
  in->add_option("LIST", from->list, "The CSV file to read")->required()->type_name("");
  in->add_option("--bank", from->bank, "Bank for the hashes, NAME:KIND at first use")
      ->required()
      ->type_name("BANK");
  SetExample(in, "kantei library import partner.csv --bank partner:deny");
}

void AddVerify(CLI::App* library, Session* session) {
  auto arguments = std::make_shared<LibraryVerifyArguments>();
  CLI::App* verb = AddVerb(library, session, "verify", "Check the catalogue and that its indexes fit it",
                           arguments, &RunLibraryVerify);
  verb->add_flag("--rehash", arguments->rehash,
                 "Also read every file again and name those that are missing or changed");
  AddJobsOption(verb, session);
  SetExample(verb, "kantei library verify --rehash");
}

void AddBanks(CLI::App* library, Session* session) {
  CLI::App* verb = library->add_subcommand("banks", "List the banks and how many pictures each holds");
  AddLibraryOption(verb, session);
  AddJsonOption(verb, session);
  SetAction(verb, session, [session] { return RunLibraryBanks(session); });
  SetExample(verb, "kantei library banks");
}

}  // namespace

void AddLibraryCommand(CLI::App* root, Session* session) {
  CLI::App* library = root->add_subcommand("library", "The catalogue of known pictures");
  library->require_subcommand(1);
  SetExample(library, "kantei library add pictures/");
  AddAdd(library, session);
  AddReindex(library, session);
  AddList(library, session);
  AddRemove(library, session);
  AddExchange(library, session);
  AddVerify(library, session);
  AddBanks(library, session);
}

}  // namespace kantei::cli
