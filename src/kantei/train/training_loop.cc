#include <torch/torch.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <memory>

#include "kantei/base/directory_lock.h"
#include "kantei/base/files.h"
#include "kantei/base/parallel.h"
#include "kantei/train/checkpoint_net.h"
#include "kantei/train/training_log.h"
#include "kantei/train/training_loop_net.h"

namespace kantei::train {
namespace {

using Clock = std::chrono::steady_clock;

/// Activations of some tens of megabytes come and go with every layer. Given back to the system each time, they cost a third of
/// the run in page faults.
void KeepFreedMemory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  mallopt(M_TOP_PAD, 256 << 20);
#endif
}

double Seconds(Clock::time_point since) {
  return std::chrono::duration<double>(Clock::now() - since).count();
}

/// The optimiser and the averaged weights of a task.
class Learner {
 public:
  Learner(TrainingTask* task, const TrainingSchedule& schedule) : task_(task), schedule_(schedule) {
    Average(0);
    std::vector<torch::Tensor> decayed, plain;
    for (const torch::Tensor& parameter : task->model().parameters())
      if (parameter.requires_grad()) (parameter.dim() > 1 ? decayed : plain).push_back(parameter);
    const auto settings = [&](double decay) {
      return std::make_unique<torch::optim::AdamWOptions>(
          torch::optim::AdamWOptions(schedule.learning_rate).weight_decay(decay));
    };
    std::vector<torch::optim::OptimizerParamGroup> groups;
    groups.emplace_back(decayed, settings(schedule.weight_decay));
    groups.emplace_back(plain, settings(0));
    optimiser_ = std::make_unique<torch::optim::AdamW>(std::move(groups),
                                                       torch::optim::AdamWOptions(schedule.learning_rate));
  }

  RunState State() { return {&task_->model(), &task_->average(), optimiser_.get()}; }

  /// One batch's share of the gradient; returns its loss.
  double Accumulate(ViewBatch& batch) {
    const torch::Tensor loss = task_->Loss(batch);
    (loss / schedule_.accumulate).backward();
    return loss.item<double>();
  }

  void Step(std::int64_t step) {
    if (schedule_.clip_norm > 0)
      torch::nn::utils::clip_grad_norm_(task_->model().parameters(), schedule_.clip_norm);
    for (auto& group : optimiser_->param_groups())
      static_cast<torch::optim::AdamWOptions&>(group.options()).lr(schedule_.LearningRate(step));
    optimiser_->step();
    optimiser_->zero_grad();
    // Early on the average would still be the random start: its memory grows with the run.
    Average(std::min(schedule_.ema, (1.0 + static_cast<double>(step)) / (10.0 + static_cast<double>(step))));
  }

 private:
  void Average(double decay) {
    const torch::NoGradGuard no_grad;
    const auto from = task_->model().parameters(), buffers = task_->model().buffers();
    auto to = task_->average().parameters(), kept = task_->average().buffers();
    for (std::size_t i = 0; i < from.size(); ++i) to[i].mul_(decay).add_(from[i].detach(), 1 - decay);
    for (std::size_t i = 0; i < buffers.size(); ++i) kept[i].copy_(buffers[i]);  // running means already
  }

  TrainingTask* task_;
  const TrainingSchedule& schedule_;
  std::unique_ptr<torch::optim::AdamW> optimiser_;
};

constexpr const char* kEarlierSteps = "earlier_steps";

Error Differs(const std::filesystem::path& checkpoint, const std::string& what) {
  return {ErrorCode::kInvalidArgument,
          checkpoint.string() + " belongs to a run with other " + what +
              "; give the same ones to go on, or another directory to begin anew"};
}

/// Where a run goes on.
struct Beginning {
  std::int64_t step = 0;
  /// Lengths that the run was to have before, each with the step at which another was given: [[steps, until], ...].
  Json earlier_steps = Json::array();
};

/// Step 0 when there is no checkpoint.
Result<Beginning> Resume(const std::filesystem::path& checkpoint, const Json& essentials,
                         std::uint64_t fingerprint, Learner* learner) {
  Beginning beginning;
  if (!std::filesystem::exists(checkpoint)) return beginning;
  KANTEI_TRY(auto facts, ReadCheckpointFacts(checkpoint));
  KANTEI_TRY(const Json before, ParseJson(facts["options"], checkpoint.string()));
  beginning.step = std::strtoll(facts["step"].c_str(), nullptr, 10);
  if (before.contains(kEarlierSteps)) beginning.earlier_steps = before[kEarlierSteps];
  for (const auto& [name, value] : essentials.items()) {
    if (before.contains(name) && before[name] == value) continue;
    if (name != "steps" || !before.contains(name)) return Differs(checkpoint, "options (" + name + ")");
    if (value.get<std::int64_t>() < beginning.step)
      return Error{ErrorCode::kInvalidArgument, checkpoint.string() + " is at step " +
                                                    std::to_string(beginning.step) + "; steps must be " +
                                                    "that or more"};
    beginning.earlier_steps.push_back(Json::array({before[name], beginning.step}));
  }
  if (facts["pictures"] != std::to_string(fingerprint)) return Differs(checkpoint, "pictures");
  KANTEI_RETURN_IF_ERROR(LoadCheckpoint(checkpoint, learner->State()));
  return beginning;
}

}  // namespace

