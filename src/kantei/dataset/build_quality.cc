#include "kantei/dataset/build_quality.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "kantei/authenticity/detector_factory.h"
#include "kantei/image/ssim.h"

namespace kantei::dataset {
namespace {

using image::Image;

constexpr int kLeastDetectorSide = 64, kLeastSsimSide = 11;

double Rounded(double value) {
  return std::round(value * 1e6) / 1e6;
}

std::string Shown(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", value);
  return text;
}

double Entropy(double p) {
  if (p <= 0 || p >= 1) return 0;
  return -(p * std::log2(p) + (1 - p) * std::log2(1 - p));
}

}  // namespace

Result<BuildQuality> BuildQuality::Open(const PlanQuality& plan) {
  BuildQuality quality;
  quality.plan_ = plan;
  if (!plan.realism.empty()) {
    KANTEI_TRY(quality.reference_, authenticity::FindRealismReference(plan.realism));
  }
  if (!plan.detector.empty()) {
    KANTEI_TRY(quality.detector_,
               authenticity::OpenDetector(plan.detector == "shipped" ? "" : plan.detector, {}));
  }
  return quality;
}

Status BuildQuality::MeasureOutside(const Image& original, const Image& made, const Image& mask,
                                    BuiltSample* sample) const {
  double squares = 0, count = 0;
  Image inside = made;
  for (std::size_t i = 0; i < mask.pixels().size(); ++i) {
    for (std::size_t c = 3 * i; c < 3 * i + 3; ++c) {
      if (mask.pixels()[i] != 0) {
        inside.pixels()[c] = original.pixels()[c];
        continue;
      }
      const double difference = double(original.pixels()[c]) - made.pixels()[c];
      squares += difference * difference;
      count += 1;
    }
  }
  sample->identical_outside = squares == 0;
  sample->psnr_outside.reset();
  if (squares > 0) sample->psnr_outside = Rounded(10 * std::log10(255.0 * 255.0 * count / squares));
  sample->ssim_outside.reset();
  if (squares == 0) {
    sample->ssim_outside = 1;
  } else if (std::min(original.width(), original.height()) >= kLeastSsimSide) {
    KANTEI_TRY(const double ssim, image::Ssim(original, inside));
    sample->ssim_outside = Rounded(ssim);
  }
  return {};
}

Status BuildQuality::MeasureWhole(const Image& finished, const Image& mask,
                                  const CancellationToken& cancellation, BuiltSample* sample) const {
  if (reference_) {
    const authenticity::RealismScore score = authenticity::ScoreRealism(finished, *reference_);
    sample->irs = Rounded(score.irs);
    sample->realism = Rounded(score.robust);
  }
  if (detector_ == nullptr || std::min(finished.width(), finished.height()) < kLeastDetectorSide) return {};
  KANTEI_TRY(const authenticity::PixelFindings found, detector_->Analyse(finished, cancellation));
  const double logit = std::max(found.ai_made_logit, found.edited_logit);
  sample->detector_logit = Rounded(logit);
  sample->detector_uncertainty = Rounded(Entropy(1 / (1 + std::exp(-logit))));
  if (mask.empty() || found.map.width != mask.width() || found.map.height != mask.height()) return {};
  double both = 0, any = 0;
  for (std::size_t i = 0; i < mask.pixels().size(); ++i) {
    const bool claimed = found.map.values[i] > 0.5f, is = mask.pixels()[i] != 0;
    both += claimed && is ? 1 : 0;
    any += claimed || is ? 1 : 0;
  }
  if (any > 0) sample->detector_iou = Rounded(both / any);
  return {};
}

std::optional<std::string> BuildQuality::Refusal(const BuiltSample& sample) const {
  const auto below = [](const char* what, double value, double least) {
    return std::string(what) + " is " + Shown(value) + ", below the plan's " + Shown(least);
  };
  if (sample.psnr_outside && *sample.psnr_outside < plan_.least_psnr)
    return below("PSNR outside the mask", *sample.psnr_outside, plan_.least_psnr);
  if (sample.ssim_outside && *sample.ssim_outside < plan_.least_ssim)
    return below("SSIM outside the mask", *sample.ssim_outside, plan_.least_ssim);
  if (sample.realism && *sample.realism < plan_.least_realism)
    return below("the robust realism score", *sample.realism, plan_.least_realism);
  if (sample.detector_uncertainty && *sample.detector_uncertainty < plan_.least_uncertainty)
    return below("detector_uncertainty", *sample.detector_uncertainty, plan_.least_uncertainty);
  return std::nullopt;
}

}  // namespace kantei::dataset
