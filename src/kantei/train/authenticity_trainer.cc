#include "kantei/train/authenticity_trainer.h"

#include <torch/torch.h>

#include <algorithm>
#include <array>

#include "kantei/authenticity/forensic_net.h"
#include "kantei/base/log.h"
#include "kantei/dataset/mask_maker.h"
#include "kantei/nn/safetensors.h"
#include "kantei/nn/weights_net.h"
#include "kantei/train/device_net.h"
#include "kantei/train/sample_pool.h"
#include "kantei/train/training_loop_net.h"

namespace kantei::train {
namespace {

using authenticity::ForensicMaps;
using authenticity::ForensicNet;
using authenticity::ForensicShape;
using dataset::History;
namespace functional = torch::nn::functional;

constexpr int kMapStep = 4;
constexpr std::size_t kMaxValidation = 512;
constexpr std::int64_t kFewestChanged = 64;  // pixels below which a view of an edit shows nothing of it

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
                         {"coding", o.view.coding},
                         {"twice", o.view.twice},
                         {"blur", o.view.blur},
                         {"noise", o.view.noise},
                         {"views_per_step", o.views_per_step},
                         {"edited_share", o.edited_share},
                         {"generated_share", o.generated_share},
                         {"composite", o.composite},
                         {"dice_weight", o.dice_weight},
                         {"verdict_weight", o.verdict_weight},
                         {"confidence_weight", o.confidence_weight}});
  return essentials;
}

/// Adds a view; its label is what can be seen of the picture's history in it.
void AppendView(const dataset::AuthenticityView& view, History history, ViewBatch* batch) {
  batch->pixels.insert(batch->pixels.end(), view.picture.pixels().begin(), view.picture.pixels().end());
  if (history == History::kGenerated) {
    batch->masks.insert(batch->masks.end(), view.mask.pixels().size(), std::uint8_t{255});
  } else {
    const auto changed = std::count(view.mask.pixels().begin(), view.mask.pixels().end(), std::uint8_t{255});
    if (changed < kFewestChanged) history = History::kAuthentic;
    batch->masks.insert(batch->masks.end(), view.mask.pixels().begin(), view.mask.pixels().end());
  }
  batch->labels.push_back(static_cast<std::int64_t>(history));
}

class AuthenticityTask : public TrainingTask {
 public:
  AuthenticityTask(const AuthenticityTrainingOptions& options, const SamplePool& pool,
                   const SamplePool* validation, const torch::Device& device)
      : options_(options), pool_(pool), validation_(validation), device_(device) {
    torch::manual_seed(options.schedule.seed);
    model_ = ForensicNet(ShapeOf(options));
    average_ = ForensicNet(ShapeOf(options));
  }

  Status Prepare() {
    if (!options_.init.empty()) KANTEI_RETURN_IF_ERROR(BeginWith(options_.init));
    Place(*model_, device_);
    Place(*average_, device_);
    average_->eval();
    return {};
  }

  torch::nn::Module& model() override { return *model_; }
  torch::nn::Module& average() override { return *average_; }

  ViewBatch MakeBatch(std::int64_t number) const override {
    ViewBatch batch;
    batch.step = number;
    batch.side = options_.view.side;
    const Random random = Random(options_.schedule.seed).Fork(static_cast<std::uint64_t>(number) + 1);
    for (int v = 0; v < options_.views_per_step; ++v) {
      Random own = random.Fork(static_cast<std::uint64_t>(v));
      const double drawn = own.Uniform();
      History history = drawn < options_.edited_share                              ? History::kEdited
                        : drawn < options_.edited_share + options_.generated_share ? History::kGenerated
                                                                                   : History::kAuthentic;
      if (!pool_.Has(history)) history = pool_.Has(History::kEdited) ? History::kEdited : History::kGenerated;
      DrawView(pool_, history, options_.view, own, &batch);
    }
    return batch;
  }

