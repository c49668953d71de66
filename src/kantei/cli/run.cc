#include "kantei/cli/run.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "kantei/base/progress.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/text_format.h"
#include "kantei/cli/verbs.h"

namespace kantei::cli {
namespace {

/// A descriptor below 3 that the caller closed would be given to the next file that is opened, and our output
/// would be written into it. True when `descriptor` was open.
bool HoldDescriptor(int descriptor) {
  if (::fcntl(descriptor, F_GETFD) != -1) return true;
  (void)::open("/dev/null", descriptor == STDIN_FILENO ? O_RDONLY : O_WRONLY);
  return false;
}

/// CLI11 reads "[a,b]" as a list and "++" as the end of a verb; a file of such a name is meant as a file.
std::string ProtectFileName(std::string argument) {
  const bool special = argument == "++" || (argument.starts_with('[') && argument.ends_with(']'));
  struct stat info {};
  if (special && ::lstat(argument.c_str(), &info) == 0) argument.insert(0, "./");
  return argument;
}

int Fail(const Error& error) {
  Session::Complain(TerminalText(error.message));
  return ExitCode(error.code);
}

/// The verb that the command line named, with the words that lead to it.
std::pair<const CLI::App*, std::string> NamedVerb(const CLI::App& root) {
  const CLI::App* named = &root;
  std::string words = root.get_name();
  while (!named->get_subcommands().empty()) {
    named = named->get_subcommands().front();
    words += " " + named->get_name();
  }
  return {named, words};
}

std::string HelpOfNamedVerb(const CLI::App& root) {
  const auto [named, words] = NamedVerb(root);
  if (named == &root) return root.help();
  return named->help(words.substr(0, words.rfind(' ')));
}

/// One line: what was wrong and where help is.
int FailUsage(const CLI::App& root, const CLI::ParseError& error) {
  std::string message = error.what();
  if (message.ends_with('\n')) message.pop_back();
  Session::Complain(TerminalText(message) + "; see " + NamedVerb(root).second + " --help");
  return kExitUsage;
}

int RunParsed(const CLI::App& root, Session* session) {
  SetProgressEnabled(!session->quiet);
  session->cancellation = CancellationToken::OnInterrupt();
  if (!session->action) {
    session->out.Write(root.help());
    const Status written = session->out.Flush();
    return written.ok() ? kExitUsage : Fail(written.error());
  }
  const Result<int> outcome = session->action();
  const Status written = session->out.Flush();
  if (!written.ok()) return Fail(written.error());
  return outcome.ok() ? *outcome : Fail(outcome.error());
}

}  // namespace

int Run(int argc, char** argv) {
  (void)HoldDescriptor(STDIN_FILENO);
  const bool has_output = HoldDescriptor(STDOUT_FILENO);
  (void)HoldDescriptor(STDERR_FILENO);
  std::signal(SIGPIPE, SIG_IGN);

  Session session;
  if (!has_output) session.out.Refuse("standard output is closed; nothing could be printed");
  try {
    CLI::App root(
        "Kantei examines pictures: where they come from, what they say about themselves, how real they look",
        "kantei");
    root.set_version_flag("--version", "kantei " KANTEI_VERSION, "Print the version");
    root.require_subcommand(0, 1);
    root.get_formatter()->column_width(34);
    SetExample(&root, "kantei inspect suspect.jpg");
    AddInspectCommand(&root, &session);
    AddLibraryCommand(&root, &session);
    AddRealismCommand(&root, &session);
    AddHashCommand(&root, &session);
    AddGenerateCommand(&root, &session);
    AddTrainCommand(&root, &session);
    AddModelsCommand(&root, &session);
    AddDatasetCommand(&root, &session);
    AddEvaluateCommand(&root, &session);
    AddCalibrateCommand(&root, &session);
    AddServeCommand(&root, &session);
    AddWatchCommand(&root, &session);
    AddAuditCommand(&root, &session);
    AddCompletionCommand(&root, &session);
    AddDocsCommand(&root, &session);

    std::vector<std::string> arguments;  // CLI11 wants them last first
    for (int i = argc - 1; i > 0; --i) arguments.push_back(ProtectFileName(argv[i]));
    try {
      root.parse(arguments);
    } catch (const CLI::CallForHelp&) {
      session.out.Write(HelpOfNamedVerb(root));
      const Status written = session.out.Flush();
      return written.ok() ? kExitOk : Fail(written.error());
    } catch (const CLI::CallForVersion& version) {
      session.out.WriteLine(version.what());
      const Status written = session.out.Flush();
      return written.ok() ? kExitOk : Fail(written.error());
    } catch (const CLI::ParseError& error) {
      return FailUsage(root, error);
    }
    return RunParsed(root, &session);
  } catch (const InternalError& bug) {
    Session::Complain(std::string("internal error: ") + bug.what() +
                      "; please report it with the command line");
  } catch (const std::bad_alloc&) {
    Session::Complain("not enough memory; try fewer --jobs");
    return ExitCode(ErrorCode::kUnavailable);
  } catch (const std::exception& bug) {
    Session::Complain(std::string("internal error: ") + bug.what() +
                      "; please report it with the command line");
  }
  return ExitCode(ErrorCode::kInternal);
}

}  // namespace kantei::cli
