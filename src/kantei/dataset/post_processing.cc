#include "kantei/dataset/post_processing.h"

#include <algorithm>

#include "kantei/dataset/edit_math.h"
#include "kantei/image/decode.h"
#include "kantei/image/encode.h"
#include "kantei/image/transform.h"

namespace kantei::dataset {
namespace {

using image::Image;
using Kind = PlanPostStep::Kind;

constexpr int kLeastSide = 16, kMostSide = 4096;

}  // namespace

PostChain PostChain::Draw(const std::vector<PlanRecipe>& recipes, Random& random) {
  PostChain chain;
  double sum = 0;
  for (const PlanRecipe& recipe : recipes) sum += recipe.weight;
  double at = random.Uniform(0, sum);
  const PlanRecipe* drawn = nullptr;
  for (const PlanRecipe& recipe : recipes) {
    if (recipe.weight <= 0) continue;
    drawn = &recipe;
    if (at < recipe.weight) break;
    at -= recipe.weight;
  }
  if (drawn == nullptr) return chain;
  chain.name_ = drawn->name;
  for (const PlanPostStep& plan : drawn->steps) {
    Step step{plan.kind, 2, Kernel::kLanczos};
    if (plan.kind == Kind::kResize) {
      step.value = LogUniform(random, plan.low, plan.high);
      step.kernel = static_cast<Kernel>(random.Below(3));
    } else if (plan.kind != Kind::kLanczosX2) {
      step.value = Round(random.Uniform(plan.low, plan.high));
    }
    chain.steps_.push_back(step);
  }
  return chain;
}

std::string_view PostChain::extension() const {
  if (steps_.empty()) return ".png";
  return steps_.back().kind == Kind::kJpeg ? ".jpg" : steps_.back().kind == Kind::kWebp ? ".webp" : ".png";
}

Json PostChain::Describe() const {
  constexpr std::array<const char*, 4> kNames{"jpeg", "webp", "resize", "lanczos-x2"};
  constexpr std::array<const char*, 3> kKernels{"area", "catmull-rom", "lanczos"};
  Json steps = Json::array();
  for (const Step& step : steps_) {
    Json described{{kNames[std::size_t(step.kind)], step.value}};
    if (step.kind == Kind::kResize) described["kernel"] = kKernels[std::size_t(step.kernel)];
    steps.push_back(std::move(described));
  }
  return steps;
}

Image PostChain::Resized(const Image& picture, const Step& step) const {
  const auto side = [&](int from) { return std::clamp(Round(from * step.value), kLeastSide, kMostSide); };
  const int width = side(picture.width()), height = side(picture.height());
  if (step.kernel == Kernel::kArea) return image::Resize(picture, width, height);
  return image::SmoothResize(
      picture, width, height,
      step.kernel == Kernel::kCatmullRom ? image::SmoothKernel::kCatmullRom : image::SmoothKernel::kLanczos3);
}

Result<FinishedPicture> PostChain::Apply(const Image& rgb) const {
  FinishedPicture finished{rgb, {}};
  for (const Step& step : steps_) {
    if (step.kind == Kind::kJpeg || step.kind == Kind::kWebp) {
      const int quality = static_cast<int>(step.value);
      KANTEI_TRY(finished.file, step.kind == Kind::kJpeg ? image::EncodeJpeg(finished.pixels, quality)
                                                         : image::EncodeWebp(finished.pixels, quality));
      KANTEI_TRY(image::DecodedImage read, image::DecodeImage(finished.file, "a result"));
      finished.pixels = std::move(read.pixels);
    } else {
      finished.pixels = Resized(finished.pixels, step);
    }
  }
  if (finished.file.empty()) {
    KANTEI_TRY(finished.file, image::EncodePng(finished.pixels));
  }
  return finished;
}

Image PostChain::ApplyToMask(const Image& mask) const {
  Image out = mask;
  for (const Step& step : steps_) {
    if (step.kind != Kind::kResize && step.kind != Kind::kLanczosX2) continue;
    out = Resized(out, {step.kind, step.value, Kernel::kArea});
    for (std::uint8_t& value : out.pixels()) value = value >= 128 ? 255 : 0;
  }
  return out;
}

}  // namespace kantei::dataset
