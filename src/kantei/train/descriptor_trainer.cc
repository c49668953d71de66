#include "kantei/train/descriptor_trainer.h"

#include <torch/torch.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/log.h"
#include "kantei/base/parallel.h"
#include "kantei/base/random.h"
#include "kantei/dataset/edits.h"
#include "kantei/image/transform.h"
#include "kantei/train/descriptor_checkpoint_net.h"
#include "kantei/train/descriptor_model_net.h"
#include "kantei/train/device_net.h"
#include "kantei/train/losses_net.h"
#include "kantei/train/picture_pool.h"
#include "kantei/train/training_log.h"
#include "kantei/train/view_loader.h"

namespace kantei::train {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kMaxValidation = 512;
/// Of the strength of a view's edits, which is drawn anew for each, once the ramp is over.
constexpr double kLeastStrength = 0.6;
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

// What must be equal for a run to go on bit for bit. Checkpoint, log and loader settings may change.
Json EssentialOptions(const DescriptorTrainingOptions& o) {
  return Json{{"objective", ObjectiveName(o.objective)},
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
              {"accumulate", o.accumulate},
              {"steps", o.steps},
              {"learning_rate", o.learning_rate},
              {"weight_decay", o.weight_decay},
              {"warm_up", o.warm_up},
              {"hold", o.hold},
              {"temperature", o.temperature},
              {"koleo", o.koleo},
              {"barlow_lambda", o.barlow_lambda},
              {"ema", o.ema},
              {"clip_norm", o.clip_norm},
              {"seed", o.seed},
              {"bfloat16", o.bfloat16}};
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

void AppendPixels(const image::Image& view, std::size_t picture, ViewBatch* batch) {
  KANTEI_CHECK(view.width() == batch->side && view.height() == batch->side && view.channels() == 3);
  batch->pixels.insert(batch->pixels.end(), view.pixels().begin(), view.pixels().end());
  batch->labels.push_back(static_cast<std::int64_t>(picture));
}

void AppendView(const PicturePool& pool, std::size_t picture, const dataset::TrainingViewOptions& options,
                Random random, ViewBatch* batch) {
  std::vector<const image::Image*> others;
  while (others.size() < 3) {
    const std::size_t other = random.Below(pool.size());
    // A pool of two or three pictures has no three others.
    if (other != picture || pool.size() < 4) others.push_back(&pool.at(other));
  }
  AppendPixels(dataset::MakeTrainingView(pool.at(picture), options, others, random), picture, batch);
}

torch::Tensor BytesOf(ViewBatch& batch) {
  return torch::from_blob(batch.pixels.data(),
                          {static_cast<std::int64_t>(batch.views()), batch.side, batch.side, 3},
                          torch::kUInt8);
}

double LearningRate(const DescriptorTrainingOptions& o, std::int64_t step) {
  const double at = static_cast<double>(step) / static_cast<double>(o.steps);
  if (at < o.warm_up) return o.learning_rate * (0.01 + 0.99 * at / o.warm_up);
  if (at < o.warm_up + o.hold) return o.learning_rate;
  const double rest = 1 - o.warm_up - o.hold;
  return o.learning_rate * 0.5 *
         (1 + std::cos(std::numbers::pi * (at - o.warm_up - o.hold) / std::max(rest, 1e-9)));
}

class Run {
 public:
  Run(const DescriptorTrainingOptions& options, const PicturePool& pool, const PicturePool* validation,
      torch::Device device)
      : options_(options), pool_(pool), validation_(validation), device_(device) {
    torch::manual_seed(options.seed);
    const auto identities =
        options.objective == Objective::kIdentities ? static_cast<std::int64_t>(pool.size()) : 0;
    model_ = DescriptorModel(options, identities);
    average_ = DescriptorModel(options, identities);
  }

  Status Prepare() {
    if (!options_.init.empty()) KANTEI_RETURN_IF_ERROR(model_->Initialise(options_.init));
    for (DescriptorModel module : {model_, average_}) {
      module->to(device_);
      for (torch::Tensor& parameter : module->parameters())
        if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast));
    }
    Average(0);
    std::vector<torch::Tensor> decayed, plain;
    for (const torch::Tensor& parameter : model_->parameters())
      if (parameter.requires_grad()) (parameter.dim() > 1 ? decayed : plain).push_back(parameter);
    const auto settings = [&](double decay) {
      return std::make_unique<torch::optim::AdamWOptions>(
          torch::optim::AdamWOptions(options_.learning_rate).weight_decay(decay));
    };
    std::vector<torch::optim::OptimizerParamGroup> groups;
    groups.emplace_back(decayed, settings(options_.weight_decay));
    groups.emplace_back(plain, settings(0));
    optimiser_ = std::make_unique<torch::optim::AdamW>(std::move(groups),
                                                       torch::optim::AdamWOptions(options_.learning_rate));
    return {};
  }

