// One function per verb: adds it to the command-line tree.
#pragma once

#include "kantei/cli/session.h"

namespace kantei::cli {

void AddInspectCommand(CLI::App* root, Session* session);
void AddLibraryCommand(CLI::App* root, Session* session);
void AddRealismCommand(CLI::App* root, Session* session);
void AddHashCommand(CLI::App* root, Session* session);
void AddGenerateCommand(CLI::App* root, Session* session);
void AddTrainCommand(CLI::App* root, Session* session);
void AddModelsCommand(CLI::App* root, Session* session);
void AddDatasetCommand(CLI::App* root, Session* session);
void AddEvaluateCommand(CLI::App* root, Session* session);
void AddEvaluateGeneration(CLI::App* evaluate_verb, Session* session);
void AddCalibrateCommand(CLI::App* root, Session* session);
void AddServeCommand(CLI::App* root, Session* session);
void AddWatchCommand(CLI::App* root, Session* session);
void AddAuditCommand(CLI::App* root, Session* session);
void AddCompletionCommand(CLI::App* root, Session* session);
/// Hidden: prints docs/cli.md.
void AddDocsCommand(CLI::App* root, Session* session);

}  // namespace kantei::cli
