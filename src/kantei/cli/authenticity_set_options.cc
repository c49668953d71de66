#include "kantei/base/files.h"
#include "kantei/cli/authenticity_verbs.h"

namespace kantei::cli {

namespace fs = std::filesystem;

void AddAuthenticitySetOptions(CLI::App* verb, AuthenticitySetArguments* arguments) {
  verb->add_option("SET", arguments->set,
                   "Pictures with a known history: a folder with samples.tsv, Tp/ and Gt/, or Au/, Tp/ and "
                   "masks; AnimeDL-2M's "
                   "or IMDL-BenCo's JSON; a CSV table")
      ->type_name("");
  verb->add_option("--authentic", arguments->authentic,
                   "A folder of authentic pictures, with --fake instead of a set")
      ->type_name("DIR");
  verb->add_option("--fake", arguments->fake, "A folder of fakes")->type_name("DIR");
  verb->add_option("--fake-is", arguments->fake_is, "What was done to the pictures of --fake")
      ->check(CLI::IsMember({"generated", "edited"}))
      ->capture_default_str();
  verb->add_option("--layout", arguments->layout,
                   "How the set lies on disk (default: told from what is there)")
      ->check(CLI::IsMember({"set", "animedl2m", "pairs", "tp-gt", "casia", "csv"}));
  verb->add_option("--raw-root", arguments->raw_root,
                   "Where the paths of a list begin (default: the list's folder)")
      ->type_name("DIR");
  verb->add_option("--fake-root", arguments->fake_root,
                   "AnimeDL-2M: where the paths of edited and generated pictures and masks begin (default: "
                   "--raw-root)")
      ->type_name("DIR");
  verb->add_option("--csv-picture", arguments->csv.picture,
                   "CSV: the column of the picture, or a pattern such as sd2/{image_id}_{mask_variation}.png")
      ->type_name("PATTERN");
  verb->add_option("--csv-mask", arguments->csv.mask, "CSV: the same for the mask")->type_name("PATTERN");
  verb->add_option("--csv-original", arguments->csv.original, "CSV: the same for the picture before the edit")
      ->type_name("PATTERN");
  verb->add_option("--engine", arguments->engine, "Name of what made the fakes, where the set does not say")
      ->type_name("NAME");
  verb->add_option("--source", arguments->source,
                   "Name of where the pictures come from, where the set does not say")
      ->type_name("NAME");
  verb->add_option("--split", arguments->split, "Only the samples of this split")->type_name("NAME");
}

Result<std::vector<dataset::AuthenticitySample>> ReadSet(const AuthenticitySetArguments& arguments) {
  const bool folders = !arguments.authentic.empty() || !arguments.fake.empty();
  if (folders == !arguments.set.empty() || arguments.authentic.empty() != arguments.fake.empty())
    return Error{ErrorCode::kInvalidArgument, "name one set, or --authentic and --fake with a folder each"};
  dataset::AuthenticityReadOptions options;
  options.raw_root = arguments.raw_root;
  options.fake_root = arguments.fake_root;
  options.csv = arguments.csv;
  options.engine = arguments.engine;
  options.source = arguments.source;
  options.split = arguments.split;
  if (folders) {
    const auto history =
        arguments.fake_is == "edited" ? dataset::History::kEdited : dataset::History::kGenerated;
    return dataset::ReadTwoFolders(arguments.authentic, arguments.fake, history, options);
  }
  if (!arguments.layout.empty()) {
    KANTEI_TRY(options.layout, dataset::ParseLayout(arguments.layout));
  }
  return dataset::ReadAuthenticitySamples(arguments.set, options);
}

std::string SetName(const AuthenticitySetArguments& arguments) {
  const auto last = [](const std::string& path) {
    const fs::path normal = fs::path(path).lexically_normal();
    return DisplayPath(normal.has_filename() ? normal.filename() : normal.parent_path().filename());
  };
  const std::string name = arguments.set.empty() ? last(arguments.authentic) + " and " + last(arguments.fake)
                                                 : last(arguments.set);
  return arguments.split.empty() ? name : name + " (" + arguments.split + ")";
}

fs::path DefaultCache(const AuthenticitySetArguments& arguments) {
  if (arguments.set.empty()) return {};
  std::error_code failure;
  const fs::path set = arguments.set;
  return (fs::is_directory(set, failure) ? set : set.parent_path()) / "kantei-cache";
}

void AddDetectorOptions(CLI::App* verb, DetectorArguments* arguments) {
  verb->add_option("--model", arguments->model,
                   "Manipulation detector: a name, or a file (default: the shipped one)")
      ->type_name("NAME");
  verb->add_flag("--bfloat16", arguments->bfloat16, "Compute in bfloat16 where the processor has it");
}

Result<std::unique_ptr<authenticity::ManipulationDetector>> OpenDetector(const DetectorArguments& arguments) {
  authenticity::DetectorOptions options;
  options.bfloat16 = arguments.bfloat16;
  return authenticity::OpenDetector(arguments.model, options);
}

}  // namespace kantei::cli
