#include "kantei/train/authenticity_trainer.h"

#include <torch/torch.h>

#include "kantei/authenticity/forensic_net.h"
#include "kantei/nn/safetensors.h"
#include "kantei/nn/weights_net.h"
#include "kantei/train/detection_task_net.h"
#include "kantei/train/device_net.h"
#include "kantei/train/picture_batch_net.h"

namespace kantei::train {
namespace {

using authenticity::ForensicMaps;
using authenticity::ForensicNet;
using authenticity::ForensicShape;
using dataset::History;
namespace functional = torch::nn::functional;

constexpr int kMapStep = 4;

ForensicShape ShapeOf(const AuthenticityTrainingOptions& o) {
  return {o.stem, o.widths, o.depths, o.decoder, o.contrast};
}

Json EssentialOptions(const AuthenticityTrainingOptions& o) {
  Json essentials = o.schedule.Essentials();
  essentials.update(Json{{"stem", o.stem},
                         {"widths", o.widths},
                         {"depths", o.depths},
                         {"decoder", o.decoder},
                         {"contrast", o.contrast},
                         {"init", o.init},
                         {"side", o.view.side},
                         {"resize", o.view.resize},
                         {"least_scale", o.view.least_scale},
                         {"most_scale", o.view.most_scale},
                         {"coding", o.view.coding},
                         {"twice", o.view.twice},
                         {"blur", o.view.blur},
                         {"noise", o.view.noise},
                         {"views_per_step", o.views_per_step},
                         {"edited_share", o.edited_share},
                         {"generated_share", o.generated_share},
                         {"composite", o.composite},
                         {"paired", o.paired},
                         {"dice_weight", o.dice_weight},
                         {"verdict_weight", o.verdict_weight},
                         {"confidence_weight", o.confidence_weight}});
  return essentials;
}

class AuthenticityTask : public DetectionTask {
 public:
  AuthenticityTask(const AuthenticityTrainingOptions& options, const SamplePools& pools,
                   const torch::Device& device)
      : DetectionTask({options.views_per_step, options.view.side, options.edited_share,
                       options.generated_share, options.composite, options.paired, options.schedule.seed},
                      pools, device),
        options_(options) {
    torch::manual_seed(options.schedule.seed);
    model_ = ForensicNet(ShapeOf(options));
    average_ = ForensicNet(ShapeOf(options));
  }

  Status Prepare() {
    if (!options_.init.empty()) KANTEI_RETURN_IF_ERROR(BeginWith(options_.init));
    Place(*model_, device());
    Place(*average_, device());
    average_->eval();
    return {};
  }

  torch::nn::Module& model() override { return *model_; }
  torch::nn::Module& average() override { return *average_; }

  torch::Tensor Loss(ViewBatch& batch) override {
    ForensicMaps maps;
    {
      const Bfloat16Scope mixed(options_.schedule.bfloat16, device());
      maps = model_->Maps(PictureBatch(batch, device()));
    }
    return LossOf(maps, model_->Verdict(maps.top, maps.mask), batch);
  }

  Status Export(const std::filesystem::path& path, std::int64_t step) override {
    std::map<std::string, std::string> metadata = ShapeOf(options_).Metadata();
    metadata["kantei.name"] = path.parent_path().filename().string();
    metadata["kantei.training_step"] = std::to_string(step);
    metadata["kantei.training_options"] = DumpJson(EssentialOptions(options_));
    metadata["kantei.source"] = "kantei train authenticity";
    nn::SaveOptions save;
    save.float16 = true;
    return nn::SaveTensors(nn::StateOf(*average_), metadata, path, save);
  }

 protected:
  dataset::AuthenticityView MakeView(const image::Image& picture, const image::Image& mask,
                                     Random& random) const override {
    return dataset::MakeAuthenticityView(picture, mask, options_.view, random);
  }

  Answer Judge(ViewBatch& batch) override {
    const ForensicMaps maps = average_->Maps(PictureBatch(batch, device()));
    const torch::Tensor verdict = average_->Verdict(maps.top, maps.mask);
    return {maps.mask, verdict.amax(1), LossOf(maps, verdict, batch)};
  }