  RunState State() { return {model_.get(), average_.get(), optimiser_.get()}; }

  ViewBatch MakeBatch(std::int64_t number) const {
    ViewBatch batch;
    batch.step = number;
    batch.side = options_.side;
    const double at =
        static_cast<double>(number) / (static_cast<double>(options_.steps) * options_.accumulate);
    // Easy views among the hard ones: of nothing but hard ones a fresh network learns nothing.
    const double least =
        options_.edit_ramp > 0 ? kLeastStrength * std::min(1.0, at / options_.edit_ramp) : kLeastStrength;
    dataset::TrainingViewOptions view{options_.side, 0, options_.min_scale, options_.chains};
    const auto pictures = PicturesOf(number, pool_.size(), options_.pictures_per_step, options_.seed);
    const Random random = Random(options_.seed).Fork(static_cast<std::uint64_t>(number) + 1);
    for (int v = 0; v < options_.views_per_picture; ++v) {
      for (std::size_t p = 0; p < pictures.size(); ++p) {
        Random own = random.Fork(static_cast<std::uint64_t>(v) << 32 | p);
        if (v < options_.anchors) {
          AppendPixels(dataset::MakeAnchorView(pool_.at(pictures[p]), options_.side, own), pictures[p],
                       &batch);
        } else {
          view.strength = options_.edit_strength * own.Uniform(least, 1);
          AppendView(pool_, pictures[p], view, own, &batch);
        }
      }
    }
    return batch;
  }

  // One batch's share of the gradient; returns its loss.
  double Accumulate(ViewBatch& batch) {
    const torch::Tensor labels =
        torch::from_blob(batch.labels.data(), {static_cast<std::int64_t>(batch.views())}, torch::kInt64)
            .to(device_);
    Random random = Random(options_.seed).Fork(0x57415645u).Fork(static_cast<std::uint64_t>(batch.step));
    const bool wave = options_.objective == Objective::kIdentities && options_.wave_block;
    const double wave2 = wave ? random.Uniform() : -1, wave3 = wave ? random.Uniform() : -1;
    const DescriptorOutputs out =
        model_->Forward(NormaliseViews(BytesOf(batch), device_), wave2, wave3, options_.bfloat16);
    const torch::Tensor loss = Loss(out, labels);
    (loss / options_.accumulate).backward();
    return loss.item<double>();
  }

  void Step(std::int64_t step) {
    if (options_.clip_norm > 0) torch::nn::utils::clip_grad_norm_(model_->parameters(), options_.clip_norm);
    for (auto& group : optimiser_->param_groups())
      static_cast<torch::optim::AdamWOptions&>(group.options()).lr(LearningRate(options_, step));
    optimiser_->step();
    optimiser_->zero_grad();
    // Early on the average would still be the random start: its memory grows with the run.
    Average(std::min(options_.ema, (1.0 + static_cast<double>(step)) / (10.0 + static_cast<double>(step))));
  }

