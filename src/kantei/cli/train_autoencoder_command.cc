#include <memory>

#include "kantei/cli/train_verbs.h"
#include "kantei/cli/training_options.h"
#include "kantei/train/autoencoder_trainer.h"

namespace kantei::cli {
namespace {

struct TrainAutoencoderArguments {
  std::vector<std::string> directories, validation;
  std::string out, upsampling = "nearest";
  train::AutoencoderTrainingOptions options;
};

Result<int> RunTrainAutoencoder(Session* session, TrainAutoencoderArguments* arguments) {
  train::AutoencoderTrainingOptions& options = arguments->options;
  KANTEI_TRY(options.shape.upsampling, generate::ParseUpsampling(arguments->upsampling));
  options.schedule.threads = options.schedule.loader_threads = session->jobs;
  KANTEI_RETURN_IF_ERROR(options.Validate());
  return TrainOnPictures(session, arguments->directories, arguments->validation, arguments->out,
                         [&](const auto& pictures, const auto& validation, const auto& watch) {
                           return train::TrainAutoencoder(pictures, validation, options, arguments->out,
                                                          session->cancellation, watch);
                         });
}

}  // namespace

void AddTrainAutoencoder(CLI::App* train_verb, Session* session) {
  CLI::App* verb = train_verb->add_subcommand(
      "autoencoder",
      "Learn an autoencoder, whose reconstructions teach detectors what a decoder leaves behind");
  auto arguments = std::make_shared<TrainAutoencoderArguments>();
  train::AutoencoderTrainingOptions& o = arguments->options;
  verb->add_option("DIR", arguments->directories, "Directories of pictures")->required()->type_name("");
  verb->add_option("--out", arguments->out, "Directory of the run: checkpoint, logs, model.safetensors")
      ->required()
      ->type_name("DIR");
  verb->add_option("--validation", arguments->validation, "Pictures for the PSNR that the log shows")
      ->type_name("DIR");
  verb->add_option("--upsampling", arguments->upsampling, "How the decoder doubles the side")
      ->check(CLI::IsMember({"nearest", "bilinear", "transposed", "shuffle"}))
      ->type_name("NAME")
      ->capture_default_str();
  verb->add_option("--widths", o.shape.widths, "Channels at full, half, ... resolution")
      ->delimiter(',')
      ->type_name("N,...")
      ->capture_default_str();
  const auto number = [verb](const char* name, auto& field, const char* text) {
    verb->add_option(name, field, text)->type_name("N")->capture_default_str();
  };
  number("--latent", o.shape.latent, "Channels of the code");
  number("--side", o.side, "Side of a training crop in pixels");
  number("--crops", o.crops_per_step, "Crops in a batch");
  number("--gradient-weight", o.gradient_weight, "Of the loss of differences between neighbours");
  number("--energy-weight", o.energy_weight, "Of the loss of local high-pass energy");
  AddScheduleOptions(verb, &o.schedule);
  AddJobsOption(verb, session);
  AddQuietOption(verb, session);
  SetExample(verb, "kantei train autoencoder pictures/ --upsampling shuffle --out runs/shuffle --steps 2000");
  SetAction(verb, session, [session, arguments] { return RunTrainAutoencoder(session, arguments.get()); });
}

}  // namespace kantei::cli
