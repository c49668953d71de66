// JPEG through TurboJPEG, which reads the file from memory and can shrink by 2, 4 or 8 inside the inverse
// DCT.
#include <turbojpeg.h>

#include <algorithm>
#include <memory>
#include <string>

#include "kantei/image/decode_internal.h"
#include "kantei/image/jpeg_header.h"

namespace kantei::image {
namespace {

struct DestroyTurbo {
  void operator()(void* handle) const { tjDestroy(handle); }
};

/// The largest of 1, 2, 4, 8 by which the longer side can be divided and still be at least `side`.
int ShrinkFor(int width, int height, int side) {
  if (side <= 0) return 1;
  const int longer = std::max(width, height);
  int shrink = 1;
  while (shrink < 8 && (longer + 2 * shrink - 1) / (2 * shrink) >= side) shrink *= 2;
  return shrink;
}

Status CheckPlausible(const DecodeJob& job, const JpegHeader& header) {
  KANTEI_RETURN_IF_ERROR(job.CheckSize(static_cast<std::uint64_t>(header.width),
                                       static_cast<std::uint64_t>(header.height), header.held_whole));
  const std::string size = std::to_string(header.width) + "x" + std::to_string(header.height);
  // Huffman codes have at least one bit: a block takes two bits in a sequential scan (DC, end of block) and
  // one in the first scan of a progressive file. When not even a quarter of the picture can be in the file,
  // its header lies.
  const bool arithmetic = header.frame_marker >= 0xC9;
  const std::uint64_t least_bits = header.blocks * (header.frame_marker == 0xC2 ? 1 : 2);
  if (!arithmetic && static_cast<std::uint64_t>(header.scan_bytes) * 8 < least_bits / 4) {
    return job.Fail(ErrorCode::kCorrupt, "says that it is " + size + " pixels, but has only " +
                                             std::to_string(header.scan_bytes) +
                                             " bytes of picture; get a complete copy");
  }
  constexpr std::size_t kLeastScan = 8;
  if (header.scan_bytes < kLeastScan)
    return job.Fail(ErrorCode::kCorrupt, "ends before its first pixels; get a complete copy");
  // Every scan of a progressive file walks over all blocks, however few bytes it has. 2e7 blocks a second is
  // what a slow core does; TurboJPEG cannot be interrupted, so that the time is judged beforehand.
  const double seconds = static_cast<double>(header.blocks) * header.scans / 2e7;
  if (header.held_whole && seconds > job.options.limits.max_seconds) {
    return job.Fail(ErrorCode::kTooLarge, "has " + std::to_string(header.scans) + " scans over " + size +
                                              " pixels, which would pass the time limit");
  }
  return {};
}

}  // namespace

Result<Raster> DecodeJpegFile(const DecodeJob& job) {
  JpegHeader header = ReadJpegHeader(job.bytes);
  if (!header.valid) return job.Fail(ErrorCode::kCorrupt, "has no complete JPEG header; get a complete copy");
  if (header.precision != 8) {
    return job.Fail(ErrorCode::kUnsupported, "is a JPEG with " + std::to_string(header.precision) +
                                                 " bits a sample; only 8 are read, convert it first");
  }
  const int frame = header.frame_marker;
  if (frame != 0xC0 && frame != 0xC1 && frame != 0xC2 && frame != 0xC9 && frame != 0xCA) {
    return job.Fail(ErrorCode::kUnsupported, "is a lossless or hierarchical JPEG; convert it first");
  }
  KANTEI_RETURN_IF_ERROR(CheckPlausible(job, header));

  const std::unique_ptr<void, DestroyTurbo> turbo(tjInitDecompress());
  if (turbo == nullptr) return job.Fail(ErrorCode::kUnavailable, "cannot be decoded for want of memory");
  int width = 0, height = 0, subsampling = 0, colour = 0;
  const auto size = static_cast<unsigned long>(job.size());
  // Rare sampling factors are unknown to TurboJPEG; libvips reads them through libjpeg.
  if (tjDecompressHeader3(turbo.get(), job.data(), size, &width, &height, &subsampling, &colour) != 0 ||
      subsampling < 0 || width != header.width || height != header.height) {
    return DecodeThroughVips(job);
  }

  Raster raster;
  raster.original_width = width;
  raster.original_height = height;
  raster.orientation = header.orientation;
  const int shrink = ShrinkFor(width, height, job.options.max_longer_side);
  raster.width = (width + shrink - 1) / shrink;
  raster.height = (height + shrink - 1) / shrink;
  const bool ink = colour == TJCS_CMYK || colour == TJCS_YCCK;
  const int layout = ink ? TJPF_CMYK : colour == TJCS_GRAY ? TJPF_GRAY : TJPF_RGB;
  raster.channels = tjPixelSize[layout];
  raster.pixels.resize(static_cast<std::size_t>(raster.width) * static_cast<std::size_t>(raster.height) *
                       static_cast<std::size_t>(raster.channels));
  if (tjDecompress2(turbo.get(), job.data(), size, raster.pixels.data(), raster.width, 0, raster.height,
                    layout, TJFLAG_LIMITSCANS) != 0) {
    const std::string reason = tjGetErrorStr2(turbo.get());
    if (tjGetErrorCode(turbo.get()) != TJERR_WARNING) {
      return job.Fail(ErrorCode::kCorrupt, "cannot be decoded as JPEG (" + reason + "); get a good copy");
    }
    raster.Warn("the file is damaged or cut off, part of the picture may be missing or grey (" + reason +
                ")");
  }
  // Adobe programs store inverted ink.
  if (ink && header.adobe_transform >= 0) {
    for (std::uint8_t& value : raster.pixels) value = static_cast<std::uint8_t>(255 - value);
  }
  if (header.icc_incomplete) raster.Warn("the colour profile is incomplete, colours are taken as sRGB");
  raster.had_icc_profile = !header.icc_profile.empty();
  raster.icc_profile = std::move(header.icc_profile);
  return raster;
}

}  // namespace kantei::image
