#include "kantei/image/decode.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <new>
#include <utility>

#include "kantei/image/cutout.h"
#include "kantei/image/decode_internal.h"
#include "kantei/image/row_resizer.h"
#include "kantei/image/transform.h"

namespace kantei::image {
namespace {

/// The compatible brands of an ISO base media file, as far as they tell AVIF from HEIC.
Format SniffHeif(std::string_view head) {
  const std::string_view major = head.substr(8, 4);
  if (major == "avif" || major == "avis") return Format::kAvif;
  if (major == "heic" || major == "heix" || major == "heim" || major == "heis" || major == "hevc" ||
      major == "hevx") {
    return Format::kHeic;
  }
  if (major != "mif1" && major != "msf1" && major != "miaf") return Format::kUnknown;
  const auto box = (static_cast<std::size_t>(static_cast<unsigned char>(head[2])) << 8) |
                   static_cast<std::size_t>(static_cast<unsigned char>(head[3]));
  for (std::size_t at = 16; at + 4 <= std::min(head.size(), box); at += 4) {
    const std::string_view brand = head.substr(at, 4);
    if (brand == "avif") return Format::kAvif;
    if (brand == "heic" || brand == "heix") return Format::kHeic;
  }
  return Format::kHeic;
}

Image ApplyOrientation(Image picture, int orientation) {
  switch (orientation) {
    case 2:
      return FlipHorizontal(picture);
    case 3:
      return RotateQuarter(picture, 2);
    case 4:
      return FlipVertical(picture);
    case 5:
      return RotateQuarter(FlipHorizontal(picture), 3);
    case 6:
      return RotateQuarter(picture, 1);
    case 7:
      return RotateQuarter(FlipHorizontal(picture), 1);
    case 8:
      return RotateQuarter(picture, 3);
    default:
      return picture;
  }
}

void FitRaster(Raster* raster, int side) {
  const auto [width, height] = FitSize(raster->width, raster->height, side);
  if (width == raster->width && height == raster->height) return;
  std::vector<std::uint8_t> small(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) *
                                  static_cast<std::size_t>(raster->channels));
  RowResizer(raster->width, raster->height, raster->channels, width, height)
      .Run(raster->pixels.data(), small.data());
  raster->pixels = std::move(small);
  raster->width = width;
  raster->height = height;
}

Result<Raster> DecodeRaster(const DecodeJob& job) {
  switch (job.format) {
    case Format::kJpeg:
      return DecodeJpegFile(job);
    case Format::kBmp:
      return DecodeBmpFile(job);
    default:
      break;
  }
  KANTEI_RETURN_IF_ERROR(CheckHeader(job));
  return DecodeThroughVips(job);
}

Result<DecodedImage> Decode(const DecodeJob& job) {
  KANTEI_TRY(Raster raster, DecodeRaster(job));
  FitRaster(&raster, job.options.max_longer_side);
  KANTEI_RETURN_IF_ERROR(ConvertToSrgb(job, &raster));

  DecodedImage decoded;
  decoded.format = job.format;
  decoded.orientation = raster.orientation;
  decoded.original_width = raster.original_width;
  decoded.original_height = raster.original_height;
  if (raster.orientation >= 5) std::swap(decoded.original_width, decoded.original_height);
  decoded.frames = raster.frames;
  decoded.had_alpha = raster.had_alpha;
  decoded.had_icc_profile = raster.had_icc_profile;
  decoded.warning = std::move(raster.warning);
  Image picture(raster.width, raster.height, raster.channels, std::move(raster.pixels));
  decoded.pixels = ApplyOrientation(ToRgb(std::move(picture)), raster.orientation);
  return decoded;
}

}  // namespace

std::string_view FormatName(Format format) {
  switch (format) {
    case Format::kUnknown:
      return "unknown";
    case Format::kJpeg:
      return "jpeg";
    case Format::kPng:
      return "png";
    case Format::kWebp:
      return "webp";
    case Format::kGif:
      return "gif";
    case Format::kTiff:
      return "tiff";
    case Format::kBmp:
      return "bmp";
    case Format::kAvif:
      return "avif";
    case Format::kHeic:
      return "heic";
  }
  return "unknown";
}

Format SniffFormat(std::span<const std::byte> bytes) {
  const std::string_view head(reinterpret_cast<const char*>(bytes.data()),
                              std::min<std::size_t>(bytes.size(), 256));
  const auto starts = [&](std::string_view magic) { return head.starts_with(magic); };
  using namespace std::string_view_literals;
  if (starts("\xFF\xD8\xFF")) return Format::kJpeg;
  if (starts("\x89PNG\r\n\x1A\n")) return Format::kPng;
  if (starts("GIF87a") || starts("GIF89a")) return Format::kGif;
  if (starts("II\x2A\0"sv) || starts("MM\0\x2A"sv) || starts("II\x2B\0"sv) || starts("MM\0\x2B"sv))
    return Format::kTiff;
  if (head.size() >= 12 && starts("RIFF") && head.substr(8, 4) == "WEBP") return Format::kWebp;
  if (head.size() >= 16 && head.substr(4, 4) == "ftyp") return SniffHeif(head);
  // "BM" alone is two letters: ask for a size of the second header that exists.
  if (head.size() >= 18 && starts("BM")) {
    constexpr std::array<unsigned char, 7> kHeaderSizes{12, 40, 52, 56, 64, 108, 124};
    const bool known = std::find(kHeaderSizes.begin(), kHeaderSizes.end(),
                                 static_cast<unsigned char>(head[14])) != kHeaderSizes.end();
    if (known && head[15] == 0 && head[16] == 0 && head[17] == 0) return Format::kBmp;
  }
  return Format::kUnknown;
}

