#include "kantei/cli/network_options.h"

namespace kantei::cli {

void AddNetworkOptions(CLI::App* verb, NetworkArguments* arguments, bool required) {
  verb->add_option("--model", arguments->model,
                   "Descriptor network: a name of kantei models list, or a file (default: the shipped one)")
      ->type_name("NAME");
  verb->add_flag("--bfloat16", arguments->bfloat16,
                 "Compute in bfloat16 where the processor has it: descriptors, and the detector of inspect");
  if (!required)
    verb->add_flag("--no-descriptor", arguments->none,
                   "Without the descriptor network: hashes and local features alone");
}

copy::DescriptorModelOptions NetworkOptionsOf(const NetworkArguments& arguments) {
  copy::DescriptorModelOptions options;
  options.model = arguments.model;
  options.bfloat16 = arguments.bfloat16;
  return options;
}

Result<std::shared_ptr<const copy::DescriptorModel>> OpenNetwork(const NetworkArguments& arguments) {
  if (arguments.none) return std::shared_ptr<const copy::DescriptorModel>();
  return copy::DescriptorModel::Open(NetworkOptionsOf(arguments));
}

}  // namespace kantei::cli
