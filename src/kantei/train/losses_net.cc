#include "kantei/train/losses_net.h"

#include <algorithm>
#include <cmath>

namespace kantei::train {
namespace {

torch::Tensor SameLabel(const torch::Tensor& labels) {
  return labels.unsqueeze(0) == labels.unsqueeze(1);
}

torch::Tensor EyeMask(const torch::Tensor& like) {
  return torch::eye(like.size(0), torch::TensorOptions().dtype(torch::kBool).device(like.device()));
}

// sqrt has no gradient at 0; the clamp keeps it finite without moving any real distance.
torch::Tensor PairDistances(const torch::Tensor& x) {
  const torch::Tensor squares = x.pow(2).sum(1);
  return (squares.unsqueeze(0) + squares.unsqueeze(1) - 2 * x.mm(x.t())).clamp_min(1e-12).sqrt();
}

}  // namespace

torch::Tensor InfoNceLoss(const torch::Tensor& z, const torch::Tensor& labels, double temperature) {
  const torch::Tensor self = EyeMask(z);
  const torch::Tensor positive = SameLabel(labels).logical_and(self.logical_not());
  const torch::Tensor logits = (z.mm(z.t()) / temperature).masked_fill(self, -1e9);
  // With several positives each stands alone against the negatives, not against its fellows.
  const torch::Tensor negatives = logits.masked_fill(positive, -1e9).logsumexp(1, true);
  const torch::Tensor log_probability = logits - torch::logaddexp(logits, negatives);
  const torch::Tensor weight = positive.to(z.scalar_type());
  return -(log_probability * weight).sum() / weight.sum().clamp_min(1.0);
}

torch::Tensor KoLeoLoss(const torch::Tensor& z, const torch::Tensor& labels) {
  const torch::Tensor nearest = std::get<0>(z.mm(z.t()).masked_fill(SameLabel(labels), -2.0).max(1));
  return -(2 - 2 * nearest).clamp_min(1e-6).sqrt().log().mean();
}

torch::Tensor BarlowTwinsLoss(const torch::Tensor& a, const torch::Tensor& b, double lambda) {
  const auto normalise = [](const torch::Tensor& x) {
    return (x - x.mean(0)) / x.var(0, /*unbiased=*/false).add(1e-5).sqrt();
  };
  const torch::Tensor c = normalise(a).t().mm(normalise(b)) / a.size(0);
  const torch::Tensor diagonal = c.diagonal();
  const torch::Tensor on = (diagonal - 1).pow(2).sum();
  const torch::Tensor off = c.pow(2).sum() - diagonal.pow(2).sum();
  return (on + lambda * off) / a.size(1);
}

torch::Tensor DistillationLoss(const torch::Tensor& student_logits, const torch::Tensor& teacher_logits,
                               double temperature) {
  return -((teacher_logits / temperature).softmax(1) * (student_logits / temperature).log_softmax(1))
              .sum(1)
              .mean();
}

torch::Tensor SoftTripletLoss(const torch::Tensor& features, const torch::Tensor& labels) {
  const torch::Tensor distances = PairDistances(features);
  const torch::Tensor same = SameLabel(labels);
  const torch::Tensor positive = std::get<0>(distances.masked_fill(same.logical_not(), -1e9).max(1));
  const torch::Tensor negative = std::get<0>(distances.masked_fill(same, 1e9).min(1));
  return torch::nn::functional::softplus(positive - negative).mean();
}

torch::Tensor WaveBlock(const torch::Tensor& x, double top_share, double height_share, double factor) {
  const auto height = x.size(2);
  const auto band = std::max<std::int64_t>(1, std::llround(height_share * static_cast<double>(height)));
  const auto top = static_cast<std::int64_t>(top_share * static_cast<double>(height - band + 1));
  torch::Tensor wave = torch::full({1, 1, height, 1}, factor, x.options());
  wave.slice(2, top, top + band).fill_(1.0);
  return x * wave;
}

}  // namespace kantei::train
