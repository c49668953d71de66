#include "kantei/train/autoencoder_trainer.h"

#include <torch/torch.h>

#include <algorithm>

#include "kantei/generate/autoencoder_net.h"
#include "kantei/nn/weights_net.h"
#include "kantei/train/device_net.h"
#include "kantei/train/reconstruction_task_net.h"

namespace kantei::train {
namespace {

Json EssentialOptions(const AutoencoderTrainingOptions& o) {
  Json essentials = o.schedule.Essentials();
  essentials.update(Json{{"upsampling", generate::UpsamplingName(o.shape.upsampling)},
                         {"latent", o.shape.latent},
                         {"widths", o.shape.widths},
                         {"side", o.side},
                         {"crops_per_step", o.crops_per_step},
                         {"gradient_weight", o.gradient_weight},
                         {"energy_weight", o.energy_weight}});
  return essentials;
}

/// Root mean square of what a 3 x 3 mean leaves, over cells of 8 x 8.
torch::Tensor ResidualEnergy(const torch::Tensor& x) {
  const torch::Tensor residual = x - torch::avg_pool2d(x, 3, 1, 1);
  return (torch::avg_pool2d(residual.square(), 8) + 1e-5).sqrt();
}

class AutoencoderTask : public ReconstructionTask {
 public:
  AutoencoderTask(const AutoencoderTrainingOptions& options, const PicturePools& pools,
                  const torch::Device& device)
      : ReconstructionTask({options.side, options.crops_per_step, options.schedule.seed}, pools.training,
                           pools.held(), device),
        options_(options) {
    torch::manual_seed(options.schedule.seed);
    model_ = generate::AutoencoderNet(options.shape);
    average_ = generate::AutoencoderNet(options.shape);
    Place(*model_, device);
    Place(*average_, device);
  }

  torch::nn::Module& model() override { return *model_; }
  torch::nn::Module& average() override { return *average_; }

  torch::Tensor Loss(ViewBatch& batch) override {
    const torch::Tensor pictures = Pictures(batch);
    torch::Tensor made;
    {
      const Bfloat16Scope mixed(options_.schedule.bfloat16, device());
      made = model_->Decode(model_->Encode(pictures));
    }
    made = made.to(torch::kFloat32);
    return Distance(made, pictures, options_.gradient_weight) +
           options_.energy_weight * (ResidualEnergy(made) - ResidualEnergy(pictures)).abs().mean();
  }

  Status Export(const std::filesystem::path& path, std::int64_t step) override {
    std::map<std::string, std::string> metadata = generate::ShapeMetadata(options_.shape);
    metadata["kantei.name"] = path.parent_path().filename().string();
    metadata["kantei.training_step"] = std::to_string(step);
    metadata["kantei.training_options"] = DumpJson(EssentialOptions(options_));
    metadata["kantei.source"] = "kantei train autoencoder";
    return nn::SaveTensors(nn::StateOf(*average_), metadata, path);
  }

 protected:
  torch::Tensor Redraw(const torch::Tensor& pictures) override {
    return average_->Decode(average_->Encode(pictures));
  }

 private:
  const AutoencoderTrainingOptions& options_;
  generate::AutoencoderNet model_{nullptr}, average_{nullptr};
};

}  // namespace

Status AutoencoderTrainingOptions::Validate() const {
  const auto bad = [](const char* what) { return Status(Error{ErrorCode::kInvalidArgument, what}); };
  KANTEI_RETURN_IF_ERROR(shape.Validate());
  if (side < 32 || side > 512 || side % shape.factor() != 0 || side % 8 != 0)
    return bad("side must be 32 to 512 pixels, a multiple of 8 and of the network's factor");
  if (crops_per_step < 1 || crops_per_step > 4096) return bad("crops_per_step must be 1 to 4096");
  if (!(gradient_weight >= 0 && gradient_weight <= 100)) return bad("gradient_weight must be 0 to 100");
  if (!(energy_weight >= 0 && energy_weight <= 100)) return bad("energy_weight must be 0 to 100");
  return schedule.Validate();
}

Status TrainAutoencoder(const std::vector<std::filesystem::path>& pictures,
                        const std::vector<std::filesystem::path>& validation,
                        const AutoencoderTrainingOptions& options, const std::filesystem::path& directory,
                        const CancellationToken& cancellation,
                        const std::function<void(const TrainingState&)>& watch) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  KANTEI_TRY(const torch::Device device, OpenDevice(options.schedule.device));
  const PicturePoolOptions reading{std::max(384, options.side * 2), 512, options.schedule.loader_threads};
  KANTEI_TRY(const PicturePools pools, PicturePools::Load(pictures, validation, reading, cancellation));
  AutoencoderTask task(options, pools, device);
  return RunTraining(&task, options.schedule, EssentialOptions(options), pools.training.fingerprint(),
                     directory, cancellation, watch);
}

}  // namespace kantei::train
