#include "kantei/train/descriptor_trainer.h"

#include <torch/torch.h>

#include <algorithm>
#include <numeric>

#include "kantei/base/json.h"
#include "kantei/base/random.h"
#include "kantei/dataset/edits.h"
#include "kantei/image/transform.h"
#include "kantei/train/descriptor_model_net.h"
#include "kantei/train/device_net.h"
#include "kantei/train/losses_net.h"
#include "kantei/train/picture_pool.h"
#include "kantei/train/training_loop_net.h"

namespace kantei::train {
namespace {

constexpr std::size_t kMaxValidation = 512;
/// Of the strength of a view's edits, which is drawn anew for each, once the ramp is over.
constexpr double kLeastStrength = 0.6;

Json EssentialOptions(const DescriptorTrainingOptions& o) {
  Json essentials = o.schedule.Essentials();
  essentials.update(Json{{"objective", ObjectiveName(o.objective)},
                         {"backbone", o.backbone},
                         {"widths", o.widths},
                         {"depths", o.depths},
                         {"dimension", o.dimension},
                         {"projector", o.projector},
                         {"gem", o.gem},
                         {"wave_block", o.wave_block},
                         {"init", o.init},
                         {"side", o.side},
                         {"edit_strength", o.edit_strength},
                         {"edit_ramp", o.edit_ramp},
                         {"min_scale", o.min_scale},
                         {"pictures_per_step", o.pictures_per_step},
                         {"views_per_picture", o.views_per_picture},
                         {"anchors", o.anchors},
                         {"chains", o.chains},
                         {"temperature", o.temperature},
                         {"koleo", o.koleo},
                         {"barlow_lambda", o.barlow_lambda}});
  return essentials;
}

// Pictures of a batch: the permutation of each epoch laid end to end.
std::vector<std::size_t> PicturesOf(std::int64_t batch, std::size_t pool, int per_batch, std::uint64_t seed) {
  std::vector<std::size_t> order(pool), pictures;
  std::int64_t shuffled = -1;
  for (int i = 0; i < per_batch; ++i) {
    const auto position = batch * per_batch + i;
    const std::int64_t epoch = position / static_cast<std::int64_t>(pool);
    if (epoch != shuffled) {
      std::iota(order.begin(), order.end(), std::size_t{0});
      Random random = Random(seed).Fork(0x45504F43u).Fork(static_cast<std::uint64_t>(epoch));
      for (std::size_t k = pool; k > 1; --k) std::swap(order[k - 1], order[random.Below(k)]);
      shuffled = epoch;
    }
    pictures.push_back(order[static_cast<std::size_t>(position % static_cast<std::int64_t>(pool))]);
  }
  return pictures;
}

void AppendEdited(const PicturePool& pool, std::size_t picture, const dataset::TrainingViewOptions& options,
                  Random random, ViewBatch* batch) {
  std::vector<const image::Image*> others;
  while (others.size() < 3) {
    const std::size_t other = random.Below(pool.size());
    // A pool of two or three pictures has no three others.
    if (other != picture || pool.size() < 4) others.push_back(&pool.at(other));
  }
  AppendView(dataset::MakeTrainingView(pool.at(picture), options, others, random),
             static_cast<std::int64_t>(picture), batch);
}

torch::Tensor BytesOf(ViewBatch& batch) {
  return torch::from_blob(batch.pixels.data(),
                          {static_cast<std::int64_t>(batch.views()), batch.side, batch.side, 3},
                          torch::kUInt8);
}

class DescriptorTask : public TrainingTask {
 public:
  DescriptorTask(const DescriptorTrainingOptions& options, const PicturePool& pool,
                 const PicturePool* validation, torch::Device device)
      : options_(options), pool_(pool), validation_(validation), device_(device) {
    torch::manual_seed(options.schedule.seed);
    const auto identities =
        options.objective == Objective::kIdentities ? static_cast<std::int64_t>(pool.size()) : 0;
    model_ = DescriptorModel(options, identities);
    average_ = DescriptorModel(options, identities);
  }

  Status Prepare() {
    if (!options_.init.empty()) KANTEI_RETURN_IF_ERROR(model_->Initialise(options_.init));
    Place(*model_, device_);
    Place(*average_, device_);
    return {};
  }

  torch::nn::Module& model() override { return *model_; }
  torch::nn::Module& average() override { return *average_; }

