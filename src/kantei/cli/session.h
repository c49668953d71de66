// What every verb shares: common options, where data and talk go, and what runs once the command line has
// been read.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/cli/output.h"

namespace kantei::cli {

/// Returns the exit code, or the Error that ended the verb.
using Action = std::function<Result<int>()>;

struct Session {
  Output out{1};
  CancellationToken cancellation;
  Action action;  ///< set by the verb that was named

  bool json = false;
  bool quiet = false;
  int jobs = 0;         ///< 0: all cores
  std::string library;  ///< as named; empty: the default
  bool library_named = false;

  std::filesystem::path LibraryPath() const;
  /// Talk for people on stderr; silent with --quiet.
  void Say(std::string_view line) const;
  /// A failure of one item, on stderr, also with --quiet.
  static void Complain(std::string_view line);
};

/// The verbs below are registered with these, so that an option has one description.
void AddJsonOption(CLI::App* verb, Session* session);
void AddQuietOption(CLI::App* verb, Session* session);
void AddJobsOption(CLI::App* verb, Session* session);
void AddLibraryOption(CLI::App* verb, Session* session);
/// "Example:" and the command, at the foot of the verb's help and in docs/cli.md.
void SetExample(CLI::App* verb, const std::string& example);
/// Runs `action` after parsing when `verb` is the one that was named.
void SetAction(CLI::App* verb, Session* session, Action action);

/// Files of a command line: a file stands for itself (also when it does not exist: its reader will name it),
/// a directory for the pictures below it. kNotFound when nothing is left.
Result<std::vector<std::filesystem::path>> CollectPictures(const std::vector<std::string>& arguments);

}  // namespace kantei::cli
