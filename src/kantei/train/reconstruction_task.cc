#include <algorithm>
#include <cmath>

#include "kantei/train/crops.h"
#include "kantei/train/picture_batch_net.h"
#include "kantei/train/reconstruction_task_net.h"

namespace kantei::train {
namespace {

constexpr std::size_t kMaxValidation = 64;

torch::Tensor Differences(const torch::Tensor& x, int dimension) {
  const std::int64_t length = x.size(dimension);
  return x.slice(dimension, 1, length) - x.slice(dimension, 0, length - 1);
}

}  // namespace

ViewBatch ReconstructionTask::MakeBatch(std::int64_t number) const {
  return MakeViewBatch(
      crops_.seed, number, crops_.side, crops_.per_step,
      [this](Random& random, ViewBatch* batch) { Append(pool_, random.Below(pool_.size()), random, batch); });
}

std::vector<std::string> ReconstructionTask::ValidationNames() const {
  if (validation_ == nullptr) return {};
  return {"psnr_db"};
}

std::vector<double> ReconstructionTask::Validate() {
  const torch::InferenceMode inference;
  const std::vector<torch::Tensor> pictures = OneCropEach(*validation_, kMaxValidation);
  double sum = 0;
  for (const torch::Tensor& picture : pictures) {
    const torch::Tensor error = (Redraw(picture).clamp(0, 1) - picture).square().mean();
    sum += -10 * std::log10(std::max(error.item<double>(), 1e-10));
  }
  return {sum / static_cast<double>(pictures.size())};
}

torch::Tensor ReconstructionTask::Pictures(ViewBatch& batch) const {
  return PictureBatch(batch, device_).div(255);
}

torch::Tensor ReconstructionTask::Distance(const torch::Tensor& made, const torch::Tensor& pictures,
                                           double gradient_weight) {
  torch::Tensor distance = (made - pictures).abs().mean();
  for (const int dimension : {2, 3})
    distance = distance + gradient_weight *
                              (Differences(made, dimension) - Differences(pictures, dimension)).abs().mean();
  return distance;
}

/// A part of the picture of about the crop's side, scaled to it; pictures smaller than that are enlarged.
void ReconstructionTask::Append(const PicturePool& pool, std::size_t picture, Random& random,
                                ViewBatch* batch) const {
  const int from = static_cast<int>(std::lround(crops_.side / random.Uniform(0.5, 1.0)));
  AppendView(RandomSquare(pool.at(picture), from, crops_.side, random), static_cast<std::int64_t>(picture),
             batch);
}

std::vector<torch::Tensor> ReconstructionTask::OneCropEach(const PicturePool& pool, std::size_t count) const {
  count = std::min(count, pool.size());
  std::vector<torch::Tensor> pictures;
  for (std::size_t n = 0; n < count; ++n) {
    Random random(n);
    ViewBatch batch;
    batch.side = crops_.side;
    Append(pool, n * pool.size() / count, random, &batch);
    pictures.push_back(Pictures(batch));
  }
  return pictures;
}

}  // namespace kantei::train
