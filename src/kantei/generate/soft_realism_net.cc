#include "kantei/generate/soft_realism_net.h"

#include <algorithm>

namespace kantei::generate {
namespace {

constexpr std::int64_t kLevels = 64;  ///< of grey in the soft histogram
constexpr double kEdge = 150,
                 kEdgeSoftness = 25;  ///< between Canny's two thresholds; of the L1 gradient, as there
constexpr double kFloor = 1e-4;       ///< flat pictures have finite logarithms
constexpr double kLeastDeviation = 0.02;

torch::Tensor Kernel(const std::vector<float>& values, const torch::Tensor& like) {
  return torch::tensor(values).view({1, 1, 3, 3}).to(like.options());
}

torch::Tensor Filtered(const torch::Tensor& grey, const std::vector<float>& kernel) {
  return torch::conv2d(torch::reflection_pad2d(grey, {1, 1, 1, 1}), Kernel(kernel, grey));
}

torch::Tensor EdgeDensity(const torch::Tensor& grey) {
  const torch::Tensor gradient = Filtered(grey, {-1, 0, 1, -2, 0, 2, -1, 0, 1}).abs() +
                                 Filtered(grey, {-1, -2, -1, 0, 0, 0, 1, 2, 1}).abs();
  return torch::sigmoid((gradient - kEdge) / kEdgeSoftness).mean({1, 2, 3});
}

/// Sum of squares of the co-occurrence matrix. Each grey value belongs to the two levels beside it, by its distance from them.
torch::Tensor Energy(const torch::Tensor& grey) {
  const torch::Tensor levels = torch::arange(kLevels, grey.options());
  const torch::Tensor place = (grey * (static_cast<double>(kLevels - 1) / 255)).squeeze(1).unsqueeze(-1);
  const torch::Tensor share = torch::relu(1 - (place - levels).abs());  // N, H, W, levels
  const std::int64_t width = share.size(2);
  const torch::Tensor left = share.narrow(2, 0, width - 1).flatten(1, 2),
                      right = share.narrow(2, 1, width - 1).flatten(1, 2);
  torch::Tensor pairs = torch::bmm(left.transpose(1, 2), right) / static_cast<double>(left.size(1));
  pairs = (pairs + pairs.transpose(1, 2)) / 2;
  return pairs.square().sum({1, 2});
}

}  // namespace

torch::Tensor SoftRealismMeasures(const torch::Tensor& pictures) {
  const torch::Tensor scaled = (pictures.clamp(-1, 1) + 1) * 127.5;
  const torch::Tensor grey =
      0.299 * scaled.narrow(1, 0, 1) + 0.587 * scaled.narrow(1, 1, 1) + 0.114 * scaled.narrow(1, 2, 1);
  const std::int64_t width = grey.size(3);
  const torch::Tensor steps = grey.narrow(3, 1, width - 1) - grey.narrow(3, 0, width - 1);
  const torch::Tensor laplacian = Filtered(grey, {0, 1, 0, 1, -4, 1, 0, 1, 0});
  const torch::Tensor spread = (laplacian - laplacian.mean({1, 2, 3}, true)).square().mean({1, 2, 3});
  const double size = std::sqrt(static_cast<double>(grey.size(2) * width));
  const torch::Tensor spectrum = (torch::fft::fft2(grey.squeeze(1)).abs() / size).mean({1, 2});
  return torch::stack({EdgeDensity(grey), steps.square().mean({1, 2, 3}), Energy(grey), spread, spectrum}, 1)
      .add(kFloor)
      .log();
}

torch::Tensor SoftRealismLoss(const torch::Tensor& pictures, const SoftRealismReference& reference) {
  const auto row = [&](const std::array<double, kSoftMeasures>& values) {
    return torch::tensor(std::vector<double>(values.begin(), values.end())).to(pictures.options());
  };
  const torch::Tensor z = (SoftRealismMeasures(pictures) - row(reference.mean)) / row(reference.deviation);
  const torch::Tensor square = z.square();
  return (9 * square / (9 + square)).mean(1);
}

Result<SoftRealismReference> FitSoftRealism(const std::vector<torch::Tensor>& pictures) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> rows;
  for (const torch::Tensor& batch : pictures)
    rows.push_back(SoftRealismMeasures(batch).to(torch::kCPU, torch::kFloat64));
  const torch::Tensor all = rows.empty() ? torch::empty({0, 5}) : torch::cat(rows);
  if (all.size(0) < 20)
    return Error{
        ErrorCode::kInvalidArgument,
        "what real pictures are like needs at least 20 of them; there are " + std::to_string(all.size(0))};
  SoftRealismReference reference;
  reference.side = static_cast<int>(pictures[0].size(3));
  reference.pictures = static_cast<int>(all.size(0));
  const torch::Tensor mean = all.mean(0), deviation = all.std(0, true);
  for (std::size_t i = 0; i < kSoftMeasures; ++i) {
    reference.mean[i] = mean[static_cast<std::int64_t>(i)].item<double>();
    reference.deviation[i] =
        std::max(kLeastDeviation, deviation[static_cast<std::int64_t>(i)].item<double>());
  }
  return reference;
}

}  // namespace kantei::generate
