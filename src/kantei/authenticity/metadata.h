// What a file says about its own origin. All of it can be forged or stripped; it is stated, not believed.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kantei/base/files.h"
#include "kantei/base/result.h"
#include "kantei/image/image.h"

namespace kantei::authenticity {

struct NamedValue {
  std::string name, value;  ///< UTF-8, value cut at 4096 bytes
};

/// Text that an image generator left in the file.
struct GeneratorTag {
  std::string generator;  ///< "Stable Diffusion WebUI", "ComfyUI", "NovelAI", "InvokeAI", "Midjourney",
                          ///< "DALL-E", ... or "unknown"
  std::string location;   ///< e.g. "PNG tEXt parameters", "EXIF UserComment", "XMP"
  std::vector<NamedValue>
      fields;  ///< prompt, negative_prompt, seed, steps, sampler, model ... as far as they could be read
};

/// A C2PA manifest store was found (JUMBF, CBOR). The signature is not checked.
struct C2paSummary {
  std::string active_manifest;  ///< label, may be empty
  std::string claim_generator;
  std::string title, format;
  std::vector<std::string> actions;               ///< e.g. "c2pa.created", "c2pa.edited"
  std::vector<std::string> digital_source_types;  ///< last path element, e.g. "trainedAlgorithmicMedia"
  std::vector<std::string> software_agents;
  int manifests = 0;
  bool signature_checked = false;
  std::string problem;  ///< why parts could not be read; empty when all could
};

/// What the JPEG coding itself tells.
struct JpegCoding {
  std::vector<std::array<std::uint16_t, 64>> tables;  ///< quantisation tables in natural (row-major) order
  int estimated_quality = 0;                          ///< 1..100 on the IJG scale, of the luma table
  double quality_deviation = 0;  ///< mean absolute difference to that IJG table; 0 = exactly an IJG table
  std::string encoder_family;    ///< "IJG/libjpeg", "Photoshop", "camera or other" ...
  std::string subsampling;       ///< "4:4:4", "4:2:0" ...
  bool progressive = false;
};

struct ThumbnailCheck {
  int width = 0, height = 0;
  double correlation = 0;    ///< normalised cross-correlation of grey levels after letterbox removal, -1..1
  bool contradicts = false;  ///< correlation below 0.8 or another aspect than the picture
};

struct Metadata {
  std::vector<NamedValue>
      exif;  ///< readable EXIF entries, "Make", "Model", "DateTimeOriginal", "Software" ...
  std::vector<NamedValue> xmp;   ///< flattened "prefix:name" leaves
  std::vector<NamedValue> iptc;  ///< IPTC-IIM of Photoshop resources, if any
  std::string
      digital_source_type;  ///< XMP Iptc4xmpExt:DigitalSourceType, last path element; empty when absent
  bool has_camera = false;  ///< Make/Model with exposure data
  std::vector<GeneratorTag> generators;
  std::optional<C2paSummary> c2pa;
  std::optional<JpegCoding> jpeg;
  std::optional<ThumbnailCheck> thumbnail;
  std::vector<std::string> problems;  ///< segments that could not be read, one sentence each
};

/// Reads JPEG, PNG, WebP, TIFF, GIF, AVIF and HEIC containers. Never fails on a damaged segment: it is named
/// in `problems`. `decoded` (may be null) is the upright picture at any size, for the thumbnail check.
Metadata ReadMetadata(std::span<const std::byte> file, const image::Image* decoded);

/// The PNG file with one more text chunk right after its header: tEXt when `text` is ASCII and no XMP, else iTXt.
/// Nothing is replaced. kInvalidArgument when `png` is no PNG file, the keyword is not 1 to 79 printable
/// ASCII characters, or the text is not UTF-8; kTooLarge above 1 MiB of text.
Result<Bytes> InsertPngText(std::span<const std::byte> png, std::string_view keyword, std::string_view text);

/// True for DigitalSourceType values that declare a picture as made wholly or partly by a trained model.
bool DeclaresAiMade(std::string_view digital_source_type);
bool DeclaresAiComposite(std::string_view digital_source_type);

}  // namespace kantei::authenticity
