#include "kantei/dataset/build_engines.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/dataset/authenticity_view.h"
#include "kantei/dataset/edit_math.h"
#include "kantei/dataset/forgery_pixels.h"
#include "kantei/dataset/mask_maker.h"
#include "kantei/dataset/poisson_blend.h"
#include "kantei/generate/autoencoder.h"
#include "kantei/generate/inpaint_engine.h"
#include "kantei/generate/redecode.h"
#include "kantei/generate/sampler.h"
#include "kantei/image/smooth_resize.h"
#include "kantei/image/transform.h"

namespace kantei::dataset {
namespace {

namespace fs = std::filesystem;
using image::Image;

/// Around a hole's box, as a share of its longer side, and in pixels at least: what a network sees of the surroundings.
constexpr double kSurroundings = 0.5;
constexpr int kLeastSurroundings = 16;
/// A piece is pasted between these scales of its own size.
constexpr double kLeastScale = 0.2, kMostScale = 2.5;

class ClassicalEngine final : public BuildEngine {
 public:
  explicit ClassicalEngine(std::unique_ptr<generate::InpaintEngine> engine) : engine_(std::move(engine)) {}
  Result<std::optional<FilledPicture>> Fill(const FillJob& job, std::uint64_t seed,
                                            const CancellationToken& cancellation) const override {
    Result<Image> filled = engine_->Inpaint(job.rgb, job.mask, seed, cancellation);
    if (filled.ok()) return std::optional(FilledPicture{std::move(*filled), job.mask, {}});
    if (filled.error().code != ErrorCode::kInvalidArgument) return filled.error();
    return std::optional<FilledPicture>();  // too little around this hole: another mask may do
  }

 private:
  std::unique_ptr<generate::InpaintEngine> engine_;
};

class AutoencoderEngine final : public BuildEngine {
 public:
  explicit AutoencoderEngine(Redecoder redecode) : redecode_(std::move(redecode)) {}
  Result<std::optional<FilledPicture>> Fill(const FillJob& job, std::uint64_t,
                                            const CancellationToken& cancellation) const override {
    KANTEI_TRY(const Image made, redecode_(job.rgb, cancellation));
    return std::optional(FilledPicture{CompositeThrough(job.rgb, made, job.mask), job.mask, {}});
  }

 private:
  Redecoder redecode_;
};

/// One at a time: the network has all cores anyway, and sums do not depend on how many ask.
std::mutex& Turn() {
  static std::mutex turn;
  return turn;
}

generate::SampleOptions Sampling(const ReplacementIdea& idea, int steps, double guidance,
                                 std::uint64_t seed) {
  generate::SampleOptions options;
  options.prompt = idea.prompt;
  options.negative_prompt = idea.negative_prompt;
  options.scheduler.steps = steps;
  options.guidance = guidance;
  options.seed = seed;
  return options;
}

class DiffusionEngine final : public BuildEngine {
 public:
  DiffusionEngine(generate::DiffusionModel model, PlanEngine plan)
      : model_(std::move(model)), plan_(std::move(plan)) {}
  Result<std::optional<FilledPicture>> Fill(const FillJob& job, std::uint64_t seed,
                                            const CancellationToken& cancellation) const override {
    const image::Rect box = MaskBox(job.mask);
    if (box.width == 0) return std::optional<FilledPicture>();
    const int margin = std::max(kLeastSurroundings, Round(kSurroundings * std::max(box.width, box.height)));
    const int left = std::max(0, box.x - margin), top = std::max(0, box.y - margin);
    const image::Rect area{left, top, std::min(job.rgb.width(), box.x + box.width + margin) - left,
                           std::min(job.rgb.height(), box.y + box.height + margin) - top};
    const int side = plan_.side > 0 ? plan_.side : model_.info().sample_side;
    generate::SampleOptions options = Sampling(job.idea, plan_.steps, plan_.guidance, seed);
    const Image part = image::Crop(job.rgb, area);
    options.init = image::ResizeToFit(part, side);
    options.mask = image::ResizeToFit(image::Crop(job.mask, area), side);
    for (std::uint8_t& value : options.mask.pixels()) value = value > 0 ? 255 : 0;
    options.strength = plan_.strength;
    Result<generate::SampleResult> made = [&] {
      const std::lock_guard lock(Turn());
      return generate::SamplePictures(model_, options, {}, cancellation);
    }();
    if (!made.ok()) return made.error();
    const Image fill = image::SmoothResize(made->pictures.at(0).pixels, area.width, area.height,
                                           image::SmoothKernel::kCatmullRom);
    Image picture = job.rgb;
    for (int y = 0; y < area.height; ++y) {
      for (int x = 0; x < area.width; ++x) {
        if (job.mask.row(area.y + y)[area.x + x] == 0) continue;
        std::copy_n(fill.row(y) + 3 * x, 3, picture.row(area.y + y) + 3 * (area.x + x));
      }
    }
    return std::optional(FilledPicture{std::move(picture), job.mask, {}});
  }

