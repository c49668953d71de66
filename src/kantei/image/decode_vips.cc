// The formats that libvips reads for us. Pixels are pulled strip by strip on the calling thread: the time
// limit is looked at between strips, warnings belong to this picture, and a shrinking decode never holds the
// full size.
#include <vips/vips.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "kantei/image/decode_internal.h"
#include "kantei/image/row_resizer.h"
#include "kantei/image/transform.h"
#include "kantei/image/vips_session.h"

namespace kantei::image {
namespace {

bool IsWholeFrame(Format format) {
  return format == Format::kGif || format == Format::kWebp || format == Format::kAvif ||
         format == Format::kHeic;
}

/// The lazily read picture: its header only, until pixels are asked for.
VipsImage* Open(const DecodeJob& job, int page) {
  void* data = const_cast<unsigned char*>(job.data());
  const std::size_t size = job.size();
  VipsImage* image = nullptr;
  int status = -1;
  switch (job.format) {
    case Format::kJpeg:
      status = vips_jpegload_buffer(data, size, &image, "access", VIPS_ACCESS_SEQUENTIAL, nullptr);
      break;
    case Format::kPng:
      // Without fail_on, libvips leaves what is missing uninitialised.
      status = vips_pngload_buffer(data, size, &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                   VIPS_FAIL_ON_TRUNCATED, nullptr);
      break;
    case Format::kWebp:
      status = vips_webpload_buffer(data, size, &image, "access", VIPS_ACCESS_SEQUENTIAL, nullptr);
      break;
    case Format::kGif:
      status = vips_gifload_buffer(data, size, &image, "access", VIPS_ACCESS_SEQUENTIAL, nullptr);
      break;
    case Format::kTiff:
      status = vips_tiffload_buffer(data, size, &image, "access", VIPS_ACCESS_SEQUENTIAL, nullptr);
      break;
    case Format::kAvif:
    case Format::kHeic:
      status =
          vips_heifload_buffer(data, size, &image, "access", VIPS_ACCESS_SEQUENTIAL, "page", page, nullptr);
      break;
    case Format::kBmp:
    case Format::kUnknown:
      break;
  }
  return status == 0 ? image : nullptr;
}

/// Builds the chain of operations from stored samples to 8-bit grey, RGB or CMYK without alpha.
class Chain {
 public:
  explicit Chain(VipsImage* image) : image_(image) {}
  VipsImage* image() const { return image_.get(); }
  int bands() const { return vips_image_get_bands(image_.get()); }
  VipsBandFormat format() const { return vips_image_get_format(image_.get()); }
  VipsInterpretation kind() const { return vips_image_get_interpretation(image_.get()); }

  template <typename Operation>
  bool Apply(Operation operation) {
    VipsImage* next = nullptr;
    if (operation(image_.get(), &next) != 0) return false;
    image_.reset(next);
    return true;
  }

