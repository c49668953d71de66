#include <memory>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/cli/dataset_forgeries.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/text_format.h"
#include "kantei/dataset/reconstruction_set.h"

namespace kantei::cli {
namespace {

struct Arguments {
  std::string set, autoencoder;
  dataset::ReconstructionOptions options;
};

Result<int> RunReconstructions(Session* session, Arguments* arguments) {
  dataset::ReconstructionOptions& options = arguments->options;
  options.set = arguments->set;
  options.threads = session->jobs;
  KANTEI_TRY(const auto autoencoder, generate::Autoencoder::Open(arguments->autoencoder));
  if (options.engine.empty())
    options.engine = "ae-" + std::string(generate::UpsamplingName(autoencoder->shape().upsampling));
  KANTEI_TRY(const dataset::ReconstructionSummary made,
             dataset::AddReconstructions(*autoencoder, options, session->cancellation));
  if (session->json) {
    session->out.WriteLine(DumpJson(Json{{"directory", DisplayPath(options.set)},
                                         {"engine", options.engine},
                                         {"generated", made.whole},
                                         {"edited", made.local},
                                         {"kept", made.kept}}));
  } else {
    session->out.WriteLine(TerminalPath(options.set) + ": " + std::to_string(made.whole) + " generated and " +
                           std::to_string(made.local) + " edited by " + options.engine + " added, " +
                           std::to_string(made.kept) + " were there");
  }
  return kExitOk;
}

}  // namespace

void AddDatasetReconstructions(CLI::App* dataset, Session* session) {
  CLI::App* verb = dataset->add_subcommand(
      "reconstructions", "Add to a set of forgeries what an autoencoder makes of its authentic pictures");
  auto arguments = std::make_shared<Arguments>();
  dataset::ReconstructionOptions& options = arguments->options;
  verb->add_option("SET", arguments->set, "A set as kantei dataset forgeries makes it")
      ->required()
      ->type_name("");
  verb->add_option("--autoencoder", arguments->autoencoder, "Weights from kantei train autoencoder")
      ->required()
      ->type_name("FILE");
  verb->add_option("--engine", options.engine, "Its name in the table; by default ae- and its upsampling")
      ->type_name("NAME");
  verb->add_option("--pictures", options.pictures, "At most so many authentic pictures; 0: all")
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--local", options.local, "Chance that it is also laid into the picture through a mask")
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--split", options.split, "Written into the table")
      ->check(CLI::IsMember({"train", "val", "test"}))
      ->type_name("NAME");
  verb->add_option("--seed", options.seed, "Seed of every random choice")
      ->type_name("N")
      ->capture_default_str();
  AddJsonOption(verb, session);
  AddJobsOption(verb, session);
  AddQuietOption(verb, session);
  SetExample(verb,
             "kantei dataset reconstructions set --autoencoder runs/shuffle/model.safetensors --split train");
  SetAction(verb, session, [session, arguments] { return RunReconstructions(session, arguments.get()); });
}

}  // namespace kantei::cli