 private:
  generate::DiffusionModel model_;
  PlanEngine plan_;
};

class PasteEngine final : public BuildEngine {
 public:
  explicit PasteEngine(bool mixed) { options_.mixed = mixed; }
  Result<std::optional<FilledPicture>> Fill(const FillJob& job, std::uint64_t seed,
                                            const CancellationToken& cancellation) const override {
    Random random(seed);
    if (!job.draw_material) return std::optional<FilledPicture>();
    KANTEI_TRY(auto material, job.draw_material(random));
    if (!material || material->cutout.alpha.empty()) return std::optional<FilledPicture>();
    const image::Rect inner = MaskBox(material->cutout.alpha), hole = MaskBox(job.mask);
    if (inner.width < 8 || inner.height < 8) return std::optional<FilledPicture>();
    Piece piece{image::Crop(material->cutout.colour, inner), image::Crop(material->cutout.alpha, inner)};
    const double own = std::max(1.0, MaskShare(piece.alpha) * inner.width * inner.height);
    const double wished = MaskShare(job.mask) * job.rgb.width() * job.rgb.height();
    double scale = std::min({std::sqrt(wished / own), 0.95 * job.rgb.width() / inner.width,
                             0.95 * job.rgb.height() / inner.height});
    if (scale < kLeastScale || scale > kMostScale) return std::optional<FilledPicture>();
    if (scale > 0.85 && scale < 1.18) scale = 1;  // without a trace of resampling
    const bool mirrored = random.Chance(0.5);
    piece = Transform(piece, scale, 0, mirrored);
    const auto place = [](int at, int length, int size, int whole) {
      return std::clamp(at + (length - size) / 2, 0, std::max(0, whole - size));
    };
    const int left = place(hole.x, hole.width, piece.alpha.width(), job.rgb.width());
    const int top = place(hole.y, hole.height, piece.alpha.height(), job.rgb.height());
    Image source(job.rgb.width(), job.rgb.height(), 3), mask(job.rgb.width(), job.rgb.height(), 1);
    for (int y = 0; y < piece.alpha.height() && top + y < mask.height(); ++y) {
      for (int x = 0; x < piece.alpha.width() && left + x < mask.width(); ++x) {
        const int alpha = piece.alpha.row(y)[x];
        if (alpha < 128) continue;
        mask.row(top + y)[left + x] = 255;
        for (int c = 0; c < 3; ++c)
          source.row(top + y)[3 * (left + x) + c] = static_cast<std::uint8_t>(
              std::min(255, (piece.colour.row(y)[3 * x + c] * 255 + alpha / 2) / alpha));
      }
    }
    KANTEI_TRY(Image blended, PoissonBlend(job.rgb, source, mask, options_, cancellation));
    return std::optional(FilledPicture{std::move(blended), std::move(mask), std::move(material->from)});
  }

 private:
  PoissonOptions options_;
};

Result<std::string> ModelPath(const std::string& named) {
  if (!named.empty()) return named;
  KANTEI_TRY(const fs::path index, FindModel("generator/model_index.json"));
  return index.parent_path().string();
}

}  // namespace

Result<generate::DiffusionModel> BuildModels::Diffusion(const std::string& named) {
  KANTEI_TRY(const std::string path, ModelPath(named));
  if (const auto known = diffusion_.find(path); known != diffusion_.end()) return known->second;
  KANTEI_TRY(generate::DiffusionModel model, generate::DiffusionModel::Load(path));
  return diffusion_.emplace(path, std::move(model)).first->second;
}

Result<Redecoder> BuildModels::Decoder(const std::string& named) {
  KANTEI_TRY(const std::string path, ModelPath(named));
  if (const auto known = decoders_.find(path); known != decoders_.end()) return known->second;
  Redecoder redecode;
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) {
    if (auto opened = generate::Autoencoder::Open(path); opened.ok()) {
      const std::shared_ptr<const generate::Autoencoder> autoencoder(std::move(*opened));
      redecode = [autoencoder](const Image& rgb, const CancellationToken& cancellation) -> Result<Image> {
        const std::lock_guard lock(Turn());
        KANTEI_RETURN_IF_ERROR(cancellation.Check());
        return autoencoder->Reconstruct(rgb);
      };
    }
  }
  if (!redecode) {
    KANTEI_TRY(const generate::DiffusionModel model, Diffusion(named));
    redecode = [model](const Image& rgb, const CancellationToken& cancellation) {
      return generate::RedecodePicture(model, rgb, cancellation);
    };
  }
  return decoders_.emplace(path, std::move(redecode)).first->second;
}

Result<std::unique_ptr<BuildEngine>> MakeBuildEngine(const PlanEngine& engine, BuildModels* models) {
  if (engine.name == "copy-paste") return std::unique_ptr<BuildEngine>(new PasteEngine(engine.mixed));
  if (engine.name == "diffusion") {
    KANTEI_TRY(generate::DiffusionModel model, models->Diffusion(engine.model));
    return std::unique_ptr<BuildEngine>(new DiffusionEngine(std::move(model), engine));
  }
  if (engine.name == "autoencoder") {
    KANTEI_TRY(Redecoder redecode, models->Decoder(engine.model));
    return std::unique_ptr<BuildEngine>(new AutoencoderEngine(std::move(redecode)));
  }
  KANTEI_TRY(auto classical, generate::MakeInpaintEngine(engine.name));
  return std::unique_ptr<BuildEngine>(new ClassicalEngine(std::move(classical)));
}

Result<Image> PictureFromText(const generate::DiffusionModel& model, const ReplacementIdea& idea,
                              const PlanTextToPicture& plan, std::uint64_t seed,
                              const CancellationToken& cancellation) {
  generate::SampleOptions options = Sampling(idea, plan.steps, plan.guidance, seed);
  if (plan.side > 0) options.width = options.height = plan.side;
  const std::lock_guard lock(Turn());
  KANTEI_TRY(generate::SampleResult made, generate::SamplePictures(model, options, {}, cancellation));
  return std::move(made.pictures.at(0).pixels);
}

}  // namespace kantei::dataset