void Place(torch::nn::Module& module, const torch::Device& device) {
  module.to(device);
  for (torch::Tensor& parameter : module.parameters())
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast));
}

Status RunTraining(TrainingTask* task, const TrainingSchedule& schedule, Json essentials,
                   std::uint64_t fingerprint, const std::filesystem::path& directory,
                   const CancellationToken& cancellation,
                   const std::function<void(const TrainingState&)>& watch) {
  std::error_code failed;
  std::filesystem::create_directories(directory, failed);
  if (failed)
    return Error{ErrorCode::kUnavailable,
                 "cannot make the directory " + directory.string() + ": " + failed.message()};
  KANTEI_TRY(const DirectoryLock lock,
             DirectoryLock::Take(directory, "training.lock", "the training run " + directory.string()));
  KeepFreedMemory();
  at::set_num_threads(ThreadCount(schedule.threads));
  Learner learner(task, schedule);
  const std::filesystem::path checkpoint = directory / "checkpoint.safetensors";
  KANTEI_TRY(const Beginning beginning, Resume(checkpoint, essentials, fingerprint, &learner));
  const std::int64_t first = beginning.step;
  if (!beginning.earlier_steps.empty()) essentials[kEarlierSteps] = beginning.earlier_steps;
  KANTEI_RETURN_IF_ERROR(WriteFileAtomic(directory / "options.json", DumpJson(essentials, 2) + "\n"));
  const std::vector<std::string> measured = task->ValidationNames();
  std::vector<std::string> columns{"loss", "learning_rate", "views_per_second", "loader_wait"};
  columns.insert(columns.end(), measured.begin(), measured.end());
  KANTEI_TRY(TrainingLog log, TrainingLog::Open(directory, columns, first));
  const auto save = [&](std::int64_t step) -> Status {
    KANTEI_RETURN_IF_ERROR(SaveCheckpoint(checkpoint, learner.State(),
                                          {{"options", DumpJson(essentials)},
                                           {"pictures", std::to_string(fingerprint)},
                                           {"step", std::to_string(step)}}));
    return task->Export(directory / "model.safetensors", step);
  };

  ViewLoader loader(first * schedule.accumulate, schedule.steps * schedule.accumulate,
                    ThreadCount(schedule.loader_threads), 4,
                    [task](std::int64_t number) { return task->MakeBatch(number); });
  double loss_sum = 0, waited = 0;
  std::int64_t rows = 0;
  std::size_t views = 0;
  Clock::time_point row_start = Clock::now();
  for (std::int64_t step = first; step < schedule.steps; ++step) {
    if (cancellation.cancelled()) {
      KANTEI_RETURN_IF_ERROR(save(step));
      return cancellation.Check();
    }
    for (int a = 0; a < schedule.accumulate; ++a) {
      ViewBatch batch = loader.Take();
      views += batch.views();
      const double loss = learner.Accumulate(batch);
      if (!std::isfinite(loss))
        return Error{ErrorCode::kInternal,
                     "the loss is no longer finite at step " + std::to_string(step) +
                         "; the last checkpoint is sound: lower --learning-rate or raise --warm-up"};
      loss_sum += loss / schedule.accumulate;
    }
    learner.Step(step);
    ++rows;
    const std::int64_t done = step + 1;
    const bool last = done == schedule.steps;
    std::vector<double> values;
    if (schedule.validate_every > 0 && !measured.empty() && (done % schedule.validate_every == 0 || last))
      values = task->Validate();
    if (done % schedule.log_every == 0 || last || !values.empty()) {
      const double seconds = std::max(Seconds(row_start), 1e-9);
      TrainingState state{done,
                          schedule.steps,
                          loss_sum / static_cast<double>(rows),
                          static_cast<double>(views) / seconds,
                          (loader.waited_seconds() - waited) / seconds,
                          {}};
      Scalars row{{"loss", state.loss},
                  {"learning_rate", schedule.LearningRate(step)},
                  {"views_per_second", state.views_per_second},
                  {"loader_wait", state.loader_wait}};
      for (std::size_t v = 0; v < measured.size(); ++v) {
        row.emplace_back(measured[v], values.empty() ? -1 : values[v]);
        if (!values.empty()) state.validation.emplace_back(measured[v], values[v]);
      }
      KANTEI_RETURN_IF_ERROR(log.Write(done, row));
      if (watch) watch(state);
      loss_sum = 0, rows = 0, views = 0, waited = loader.waited_seconds(), row_start = Clock::now();
    }
    if (done % schedule.checkpoint_every == 0 || last) KANTEI_RETURN_IF_ERROR(save(done));
  }
  return {};
}

}  // namespace kantei::train
