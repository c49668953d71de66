// The command-line tree as data: what docs/cli.md and the bash completion are made from.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace kantei::cli {

struct OptionFacts {
  std::vector<std::string> names;  ///< "-j", "--jobs"; for a positional its one name
  bool positional = false, required = false, takes_value = false;
  std::string value;  ///< what stands for the value, e.g. "N"
  std::vector<std::string> choices;
  std::string default_value, environment, description;
};

struct VerbFacts {
  std::vector<std::string> words;  ///< "library", "add"; empty for the program itself
  std::string description, usage, example;
  std::vector<OptionFacts> options;
  std::vector<std::string> sub_verbs;
};

/// Every verb that is not hidden, parents before children, in the order of registration.
std::vector<VerbFacts> DescribeTree(const CLI::App& root);

/// docs/cli.md.
std::string CliReference(const std::vector<VerbFacts>& verbs);
/// A script for bash.
std::string BashCompletion(const std::vector<VerbFacts>& verbs);

}  // namespace kantei::cli
