// The models that `kantei train` learns, one function each.
#pragma once

#include "kantei/cli/session.h"

namespace kantei::cli {

void AddTrainDescriptor(CLI::App* train_verb, Session* session);
void AddTrainAutoencoder(CLI::App* train_verb, Session* session);
void AddTrainDiffusion(CLI::App* train_verb, Session* session);
void AddTrainAuthenticity(CLI::App* train_verb, Session* session);
void AddTrainAniXplore(CLI::App* train_verb, Session* session);

}  // namespace kantei::cli
