#include "kantei/copy/view_offsets.h"

#include <algorithm>
#include <cmath>

#include "kantei/base/logistic_fit.h"

namespace kantei::copy {
namespace {

constexpr double kRidge = 4;  // of a kind's intercept, in log-odds
constexpr int kSweeps = 500;
constexpr double kLongestStep = 2;

struct Slope {
  double gradient = 0, curvature = 1e-9;
  double Step() const { return std::clamp(gradient / curvature, -kLongestStep, kLongestStep); }
};

}  // namespace

ViewOffsets FitViewOffsets(const std::vector<LabelledView>& views) {
  if (views.empty()) return {};
  const ScoreScale scale = ScoreScale::Of(views);
  // Newton steps on one parameter at a time: ten parameters, and no matrix to be nearly singular.
  double slope = 0, intercept = 0;
  std::array<double, kViewKinds> of_kind{};
  const auto derivative = [&](const auto& weight_of) {
    Slope sum;
    for (const LabelledView& view : views) {
      const double weight = weight_of(view);
      if (weight == 0) continue;
      const double x =
          slope * scale.Standard(view.score) + intercept + of_kind[static_cast<std::size_t>(view.kind)];
      const double p = 1 / (1 + std::exp(-x));
      sum.gradient += (p - (view.copy ? 1 : 0)) * weight;
      sum.curvature += p * (1 - p) * weight * weight;
    }
    return sum;
  };
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    double moved = 0;
    const auto move = [&](double* parameter, double step) {
      *parameter -= step;
      moved = std::max(moved, std::abs(step));
    };
    move(&slope, derivative([&](const LabelledView& view) { return scale.Standard(view.score); }).Step());
    move(&intercept, derivative([](const LabelledView&) { return 1.0; }).Step());
    for (std::size_t k = 1; k < kViewKinds; ++k) {
      Slope sum = derivative(
          [&](const LabelledView& view) { return static_cast<std::size_t>(view.kind) == k ? 1.0 : 0.0; });
      sum.gradient += kRidge * of_kind[k];
      sum.curvature += kRidge;
      move(&of_kind[k], sum.Step());
    }
    if (moved < 1e-7) break;
  }
  ViewOffsets offsets{};
  if (!(slope > 1e-6)) return offsets;
  for (std::size_t k = 1; k < kViewKinds; ++k)
    offsets[k] = static_cast<float>(of_kind[k] * scale.spread / slope);
  return offsets;
}

}  // namespace kantei::copy