  ViewBatch MakeBatch(std::int64_t number) const override {
    ViewBatch batch;
    batch.step = number;
    batch.side = options_.side;
    const double at = static_cast<double>(number) /
                      (static_cast<double>(options_.schedule.steps) * options_.schedule.accumulate);
    // Easy views among the hard ones: of nothing but hard ones a fresh network learns nothing.
    const double least =
        options_.edit_ramp > 0 ? kLeastStrength * std::min(1.0, at / options_.edit_ramp) : kLeastStrength;
    dataset::TrainingViewOptions view{options_.side, 0, options_.min_scale, options_.chains};
    const auto pictures =
        PicturesOf(number, pool_.size(), options_.pictures_per_step, options_.schedule.seed);
    const Random random = Random(options_.schedule.seed).Fork(static_cast<std::uint64_t>(number) + 1);
    for (int v = 0; v < options_.views_per_picture; ++v) {
      for (std::size_t p = 0; p < pictures.size(); ++p) {
        Random own = random.Fork(static_cast<std::uint64_t>(v) << 32 | p);
        if (v < options_.anchors) {
          AppendView(dataset::MakeAnchorView(pool_.at(pictures[p]), options_.side, own),
                     static_cast<std::int64_t>(pictures[p]), &batch);
        } else {
          view.strength = options_.edit_strength * own.Uniform(least, 1);
          AppendEdited(pool_, pictures[p], view, own, &batch);
        }
      }
    }
    return batch;
  }

  torch::Tensor Loss(ViewBatch& batch) override {
    const torch::Tensor labels =
        torch::from_blob(batch.labels.data(), {static_cast<std::int64_t>(batch.views())}, torch::kInt64)
            .to(device_);
    Random random =
        Random(options_.schedule.seed).Fork(0x57415645u).Fork(static_cast<std::uint64_t>(batch.step));
    const bool wave = options_.objective == Objective::kIdentities && options_.wave_block;
    const double wave2 = wave ? random.Uniform() : -1, wave3 = wave ? random.Uniform() : -1;
    const DescriptorOutputs out =
        model_->Forward(NormaliseViews(BytesOf(batch), device_), wave2, wave3, options_.schedule.bfloat16);
    return LossOf(out, labels);
  }

  std::vector<std::string> ValidationNames() const override {
    return validation_ == nullptr ? std::vector<std::string>{}
                                  : std::vector<std::string>{"validation_recall"};
  }

  // Recall at 1: of the edited views of the validation pictures, how many have their own picture nearest.
  std::vector<double> Validate() override {
    const torch::InferenceMode inference;
    average_->eval();
    const std::size_t count = std::min(kMaxValidation, validation_->size());
    const dataset::TrainingViewOptions view{options_.side, 1.0, 0.2, 0};
    std::vector<torch::Tensor> plain, edited;
    for (std::size_t first = 0; first < count; first += 64) {
      ViewBatch references, queries;
      references.side = queries.side = options_.side;
      for (std::size_t n = first; n < std::min(count, first + 64); ++n) {
        const std::size_t i = n * validation_->size() / count;  // spread over all sources
        const image::Image squashed = image::Resize(validation_->at(i), options_.side, options_.side);
        AppendView(squashed, static_cast<std::int64_t>(i), &references);
        AppendEdited(*validation_, i, view, Random(2024).Fork(i), &queries);
      }
      plain.push_back(
          average_->Describe(NormaliseViews(BytesOf(references), device_), options_.schedule.bfloat16).cpu());
      edited.push_back(
          average_->Describe(NormaliseViews(BytesOf(queries), device_), options_.schedule.bfloat16).cpu());
    }
    const torch::Tensor nearest = torch::cat(edited).mm(torch::cat(plain).t()).argmax(1);
    return {nearest.eq(torch::arange(static_cast<std::int64_t>(count)))
                .to(torch::kFloat64)
                .mean()
                .item<double>()};
  }

  Status Export(const std::filesystem::path& path, std::int64_t step) override {
    std::map<std::string, std::string> metadata{
        {"kantei.name", path.parent_path().filename().string()},
        {"kantei.training_step", std::to_string(step)},
        {"kantei.training_options", DumpJson(EssentialOptions(options_))},
        {"kantei.source", "kantei train descriptor"}};
    return average_->Export(path, metadata);
  }

 private:
  torch::Tensor LossOf(const DescriptorOutputs& out, const torch::Tensor& labels) const {
    switch (options_.objective) {
      case Objective::kInfoNce:
        return InfoNceLoss(out.descriptor, labels, options_.temperature) +
               options_.koleo * KoLeoLoss(out.descriptor, labels);
      case Objective::kBarlowTwins: {
        const std::vector<torch::Tensor> views = out.wide.chunk(options_.views_per_picture);
        torch::Tensor loss = BarlowTwinsLoss(views[0], views[1], options_.barlow_lambda);
        for (std::size_t v = 2; v < views.size(); ++v)
          loss = loss + BarlowTwinsLoss(views[0], views[v], options_.barlow_lambda);
        return loss;
      }
      case Objective::kIdentities: {
        const auto smoothed = torch::nn::functional::CrossEntropyFuncOptions().label_smoothing(0.1);
        // 2111.08004's weights: 10 wide, 1 narrow, 2 distillation, 1 triplet.
        return 10 * torch::nn::functional::cross_entropy(out.wide_logits, labels, smoothed) +
               torch::nn::functional::cross_entropy(out.narrow_logits, labels, smoothed) +
               2 * DistillationLoss(out.narrow_logits, out.wide_logits, 2.0) +
               SoftTripletLoss(out.feature, labels);
      }
    }
    return {};
  }

