// What the sub-verbs of `kantei library` do, one struct of arguments each.
#pragma once

#include <string>
#include <vector>

#include "kantei/cli/network_options.h"
#include "kantei/cli/session.h"
#include "kantei/store/catalog.h"

namespace kantei::cli {

struct LibraryAddArguments {
  std::vector<std::string> files;
  std::string bank = "deny";  ///< NAME, or NAME:KIND
  std::string label, owner, source, notes;
  bool hashes_only = false;
  NetworkArguments network;
};

struct LibraryReindexArguments {
  NetworkArguments network;
  std::string index;  ///< empty: as it is
};

struct LibraryListArguments {
  std::string bank, label;
  bool csv = false;
};

struct LibraryRemoveArguments {
  std::vector<std::string> names;  ///< ids or paths
  std::string bank;
};

struct LibraryExportArguments {
  std::string out;  ///< "-": standard output
  std::string bank;
};

struct LibraryImportArguments {
  std::string list;
  std::string bank;  ///< NAME, or NAME:KIND
};

struct LibraryVerifyArguments {
  bool rehash = false;
};

Result<int> RunLibraryAdd(Session* session, const LibraryAddArguments& arguments);
Result<int> RunLibraryRemove(Session* session, const LibraryRemoveArguments& arguments);
Result<int> RunLibraryList(Session* session, const LibraryListArguments& arguments);
Result<int> RunLibraryBanks(Session* session);
Result<int> RunLibraryExport(Session* session, const LibraryExportArguments& arguments);
Result<int> RunLibraryImport(Session* session, const LibraryImportArguments& arguments);
Result<int> RunLibraryReindex(Session* session, const LibraryReindexArguments& arguments);
Result<int> RunLibraryVerify(Session* session, const LibraryVerifyArguments& arguments);

/// Makes or finds the bank that "NAME" or "NAME:KIND" means and returns its name. A new bank needs its kind.
Result<std::string> ResolveBank(store::Catalog* catalog, const std::string& spec);
/// kNotFound with the names that exist unless `name` is empty or a bank.
Status CheckBank(store::Catalog* catalog, const std::string& name);

}  // namespace kantei::cli