  // Recall at 1: of the edited views of the validation pictures, how many have their own picture nearest.
  double Validate() {
    if (validation_ == nullptr) return -1;
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
        AppendPixels(squashed, i, &references);
        AppendView(*validation_, i, view, Random(2024).Fork(i), &queries);
      }
      plain.push_back(
          average_->Describe(NormaliseViews(BytesOf(references), device_), options_.bfloat16).cpu());
      edited.push_back(
          average_->Describe(NormaliseViews(BytesOf(queries), device_), options_.bfloat16).cpu());
    }
    const torch::Tensor nearest = torch::cat(edited).mm(torch::cat(plain).t()).argmax(1);
    return nearest.eq(torch::arange(static_cast<std::int64_t>(count)))
        .to(torch::kFloat64)
        .mean()
        .item<double>();
  }

  Status Export(const std::filesystem::path& path, std::int64_t step) {
    std::map<std::string, std::string> metadata{
        {"kantei.name", path.parent_path().filename().string()},
        {"kantei.training_step", std::to_string(step)},
        {"kantei.training_options", DumpJson(EssentialOptions(options_))},
        {"kantei.source", "kantei train descriptor"}};
    return average_->Export(path, metadata);
  }

 private:
  torch::Tensor Loss(const DescriptorOutputs& out, const torch::Tensor& labels) const {
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

  void Average(double decay) {
    const torch::NoGradGuard no_grad;
    const auto from = model_->parameters(), buffers = model_->buffers();
    auto to = average_->parameters(), kept = average_->buffers();
    for (std::size_t i = 0; i < from.size(); ++i) to[i].mul_(decay).add_(from[i].detach(), 1 - decay);
    for (std::size_t i = 0; i < buffers.size(); ++i) kept[i].copy_(buffers[i]);  // running means already
  }

  const DescriptorTrainingOptions& options_;
  const PicturePool& pool_;
  const PicturePool* validation_;
  torch::Device device_;
  DescriptorModel model_{nullptr}, average_{nullptr};
  std::unique_ptr<torch::optim::AdamW> optimiser_;
};

Error Differs(const std::filesystem::path& checkpoint, const std::string& what) {
  return {ErrorCode::kInvalidArgument,
          checkpoint.string() + " belongs to a run with other " + what +
              "; give the same ones to go on, or another directory to begin anew"};
}

// The step to go on from; 0 when there is no checkpoint.
Result<std::int64_t> Resume(const std::filesystem::path& checkpoint, const Json& essentials,
                            std::uint64_t fingerprint, Run* run) {
  if (!std::filesystem::exists(checkpoint)) return std::int64_t{0};
  KANTEI_TRY(auto facts, ReadCheckpointFacts(checkpoint));
  KANTEI_TRY(const Json before, ParseJson(facts["options"], checkpoint.string()));
  for (const auto& [name, value] : essentials.items())
    if (!before.contains(name) || before[name] != value) return Differs(checkpoint, "options (" + name + ")");
  if (facts["pictures"] != std::to_string(fingerprint)) return Differs(checkpoint, "pictures");
  KANTEI_RETURN_IF_ERROR(LoadCheckpoint(checkpoint, run->State()));
  return std::int64_t{std::strtoll(facts["step"].c_str(), nullptr, 10)};
}

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
  if (accumulate < 1 || accumulate > 1024) return bad("accumulate must be 1 to 1024");
  if (steps < 1) return bad("steps must be at least 1");
  if (!(learning_rate > 0 && learning_rate <= 10)) return bad("learning_rate must be above 0 and at most 10");
  if (!(weight_decay >= 0 && weight_decay <= 1)) return bad("weight_decay must be 0 to 1");
  if (!(warm_up >= 0 && hold >= 0 && warm_up + hold <= 1))
    return bad("warm_up and hold must be shares of the steps");
  if (!(temperature > 0 && temperature <= 10)) return bad("temperature must be above 0 and at most 10");
  if (!(koleo >= 0 && koleo <= 1000)) return bad("koleo must be 0 to 1000");
  if (!(barlow_lambda >= 0 && barlow_lambda <= 1)) return bad("barlow_lambda must be 0 to 1");
  if (!(ema >= 0 && ema < 1)) return bad("ema must be 0 or more and below 1");
  if (!(clip_norm >= 0)) return bad("clip_norm must not be negative");
  if (log_every < 1 || checkpoint_every < 1 || validate_every < 0)
    return bad("log_every and checkpoint_every must be at least 1");
  return {};
}

