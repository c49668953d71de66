// Colour management: what a file's numbers mean, turned into sRGB.
#include <vips/vips.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "kantei/image/decode_internal.h"
#include "kantei/image/vips_session.h"

namespace kantei::image {
namespace {

std::uint32_t Big32(std::span<const std::uint8_t> data, std::size_t at) {
  return static_cast<std::uint32_t>(data[at]) << 24 | static_cast<std::uint32_t>(data[at + 1]) << 16 |
         static_cast<std::uint32_t>(data[at + 2]) << 8 | data[at + 3];
}

/// The text of the description tag with everything but printable ASCII left out: good for Latin text of both
/// the old
/// ('desc') and the new ('mluc', UTF-16) kind.
std::string Description(std::span<const std::uint8_t> profile) {
  if (profile.size() < 132) return {};
  const std::uint32_t tags = std::min<std::uint32_t>(Big32(profile, 128), 100);
  for (std::size_t i = 0; i < tags && 132 + 12 * (i + 1) <= profile.size(); ++i) {
    const std::size_t entry = 132 + 12 * i;
    if (std::memcmp(profile.data() + entry, "desc", 4) != 0) continue;
    const std::size_t at = Big32(profile, entry + 4), size = Big32(profile, entry + 8);
    if (at > profile.size() || size > profile.size() - at) return {};
    const auto data = profile.subspan(at, size);
    if (data.size() < 12) return {};
    const bool wide = std::memcmp(data.data(), "mluc", 4) == 0;
    const std::size_t begin = wide ? 28 : 12;
    std::string text;
    for (std::size_t k = begin; k < data.size() && text.size() < 64; ++k) {
      if (data[k] >= 32 && data[k] < 127) text += static_cast<char>(data[k]);
      if (!wide && data[k] == 0) break;
    }
    return text;
  }
  return {};
}

/// Reads all of `image` (8-bit, 3 bands) on this thread.
bool ReadAll(VipsImage* image, std::vector<std::uint8_t>* pixels) {
  const int width = vips_image_get_width(image), height = vips_image_get_height(image);
  if (vips_image_get_bands(image) != 3 || vips_image_get_format(image) != VIPS_FORMAT_UCHAR) return false;
  const std::size_t stride = static_cast<std::size_t>(width) * 3;
  pixels->resize(stride * static_cast<std::size_t>(height));
  const RegionPtr region(vips_region_new(image));
  constexpr int kStrip = 16;
  for (int top = 0; top < height; top += kStrip) {
    const VipsRect area{0, top, width, std::min(kStrip, height - top)};
    if (vips_region_prepare(region.get(), &area) != 0) return false;
    for (int y = top; y < top + area.height; ++y) {
      std::memcpy(pixels->data() + static_cast<std::size_t>(y) * stride, VIPS_REGION_ADDR(region.get(), 0, y),
                  stride);
    }
  }
  return true;
}

/// Through the profile, or with the built-in CMYK profile when it is empty.
bool Transform(const Raster& raster, std::span<const std::uint8_t> profile,
               std::vector<std::uint8_t>* pixels) {
  const VipsWarnings warnings;
  VipsPtr memory(vips_image_new_from_memory(raster.pixels.data(), raster.pixels.size(), raster.width,
                                            raster.height, raster.channels, VIPS_FORMAT_UCHAR));
  if (memory == nullptr) return false;
  const VipsInterpretation kind = raster.channels == 4   ? VIPS_INTERPRETATION_CMYK
                                  : raster.channels == 3 ? VIPS_INTERPRETATION_sRGB
                                                         : VIPS_INTERPRETATION_B_W;
  VipsImage* next = nullptr;
  if (vips_copy(memory.get(), &next, "interpretation", kind, nullptr) != 0) return false;
  const VipsPtr tagged(next);
  const bool embedded = !profile.empty();
  if (embedded) vips_image_set_blob_copy(tagged.get(), VIPS_META_ICC_NAME, profile.data(), profile.size());
  next = nullptr;
  const int status = embedded ? vips_icc_transform(tagged.get(), &next, "srgb", "embedded", TRUE, "intent",
                                                   VIPS_INTENT_RELATIVE, "depth", 8, nullptr)
                              : vips_icc_transform(tagged.get(), &next, "srgb", "input_profile", "cmyk",
                                                   "intent", VIPS_INTENT_RELATIVE, "depth", 8, nullptr);
  if (status != 0) return false;
  // With a profile that it cannot use, libvips goes on with one of its own and only warns.
  return ReadAll(VipsPtr(next).get(), pixels) && (!embedded || warnings.count() == 0);
}

/// The colour space that the profile describes fits the number of channels.
bool Fits(std::span<const std::uint8_t> profile, int channels) {
  if (profile.size() < 132 || std::memcmp(profile.data() + 36, "acsp", 4) != 0) return false;
  const std::string_view space = channels == 4 ? "CMYK" : channels == 3 ? "RGB " : "GRAY";
  return std::memcmp(profile.data() + 16, space.data(), 4) == 0;
}

}  // namespace

bool IsSrgbProfile(std::span<const std::uint8_t> profile) {
  const std::string text = Description(profile);
  // "sRGB IEC61966-2.1", "sRGB built-in", ... but not "sRGB linear".
  return Fits(profile, 3) && text.starts_with("sRGB") && text.find("inear") == std::string::npos;
}

Status ConvertToSrgb(const DecodeJob& job, Raster* raster) {
  std::vector<std::uint8_t> profile = std::move(raster->icc_profile);
  raster->icc_profile.clear();
  const bool ink = raster->channels == 4;
  if (!profile.empty() && IsSrgbProfile(profile) && !ink) return {};
  if (!ink && profile.empty()) return {};
  KANTEI_RETURN_IF_ERROR(StartVips());
  std::vector<std::uint8_t> pixels;
  bool done = !profile.empty() && Fits(profile, raster->channels) && Transform(*raster, profile, &pixels);
  if (!profile.empty() && !done) raster->Warn("the colour profile cannot be used and was left out");
  if (!done && ink) {
    done = Transform(*raster, {}, &pixels);
    if (!done) {
      DropVipsError();
      return job.Fail(ErrorCode::kInternal,
                      "has CMYK colours that cannot be converted; convert it to RGB first");
    }
  }
  DropVipsError();
  if (done) {
    raster->pixels = std::move(pixels);
    raster->channels = 3;
  }
  return {};
}

}  // namespace kantei::image
