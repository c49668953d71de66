#include <algorithm>
#include <array>

#include "kantei/dataset/mask_maker.h"
#include "kantei/train/detection_task_net.h"

namespace kantei::train {
namespace {

using dataset::History;

constexpr std::size_t kMaxValidation = 512, kValidationBatch = 16;
constexpr std::int64_t kFewestChanged = 64;  // pixels below which a view of an edit shows nothing of it

/// Adds a view; its label is what can be seen of the picture's history in it.
void AppendKnown(const dataset::AuthenticityView& view, History history, ViewBatch* batch) {
  if (history == History::kGenerated) {
    batch->masks.insert(batch->masks.end(), view.mask.pixels().size(), std::uint8_t{255});
  } else {
    const auto changed = std::count(view.mask.pixels().begin(), view.mask.pixels().end(), std::uint8_t{255});
    if (changed < kFewestChanged) history = History::kAuthentic;
    batch->masks.insert(batch->masks.end(), view.mask.pixels().begin(), view.mask.pixels().end());
  }
  AppendView(view.picture, static_cast<std::int64_t>(history), batch);
}

}  // namespace

ViewBatch DetectionTask::MakeBatch(std::int64_t number) const {
  return MakeViewBatch(mix_.seed, number, mix_.side, mix_.views, [this](Random& random, ViewBatch* batch) {
    const double drawn = random.Uniform();
    History history = drawn < mix_.edited_share                          ? History::kEdited
                      : drawn < mix_.edited_share + mix_.generated_share ? History::kGenerated
                                                                         : History::kAuthentic;
    if (!pool_.Has(history)) history = pool_.Has(History::kEdited) ? History::kEdited : History::kGenerated;
    DrawView(history, random, batch);
  });
}

void DetectionTask::DrawView(History history, Random& random, ViewBatch* batch) const {
  const SamplePool::Entry& entry = pool_.at(pool_.Draw(history, random));
  if (history == History::kGenerated && entry.original >= 0 && random.Chance(mix_.composite)) {
    const image::Image& original = pool_.at(static_cast<std::size_t>(entry.original)).picture;
    constexpr std::array kKinds{dataset::MaskKind::kStrokes, dataset::MaskKind::kBlob,
                                dataset::MaskKind::kRectangle, dataset::MaskKind::kPolygon};
    const auto mask = dataset::MakeMask(original, kKinds[random.Below(kKinds.size())], {}, random);
    if (mask) {
      AddFake(dataset::CompositeThrough(original, entry.picture, *mask), *mask, History::kEdited,
              entry.original, random, batch);
      return;
    }
  }
  AddFake(entry.picture, entry.mask, history, entry.original, random, batch);
}

void DetectionTask::AddFake(const image::Image& picture, const image::Image& mask, History history,
                            std::int64_t original, Random& random, ViewBatch* batch) const {
  Random again = random;
  AppendKnown(MakeView(picture, mask, random), history, batch);
  if (original < 0 || !random.Chance(mix_.paired) || batch->views() == static_cast<std::size_t>(mix_.views))
    return;
  // The mask steers the crop, so the original's view begins with it too. What then differs is the forger's work alone.
  dataset::AuthenticityView view =
      MakeView(pool_.at(static_cast<std::size_t>(original)).picture, mask, again);
  std::fill(view.mask.pixels().begin(), view.mask.pixels().end(), std::uint8_t{0});
  AppendKnown(view, History::kAuthentic, batch);
}

std::vector<std::string> DetectionTask::ValidationNames() const {
  if (validation_ == nullptr) return {};
  return {"validation_loss", "validation_accuracy", "validation_iou"};
}

std::vector<double> DetectionTask::Validate() {
  const torch::InferenceMode inference;
  const std::size_t count = std::min(kMaxValidation, validation_->size());
  double loss = 0, iou = 0, edits = 0;
  std::array<double, 2> right{}, all{};
  for (std::size_t first = 0; first < count; first += kValidationBatch) {
    ViewBatch batch;
    batch.side = mix_.side;
    for (std::size_t n = first; n < std::min(count, first + kValidationBatch); ++n) {
      const SamplePool::Entry& entry = validation_->at(n * validation_->size() / count);
      Random random(2024 + n);
      AppendKnown(MakeView(entry.picture, entry.mask, random), entry.history, &batch);
    }
    const Answer answer = Judge(batch);
    loss += answer.loss.item<double>() * static_cast<double>(batch.views());
    const torch::Tensor found = answer.mask.gt(0);
    const torch::Tensor truth = Truth(batch, mix_.side / static_cast<int>(found.size(3))).gt(0.5);
    for (std::size_t v = 0; v < batch.views(); ++v) {
      const auto at = static_cast<std::int64_t>(v);
      const std::size_t fake = batch.labels[v] != 0;
      all[fake] += 1;
      right[fake] += (answer.fake[at].item<float>() > 0) == (fake == 1);
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

torch::Tensor DetectionTask::Truth(ViewBatch& batch, int step) const {
  return torch::avg_pool2d(
      torch::from_blob(batch.masks.data(),
                       {static_cast<std::int64_t>(batch.views()), 1, batch.side, batch.side}, torch::kUInt8)
          .to(device_)
          .to(torch::kFloat32)
          .div(255),
      step);
}

torch::Tensor DetectionTask::Is(History history, ViewBatch& batch) const {
  return torch::from_blob(batch.labels.data(), {static_cast<std::int64_t>(batch.views())}, torch::kInt64)
      .to(device_)
      .eq(static_cast<std::int64_t>(history))
      .to(torch::kFloat32);
}

}  // namespace kantei::train