 private:
  VipsPtr image_;
};

bool IsDeviceIndependent(VipsInterpretation kind) {
  constexpr std::array kKinds{VIPS_INTERPRETATION_LAB, VIPS_INTERPRETATION_LABQ, VIPS_INTERPRETATION_LABS,
                              VIPS_INTERPRETATION_XYZ, VIPS_INTERPRETATION_LCH,  VIPS_INTERPRETATION_YXY};
  return std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end();
}

bool Tag(Chain* chain, VipsInterpretation kind) {
  return chain->Apply(
      [&](VipsImage* in, VipsImage** out) { return vips_copy(in, out, "interpretation", kind, nullptr); });
}

bool ToColourSpace(Chain* chain, VipsInterpretation kind) {
  return chain->Apply(
      [&](VipsImage* in, VipsImage** out) { return vips_colourspace(in, out, kind, nullptr); });
}

bool TakeBands(Chain* chain, int count) {
  return chain->Apply(
      [&](VipsImage* in, VipsImage** out) { return vips_extract_band(in, out, 0, "n", count, nullptr); });
}

/// Alpha blended over the ground (255: white), in the encoding of the file.
bool Flatten(Chain* chain, bool ink, std::uint8_t ground) {
  const VipsBandFormat format = chain->format();
  const double most = format == VIPS_FORMAT_UCHAR ? 255.0 : format == VIPS_FORMAT_USHORT ? 65535.0 : 1.0;
  const double level = (ink ? 255 - ground : ground) / 255.0 * most;
  std::array<double, 4> background{level, level, level, level};
  const std::unique_ptr<VipsArrayDouble, void (*)(VipsArrayDouble*)> array(
      vips_array_double_new(background.data(), chain->bands() - 1),
      [](VipsArrayDouble* a) { vips_area_unref(VIPS_AREA(a)); });
  return chain->Apply([&](VipsImage* in, VipsImage** out) {
    return vips_flatten(in, out, "background", array.get(), "max_alpha", most, nullptr);
  });
}

enum class Shaped { kDone, kFailed, kUnsupported };

/// To UCHAR with 1, 3 or 4 (CMYK) bands; 8-bit grey and RGB keep their alpha band, which is blended while the
/// rows are read. `*profile_used`: the embedded profile has been applied on the way.
Shaped Shape(const DecodeJob& job, Chain* chain, Raster* raster, bool* profile_used) {
  const auto check = [](bool ok) { return ok ? Shaped::kDone : Shaped::kFailed; };
  if (IsDeviceIndependent(chain->kind())) {
    raster->had_alpha = chain->bands() > 3;
    if (!ToColourSpace(chain, VIPS_INTERPRETATION_sRGB)) return Shaped::kFailed;
    return check(!raster->had_alpha || Flatten(chain, false, job.ground));
  }
  const bool ink = chain->kind() == VIPS_INTERPRETATION_CMYK && chain->bands() >= 4;
  const int colours = ink ? 4 : chain->bands() >= 3 ? 3 : 1;
  if (chain->format() == VIPS_FORMAT_DOUBLE &&
      !chain->Apply([](VipsImage* in, VipsImage** out) { return vips_cast_float(in, out, nullptr); })) {
    return Shaped::kFailed;
  }
  const VipsBandFormat format = chain->format();
  if (format != VIPS_FORMAT_UCHAR && format != VIPS_FORMAT_USHORT && format != VIPS_FORMAT_FLOAT)
    return Shaped::kUnsupported;
  raster->had_alpha = chain->bands() > colours;
  if (chain->bands() > colours + 1 && !TakeBands(chain, colours + 1)) return Shaped::kFailed;
  if (format == VIPS_FORMAT_UCHAR && !ink) return Shaped::kDone;
  if (raster->had_alpha && !Flatten(chain, ink, job.ground)) return Shaped::kFailed;
  if (format == VIPS_FORMAT_UCHAR) return Shaped::kDone;
  // vips_flatten may have made floats of integers.
  if (format == VIPS_FORMAT_USHORT &&
      !chain->Apply([](VipsImage* in, VipsImage** out) { return vips_cast_ushort(in, out, nullptr); })) {
    return Shaped::kFailed;
  }
  if (format == VIPS_FORMAT_FLOAT) {
    if (ink) return Shaped::kUnsupported;
    // Floats are linear light 0..1, as scRGB says; grey ones too.
    if (colours == 1 && !chain->Apply([](VipsImage* in, VipsImage** out) {
          std::array<VipsImage*, 3> same{in, in, in};
          return vips_bandjoin(same.data(), out, 3, nullptr);
        })) {
      return Shaped::kFailed;
    }
    return check(Tag(chain, VIPS_INTERPRETATION_scRGB) && ToColourSpace(chain, VIPS_INTERPRETATION_sRGB));
  }
  const VipsInterpretation deep = ink            ? VIPS_INTERPRETATION_CMYK
                                  : colours == 3 ? VIPS_INTERPRETATION_RGB16
                                                 : VIPS_INTERPRETATION_GREY16;
  if (!Tag(chain, deep)) return Shaped::kFailed;
  // With 16 bits the profile comes before the loss of bits: linear profiles would show bands otherwise.
  if (!raster->icc_profile.empty() && chain->Apply([](VipsImage* in, VipsImage** out) {
        return vips_icc_transform(in, out, "srgb", "embedded", TRUE, "intent", VIPS_INTENT_RELATIVE, "depth",
                                  8, nullptr);
      })) {
    *profile_used = true;
    return Shaped::kDone;
  }
  return check(chain->Apply([](VipsImage* in, VipsImage** out) {
    return vips_cast(in, out, VIPS_FORMAT_UCHAR, "shift", TRUE, nullptr);
  }));
}

void ReadMetadata(VipsImage* image, Format format, Raster* raster) {
  raster->frames = std::max(1, vips_image_get_n_pages(image));
  // libheif has turned the picture by its own boxes already, which rank above EXIF there.
  if (format != Format::kAvif && format != Format::kHeic) {
    const int orientation = vips_image_get_orientation(image);
    raster->orientation = orientation >= 1 && orientation <= 8 ? orientation : 1;
  }
  const void* profile = nullptr;
  std::size_t size = 0;
  if (vips_image_get_typeof(image, VIPS_META_ICC_NAME) != 0 &&
      vips_image_get_blob(image, VIPS_META_ICC_NAME, &profile, &size) == 0 && profile != nullptr) {
    const auto* begin = static_cast<const std::uint8_t*>(profile);
    raster->icc_profile.assign(begin, begin + size);
  }
  raster->had_icc_profile = !raster->icc_profile.empty();
}

/// A row of `colours` samples and alpha over the ground.
void BlendRow(const std::uint8_t* in, std::uint8_t* out, int width, std::size_t colours,
              std::uint32_t ground) {
  for (int x = 0; x < width; ++x, in += colours + 1, out += colours) {
    const std::uint32_t alpha = in[colours], under = ground * (255 - alpha) + 127;
    for (std::size_t c = 0; c < colours; ++c)
      out[c] = static_cast<std::uint8_t>((in[c] * alpha + under) / 255);
  }
}

/// Pulls the rows of an 8-bit picture into the raster, shrunk to the wished size on the way.
Status PullRows(const DecodeJob& job, VipsImage* image, Raster* raster) {
  const int full_width = vips_image_get_width(image), full_height = vips_image_get_height(image);
  const int bands = vips_image_get_bands(image);
  const bool blends =
      raster->had_alpha &&
      (bands == 2 || (bands == 4 && vips_image_get_interpretation(image) != VIPS_INTERPRETATION_CMYK));
  raster->channels = blends ? bands - 1 : bands;
  const auto [width, height] = FitSize(full_width, full_height, job.options.max_longer_side);
  raster->width = width;
  raster->height = height;
  const std::size_t stride =
      static_cast<std::size_t>(full_width) * static_cast<std::size_t>(raster->channels);
  const bool shrinks = width != full_width || height != full_height;
  std::unique_ptr<RowResizer> resizer;
  if (shrinks)
    resizer = std::make_unique<RowResizer>(full_width, full_height, raster->channels, width, height);

  std::vector<std::uint8_t> blended(blends ? stride : 0);
  const RegionPtr region(vips_region_new(image));
  constexpr int kStrip =
      16;  // the step in which libvips reads sequentially, and what is lost at a damaged place
  int done = 0;
  for (; done < full_height; done += kStrip) {
    KANTEI_RETURN_IF_ERROR(job.CheckTime());
    const VipsRect area{0, done, full_width, std::min(kStrip, full_height - done)};
    if (vips_region_prepare(region.get(), &area) != 0) break;
    // Only once there are pixels is memory taken for the result: a file without any costs nothing.
    if (raster->pixels.empty()) {
      raster->pixels.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) *
                            static_cast<std::size_t>(raster->channels));
    }
    for (int y = done; y < done + area.height; ++y) {
      const auto* row = reinterpret_cast<const std::uint8_t*>(VIPS_REGION_ADDR(region.get(), 0, y));
      if (blends) {
        BlendRow(row, blended.data(), full_width, static_cast<std::size_t>(raster->channels), job.ground);
        row = blended.data();
      }
      if (shrinks) {
        resizer->PushRow(row, raster->pixels.data());
      } else {
        std::memcpy(raster->pixels.data() + static_cast<std::size_t>(y) * stride, row, stride);
      }
    }
  }
  if (done >= full_height) return {};
  DropVipsError();
  if (done == 0) {
    return job.Fail(ErrorCode::kCorrupt,
                    "cannot be decoded as " + std::string(FormatName(job.format)) + "; get a good copy");
  }
  raster->Warn("the file is damaged or cut off after row " + std::to_string(done) + " of " +
               std::to_string(full_height) + ", the missing rows are grey");
  const std::vector<std::uint8_t> grey(stride, 128);
  for (int y = done; y < full_height; ++y) {
    if (shrinks) {
      resizer->PushRow(grey.data(), raster->pixels.data());
    } else {
      std::memcpy(raster->pixels.data() + static_cast<std::size_t>(y) * stride, grey.data(), stride);
    }
  }
  return {};
}

}  // namespace

