#include "kantei/nn/frechet_distance.h"

#include <torch/torch.h>

#include <algorithm>

namespace kantei::nn {
namespace {

torch::Tensor Rows(std::span<const float> values, int dimension) {
  return torch::from_blob(const_cast<float*>(values.data()),
                          {static_cast<std::int64_t>(values.size()) / dimension, dimension}, torch::kFloat32)
      .to(torch::kFloat64);
}

torch::Tensor Covariance(const torch::Tensor& rows) {
  const torch::Tensor centred = rows - rows.mean(0, true);
  return centred.t().mm(centred) / static_cast<double>(rows.size(0) - 1);
}

}  // namespace

Result<double> FrechetDistance(std::span<const float> a, std::span<const float> b, int dimension) {
  const auto width = static_cast<std::size_t>(dimension);
  if (dimension < 1 || a.size() % width != 0 || b.size() % width != 0 || a.size() < 2 * width ||
      b.size() < 2 * width)
    return Error{ErrorCode::kInvalidArgument, "a distance of two sets needs at least two pictures in each"};
  const torch::NoGradGuard no_grad;
  const torch::Tensor rows_a = Rows(a, dimension), rows_b = Rows(b, dimension);
  if (!torch::isfinite(rows_a).all().item<bool>() || !torch::isfinite(rows_b).all().item<bool>())
    return Error{ErrorCode::kInvalidArgument, "a feature is not finite"};
  const torch::Tensor covariance_a = Covariance(rows_a), covariance_b = Covariance(rows_b);
  // tr (C1 C2)^(1/2) = tr (R C2 R)^(1/2) with R = C1^(1/2), which is symmetric and so has real roots.
  const auto [values, vectors] = torch::linalg_eigh(covariance_a, "L");
  const torch::Tensor root = vectors.mm(torch::diag(values.clamp_min(0).sqrt())).mm(vectors.t());
  const torch::Tensor product = root.mm(covariance_b).mm(root);
  const torch::Tensor shared =
      torch::linalg_eigvalsh((product + product.t()) / 2, "L").clamp_min(0).sqrt().sum();
  const double distance = ((rows_a.mean(0) - rows_b.mean(0)).square().sum() + covariance_a.trace() +
                           covariance_b.trace() - 2 * shared)
                              .item<double>();
  return std::max(0.0, distance);
}

}  // namespace kantei::nn
