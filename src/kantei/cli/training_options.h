// Options and display that every `kantei train` verb of a network shares.
#pragma once

#include <vector>

#include "kantei/cli/cli_tree.h"
#include "kantei/train/training_schedule.h"

namespace kantei::cli {

/// --steps, --learning-rate, ... --device, --float32.
void AddScheduleOptions(CLI::App* verb, train::TrainingSchedule* schedule);

/// The loss so far, drawn anew over the lines before it when a person is watching; else a line at each validation.
class TrainingPlot {
 public:
  explicit TrainingPlot(bool on);
  void Add(const train::TrainingState& state);

 private:
  bool on_, drawn_over_;
  int drawn_ = 0;
  std::vector<std::pair<std::string, double>> validation_;
  std::vector<double> losses_;
};

}  // namespace kantei::cli
