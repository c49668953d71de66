// Options and display that every `kantei train` verb of a network shares.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "kantei/cli/cli_tree.h"
#include "kantei/cli/session.h"
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

/// Says what is about to happen, shows the loss while `train` runs, and says where the model lies: `product` in `out`. `what`:
/// "12 pictures".
Result<int> RunWithPlot(
    Session* session, const std::string& what, const std::string& out,
    const std::function<Status(const std::function<void(const train::TrainingState&)>&)>& train,
    const std::string& product = "model.safetensors");

/// The same for networks that learn from folders of pictures; `validation` may be empty.
Result<int> TrainOnPictures(
    Session* session, const std::vector<std::string>& directories, const std::vector<std::string>& validation,
    const std::string& out,
    const std::function<Status(const std::vector<std::filesystem::path>& pictures,
                               const std::vector<std::filesystem::path>& validation,
                               const std::function<void(const train::TrainingState&)>& watch)>& train,
    const std::string& product = "model.safetensors");

}  // namespace kantei::cli