  torch::Tensor Loss(ViewBatch& batch) override {
    ForensicMaps maps;
    {
      const Bfloat16Scope mixed(options_.schedule.bfloat16, device_);
      maps = model_->Maps(Pixels(batch));
    }
    return LossOf(*model_, maps, batch);
  }

  std::vector<std::string> ValidationNames() const override {
    if (validation_ == nullptr) return {};
    return {"validation_loss", "validation_accuracy", "validation_iou"};
  }

  std::vector<double> Validate() override {
    const torch::InferenceMode inference;
    const std::size_t count = std::min(kMaxValidation, validation_->size());
    double loss = 0, iou = 0, edits = 0;
    std::array<double, 2> right{}, all{};
    constexpr std::size_t kBatch = 16;
    for (std::size_t first = 0; first < count; first += kBatch) {
      ViewBatch batch;
      batch.side = options_.view.side;
      for (std::size_t n = first; n < std::min(count, first + kBatch); ++n) {
        const SamplePool::Entry& entry = validation_->at(n * validation_->size() / count);
        Random random(2024 + n);
        AppendView(dataset::MakeAuthenticityView(entry.picture, entry.mask, options_.view, random),
                   entry.history, &batch);
      }
      const ForensicMaps maps = average_->Maps(Pixels(batch));
      loss += LossOf(*average_, maps, batch).item<double>() * static_cast<double>(batch.views());
      const torch::Tensor verdict = average_->Verdict(maps.top, maps.mask).amax(1);
      const torch::Tensor found = maps.mask.gt(0), truth = Truth(batch).gt(0.5);
      for (std::size_t v = 0; v < batch.views(); ++v) {
        const auto at = static_cast<std::int64_t>(v);
        const std::size_t fake = batch.labels[v] != 0;
        all[fake] += 1;
        right[fake] += (verdict[at].item<float>() > 0) == (fake == 1);
        if (batch.labels[v] != static_cast<std::int64_t>(History::kEdited)) continue;
        const double both = found[at].logical_and(truth[at]).sum().item<double>();
        const double any = found[at].logical_or(truth[at]).sum().item<double>();
        iou += any > 0 ? both / any : 1;
        edits += 1;
      }
    }
    const double accuracy = (right[0] / std::max(1.0, all[0]) + right[1] / std::max(1.0, all[1])) / 2;
    return {loss / static_cast<double>(count), accuracy, iou / std::max(1.0, edits)};
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

  void DrawView(const SamplePool& pool, History history, const dataset::AuthenticityViewOptions& options,
                Random& random, ViewBatch* batch) const {
    const SamplePool::Entry& entry = pool.at(pool.Draw(history, random));
    if (history == History::kGenerated && entry.original >= 0 && random.Chance(options_.composite)) {
      const image::Image& original = pool.at(static_cast<std::size_t>(entry.original)).picture;
      constexpr std::array kKinds{dataset::MaskKind::kStrokes, dataset::MaskKind::kBlob,
                                  dataset::MaskKind::kRectangle, dataset::MaskKind::kPolygon};
      const auto mask = dataset::MakeMask(original, kKinds[random.Below(kKinds.size())], {}, random);
      if (mask) {
        AppendView(dataset::MakeAuthenticityView(dataset::CompositeThrough(original, entry.picture, *mask),
                                                 *mask, options, random),
                   History::kEdited, batch);
        return;
      }
    }
    AppendView(dataset::MakeAuthenticityView(entry.picture, entry.mask, options, random), history, batch);
  }

  torch::Tensor Pixels(ViewBatch& batch) const {
    return torch::from_blob(batch.pixels.data(),
                            {static_cast<std::int64_t>(batch.views()), batch.side, batch.side, 3},
                            torch::kUInt8)
        .to(device_)
        .permute({0, 3, 1, 2})
        .to(torch::kFloat32);
  }

  /// Share of each cell of the map that is changed, N x 1 x side / 4 x side / 4.
  torch::Tensor Truth(ViewBatch& batch) const {
    return torch::avg_pool2d(
        torch::from_blob(batch.masks.data(),
                         {static_cast<std::int64_t>(batch.views()), 1, batch.side, batch.side}, torch::kUInt8)
            .to(device_)
            .to(torch::kFloat32)
            .div(255),
        kMapStep);
  }

  torch::Tensor LossOf(authenticity::ForensicNetImpl& net, const ForensicMaps& maps, ViewBatch& batch) const {
    const torch::Tensor truth = Truth(batch);
    const torch::Tensor labels =
        torch::from_blob(batch.labels.data(), {static_cast<std::int64_t>(batch.views())}, torch::kInt64)
            .to(device_);
    const torch::Tensor is_edited =
        labels.eq(static_cast<std::int64_t>(History::kEdited)).to(torch::kFloat32);
    const torch::Tensor is_made =
        labels.eq(static_cast<std::int64_t>(History::kGenerated)).to(torch::kFloat32);
    torch::Tensor loss = functional::binary_cross_entropy_with_logits(maps.mask, truth);
    const torch::Tensor share = torch::sigmoid(maps.mask);
    const torch::Tensor overlap = (share * truth).sum({1, 2, 3});
    const torch::Tensor dice = 1 - (2 * overlap + 1) / (share.sum({1, 2, 3}) + truth.sum({1, 2, 3}) + 1);
    loss = loss + options_.dice_weight * (dice * is_edited).sum() / (is_edited.sum() + 1e-6);
    const torch::Tensor right = maps.mask.detach().gt(0).eq(truth.gt(0.5)).to(torch::kFloat32);
    loss = loss +
           options_.confidence_weight * functional::binary_cross_entropy_with_logits(maps.confidence, right);
    return loss + options_.verdict_weight *
                      functional::binary_cross_entropy_with_logits(net.Verdict(maps.top, maps.mask),
                                                                   torch::stack({is_made, is_edited}, 1));
  }

  const AuthenticityTrainingOptions& options_;
  const SamplePool& pool_;
  const SamplePool* validation_;
  torch::Device device_;
  ForensicNet model_{nullptr}, average_{nullptr};
};

}  // namespace

