// What every training run shares: optimiser, learning rate, averaged weights, checkpoints, log. Private: includes torch.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/json.h"
#include "kantei/base/result.h"
#include "kantei/train/training_schedule.h"
#include "kantei/train/view_loader.h"

namespace kantei::train {

/// What is learnt. The loop calls MakeBatch from threads of its own, all else from one thread.
class TrainingTask {
 public:
  virtual ~TrainingTask() = default;
  virtual torch::nn::Module& model() = 0;
  virtual torch::nn::Module& average() = 0;  ///< of the same structure: holds the averaged weights
  /// Depends on its number and the task's options alone. Thread-safe.
  virtual ViewBatch MakeBatch(std::int64_t number) const = 0;
  /// The loss of a batch, differentiable.
  virtual torch::Tensor Loss(ViewBatch& batch) = 0;
  virtual std::vector<std::string> ValidationNames() const { return {}; }
  /// Measures the averaged weights; values in the order of ValidationNames.
  virtual std::vector<double> Validate() { return {}; }
  /// Writes the averaged weights as a model file.
  virtual Status Export(const std::filesystem::path& path, std::int64_t step) = 0;
};

/// Moves a module to the device, its convolutions' weights channels-last.
void Place(torch::nn::Module& module, const torch::Device& device);

/// Trains `task` into `directory`: checkpoint.safetensors, log.csv, an event file, options.json, and at every checkpoint
/// model.safetensors. A directory with a checkpoint goes on from it, bit for bit (same `essentials`, data, threads and device;
/// kInvalidArgument names what differs). Only "steps" may be another number, not below the step reached: from there on the rate
/// follows the new length, and "earlier_steps" in options.json tells of the old one. kUnavailable when another process trains in
/// `directory`. `fingerprint` differs when the data do. Cancelled: writes a checkpoint first, then
/// returns kCancelled. kInternal when the loss is no longer finite.
Status RunTraining(TrainingTask* task, const TrainingSchedule& schedule, Json essentials,
                   std::uint64_t fingerprint, const std::filesystem::path& directory,
                   const CancellationToken& cancellation,
                   const std::function<void(const TrainingState&)>& watch);

}  // namespace kantei::train
