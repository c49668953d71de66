// The engines of a built set behind one interface: what is there in generate/, pasting without a seam, and autoencoders.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "kantei/base/cancellation.h"
#include "kantei/base/random.h"
#include "kantei/base/result.h"
#include "kantei/dataset/build_plan.h"
#include "kantei/dataset/replacement.h"
#include "kantei/generate/diffusion_model.h"
#include "kantei/image/cutout.h"
#include "kantei/image/image.h"

namespace kantei::dataset {

/// What copy-paste pastes, with a name for the manifest.
struct PasteMaterial {
  image::Cutout cutout;
  std::string from;
};

struct FillJob {
  const image::Image& rgb;
  const image::Image& mask;
  const ReplacementIdea& idea;
  /// nullopt: there is none. Called from the thread that fills.
  std::function<Result<std::optional<PasteMaterial>>(Random&)> draw_material;
};

struct FilledPicture {
  image::Image picture;  ///< outside `mask` it is the job's, bit for bit
  image::Image mask;     ///< the job's, or of what was pasted
  std::string material;  ///< PasteMaterial::from, or empty
};

/// Stateless once made; Fill may be called from several threads. The same job and seed give the same picture.
class BuildEngine {
 public:
  virtual ~BuildEngine() = default;
  /// nullopt when nothing came of it; errors: kCancelled, and what a broken model gives.
  virtual Result<std::optional<FilledPicture>> Fill(const FillJob& job, std::uint64_t seed,
                                                    const CancellationToken& cancellation) const = 0;
};

/// A whole picture through an autoencoder, of the same size.
using Redecoder = std::function<Result<image::Image>(const image::Image&, const CancellationToken&)>;

/// Models by path, each loaded once. Not thread-safe; what it gives is.
class BuildModels {
 public:
  /// Empty: the shipped generator.
  Result<generate::DiffusionModel> Diffusion(const std::string& path);
  /// A file of kantei train autoencoder, or a diffusion model, whose autoencoder is taken; empty: the shipped generator's.
  Result<Redecoder> Decoder(const std::string& path);

 private:
  std::map<std::string, generate::DiffusionModel> diffusion_;
  std::map<std::string, Redecoder> decoders_;
};

Result<std::unique_ptr<BuildEngine>> MakeBuildEngine(const PlanEngine& engine, BuildModels* models);

/// A picture from the idea's prompt alone.
Result<image::Image> PictureFromText(const generate::DiffusionModel& model, const ReplacementIdea& idea,
                                     const PlanTextToPicture& plan, std::uint64_t seed,
                                     const CancellationToken& cancellation);

}  // namespace kantei::dataset
