#include "kantei/cli/run.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "kantei/cli/cli_tree.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/verbs.h"

namespace kantei::cli {
namespace {

/// The tree of verbs as Run builds it, without running anything.
struct Tree {
  Session session;
  CLI::App root{"Test", "kantei"};
  Tree() {
    AddInspectCommand(&root, &session);
    AddLibraryCommand(&root, &session);
    AddRealismCommand(&root, &session);
    AddHashCommand(&root, &session);
    AddTrainCommand(&root, &session);
    AddModelsCommand(&root, &session);
    AddEvaluateCommand(&root, &session);
    AddCalibrateCommand(&root, &session);
    AddCompletionCommand(&root, &session);
    AddDocsCommand(&root, &session);
  }
};

TEST(ExitCode, EveryErrorHasItsOwn) {
  std::set<int> codes = {kExitOk, kExitSomeFailed};
  for (const ErrorCode code :
       {ErrorCode::kInvalidArgument, ErrorCode::kNotFound, ErrorCode::kCorrupt, ErrorCode::kTooLarge,
        ErrorCode::kUnsupported, ErrorCode::kUnavailable, ErrorCode::kCancelled, ErrorCode::kInternal}) {
    EXPECT_TRUE(codes.insert(ExitCode(code)).second) << ErrorCodeName(code);
  }
  EXPECT_EQ(ExitCode(ErrorCode::kCancelled), 130);
}

TEST(CliTree, EveryVerbHasADescriptionAndAnExampleThatStartsWithItsWords) {
  Tree tree;
  tree.root.footer("Example:\n  kantei inspect x.jpg");
  const std::vector<VerbFacts> verbs = DescribeTree(tree.root);
  ASSERT_GE(verbs.size(), 15u);
  for (const VerbFacts& verb : verbs) {
    std::string words = "kantei";
    for (const std::string& word : verb.words) words += " " + word;
    EXPECT_FALSE(verb.description.empty()) << words;
    EXPECT_NE(verb.example.find(words), std::string::npos) << words << ": " << verb.example;
    for (const OptionFacts& option : verb.options) {
      EXPECT_FALSE(option.description.empty()) << words << " " << option.names.front();
    }
  }
}

TEST(CliTree, HiddenVerbsStayHidden) {
  Tree tree;
  for (const VerbFacts& verb : DescribeTree(tree.root)) {
    EXPECT_TRUE(verb.words.empty() || verb.words.front() != "docs");
  }
}

TEST(CliTree, ChoicesOfAnOptionAreCompleted) {
  Tree tree;
  const std::string script = BashCompletion(DescribeTree(tree.root));
  EXPECT_NE(script.find("--lang) COMPREPLY=($(compgen -W 'en ja'"), std::string::npos);
  EXPECT_NE(script.find("'library add') verb='library add'"), std::string::npos);
}

TEST(CliTree, ReferenceNamesEveryExitCode) {
  Tree tree;
  const std::string text = CliReference(DescribeTree(tree.root));
  for (const ExitCodeRow& row : kExitCodes) {
    EXPECT_NE(text.find("| " + std::to_string(row.exit_code) + " |"), std::string::npos) << row.exit_code;
  }
}

}  // namespace
}  // namespace kantei::cli