Error DecodeJob::Fail(ErrorCode code, std::string_view text) const {
  return {code, name + " " + std::string(text)};
}

Status DecodeJob::CheckSize(std::uint64_t width, std::uint64_t height, bool whole_frame) const {
  const DecodeLimits& limits = options.limits;
  const std::string size = std::to_string(width) + "x" + std::to_string(height);
  if (width == 0 || height == 0)
    return Fail(ErrorCode::kCorrupt, "says that it is " + size + " pixels; nothing can be read");
  const auto side = static_cast<std::uint64_t>(std::max(0, limits.max_side));
  if (width > side || height > side) {
    return Fail(ErrorCode::kTooLarge,
                "is " + size + " pixels; the limit is " + std::to_string(side) + " a side");
  }
  if (width * height > limits.max_pixels) {
    return Fail(ErrorCode::kTooLarge,
                "is " + size + " pixels; the limit is " + std::to_string(limits.max_pixels) + " in all");
  }
  if (whole_frame && width * height > limits.max_pixels_whole_frame) {
    return Fail(ErrorCode::kTooLarge, "is " + size +
                                          " pixels of a kind that must be held whole; the limit for it is " +
                                          std::to_string(limits.max_pixels_whole_frame) + " in all");
  }
  return {};
}

Status DecodeJob::CheckTime() const {
  if (std::chrono::steady_clock::now() <= deadline) return {};
  return Fail(ErrorCode::kTooLarge,
              "took longer than the time limit to decode; raise the limit if the file is trusted");
}

void Raster::Warn(std::string_view text) {
  if (!warning.empty()) warning += "; ";
  warning += text;
}

namespace {

Result<DecodedImage> DecodeOver(std::uint8_t ground, std::span<const std::byte> bytes, std::string_view name,
                                const DecodeOptions& options) {
  DecodeJob job{bytes, DisplayPath(std::filesystem::path(name)), SniffFormat(bytes), options, {}, ground};
  const double seconds = std::clamp(options.limits.max_seconds, 0.0, 1e6);
  job.deadline =
      std::chrono::steady_clock::now() +
      std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>(seconds));
  if (bytes.empty()) return job.Fail(ErrorCode::kInvalidArgument, "is empty; a picture was expected");
  if (bytes.size() > options.limits.max_file_bytes) {
    return job.Fail(ErrorCode::kTooLarge, "has " + std::to_string(bytes.size()) + " bytes; the limit is " +
                                              std::to_string(options.limits.max_file_bytes) + " bytes");
  }
  if (job.format == Format::kUnknown) {
    return job.Fail(
        ErrorCode::kUnsupported,
        "is no JPEG, PNG, WebP, GIF, TIFF, BMP, AVIF or HEIC picture by its first bytes; convert it first");
  }
  try {
    return Decode(job);
  } catch (const std::bad_alloc&) {
    return job.Fail(ErrorCode::kTooLarge, "needs more memory than can be had");
  }
}

}  // namespace

Result<DecodedImage> DecodeImage(std::span<const std::byte> bytes, std::string_view name,
                                 const DecodeOptions& options) {
  return DecodeOver(255, bytes, name, options);
}

Result<Cutout> DecodeCutout(std::span<const std::byte> bytes, std::string_view name,
                            const DecodeOptions& options) {
  KANTEI_TRY(DecodedImage white, DecodeOver(255, bytes, name, options));
  if (!white.had_alpha) return Cutout{std::move(white.pixels), {}};
  KANTEI_TRY(DecodedImage black, DecodeOver(0, bytes, name, options));
  // Over white there is (1 - alpha) more in each channel than over black.
  Cutout cutout{std::move(black.pixels), Image(white.pixels.width(), white.pixels.height(), 1)};
  bool opaque = true;
  for (std::size_t i = 0; i < cutout.alpha.pixels().size(); ++i) {
    int more = 0;
    for (std::size_t c = 0; c < 3; ++c)
      more += int(white.pixels.pixels()[3 * i + c]) - int(cutout.colour.pixels()[3 * i + c]);
    cutout.alpha.pixels()[i] = static_cast<std::uint8_t>(std::clamp(255 - (more + 1) / 3, 0, 255));
    opaque = opaque && cutout.alpha.pixels()[i] == 255;
  }
  if (opaque) cutout.alpha = Image();
  return cutout;
}

Result<DecodedImage> DecodeImageFile(const std::filesystem::path& path, const DecodeOptions& options) {
  KANTEI_TRY(const Bytes bytes, ReadFile(path, options.limits.max_file_bytes));
  return DecodeImage(bytes, path.native(), options);
}

}  // namespace kantei::image
