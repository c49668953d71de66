// One forged picture from one authentic picture, with the mask of what was changed.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/dataset/mask_maker.h"
#include "kantei/generate/inpaint_engine.h"
#include "kantei/image/cutout.h"
#include "kantei/image/image.h"

namespace kantei::dataset {

struct ForgeryKind {
  std::string_view name;         ///< the engine in a table of samples
  std::string_view description;  ///< for people
  double weight = 1;             ///< how often it is drawn when all may be; slow ones less
  bool needs_donor = false, needs_cutout = false;
  double most_share = 1;  ///< slow engines get smaller holes than the options allow
};

/// The inpainting engines by their names, then "splice", "cutout", "copy-move", "renoise", "blur", "recolour".
std::span<const ForgeryKind> AllForgeryKinds();
/// Null when there is none of this name.
const ForgeryKind* FindForgeryKind(std::string_view name);

struct ForgeryOptions {
  MaskOptions mask;             ///< the area that is changed
  double feather_chance = 0.5;  ///< that the rim of what is pasted or filled is soft
  double most_feather = 2;      ///< radius in pixels, 0..16
  double grain_chance = 0.3;    ///< that noise as strong as the surroundings' is laid over what was filled
  double least_changed = 0.4;   ///< of the mask's pixels must differ, else another mask is tried, 0..1
  /// Of a filled hole's pixels may equal their neighbours, else another mask is tried, 0..1: what was removed from the flat
  /// ground of a drawing leaves nothing that could tell of it.
  double most_flat = 0.5;
  int attempts = 6;  ///< before a picture is given up, 1..100
  Status Validate() const;
};

/// What is pasted into pictures.
struct ForgeryMaterial {
  /// Another authentic picture, at random; nullopt when there is none. Called from the thread that makes the forgery.
  std::function<std::optional<image::Image>(Random&)> draw_donor;
  std::span<const image::Cutout> cutouts;  ///< those with an alpha channel
};

struct Forgery {
  image::Image picture;
  /// 255 where the pixel was replaced. A pixel counts when at least a quarter of it (paste weight, or alpha) is new and
  /// some pixel within kChangeReach of it differs from the original by more than kChangeLevel in a channel: flat ground that
  /// was filled with itself is not called changed.
  image::Image mask;
};
inline constexpr int kChangeReach = 4;
inline constexpr int kChangeLevel = 2;

/// Stateless once made; Forge may be called from several threads.
class ForgeryMaker {
 public:
  static Result<ForgeryMaker> Create(const ForgeryOptions& options);

  /// nullopt when nothing worthwhile came out (a blank picture, no donor, no fitting segment). The same picture, material
  /// and seed give the same forgery. kInvalidArgument for an unknown kind or a picture that is not RGB; kCancelled.
  Result<std::optional<Forgery>> Forge(std::string_view kind, const image::Image& rgb,
                                       const ForgeryMaterial& material, std::uint64_t seed,
                                       const CancellationToken& cancellation) const;

 private:
  explicit ForgeryMaker(ForgeryOptions options) : options_(options) {}
  ForgeryOptions options_;
  std::vector<std::unique_ptr<generate::InpaintEngine>> engines_;
};

}  // namespace kantei::dataset
