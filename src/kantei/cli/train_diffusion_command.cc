#include <memory>

#include "kantei/cli/exit_code.h"
#include "kantei/cli/text_format.h"
#include "kantei/cli/train_verbs.h"
#include "kantei/cli/training_options.h"
#include "kantei/train/captions.h"
#include "kantei/train/diffusion_trainer.h"

namespace kantei::cli {
namespace {

struct TrainDiffusionArguments {
  std::vector<std::string> directories, validation;
  std::string out, stage = "unet", autoencoder, init, captions, prediction = "v";
  std::vector<int> widths;
  bool finest_attends = false;
  int layers = 0, latent_channels = 4;
  train::LatentAutoencoderTrainingOptions first;
  train::DiffusionTrainingOptions second;
};

Result<int> TrainFirst(Session* session, TrainDiffusionArguments* arguments) {
  train::LatentAutoencoderTrainingOptions& options = arguments->first;
  if (!arguments->init.empty())
    return Error{ErrorCode::kInvalidArgument, "--init is for the stage unet; an autoencoder is begun anew"};
  if (!arguments->widths.empty()) options.shape.block_out_channels = arguments->widths;
  if (arguments->layers > 0) options.shape.layers_per_block = arguments->layers;
  options.shape.latent_channels = arguments->latent_channels;
  options.side = arguments->second.side;
  options.crops_per_step = arguments->second.views_per_step;
  options.schedule = arguments->second.schedule;
  KANTEI_RETURN_IF_ERROR(options.Validate());
  return TrainOnPictures(session, arguments->directories, arguments->validation, arguments->out,
                         [&](const auto& pictures, const auto& validation, const auto& watch) {
                           return train::TrainLatentAutoencoder(pictures, validation, options, arguments->out,
                                                                session->cancellation, watch);
                         });
}

Result<train::CaptionedPictures> Captioned(const std::vector<std::filesystem::path>& files,
                                           const std::vector<std::string>& directories,
                                           const std::string& table) {
  train::CaptionedPictures pictures{files, {}};
  KANTEI_TRY(pictures.captions,
             train::CaptionPictures(files, {directories.begin(), directories.end()}, table));
  return pictures;
}

Result<int> TrainSecond(Session* session, TrainDiffusionArguments* arguments) {
  train::DiffusionTrainingOptions& options = arguments->second;
  if (arguments->init.empty() == arguments->autoencoder.empty())
    return Error{
        ErrorCode::kInvalidArgument,
        "the stage unet needs --autoencoder (the model.safetensors of the stage autoencoder) to begin "
        "anew, or --init (a model in diffusers' layout) to go on from"};
  options.autoencoder = arguments->autoencoder;
  options.init = arguments->init;
  options.velocity = arguments->prediction == "v";
  options.unet = train::SmallUnet(arguments->widths, arguments->finest_attends);
  if (arguments->layers > 0) options.unet.layers_per_block = arguments->layers;
  KANTEI_RETURN_IF_ERROR(options.Validate());
  return TrainOnPictures(
      session, arguments->directories, arguments->validation, arguments->out,
      [&](const auto& files, const auto& held, const auto& watch) -> Status {
        KANTEI_TRY(const train::CaptionedPictures pictures,
                   Captioned(files, arguments->directories, arguments->captions));
        KANTEI_TRY(const train::CaptionedPictures validation,
                   Captioned(held, arguments->validation, arguments->captions));
        session->Say("The first caption: \"" + TerminalText(pictures.captions.front()) + "\".");
        return train::TrainDiffusion(pictures, validation, options, arguments->out, session->cancellation,
                                     watch);
      },
      "model");
}

Result<int> RunTrainDiffusion(Session* session, TrainDiffusionArguments* arguments) {
  train::TrainingSchedule& schedule = arguments->second.schedule;
  schedule.threads = schedule.loader_threads = session->jobs;
  return arguments->stage == "autoencoder" ? TrainFirst(session, arguments) : TrainSecond(session, arguments);
}

}  // namespace

void AddTrainDiffusion(CLI::App* train_verb, Session* session) {
  CLI::App* verb = train_verb->add_subcommand(
      "diffusion", "Learn a model that makes pictures from words: first its autoencoder, then its UNet");
  auto arguments = std::make_shared<TrainDiffusionArguments>();
  train::DiffusionTrainingOptions& o = arguments->second;
  train::LatentAutoencoderTrainingOptions& first = arguments->first;
  verb->add_option("DIR", arguments->directories, "Directories of pictures")->required()->type_name("");
  verb->add_option("--out", arguments->out,
                   "Directory of the run: checkpoint, logs, model/ in diffusers' layout")
      ->required()
      ->type_name("DIR");
  verb->add_option("--validation", arguments->validation, "Pictures that the log is measured on")
      ->type_name("DIR");
  verb->add_option("--stage", arguments->stage, "What is learnt")
      ->check(CLI::IsMember({"autoencoder", "unet"}))
      ->type_name("NAME")
      ->capture_default_str();
  verb->add_option("--autoencoder", arguments->autoencoder,
                   "What the stage autoencoder wrote, or a model whose autoencoder to use")
      ->type_name("PATH");
  verb->add_option("--init", arguments->init, "A model in diffusers' layout whose UNet goes on learning")
      ->type_name("DIR");
  verb->add_option("--captions", arguments->captions,
                   "Lines of path TAB caption; else words come from folder and file names")
      ->type_name("FILE");
  verb->add_option("--prediction", arguments->prediction, "What the UNet predicts")
      ->check(CLI::IsMember({"v", "epsilon"}))
      ->type_name("NAME")
      ->capture_default_str();
  verb->add_option("--widths", arguments->widths, "Channels at each resolution; empty: the small model's")
      ->delimiter(',')
      ->type_name("N,...");
  const auto number = [verb](const char* name, auto& field, const char* text) {
    verb->add_option(name, field, text)->type_name("N")->capture_default_str();
  };
  number("--layers", arguments->layers, "Residual blocks at each resolution; 0: the small model's");
  number("--latent-channels", arguments->latent_channels, "Of the autoencoder");
  number("--vocabulary", o.vocabulary, "Most word pieces learnt from the captions");
  number("--side", o.side, "Side of a training picture in pixels");
  number("--views", o.views_per_step, "Pictures in a batch");
  number("--dropout", o.condition_dropout, "Chance that a caption is left out");
  number("--snr-gamma", o.snr_gamma, "Of min-SNR weighting; 0: none");
  verb->add_flag("--finest-attends", arguments->finest_attends,
                 "Attention to words at the finest resolution, too (stage unet)");
  number("--kept-crops", o.kept_crops,
         "Crops of each picture that are encoded once and kept; 0: new ones at every step (stage unet)");
  number("--realism-weight", o.realism_weight,
         "Of the realism score's loss on the picture as it is predicted; 0: none (stage unet)");
  number("--realism-views", o.realism_views, "Views of a step that it looks at");
  number("--smallest-crop", o.smallest_crop, "Share of the shorter side that a crop has at least");
  number("--gradient-weight", first.gradient_weight, "Of differences between neighbours (autoencoder)");
  number("--structure-weight", first.structure_weight, "Of 1 - SSIM (autoencoder)");
  number("--kl-weight", first.kl_weight, "Of the latents' divergence from normal noise (autoencoder)");
  AddScheduleOptions(verb, &o.schedule);
  AddJobsOption(verb, session);
  AddQuietOption(verb, session);
  SetExample(
      verb,
      "kantei train diffusion photos/ --stage unet --autoencoder runs/ae/model.safetensors --out runs/unet");
  SetAction(verb, session, [session, arguments] { return RunTrainDiffusion(session, arguments.get()); });
}

}  // namespace kantei::cli
