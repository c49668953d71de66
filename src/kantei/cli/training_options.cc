#include "kantei/cli/training_options.h"

#include <unistd.h>

#include <cstdio>

#include "kantei/cli/exit_code.h"
#include "kantei/cli/text_format.h"
#include "kantei/train/training_log.h"

namespace kantei::cli {

void AddScheduleOptions(CLI::App* verb, train::TrainingSchedule* schedule) {
  train::TrainingSchedule& s = *schedule;
  const auto number = [verb](const char* name, auto& field, const char* text) {
    verb->add_option(name, field, text)->type_name("N")->capture_default_str();
  };
  number("--accumulate", s.accumulate, "Batches whose gradients are added up before a step");
  number("--steps", s.steps, "Optimiser steps of the whole run");
  number("--learning-rate", s.learning_rate, "Of AdamW, after warm-up");
  number("--weight-decay", s.weight_decay, "On weights, not on biases and norms");
  number("--warm-up", s.warm_up, "Share of the steps in which the rate rises");
  number("--hold", s.hold, "Share of the steps at the full rate before the cosine");
  number("--ema", s.ema, "Decay of the averaged weights that are exported; 0: none");
  number("--clip-norm", s.clip_norm, "Largest norm of the gradients; 0: any");
  number("--log-every", s.log_every, "Steps a row of the log stands for");
  number("--checkpoint-every", s.checkpoint_every, "Steps between checkpoints");
  number("--validate-every", s.validate_every, "Steps between validations; 0: none");
  number("--seed", s.seed, "Seed of every random choice");
  verb->add_option("--device", s.device, "cpu, cuda or cuda:N")->type_name("NAME")->capture_default_str();
  verb->add_flag("--float32{false}", s.bfloat16, "Convolutions in float32 instead of bfloat16");
}

TrainingPlot::TrainingPlot(bool on) : on_(on), drawn_over_(on && isatty(STDERR_FILENO) != 0) {}

void TrainingPlot::Add(const train::TrainingState& state) {
  losses_.push_back(state.loss);
  if (!state.validation.empty()) validation_ = state.validation;
  char line[200];
  std::snprintf(line, sizeof line, "step %lld of %lld   loss %.4f   %.0f views/s   waiting for views %.0f %%",
                static_cast<long long>(state.step), static_cast<long long>(state.steps), state.loss,
                state.views_per_second, 100 * state.loader_wait);
  std::string text = line;
  for (const auto& [name, value] : validation_) {
    std::snprintf(line, sizeof line, "   %s %.3f", name.c_str(), value);
    text += line;
  }
  if (!drawn_over_) {
    if (on_ && !state.validation.empty()) std::fprintf(stderr, "%s\n", text.c_str());
    return;
  }
  if (drawn_ > 0) std::fprintf(stderr, "\x1b[%dA", drawn_);
  drawn_ = 1;
  for (const std::string& row : train::PlotSeries(losses_, 60, 8)) {
    std::fprintf(stderr, "\x1b[2K%s\n", row.c_str());
    ++drawn_;
  }
  std::fprintf(stderr, "\x1b[2K%s\n", text.c_str());
}

Result<int> RunWithPlot(
    Session* session, const std::string& what, const std::string& out,
    const std::function<Status(const std::function<void(const train::TrainingState&)>&)>& train,
    const std::string& product) {
  session->Say("Training on " + what + " into " + TerminalPath(out) +
               ". Ctrl-C writes a checkpoint; the same command goes on from it.");
  TrainingPlot plot(!session->quiet);
  KANTEI_RETURN_IF_ERROR(train([&](const train::TrainingState& state) { plot.Add(state); }));
  session->Say("Wrote " + TerminalPath(out + "/" + product) + ".");
  return kExitOk;
}

Result<int> TrainOnPictures(
    Session* session, const std::vector<std::string>& directories, const std::vector<std::string>& validation,
    const std::string& out,
    const std::function<Status(const std::vector<std::filesystem::path>& pictures,
                               const std::vector<std::filesystem::path>& validation,
                               const std::function<void(const train::TrainingState&)>& watch)>& train,
    const std::string& product) {
  KANTEI_TRY(const std::vector<std::filesystem::path> pictures, CollectPictures(directories));
  std::vector<std::filesystem::path> held;
  if (!validation.empty()) {
    KANTEI_TRY(held, CollectPictures(validation));
  }
  return RunWithPlot(
      session, std::to_string(pictures.size()) + " pictures", out,
      [&](const auto& watch) { return train(pictures, held, watch); }, product);
}

}  // namespace kantei::cli
