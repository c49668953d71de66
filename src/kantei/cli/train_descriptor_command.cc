#include <memory>

#include "kantei/cli/train_verbs.h"
#include "kantei/cli/training_options.h"
#include "kantei/train/descriptor_trainer.h"

namespace kantei::cli {
namespace {

struct TrainDescriptorArguments {
  std::vector<std::string> directories, validation;
  std::string out, objective = "infonce";
  bool average_pooling = false, no_wave_block = false;
  train::DescriptorTrainingOptions options;
};

Result<int> RunTrainDescriptor(Session* session, TrainDescriptorArguments* arguments) {
  train::DescriptorTrainingOptions& options = arguments->options;
  KANTEI_TRY(options.objective, train::ParseObjective(arguments->objective));
  options.gem = !arguments->average_pooling;
  options.wave_block = !arguments->no_wave_block;
  options.schedule.threads = options.schedule.loader_threads = session->jobs;
  KANTEI_RETURN_IF_ERROR(options.Validate());
  return TrainOnPictures(session, arguments->directories, arguments->validation, arguments->out,
                         [&](const auto& pictures, const auto& validation, const auto& watch) {
                           return train::TrainDescriptor(pictures, validation, options, arguments->out,
                                                         session->cancellation, watch);
                         });
}

}  // namespace

void AddTrainDescriptor(CLI::App* train_verb, Session* session) {
  CLI::App* verb = train_verb->add_subcommand(
      "descriptor",
      "Learn a copy descriptor: self-supervised (infonce, barlow) or by identities (Bag of Tricks)");
  auto arguments = std::make_shared<TrainDescriptorArguments>();
  train::DescriptorTrainingOptions& o = arguments->options;
  verb->add_option("DIR", arguments->directories, "Directories of pictures")->required()->type_name("");
  verb->add_option("--out", arguments->out, "Directory of the run: checkpoint, logs, model.safetensors")
      ->required()
      ->type_name("DIR");
  verb->add_option("--validation", arguments->validation, "Pictures for the recall that the log shows")
      ->type_name("DIR");
  verb->add_option("--objective", arguments->objective, "What is learnt")
      ->check(CLI::IsMember({"infonce", "barlow", "identities"}))
      ->type_name("NAME")
      ->capture_default_str();
  verb->add_option("--backbone", o.backbone, "Network")
      ->check(CLI::IsMember({"compact", "resnet50"}))
      ->type_name("NAME")
      ->capture_default_str();
  verb->add_option("--widths", o.widths, "Channels of the stages of the compact backbone")
      ->delimiter(',')
      ->type_name("N,...")
      ->capture_default_str();
  verb->add_option("--depths", o.depths, "Blocks of each of these stages")
      ->delimiter(',')
      ->type_name("N,...")
      ->capture_default_str();
  verb->add_option("--init", o.init, "Exported model to begin with")->type_name("FILE");
  const auto number = [verb](const char* name, auto& field, const char* text) {
    verb->add_option(name, field, text)->type_name("N")->capture_default_str();
  };
  number("--dimension", o.dimension, "Length of the descriptor");
  number("--projector", o.projector, "Width of Barlow's projector, or of the identity head");
  number("--side", o.side, "Side of a training view in pixels");
  number("--edit-strength", o.edit_strength, "0: crops and flips only, 1: as published");
  number("--edit-ramp", o.edit_ramp, "Share of the steps in which the strength rises to its full value");
  number("--min-scale", o.min_scale, "Smallest share of the area that a crop keeps");
  number("--pictures", o.pictures_per_step, "Distinct pictures in a batch");
  number("--views", o.views_per_picture, "Views of each picture in a batch");
  number("--anchors", o.anchors, "Views of each picture that show it undisguised");
  number("--chains", o.chains, "Share of disguised views made by chains of edits, as benchmarks have them");
  number("--temperature", o.temperature, "Of InfoNCE");
  number("--koleo", o.koleo, "Weight of the KoLeo entropy");
  number("--barlow-lambda", o.barlow_lambda, "Weight of the off-diagonal");
  AddScheduleOptions(verb, &o.schedule);
  verb->add_flag("--average-pooling", arguments->average_pooling,
                 "Average instead of generalised-mean pooling");
  verb->add_flag("--no-wave-block", arguments->no_wave_block, "Identities without WaveBlock");
  AddJobsOption(verb, session);
  AddQuietOption(verb, session);
  SetExample(verb, "kantei train descriptor pictures/ --out runs/first --steps 2000");
  SetAction(verb, session, [session, arguments] { return RunTrainDescriptor(session, arguments.get()); });
}

}  // namespace kantei::cli
