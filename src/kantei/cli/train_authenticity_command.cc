#include <algorithm>
#include <memory>

#include "kantei/cli/train_verbs.h"
#include "kantei/cli/training_options.h"
#include "kantei/dataset/authenticity_set.h"
#include "kantei/train/anixplore_trainer.h"
#include "kantei/train/authenticity_trainer.h"

namespace kantei::cli {
namespace {

/// Which pictures, and where the run goes.
struct SetArguments {
  std::vector<std::string> sets, validation, held_out;
  std::string out;
};

template <typename Options>
struct DetectorArguments : SetArguments {
  Options options;
};

Result<std::vector<dataset::AuthenticitySample>> ReadSets(const std::vector<std::string>& sets,
                                                          const std::vector<std::string>& held_out) {
  std::vector<dataset::AuthenticitySample> samples;
  for (const std::string& set : sets) {
    KANTEI_TRY(std::vector<dataset::AuthenticitySample> read, dataset::ReadAuthenticitySet(set));
    std::erase_if(read, [&](const dataset::AuthenticitySample& sample) {
      return std::find(held_out.begin(), held_out.end(), sample.engine) != held_out.end() ||
             std::find(held_out.begin(), held_out.end(), sample.source) != held_out.end();
    });
    samples.insert(samples.end(), read.begin(), read.end());
  }
  return samples;
}

template <typename Options, typename Train>
Result<int> RunTrainDetector(Session* session, DetectorArguments<Options>* arguments, Train train_network) {
  Options& options = arguments->options;
  options.schedule.threads = options.schedule.loader_threads = session->jobs;
  KANTEI_RETURN_IF_ERROR(options.Validate());
  KANTEI_TRY(const auto samples, ReadSets(arguments->sets, arguments->held_out));
  KANTEI_TRY(const auto validation, ReadSets(arguments->validation, {}));
  return RunWithPlot(
      session, std::to_string(samples.size()) + " samples", arguments->out, [&](const auto& watch) {
        return train_network(samples, validation, options, arguments->out, session->cancellation, watch);
      });
}

void AddSetOptions(CLI::App* verb, SetArguments* arguments) {
  verb->add_option("SET", arguments->sets, "Sets as kantei dataset forgeries makes them")
      ->required()
      ->type_name("");
  verb->add_option("--out", arguments->out, "Directory of the run: checkpoint, logs, model.safetensors")
      ->required()
      ->type_name("DIR");
  verb->add_option("--validation", arguments->validation, "Sets for the figures that the log shows")
      ->type_name("SET");
  verb->add_option("--held-out", arguments->held_out, "Engines and sources that are left out of training")
      ->type_name("NAME");
}

}  // namespace

void AddTrainAuthenticity(CLI::App* train_verb, Session* session) {
  CLI::App* verb = train_verb->add_subcommand(
      "authenticity", "Learn the network that tells made and changed pictures, and where they were changed");
  auto arguments = std::make_shared<DetectorArguments<train::AuthenticityTrainingOptions>>();
  train::AuthenticityTrainingOptions& o = arguments->options;
  AddSetOptions(verb, arguments.get());
  verb->add_option("--init", o.init, "Exported model to begin with")->type_name("FILE");
  const auto list = [verb](const char* name, auto& field, const char* text) {
    verb->add_option(name, field, text)->delimiter(',')->type_name("N,...")->capture_default_str();
  };
  const auto number = [verb](const char* name, auto& field, const char* text) {
    verb->add_option(name, field, text)->type_name("N")->capture_default_str();
  };
  number("--stem", o.stem, "Channels at half resolution");
  list("--widths", o.widths, "Channels of the four stages");
  list("--depths", o.depths, "Residual blocks of each of these stages");
  number("--decoder", o.decoder, "Channels of the map's decoder");
  number("--contrast", o.contrast, "Features compared with their surroundings, 0 for none");
  number("--side", o.view.side, "Side of a training view in pixels");
  number("--views", o.views_per_step, "Views in a batch");
  number("--resize", o.view.resize, "Chance that a view is resampled");
  number("--least-scale", o.view.least_scale, "Smallest factor of that, 0.1 to 1");
  number("--most-scale", o.view.most_scale, "Largest, 1 to 4");
  number("--coding", o.view.coding, "Chance that a view passes a codec");
  number("--edited", o.edited_share, "Share of the views that show an edit");
  number("--generated", o.generated_share, "Share of the views of generated pictures");
  number("--composite", o.composite, "Chance that a reconstruction is laid into its original through a mask");
  number("--paired", o.paired, "Chance that the original follows a fake, handled alike");
  number("--dice-weight", o.dice_weight, "Weight of the map's overlap beside its cross entropy");
  AddScheduleOptions(verb, &o.schedule);
  AddJobsOption(verb, session);
  AddQuietOption(verb, session);
  SetExample(verb, "kantei train authenticity sets/train --validation sets/val --out runs/forensic");
  SetAction(verb, session, [session, arguments] {
    return RunTrainDetector(session, arguments.get(), train::TrainAuthenticity);
  });
}

void AddTrainAniXplore(CLI::App* train_verb, Session* session) {
  CLI::App* verb = train_verb->add_subcommand(
      "anixplore", "Learn AniXplore by its published recipe, from weights of your own or from scratch");
  auto arguments = std::make_shared<DetectorArguments<train::AniXploreTrainingOptions>>();
  train::AniXploreTrainingOptions& o = arguments->options;
  AddSetOptions(verb, arguments.get());
  verb->add_option("--init", o.init, "A whole AniXplore to begin with")->type_name("FILE");
  verb->add_option("--convnext", o.convnext, "torchvision's convnext_tiny for the texture branch")
      ->type_name("FILE");
  verb->add_option("--mit", o.mit, "SegFormer MiT-B3 in Hugging Face's names for the other branch")
      ->type_name("FILE");
  verb->add_flag("!--correct", o.released_quirks, "Without the quirks of the released code");
  const auto number = [verb](const char* name, auto& field, const char* text) {
    verb->add_option(name, field, text)->type_name("N")->capture_default_str();
  };
  number("--side", o.side, "Pictures are squashed to a square of it");
  number("--pictures", o.pictures_per_step, "Pictures in a batch");
  number("--edited", o.edited_share, "Share of the pictures that are edited");
  number("--generated", o.generated_share, "Share of the pictures that are generated");
  number("--scale", o.scale, "Chance that a picture is resampled by 0.8 to 1.2");
  number("--coding", o.coding, "Chance of JPEG with a quality of 70 to 100");
  AddScheduleOptions(verb, &o.schedule);
  AddJobsOption(verb, session);
  AddQuietOption(verb, session);
  SetExample(verb,
             "kantei train anixplore sets/train --convnext convnext_tiny.safetensors --out runs/anixplore");
  SetAction(verb, session, [session, arguments] {
    return RunTrainDetector(session, arguments.get(), train::TrainAniXplore);
  });
}

}  // namespace kantei::cli
