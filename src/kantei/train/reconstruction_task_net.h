// What the trainers of autoencoders share: crops, how far a picture drawn anew is from its original, the figure on held-out
// pictures. Private: includes torch.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

#include "kantei/base/random.h"
#include "kantei/train/picture_pool.h"
#include "kantei/train/training_loop_net.h"

namespace kantei::train {

class ReconstructionTask : public TrainingTask {
 public:
  struct Crops {
    int side = 96, per_step = 16;
    std::uint64_t seed = 1;
  };
  /// The pools outlive the task; no `validation`: no figure.
  ReconstructionTask(const Crops& crops, const PicturePool& pool, const PicturePool* validation,
                     const torch::Device& device)
      : crops_(crops), pool_(pool), validation_(validation), device_(device) {}

  ViewBatch MakeBatch(std::int64_t number) const override;
  /// psnr_db: mean over crops of validation pictures, in decibel.
  std::vector<std::string> ValidationNames() const override;
  std::vector<double> Validate() override;

 protected:
  /// What the averaged weights make of pictures; N x 3 x side x side, 0..1, both ways. Without gradients.
  virtual torch::Tensor Redraw(const torch::Tensor& pictures) = 0;

  /// 0..1, on the device.
  torch::Tensor Pictures(ViewBatch& batch) const;
  /// Up to `count` training pictures, evenly among them, one crop each.
  std::vector<torch::Tensor> SomePictures(std::size_t count) const { return OneCropEach(pool_, count); }
  /// Mean L1 distance of pixels, and `gradient_weight` times that of horizontal and vertical differences.
  static torch::Tensor Distance(const torch::Tensor& made, const torch::Tensor& pictures,
                                double gradient_weight);
  const torch::Device& device() const { return device_; }

 private:
  void Append(const PicturePool& pool, std::size_t picture, Random& random, ViewBatch* batch) const;
  std::vector<torch::Tensor> OneCropEach(const PicturePool& pool, std::size_t count) const;

  const Crops crops_;
  const PicturePool& pool_;
  const PicturePool* validation_;
  const torch::Device device_;
};

}  // namespace kantei::train