  const DescriptorTrainingOptions& options_;
  const PicturePool& pool_;
  const PicturePool* validation_;
  torch::Device device_;
  DescriptorModel model_{nullptr}, average_{nullptr};
};

}  // namespace

std::string_view ObjectiveName(Objective objective) {
  switch (objective) {
    case Objective::kInfoNce:
      return "infonce";
    case Objective::kBarlowTwins:
      return "barlow";
    case Objective::kIdentities:
      return "identities";
  }
  return "";
}

Result<Objective> ParseObjective(std::string_view name) {
  for (const Objective objective : {Objective::kInfoNce, Objective::kBarlowTwins, Objective::kIdentities})
    if (ObjectiveName(objective) == name) return objective;
  return Error{ErrorCode::kInvalidArgument,
               "objective \"" + std::string(name) + "\" is not one of infonce, barlow, identities"};
}

Status DescriptorTrainingOptions::Validate() const {
  const auto bad = [](const char* what) { return Status(Error{ErrorCode::kInvalidArgument, what}); };
  if (backbone != "compact" && backbone != "resnet50") return bad("backbone must be compact or resnet50");
  if (widths.empty() || widths.size() > 5 || depths.size() != widths.size())
    return bad("widths and depths must be 1 to 5 numbers each, as many as the other");
  for (const int width : widths)
    if (width < 16 || width > 1024) return bad("widths must be 16 to 1024");
  for (const int depth : depths)
    if (depth < 0 || depth > 8) return bad("depths must be 0 to 8");
  if (depths.back() == 0) return bad("the last of the depths must be at least 1");
  if (dimension < 16 || dimension > 4096) return bad("dimension must be 16 to 4096");
  if (projector < 64 || projector > 16384) return bad("projector must be 64 to 16384");
  if (side < 32 || side > 512) return bad("side must be 32 to 512 pixels");
  if (!(edit_strength >= 0 && edit_strength <= 2)) return bad("edit_strength must be 0 to 2");
  if (!(edit_ramp >= 0 && edit_ramp <= 1)) return bad("edit_ramp must be a share of the steps");
  if (!(min_scale > 0 && min_scale <= 1)) return bad("min_scale must be above 0 and at most 1");
  if (pictures_per_step < 2 || pictures_per_step > 65536) return bad("pictures_per_step must be 2 to 65536");
  if (views_per_picture < 2 || views_per_picture > 64) return bad("views_per_picture must be 2 to 64");
  if (anchors < 0 || anchors >= views_per_picture)
    return bad("anchors must be 0 or more and below views_per_picture");
  if (!(chains >= 0 && chains <= 1)) return bad("chains must be a share of the views");
  if (!(temperature > 0 && temperature <= 10)) return bad("temperature must be above 0 and at most 10");
  if (!(koleo >= 0 && koleo <= 1000)) return bad("koleo must be 0 to 1000");
  if (!(barlow_lambda >= 0 && barlow_lambda <= 1)) return bad("barlow_lambda must be 0 to 1");
  return schedule.Validate();
}

Status TrainDescriptor(const std::vector<std::filesystem::path>& pictures,
                       const std::vector<std::filesystem::path>& validation,
                       const DescriptorTrainingOptions& options, const std::filesystem::path& directory,
                       const CancellationToken& cancellation,
                       const std::function<void(const TrainingState&)>& watch) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  KANTEI_TRY(const torch::Device device, OpenDevice(options.schedule.device));
  // Views are crops: three quarters of a picture's side is enough for a view of full size.
  const PicturePoolOptions reading{std::max(320, options.side * 2), 512, options.schedule.loader_threads};
  KANTEI_TRY(const PicturePools pools, PicturePools::Load(pictures, validation, reading, cancellation));
  DescriptorTask task(options, pools.training, pools.held(), device);
  KANTEI_RETURN_IF_ERROR(task.Prepare());
  return RunTraining(&task, options.schedule, EssentialOptions(options), pools.training.fingerprint(),
                     directory, cancellation, watch);
}

}  // namespace kantei::train
