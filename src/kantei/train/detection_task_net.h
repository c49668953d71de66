// What the trainers of detectors share: views of pictures whose history is known, and the figures on held-out ones. Private:
// includes torch.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

#include "kantei/base/random.h"
#include "kantei/dataset/authenticity_view.h"
#include "kantei/train/device_net.h"
#include "kantei/train/sample_pool.h"
#include "kantei/train/training_loop_net.h"

namespace kantei::train {

/// What a batch is made of.
struct DetectionMix {
  int views = 16;
  int side = 256;  ///< of a view
  /// What a view is drawn as; the rest are authentic.
  double edited_share = 0.4, generated_share = 0.25;
  double composite = 0.0;  ///< chance that a reconstruction is laid into its original through a random mask
  double paired = 0.0;     ///< chance that the original follows a fake, cropped and handled as the fake was
  std::uint64_t seed = 1;
};

class DetectionTask : public TrainingTask {
 public:
  /// The pools outlive the task; without held samples: no figures.
  DetectionTask(const DetectionMix& mix, const SamplePools& pools, const torch::Device& device)
      : mix_(mix), pool_(pools.training), validation_(pools.held()), device_(device) {}

  ViewBatch MakeBatch(std::int64_t number) const override;
  /// validation_loss, validation_accuracy (balanced, authentic against all else), validation_iou (mean over edited views).
  std::vector<std::string> ValidationNames() const override;
  std::vector<double> Validate() override;

 protected:
  struct Answer {
    torch::Tensor mask;  ///< logits, N x 1 x h x w
    torch::Tensor fake;  ///< N logits: not authentic
    torch::Tensor loss;
  };
  /// side x side. `mask` is empty where nothing was edited. Thread-safe.
  virtual dataset::AuthenticityView MakeView(const image::Image& picture, const image::Image& mask,
                                             Random& random) const = 0;
  /// What the averaged weights say; without gradients.
  virtual Answer Judge(ViewBatch& batch) = 0;

  /// Share of each cell of `step` x `step` pixels that is changed, N x 1 x side/step x side/step.
  torch::Tensor Truth(ViewBatch& batch, int step) const;
  /// N floats: 1 where the view's history is that one.
  torch::Tensor Is(dataset::History history, ViewBatch& batch) const;
  const torch::Device& device() const { return device_; }

 private:
  void DrawView(dataset::History history, Random& random, ViewBatch* batch) const;
  void AddFake(const image::Image& picture, const image::Image& mask, dataset::History history,
               std::int64_t original, Random& random, ViewBatch* batch) const;

  const DetectionMix mix_;
  const SamplePool& pool_;
  const SamplePool* validation_;
  const torch::Device device_;
};

/// Checks options, opens the device, loads the pools and trains a Task, made of (options, pools, device), which has Prepare().
template <typename Task, typename Options>
Status TrainDetector(const std::vector<dataset::AuthenticitySample>& samples,
                     const std::vector<dataset::AuthenticitySample>& validation, const Options& options,
                     const Json& essentials, const std::filesystem::path& directory,
                     const CancellationToken& cancellation,
                     const std::function<void(const TrainingState&)>& watch) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  KANTEI_TRY(const torch::Device device, OpenDevice(options.schedule.device));
  KANTEI_TRY(const SamplePools pools,
             SamplePools::Load(samples, validation, options.schedule.loader_threads, cancellation));
  Task task(options, pools, device);
  KANTEI_RETURN_IF_ERROR(task.Prepare());
  return RunTraining(&task, options.schedule, essentials, pools.training.fingerprint(), directory,
                     cancellation, watch);
}

}  // namespace kantei::train
