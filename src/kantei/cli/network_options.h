// Options of every verb that uses a descriptor network.
#pragma once

#include <memory>
#include <string>

#include "kantei/cli/session.h"
#include "kantei/copy/descriptor_model.h"

namespace kantei::cli {

struct NetworkArguments {
  std::string model;  ///< a name or a file; empty: the shipped network
  bool none = false;
  bool bfloat16 = false;
};

/// --model, --no-descriptor (unless `required`), --bfloat16.
void AddNetworkOptions(CLI::App* verb, NetworkArguments* arguments, bool required = false);
copy::DescriptorModelOptions NetworkOptionsOf(const NetworkArguments& arguments);
/// Null with --no-descriptor.
Result<std::shared_ptr<const copy::DescriptorModel>> OpenNetwork(const NetworkArguments& arguments);

}  // namespace kantei::cli