 private:
  Status BeginWith(const std::string& path) {
    KANTEI_TRY(const nn::SafetensorsFile file, nn::SafetensorsFile::Open(path));
    KANTEI_TRY(ForensicShape shape, ForensicShape::FromMetadata(file.metadata(), path));
    ForensicShape ours = ShapeOf(options_);
    if (shape.contrast != 0 || ours.contrast == 0) return nn::LoadModule(file, path, {}, *model_);
    ours.contrast = 0;
    ForensicNet without(ours);  // the new part begins by adding nothing
    KANTEI_RETURN_IF_ERROR(nn::LoadModule(file, path, {}, *without));
    const torch::NoGradGuard no_grad;
    nn::NamedTensors state = nn::StateOf(*model_);
    for (const auto& [name, tensor] : nn::StateOf(*without)) state.at(name).copy_(tensor);
    return {};
  }

  torch::Tensor LossOf(const ForensicMaps& maps, const torch::Tensor& verdict, ViewBatch& batch) const {
    const torch::Tensor truth = Truth(batch, kMapStep);
    const torch::Tensor is_edited = Is(History::kEdited, batch), is_made = Is(History::kGenerated, batch);
    torch::Tensor loss = functional::binary_cross_entropy_with_logits(maps.mask, truth);
    const torch::Tensor share = torch::sigmoid(maps.mask);
    const torch::Tensor overlap = (share * truth).sum({1, 2, 3});
    const torch::Tensor dice = 1 - (2 * overlap + 1) / (share.sum({1, 2, 3}) + truth.sum({1, 2, 3}) + 1);
    loss = loss + options_.dice_weight * (dice * is_edited).sum() / (is_edited.sum() + 1e-6);
    const torch::Tensor right = maps.mask.detach().gt(0).eq(truth.gt(0.5)).to(torch::kFloat32);
    loss = loss +
           options_.confidence_weight * functional::binary_cross_entropy_with_logits(maps.confidence, right);
    return loss + options_.verdict_weight * functional::binary_cross_entropy_with_logits(
                                                verdict, torch::stack({is_made, is_edited}, 1));
  }

  const AuthenticityTrainingOptions& options_;
  ForensicNet model_{nullptr}, average_{nullptr};
};

}  // namespace

Status AuthenticityTrainingOptions::Validate() const {
  const auto bad = [](const char* what) { return Status(Error{ErrorCode::kInvalidArgument, what}); };
  KANTEI_RETURN_IF_ERROR(ShapeOf(*this).Validate());
  if (view.side < 64 || view.side > 2048 || view.side % 32 != 0)
    return bad("side must be 64 to 2048 pixels, a multiple of 32");
  for (const double chance :
       {view.resize, view.coding, view.twice, view.blur, view.noise, view.on_mask, composite, paired})
    if (!(chance >= 0 && chance <= 1)) return bad("chances must be 0 to 1");
  if (!(view.least_scale >= 0.1 && view.least_scale <= 1 && view.most_scale >= 1 && view.most_scale <= 4))
    return bad("least_scale must be 0.1 to 1, most_scale 1 to 4");
  if (views_per_step < 2 || views_per_step > 4096) return bad("views_per_step must be 2 to 4096");
  if (!(edited_share >= 0 && generated_share >= 0 && edited_share + generated_share < 1))
    return bad("edited_share and generated_share must leave a share of authentic views");
  for (const double weight : {dice_weight, verdict_weight, confidence_weight})
    if (!(weight >= 0 && weight <= 100)) return bad("weights of the loss must be 0 to 100");
  return schedule.Validate();
}

Status TrainAuthenticity(const std::vector<dataset::AuthenticitySample>& samples,
                         const std::vector<dataset::AuthenticitySample>& validation,
                         const AuthenticityTrainingOptions& options, const std::filesystem::path& directory,
                         const CancellationToken& cancellation,
                         const std::function<void(const TrainingState&)>& watch) {
  return TrainDetector<AuthenticityTask>(samples, validation, options, EssentialOptions(options), directory,
                                         cancellation, watch);
}

}  // namespace kantei::train
