// Verbs of `kantei models` that have files of their own.
#pragma once

#include "kantei/cli/session.h"

namespace kantei::cli {

void AddModelsMemorisation(CLI::App* models, Session* session);

}  // namespace kantei::cli