Result<Raster> DecodeThroughVips(const DecodeJob& job) {
  KANTEI_RETURN_IF_ERROR(StartVips());
  VipsWarnings warnings;
  const std::string format(FormatName(job.format));
  VipsPtr opened(Open(job, 0));
  // A HEIF file names its primary picture, which need not be the first.
  if (opened != nullptr && (job.format == Format::kHeic || job.format == Format::kAvif)) {
    int primary = 0;
    if (vips_image_get_typeof(opened.get(), "heif-primary") != 0 &&
        vips_image_get_int(opened.get(), "heif-primary", &primary) == 0 && primary > 0) {
      opened.reset(Open(job, primary));
    }
  }
  if (opened == nullptr) {
    DropVipsError();
    return job.Fail(ErrorCode::kCorrupt, "cannot be read as " + format + "; get a good copy");
  }
  Raster raster;
  raster.original_width = vips_image_get_width(opened.get());
  raster.original_height = vips_image_get_height(opened.get());
  KANTEI_RETURN_IF_ERROR(job.CheckSize(static_cast<std::uint64_t>(raster.original_width),
                                       static_cast<std::uint64_t>(raster.original_height),
                                       IsWholeFrame(job.format)));
  ReadMetadata(opened.get(), job.format, &raster);

  Chain chain(opened.release());
  bool profile_used = false;
  const Shaped shaped = Shape(job, &chain, &raster, &profile_used);
  if (shaped == Shaped::kUnsupported) {
    return job.Fail(
        ErrorCode::kUnsupported,
        "is a " + format + " with samples of a kind that is not read; convert it to 8 or 16 bits");
  }
  const int bands = chain.bands();
  if (shaped == Shaped::kFailed || chain.format() != VIPS_FORMAT_UCHAR || bands < 1 || bands > 4 ||
      (bands == 2 && !raster.had_alpha)) {
    DropVipsError();
    return job.Fail(ErrorCode::kCorrupt, "cannot be read as " + format + "; get a good copy");
  }
  KANTEI_RETURN_IF_ERROR(PullRows(job, chain.image(), &raster));
  if (profile_used) raster.icc_profile.clear();
  if (job.format == Format::kPng && raster.warning.empty() && !PngHasEnd(job)) {
    raster.Warn("the file is cut off, part of the picture may be missing");
  }
  // What libheif says there is about colour tags only; damage is an error to it.
  const bool telling = job.format != Format::kAvif && job.format != Format::kHeic;
  if (telling && warnings.count() > 0) raster.Warn("the decoder remarks: " + DisplayPath(warnings.first()));
  return raster;
}

}  // namespace kantei::image