Status TrainDescriptor(const std::vector<std::filesystem::path>& pictures,
                       const std::vector<std::filesystem::path>& validation,
                       const DescriptorTrainingOptions& options, const std::filesystem::path& directory,
                       const CancellationToken& cancellation,
                       const std::function<void(const TrainingState&)>& watch) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  KANTEI_TRY(const torch::Device device, OpenDevice(options.device));
  std::error_code failed;
  std::filesystem::create_directories(directory, failed);
  if (failed)
    return Error{ErrorCode::kUnavailable,
                 "cannot make the directory " + directory.string() + ": " + failed.message()};

  std::vector<std::string> skipped;
  // Views are crops: three quarters of a picture's side is enough for a view of full size.
  const PicturePoolOptions reading{std::max(320, options.side * 2), 512, options.loader_threads};
  KANTEI_TRY(const PicturePool pool, PicturePool::Load(pictures, reading, cancellation, &skipped));
  std::unique_ptr<PicturePool> held;
  if (!validation.empty()) {
    KANTEI_TRY(PicturePool loaded, PicturePool::Load(validation, reading, cancellation, &skipped));
    held = std::make_unique<PicturePool>(std::move(loaded));
  }
  for (const std::string& line : skipped) LogWarning("skipped: " + line);

  KeepFreedMemory();
  at::set_num_threads(ThreadCount(options.threads));
  Run run(options, pool, held.get(), device);
  KANTEI_RETURN_IF_ERROR(run.Prepare());
  const Json essentials = EssentialOptions(options);
  const std::filesystem::path checkpoint = directory / "checkpoint.safetensors";
  KANTEI_TRY(const std::int64_t first, Resume(checkpoint, essentials, pool.fingerprint(), &run));
  KANTEI_RETURN_IF_ERROR(WriteFileAtomic(directory / "options.json", DumpJson(essentials, 2) + "\n"));
  KANTEI_TRY(TrainingLog log,
             TrainingLog::Open(
                 directory, {"loss", "learning_rate", "views_per_second", "loader_wait", "validation_recall"},
                 first));
  const auto save = [&](std::int64_t step) -> Status {
    KANTEI_RETURN_IF_ERROR(SaveCheckpoint(checkpoint, run.State(),
                                          {{"options", DumpJson(essentials)},
                                           {"pictures", std::to_string(pool.fingerprint())},
                                           {"step", std::to_string(step)}}));
    return run.Export(directory / "model.safetensors", step);
  };

  ViewLoader loader(first * options.accumulate, options.steps * options.accumulate,
                    ThreadCount(options.loader_threads), 4,
                    [&run](std::int64_t number) { return run.MakeBatch(number); });
  double loss_sum = 0, waited = 0;
  std::int64_t rows = 0;
  Clock::time_point row_start = Clock::now();
  for (std::int64_t step = first; step < options.steps; ++step) {
    if (cancellation.cancelled()) {
      KANTEI_RETURN_IF_ERROR(save(step));
      return cancellation.Check();
    }
    for (int a = 0; a < options.accumulate; ++a) {
      ViewBatch batch = loader.Take();
      const double loss = run.Accumulate(batch);
      if (!std::isfinite(loss))
        return Error{ErrorCode::kInternal,
                     "the loss is no longer finite at step " + std::to_string(step) +
                         "; the last checkpoint is sound: lower --learning-rate or raise --warm-up"};
      loss_sum += loss / options.accumulate;
    }
    run.Step(step);
    ++rows;
    const std::int64_t done = step + 1;
    const bool last = done == options.steps;
    double recall = -1;
    if (options.validate_every > 0 && held != nullptr && (done % options.validate_every == 0 || last))
      recall = run.Validate();
    if (done % options.log_every == 0 || last || recall >= 0) {
      const double seconds = std::max(Seconds(row_start), 1e-9);
      const double views = static_cast<double>(rows) * options.accumulate * options.pictures_per_step *
                           options.views_per_picture / seconds;
      const double wait = (loader.waited_seconds() - waited) / seconds;
      const TrainingState state{done,  options.steps, loss_sum / static_cast<double>(rows),
                                views, wait,          recall};
      KANTEI_RETURN_IF_ERROR(log.Write(done, {{"loss", state.loss},
                                              {"learning_rate", LearningRate(options, step)},
                                              {"views_per_second", views},
                                              {"loader_wait", wait},
                                              {"validation_recall", recall}}));
      if (watch) watch(state);
      loss_sum = 0, rows = 0, waited = loader.waited_seconds(), row_start = Clock::now();
    }
    if (done % options.checkpoint_every == 0 || last) KANTEI_RETURN_IF_ERROR(save(done));
  }
  return {};
}

}  // namespace kantei::train
