// Options of the verbs that ask a language model.
#pragma once

#include <memory>
#include <string>

#include "kantei/cli/session.h"
#include "kantei/dataset/chat_endpoint.h"

namespace kantei::cli {

struct EndpointArguments {
  dataset::ChatOptions chat;
  std::string api_key_env;

  bool named() const { return !chat.endpoint.empty(); }
  /// With the key from the environment. kInvalidArgument, kNotFound (the variable is not set).
  Result<std::unique_ptr<dataset::ChatEndpoint>> Make() const;
};

/// --endpoint, --model, --api-key-env and what belongs to them.
void AddEndpointOptions(CLI::App* verb, EndpointArguments* arguments, bool required);
/// What the endpoint was asked and what it cost, one line on stderr.
void SayUsage(const Session& session, const dataset::ChatUsage& usage);

}  // namespace kantei::cli
