#include "kantei/authenticity/realism.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kantei/authenticity/realism_kernels.h"
#include "kantei/authenticity/realism_score.h"
#include "kantei/image/transform.h"

namespace kantei::authenticity {

static_assert(kRealismSide == internal::kSquare);

std::string_view MeasureKey(Measure measure) {
  switch (measure) {
    case Measure::kCannyEdgeDensity:
      return "ced";
    case Measure::kGlcmContrast:
      return "glcmc";
    case Measure::kGlcmEnergy:
      return "glcme";
    case Measure::kVarianceBlur:
      return "vbm";
    case Measure::kMeanSpectrum:
      return "ms";
  }
  return "";
}

image::Image RealismSquare(const image::Image& image) {
  image::Image grey = image::ToGrey(image);
  if (std::max(grey.width(), grey.height()) > kRealismWorkingSide)
    grey = image::ResizeToFit(grey, kRealismWorkingSide);
  const int side = std::min(grey.width(), grey.height());
  // Cropping first gives the same square as scaling first, without the work on what is cut away.
  if (grey.width() != grey.height()) {
    grey = image::Crop(grey, {(grey.width() - side) / 2, (grey.height() - side) / 2, side, side});
  }
  return side == kRealismSide ? grey : image::Resize(grey, kRealismSide, kRealismSide);
}

RealismMeasures MeasureRealismSquare(const image::Image& square) {
  KANTEI_CHECK(square.width() == kRealismSide && square.height() == kRealismSide);
  if (square.channels() != 1) return MeasureRealismSquare(image::ToGrey(square));
  const std::uint8_t* grey = square.pixels().data();
  constexpr int kLow = 100, kHigh = 200;
  const internal::GlcmStatistics glcm = internal::MeasureGlcm(grey);
  return {static_cast<double>(internal::CountCannyEdges(grey, kLow, kHigh)) / internal::kSquarePixels,
          glcm.contrast, glcm.energy, internal::LaplacianVariance(grey), internal::MeanSpectrum(grey)};
}

RealismMeasures MeasureRealism(const image::Image& image) {
  return MeasureRealismSquare(RealismSquare(image));
}

namespace internal {

double PercentileIn(const std::array<double, 101>& quantiles, double value) {
  const auto low = std::lower_bound(quantiles.begin(), quantiles.end(), value);
  const auto high = std::upper_bound(low, quantiles.end(), value);
  if (low == quantiles.end()) return 100;
  const auto first = static_cast<double>(low - quantiles.begin());
  // Inside a flat stretch its middle is the fair answer.
  if (low != high) return (first + static_cast<double>(high - quantiles.begin()) - 1) / 2;
  if (low == quantiles.begin()) return 0;
  const double below = *(low - 1);
  return first - 1 + (value - below) / (*low - below);
}

RealismMeasures PublishedRadii(const RealismMeasures& measures, const RealismMeasures& mean) {
  RealismMeasures radii;
  for (std::size_t k = 0; k < radii.size(); ++k) {
    const double value = std::max(measures[k], kMeasureFloor[k]),
                 reference = std::max(mean[k], kMeasureFloor[k]);
    radii[k] = kInverted[k] ? reference / value : measures[k] / reference;
  }
  return radii;
}

double PentagonArea(const RealismMeasures& radii) {
  double sum = 0;
  for (std::size_t k = 0; k < radii.size(); ++k) sum += radii[k] * radii[(k + 1) % radii.size()];
  return 0.5 * std::sin(2 * std::numbers::pi / 5) * sum;
}

double RobustScore(const RealismMeasures& measures, const std::array<std::array<double, 101>, 5>& quantiles) {
  // The 16th and 84th percentile of a normal distribution lie one standard deviation from its median.
  constexpr std::size_t kBelow = 16, kMedian = 50, kAbove = 84;
  constexpr double kClip = 3, kSmallestSpread = 0.01;
  double sum = 0;
  for (std::size_t k = 0; k < measures.size(); ++k) {
    const auto log_of = [&](double value) { return std::log(std::max(value, kMeasureFloor[k])); };
    const auto& q = quantiles[k];
    const double spread = std::max((log_of(q[kAbove]) - log_of(q[kBelow])) / 2, kSmallestSpread);
    const double z = std::clamp((log_of(measures[k]) - log_of(q[kMedian])) / spread, -kClip, kClip);
    sum += std::exp(-z * z / 2);
  }
  return sum / static_cast<double>(measures.size());
}

}  // namespace internal

RealismScore ScoreRealism(const RealismMeasures& measures, const RealismReference& reference) {
  RealismScore score;
  score.measures = measures;
  score.radii = internal::PublishedRadii(measures, reference.mean);
  for (std::size_t k = 0; k < measures.size(); ++k) {
    score.percentiles[k] = internal::PercentileIn(reference.quantiles[k], measures[k]);
  }
  score.irs = internal::PentagonArea(score.radii);
  score.irs_percentile = internal::PercentileIn(reference.irs_quantiles, score.irs);
  score.robust = internal::RobustScore(measures, reference.quantiles);
  score.robust_percentile = internal::PercentileIn(reference.robust_quantiles, score.robust);
  score.reference = reference.name;
  return score;
}

RealismScore ScoreRealism(const image::Image& image, const RealismReference& reference) {
  RealismScore score = ScoreRealism(MeasureRealism(image), reference);
  score.enlarged = RealismEnlarges(image.width(), image.height());
  return score;
}

}  // namespace kantei::authenticity
