// Fills a hole in a picture: one interface for classical engines and, later, learned ones.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/image/image.h"

namespace kantei::generate {

/// Stateless once made: Inpaint may be called from several threads.
class InpaintEngine {
 public:
  virtual ~InpaintEngine() = default;

  /// As users write it and tables name it, e.g. "patch-match".
  virtual std::string_view name() const = 0;
  /// True for engines whose result differs from the picture outside the mask too (autoencoders without paste-back).
  virtual bool redecodes_whole() const { return false; }

  /// The picture with the pixels where `mask` is 255 made anew; the others are bit-identical unless redecodes_whole().
  /// `rgb` has 3 channels, `mask` 1 channel and the same size, with 0 and 255 only. The same input and seed give the same
  /// output. An empty mask gives the picture back (unless redecodes_whole()). Works on the mask's bounding box and
  /// a margin, so time goes with the hole and not with the picture.
  /// Errors: kInvalidArgument (sizes or channels do not fit, other values in the mask, too little known around the hole),
  /// kTooLarge (more than 64 megapixels), kCancelled.
  Result<image::Image> Inpaint(const image::Image& rgb, const image::Image& mask, std::uint64_t seed,
                               const CancellationToken& cancellation) const;

 protected:
  /// What Inpaint does on the crop. What it returns outside the mask is dropped unless redecodes_whole().
  virtual Result<image::Image> Fill(const image::Image& rgb, const image::Image& mask, std::uint64_t seed,
                                    const CancellationToken& cancellation) const = 0;
  /// Pixels kept around a bounding box of this longer side; what lies further out is not looked at. Negative: the
  /// whole picture is wanted.
  virtual int Margin(int longer_side) const = 0;
};

struct InpaintEngineInfo {
  std::string_view name;
  std::string_view description;
};

/// The engines that need no weights, in the order of their tables.
std::span<const InpaintEngineInfo> ClassicalInpaintEngines();

/// "telea", "navier-stokes", "fsr", "shift-map", "patch-match" or "diffuse". kInvalidArgument names the choices.
Result<std::unique_ptr<InpaintEngine>> MakeInpaintEngine(std::string_view name);

}  // namespace kantei::generate
