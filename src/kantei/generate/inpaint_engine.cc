#include "kantei/generate/inpaint_engine.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

#include "kantei/generate/diffuse_engine.h"
#include "kantei/generate/opencv_engines.h"
#include "kantei/generate/patch_match_engine.h"
#include "kantei/image/transform.h"

namespace kantei::generate {
namespace {

using image::Image;

constexpr std::int64_t kMostPixels = 64'000'000;

constexpr std::array<InpaintEngineInfo, 6> kEngines{{
    {"telea", "fast marching from the rim inwards (Telea 2004, OpenCV)"},
    {"navier-stokes", "fluid dynamics along lines of equal brightness (Bertalmio 2001, OpenCV)"},
    {"fsr", "frequency-selective reconstruction, block by block (Genser 2018, OpenCV xphoto); slow"},
    {"shift-map", "shifted pieces of the picture chosen by graph cuts (He 2012, OpenCV xphoto)"},
    {"patch-match", "patches of the picture that agree at every scale (Wexler 2007, Barnes 2009); ours"},
    {"diffuse", "the smoothest surface that meets the rim (harmonic); ours"},
}};

Error Bad(const std::string& text) {
  return {ErrorCode::kInvalidArgument, text};
}

std::string Size(const Image& image) {
  return std::to_string(image.width()) + "x" + std::to_string(image.height());
}

Status Check(const Image& rgb, const Image& mask) {
  if (rgb.empty() || rgb.channels() != 3)
    return Bad("a picture of 3 channels is needed to fill a hole in it");
  if (mask.empty() || mask.channels() != 1) return Bad("a mask has 1 channel");
  if (rgb.width() != mask.width() || rgb.height() != mask.height())
    return Bad("the picture has " + Size(rgb) + " pixels and the mask " + Size(mask) +
               "; they must be of the same size");
  if (static_cast<std::int64_t>(rgb.width()) * rgb.height() > kMostPixels)
    return Error{
        ErrorCode::kTooLarge,
        "a picture of " + Size(rgb) + " is more than the 64 megapixels that are filled; make it smaller"};
  for (const std::uint8_t value : mask.pixels()) {
    if (value != 0 && value != 255)
      return Bad("a mask of holes holds 0 and 255 only and this one holds " + std::to_string(value));
  }
  return {};
}

/// Of the pixels that are set; width 0 when none is.
image::Rect BoundingBox(const Image& mask) {
  int left = mask.width(), right = -1, top = mask.height(), bottom = -1;
  for (int y = 0; y < mask.height(); ++y) {
    const std::uint8_t* row = mask.row(y);
    for (int x = 0; x < mask.width(); ++x) {
      if (row[x] == 0) continue;
      left = std::min(left, x);
      right = std::max(right, x);
      top = std::min(top, y);
      bottom = y;
    }
  }
  if (right < 0) return {};
  return {left, top, right - left + 1, bottom - top + 1};
}

image::Rect Grown(const image::Rect& box, int margin, const Image& within) {
  const int left = std::max(0, box.x - margin), top = std::max(0, box.y - margin);
  return {left, top, std::min(within.width(), box.x + box.width + margin) - left,
          std::min(within.height(), box.y + box.height + margin) - top};
}

}  // namespace

std::span<const InpaintEngineInfo> ClassicalInpaintEngines() {
  return kEngines;
}

Result<std::unique_ptr<InpaintEngine>> MakeInpaintEngine(std::string_view name) {
  if (name == "patch-match") return MakePatchMatchEngine();
  if (name == "diffuse") return MakeDiffuseEngine();
  if (std::unique_ptr<InpaintEngine> engine = MakeOpencvEngine(name); engine != nullptr) return engine;
  std::string choices;
  for (const InpaintEngineInfo& info : kEngines)
    choices += (choices.empty() ? "" : ", ") + std::string(info.name);
  return Bad("no engine is called '" + std::string(name) + "'; choose " + choices);
}

Result<Image> InpaintEngine::Inpaint(const Image& rgb, const Image& mask, std::uint64_t seed,
                                     const CancellationToken& cancellation) const {
  KANTEI_RETURN_IF_ERROR(Check(rgb, mask));
  KANTEI_RETURN_IF_ERROR(cancellation.Check());
  if (redecodes_whole()) return Fill(rgb, mask, seed, cancellation);
  const image::Rect box = BoundingBox(mask);
  if (box.width == 0) return rgb;
  const auto holes = std::count(mask.pixels().begin(), mask.pixels().end(), std::uint8_t{255});
  if (static_cast<std::size_t>(holes) == mask.pixels().size())
    return Bad("the mask covers the whole picture of " + Size(rgb) +
               ", so nothing is left to fill it from; leave some pixels out of the mask");
  const int margin = Margin(std::max(box.width, box.height));
  const image::Rect area =
      margin < 0 ? image::Rect{0, 0, rgb.width(), rgb.height()} : Grown(box, margin, rgb);
  const Image part = image::Crop(rgb, area), hole = image::Crop(mask, area);
  KANTEI_TRY(const Image filled, Fill(part, hole, seed, cancellation));
  KANTEI_CHECK(filled.width() == part.width() && filled.height() == part.height() && filled.channels() == 3);
  Image result = rgb;
  for (int y = 0; y < area.height; ++y) {
    const std::uint8_t* in = filled.row(y);
    const std::uint8_t* set = hole.row(y);
    std::uint8_t* out = result.row(area.y + y) + static_cast<std::size_t>(area.x) * 3;
    for (int x = 0; x < area.width; ++x) {
      if (set[x] != 0) std::memcpy(out + x * 3, in + x * 3, 3);
    }
  }
  return result;
}

}  // namespace kantei::generate
