#include "kantei/cli/copy_options.h"

#include <cstdio>

#include "kantei/base/json.h"

namespace kantei::cli {
namespace {

struct Step {
  const char* name;
  void (*leave_out)(copy::DetectorOptions*);
};
constexpr Step kSteps[] = {
    {"pdq", [](copy::DetectorOptions* o) { o->use_pdq = false; }},
    {"local", [](copy::DetectorOptions* o) { o->use_local = false; }},
    {"descriptor", [](copy::DetectorOptions* o) { o->use_descriptor = false; }},
    {"verification", [](copy::DetectorOptions* o) { o->use_verification = false; }},
    {"multi-scale", [](copy::DetectorOptions* o) { o->network.multi_scale = false; }},
    {"views", [](copy::DetectorOptions* o) { o->descriptor.only_whole = true; }},
    {"trimming", [](copy::DetectorOptions* o) { o->descriptor.views.trim = false; }},
    {"overlays",
     [](copy::DetectorOptions* o) { o->descriptor.views.overlays = o->descriptor.views.surround = false; }},
    {"quadrants", [](copy::DetectorOptions* o) { o->descriptor.views.quadrants = false; }},
    {"crops", [](copy::DetectorOptions* o) { o->descriptor.views.crops = false; }},
    {"turns", [](copy::DetectorOptions* o) { o->descriptor.views.turns = false; }},
    {"mirror", [](copy::DetectorOptions* o) { o->descriptor.views.mirror = false; }},
};

std::string StepNames() {
  std::string names;
  for (const Step& step : kSteps) names += (names.empty() ? "" : ", ") + std::string(step.name);
  return names;
}

}  // namespace

void AddCopyOptions(CLI::App* verb, CopyArguments* arguments) {
  AddNetworkOptions(verb, &arguments->network);
  verb->add_option("--without", arguments->without, "Steps of the copy search to leave out: " + StepNames())
      ->delimiter(',')
      ->type_name("STEP,...");
  verb->add_option("--recall", arguments->recall, "Search of an hnsw index: fast, balanced or exact")
      ->check(CLI::IsMember({"fast", "balanced", "exact"}))
      ->type_name("WORD")
      ->capture_default_str();
  verb->add_option(
          "--normalisation", arguments->normalisation,
          "Of descriptor scores: stretching, additive, negatives or none (default: the network's own choice)")
      ->check(CLI::IsMember({"stretching", "additive", "negatives", "none"}))
      ->type_name("NAME");
  verb->add_flag("--explain", arguments->explain, "Say what each step of the copy search brought");
}

Result<copy::DetectorOptions> DetectorOptionsOf(const CopyArguments& arguments) {
  copy::DetectorOptions options;
  options.network = NetworkOptionsOf(arguments.network);
  options.use_descriptor = !arguments.network.none;
  KANTEI_TRY(options.descriptor.recall, store::ParseRecall(arguments.recall));
  if (!arguments.normalisation.empty()) {
    KANTEI_TRY(options.descriptor.normalisation, copy::ParseNormalisation(arguments.normalisation));
  }
  for (const std::string& name : arguments.without) {
    bool known = false;
    for (const Step& step : kSteps) {
      if (name != step.name) continue;
      step.leave_out(&options);
      known = true;
    }
    if (!known)
      return Error{ErrorCode::kInvalidArgument, "--without " + name + ": the steps are " + StepNames()};
  }
  KANTEI_RETURN_IF_ERROR(options.Validate());
  return options;
}

std::string ExplainText(const inspect::Inspection& inspection) {
  std::string text;
  for (const inspect::CheckReport& check : inspection.checks) {
    if (check.key != "copy" || !check.json.contains("steps")) continue;
    char line[200];
    std::snprintf(line, sizeof line, "  %-24s %10s %10s %10s %10s\n", "step", "candidates", "only here",
                  "confirmed", "ms");
    text += line;
    for (const Json& step : check.json["steps"]) {
      std::snprintf(line, sizeof line, "  %-24s %10d %10d %10d %10.1f\n",
                    step["name"].get<std::string>().c_str(), step["candidates"].get<int>(),
                    step["only_here"].get<int>(), step["confirmed"].get<int>(),
                    1000 * step["seconds"].get<double>());
      text += line;
    }
  }
  return text;
}

}  // namespace kantei::cli
