#include <memory>

#include "kantei/cli/exit_code.h"
#include "kantei/cli/text_format.h"
#include "kantei/cli/train_verbs.h"
#include "kantei/cli/verbs.h"
#include "kantei/train/vocabulary_trainer.h"

namespace kantei::cli {
namespace {

struct TrainVocabularyArguments {
  std::vector<std::string> directories;
  std::string out;
  train::VocabularyTrainingOptions options;
};

Result<int> RunTrainVocabulary(Session* session, TrainVocabularyArguments* arguments) {
  arguments->options.threads = session->jobs;
  KANTEI_RETURN_IF_ERROR(arguments->options.Validate());
  KANTEI_TRY(const std::vector<std::filesystem::path> pictures, CollectPictures(arguments->directories));
  session->Say("Learning the vocabulary from " + std::to_string(pictures.size()) + " pictures.");
  KANTEI_RETURN_IF_ERROR(
      train::TrainVocabulary(pictures, arguments->options, arguments->out, session->cancellation));
  session->Say("Wrote " + TerminalPath(arguments->out) + ".");
  return kExitOk;
}

}  // namespace

void AddTrainCommand(CLI::App* root, Session* session) {
  CLI::App* verb = root->add_subcommand("train", "Learn the models that Kantei ships with");
  verb->require_subcommand(1);
  SetExample(verb, "kantei train vocabulary pictures/ --out vocabulary.safetensors");

  CLI::App* vocabulary =
      verb->add_subcommand("vocabulary", "Learn the visual words of the local-feature index (k-means)");
  auto arguments = std::make_shared<TrainVocabularyArguments>();
  train::VocabularyTrainingOptions& options = arguments->options;
  vocabulary->add_option("DIR", arguments->directories, "Directories of pictures")->required()->type_name("");
  vocabulary->add_option("--out", arguments->out, "The safetensors file to write")
      ->required()
      ->type_name("FILE");
  vocabulary->add_option("--coarse", options.coarse, "First-level cells")
      ->check(CLI::Range(2, 1024))
      ->type_name("N")
      ->capture_default_str();
  vocabulary->add_option("--fine", options.fine, "Words per first-level cell")
      ->check(CLI::Range(2, 1024))
      ->type_name("N")
      ->capture_default_str();
  vocabulary->add_option("--iterations", options.iterations, "Lloyd iterations on each level")
      ->check(CLI::Range(1, 1000))
      ->type_name("N")
      ->capture_default_str();
  vocabulary->add_option("--per-picture", options.per_picture, "Descriptors taken of one picture")
      ->check(CLI::Range(1, 100000))
      ->type_name("N")
      ->capture_default_str();
  vocabulary->add_option("--seed", options.seed, "Seed of every random choice")
      ->type_name("N")
      ->capture_default_str();
  AddJobsOption(vocabulary, session);
  AddQuietOption(vocabulary, session);
  SetExample(vocabulary, "kantei train vocabulary pictures/ --out vocabulary.safetensors");
  SetAction(vocabulary, session,
            [session, arguments] { return RunTrainVocabulary(session, arguments.get()); });
  AddTrainDescriptor(verb, session);
  AddTrainAutoencoder(verb, session);
  AddTrainDiffusion(verb, session);
  AddTrainAuthenticity(verb, session);
  AddTrainAniXplore(verb, session);
}

}  // namespace kantei::cli
