// The command line: one binary, verbs.
#pragma once

namespace kantei::cli {

/// Parses the arguments, runs the verb, returns the exit code (docs/cli.md has the table). Exceptions end
/// here.
int Run(int argc, char** argv);

}  // namespace kantei::cli
