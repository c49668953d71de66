#include "kantei/cli/cli_tree.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/verbs.h"

namespace kantei::cli {

void AddCompletionCommand(CLI::App* root, Session* session) {
  CLI::App* verb = root->add_subcommand("completion", "Print the completion script of a shell");
  verb->require_subcommand(1);
  SetExample(verb, "source <(kantei completion bash)");
  CLI::App* bash = verb->add_subcommand("bash", "Print the completion script of bash");
  SetExample(bash, "kantei completion bash > ~/.local/share/bash-completion/completions/kantei");
  SetAction(bash, session, [session, root]() -> Result<int> {
    session->out.Write(BashCompletion(DescribeTree(*root)));
    return kExitOk;
  });
}

void AddDocsCommand(CLI::App* root, Session* session) {
  CLI::App* verb = root->add_subcommand("docs", "Print docs/cli.md");
  verb->group("");  // for this project's own build, not for users
  SetAction(verb, session, [session, root]() -> Result<int> {
    session->out.Write(CliReference(DescribeTree(*root)));
    return kExitOk;
  });
}

}  // namespace kantei::cli
