#include "kantei/train/anixplore_trainer.h"

#include <torch/torch.h>

#include <cmath>

#include "kantei/base/parallel.h"
#include "kantei/dataset/edit_coding.h"
#include "kantei/image/transform.h"
#include "kantei/nn/anixplore_net.h"
#include "kantei/nn/anixplore_weights_net.h"
#include "kantei/nn/manipulation_input.h"
#include "kantei/nn/safetensors.h"
#include "kantei/nn/weights_net.h"
#include "kantei/train/detection_task_net.h"
#include "kantei/train/device_net.h"

namespace kantei::train {
namespace {

using dataset::History;
namespace functional = torch::nn::functional;

Json EssentialOptions(const AniXploreTrainingOptions& o) {
  Json essentials = o.schedule.Essentials();
  essentials.update(Json{{"init", o.init},
                         {"convnext", o.convnext},
                         {"mit", o.mit},
                         {"side", o.side},
                         {"released_quirks", o.released_quirks},
                         {"pictures_per_step", o.pictures_per_step},
                         {"edited_share", o.edited_share},
                         {"generated_share", o.generated_share},
                         {"scale", o.scale},
                         {"coding", o.coding}});
  return essentials;
}

/// The network and what it learns besides: how much each loss counts.
struct WeighedAniXploreImpl : torch::nn::Module {
  explicit WeighedAniXploreImpl(const nn::AniXploreOptions& options)
      : net(register_module("net", nn::AniXplore(options))),
        uncertainty(register_parameter("uncertainty", torch::ones({2}))) {}
  nn::AniXplore net;
  torch::Tensor uncertainty;  ///< s of the mask's loss and of the label's
};
TORCH_MODULE(WeighedAniXplore);

class AniXploreTask : public DetectionTask {
 public:
  AniXploreTask(const AniXploreTrainingOptions& options, const SamplePools& pools,
                const torch::Device& device)
      : DetectionTask({options.pictures_per_step, options.side, options.edited_share, options.generated_share,
                       0.0, 0.0, options.schedule.seed},
                      pools, device),
        options_(options) {
    torch::manual_seed(options.schedule.seed);
    model_ = WeighedAniXplore(nn::AniXploreOptions{options.released_quirks});
    average_ = WeighedAniXplore(nn::AniXploreOptions{options.released_quirks});
    description_.side = options.side;
    description_.released_quirks = options.released_quirks;
  }

  Status Prepare() {
    const auto load = [](const std::string& path, auto loader, auto& module) -> Status {
      if (path.empty()) return {};
      KANTEI_TRY(const nn::SafetensorsFile file, nn::SafetensorsFile::Open(path));
      return loader(file, path, module);
    };
    KANTEI_RETURN_IF_ERROR(load(options_.convnext, nn::LoadConvNext, model_->net->convnext()));
    KANTEI_RETURN_IF_ERROR(load(options_.mit, nn::LoadMit, model_->net->mit()));
    KANTEI_RETURN_IF_ERROR(load(options_.init, nn::LoadAniXplore, model_->net));
    Place(*model_, device());
    Place(*average_, device());
    average_->eval();
    return {};
  }

  torch::nn::Module& model() override { return *model_; }
  torch::nn::Module& average() override { return *average_; }

  torch::Tensor Loss(ViewBatch& batch) override {
    const auto [high, low] = Inputs(batch);
    nn::AniXploreOutput out;
    {
      const Bfloat16Scope mixed(options_.schedule.bfloat16, device());
      out = model_->net->forward(high, low);
    }
    return LossOf(out, model_->uncertainty, batch);
  }

  Status Export(const std::filesystem::path& path, std::int64_t step) override {
    nn::ManipulationDescription description = description_;
    description.name = path.parent_path().filename().string();
    description.source = "kantei train anixplore";
    std::map<std::string, std::string> metadata = nn::ToMetadata(description);
    metadata["kantei.training_step"] = std::to_string(step);
    metadata["kantei.training_options"] = DumpJson(EssentialOptions(options_));
    return nn::SaveTensors(nn::StateOf(*average_->net), metadata, path);
  }