Status AuthenticityTrainingOptions::Validate() const {
  const auto bad = [](const char* what) { return Status(Error{ErrorCode::kInvalidArgument, what}); };
  KANTEI_RETURN_IF_ERROR(ShapeOf(*this).Validate());
  if (view.side < 64 || view.side > 2048 || view.side % 32 != 0)
    return bad("side must be 64 to 2048 pixels, a multiple of 32");
  for (const double chance :
       {view.resize, view.coding, view.twice, view.blur, view.noise, view.on_mask, composite})
    if (!(chance >= 0 && chance <= 1)) return bad("chances must be 0 to 1");
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
  KANTEI_RETURN_IF_ERROR(options.Validate());
  KANTEI_TRY(const torch::Device device, OpenDevice(options.schedule.device));
  std::vector<std::string> skipped;
  const int threads = options.schedule.loader_threads;
  KANTEI_TRY(const SamplePool pool, SamplePool::Load(samples, threads, cancellation, &skipped));
  std::unique_ptr<SamplePool> held;
  if (!validation.empty()) {
    KANTEI_TRY(SamplePool loaded, SamplePool::Load(validation, threads, cancellation, &skipped));
    held = std::make_unique<SamplePool>(std::move(loaded));
  }
  for (const std::string& line : skipped) LogWarning("skipped: " + line);
  AuthenticityTask task(options, pool, held.get(), device);
  KANTEI_RETURN_IF_ERROR(task.Prepare());
  return RunTraining(&task, options.schedule, EssentialOptions(options), pool.fingerprint(), directory,
                     cancellation, watch);
}

}  // namespace kantei::train
