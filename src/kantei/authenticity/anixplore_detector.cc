#include "kantei/authenticity/anixplore_detector.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "kantei/image/plane.h"
#include "kantei/image/transform.h"

namespace kantei::authenticity {
namespace {

constexpr int kMinSide = 64;
constexpr int kOverlap = 128;         // of neighbouring tiles: more than a cell of the network's coarsest map
constexpr double kLeastShare = 1e-4;  // keeps the logit of an empty or full map finite
constexpr std::size_t kDigestShown = 12;

float Probability(float logit) {
  return 1.0f / (1.0f + std::exp(-logit));
}

// Where tiles begin so that they cover `length`, evenly, with at least kOverlap in common.
std::vector<int> TileStarts(int length, int side) {
  if (length <= side) return {0};
  const int step = std::max(1, side - std::min(kOverlap, side / 2));
  const int count = (length - side + step - 1) / step + 1;
  std::vector<int> starts;
  for (int i = 0; i < count; ++i)
    starts.push_back(static_cast<int>(static_cast<std::int64_t>(length - side) * i / (count - 1)));
  return starts;
}

// Falls towards the tile's edges, so that no seam shows.
float TileWeight(int at, int length) {
  return static_cast<float>(std::min({at + 1, length - at, kOverlap}));
}

class AniXploreDetector : public ManipulationDetector {
 public:
  explicit AniXploreDetector(std::unique_ptr<nn::ManipulationNetwork> network)
      : network_(std::move(network)) {}

  std::string id() const override {
    return network_->info().name + " " + network_->info().sha256.substr(0, kDigestShown);
  }
  std::string_view precision() const override { return network_->info().bfloat16 ? "bfloat16" : "float32"; }

  Result<PixelFindings> Analyse(const image::Image& picture,
                                const CancellationToken& cancellation) const override {
    if (picture.width() < kMinSide || picture.height() < kMinSide) {
      return Error{ErrorCode::kInvalidArgument, "the picture has " + std::to_string(picture.width()) + " x " +
                                                    std::to_string(picture.height()) +
                                                    " pixels; expected at least 64 x 64"};
    }
    PixelFindings findings;
    double label = -INFINITY;
    if (network_->info().input == nn::ManipulationInput::kSquash) {
      KANTEI_TRY(nn::ManipulationPrediction prediction, Predict(picture, cancellation));
      for (float& value : prediction.mask.values) value = Probability(value);
      findings.map = image::ResizeBilinear(prediction.mask, picture.width(), picture.height());
      label = prediction.label;
    } else {
      KANTEI_TRY(findings.map, TiledMap(picture, cancellation, &label));
    }
    double sum = 0;
    for (const float value : findings.map.values) sum += value;
    const LabelSplit split = SplitLabel(label, sum / static_cast<double>(findings.map.values.size()));
    findings.ai_made_logit = split.ai_made_logit;
    findings.edited_logit = split.edited_logit;
    return findings;
  }

 private:
  Result<nn::ManipulationPrediction> Predict(const image::Image& picture,
                                             const CancellationToken& cancellation) const {
    KANTEI_RETURN_IF_ERROR(cancellation.Check());
    return network_->Predict(picture);
  }

  Result<image::Plane> TiledMap(const image::Image& picture, const CancellationToken& cancellation,
                                double* label) const {
    const int side = network_->info().side, width = picture.width(), height = picture.height();
    image::Plane sum(width, height), weights(width, height);
    for (const int top : TileStarts(height, side)) {
      for (const int left : TileStarts(width, side)) {
        const image::Rect rect{left, top, std::min(side, width - left), std::min(side, height - top)};
        KANTEI_TRY(const nn::ManipulationPrediction prediction,
                   Predict(image::Crop(picture, rect), cancellation));
        *label = std::max(*label, prediction.label);
        for (int y = 0; y < rect.height; ++y) {
          const float down = TileWeight(y, rect.height);
          float *to = sum.row(top + y) + left, *total = weights.row(top + y) + left;
          const float* from = prediction.mask.row(y);
          for (int x = 0; x < rect.width; ++x) {
            const float weight = down * TileWeight(x, rect.width);
            to[x] += weight * Probability(from[x]);
            total[x] += weight;
          }
        }
      }
    }
    for (std::size_t i = 0; i < sum.values.size(); ++i)
      sum.values[i] = std::clamp(sum.values[i] / weights.values[i], 0.0f, 1.0f);
    return sum;
  }

  std::unique_ptr<nn::ManipulationNetwork> network_;
};

}  // namespace

LabelSplit SplitLabel(double label_logit, double share) {
  const double s = std::clamp(share, kLeastShare, 1 - kLeastShare);
  const double whole = std::log(s / (1 - s));
  return {std::min(label_logit, whole), std::min(label_logit, -whole)};
}

std::unique_ptr<ManipulationDetector> MakeAniXploreDetector(
    std::unique_ptr<nn::ManipulationNetwork> network) {
  return std::make_unique<AniXploreDetector>(std::move(network));
}

Result<std::unique_ptr<ManipulationDetector>> OpenAniXploreDetector(const std::filesystem::path& weights,
                                                                    const nn::ManipulationOptions& options) {
  KANTEI_TRY(auto network, nn::ManipulationNetwork::Open(weights, options));
  return MakeAniXploreDetector(std::move(network));
}

}  // namespace kantei::authenticity