 protected:
  dataset::AuthenticityView MakeView(const image::Image& picture, const image::Image& mask,
                                     Random& random) const override {
    image::Image view = picture;
    if (random.Chance(options_.scale)) {
      const double factor = random.Uniform(0.8, 1.2);
      const auto scaled = [&](int length) {
        return std::max(1, static_cast<int>(std::lround(length * factor)));
      };
      view = image::Resize(view, scaled(view.width()), scaled(view.height()));
    }
    if (random.Chance(options_.coding))
      view = dataset::ThroughJpeg(view, static_cast<int>(std::lround(random.Uniform(70, 100))));
    image::Image small(options_.side, options_.side, 1);
    if (!mask.empty()) {
      small = image::Resize(mask, options_.side, options_.side);
      for (std::uint8_t& value : small.pixels()) value = value >= 128 ? 255 : 0;
    }
    return {nn::SizedForNetwork(view, description_), std::move(small)};
  }

  Answer Judge(ViewBatch& batch) override {
    const auto [high, low] = Inputs(batch);
    const nn::AniXploreOutput out = average_->net->forward(high, low);
    return {out.mask, out.label, LossOf(out, average_->uncertainty, batch)};
  }

 private:
  /// The two N x 6 x side x side inputs.
  std::pair<torch::Tensor, torch::Tensor> Inputs(const ViewBatch& batch) const {
    const auto count = static_cast<std::int64_t>(batch.views());
    const std::int64_t side = options_.side;
    torch::Tensor high = torch::empty({count, side, side, 6}), low = torch::empty_like(high);
    const std::size_t size = batch.pixels.size() / batch.views();
    ParallelFor(batch.views(), ThreadCount(options_.schedule.threads), {}, [&](std::size_t v) {
      image::Image picture(options_.side, options_.side, 3);
      std::copy_n(batch.pixels.begin() + static_cast<std::ptrdiff_t>(v * size), size,
                  picture.pixels().begin());
      const nn::ManipulationInputs inputs = nn::MakeManipulationInputs(picture, description_, 1);
      std::copy(inputs.high.begin(), inputs.high.end(), high.data_ptr<float>() + v * inputs.high.size());
      std::copy(inputs.low.begin(), inputs.low.end(), low.data_ptr<float>() + v * inputs.low.size());
    });
    return {high.to(device()).permute({0, 3, 1, 2}), low.to(device()).permute({0, 3, 1, 2})};
  }

  torch::Tensor LossOf(const nn::AniXploreOutput& out, const torch::Tensor& uncertainty,
                       ViewBatch& batch) const {
    const torch::Tensor mask =
        functional::binary_cross_entropy_with_logits(out.mask.to(torch::kFloat32), Truth(batch, 1));
    const torch::Tensor label = functional::binary_cross_entropy_with_logits(
        out.label.to(torch::kFloat32), 1 - Is(History::kAuthentic, batch));
    return (torch::exp(-uncertainty) * torch::stack({mask, label}) + 0.5 * uncertainty).sum();
  }

  const AniXploreTrainingOptions& options_;
  nn::ManipulationDescription description_;
  WeighedAniXplore model_{nullptr}, average_{nullptr};
};

}  // namespace

TrainingSchedule AniXploreTrainingOptions::PublishedSchedule() {
  TrainingSchedule schedule;
  schedule.learning_rate = 1e-4;
  schedule.weight_decay = 0.05;
  schedule.warm_up = 2.0 / 50;
  schedule.accumulate = 2;
  schedule.ema = 0;
  return schedule;
}

Status AniXploreTrainingOptions::Validate() const {
  const auto bad = [](const char* what) { return Status(Error{ErrorCode::kInvalidArgument, what}); };
  if (side < 64 || side > 2048 || side % 32 != 0)
    return bad("side must be 64 to 2048 pixels, a multiple of 32");
  if (pictures_per_step < 2 || pictures_per_step > 4096) return bad("pictures_per_step must be 2 to 4096");
  for (const double chance : {scale, coding})
    if (!(chance >= 0 && chance <= 1)) return bad("chances must be 0 to 1");
  if (!(edited_share >= 0 && generated_share >= 0 && edited_share + generated_share < 1))
    return bad("edited_share and generated_share must leave a share of authentic pictures");
  if (!init.empty() && (!convnext.empty() || !mit.empty()))
    return bad("init is a whole network; leave convnext and mit out beside it");
  return schedule.Validate();
}

Status TrainAniXplore(const std::vector<dataset::AuthenticitySample>& samples,
                      const std::vector<dataset::AuthenticitySample>& validation,
                      const AniXploreTrainingOptions& options, const std::filesystem::path& directory,
                      const CancellationToken& cancellation,
                      const std::function<void(const TrainingState&)>& watch) {
  return TrainDetector<AniXploreTask>(samples, validation, options, EssentialOptions(options), directory,
                                      cancellation, watch);
}

}  // namespace kantei::train
