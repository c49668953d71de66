// The parts of the metadata reader: containers fill a Harvest with blocks of bytes, readers turn blocks into
// Metadata.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kantei/authenticity/metadata.h"
#include "kantei/authenticity/metadata_bytes.h"

namespace kantei::authenticity::origin {

// What is read at most. A block above its limit is named in `problems` and left.
inline constexpr std::size_t kMaxExifBytes = 1 << 20;
inline constexpr std::size_t kMaxXmpBytes = 2 << 20;  // the XML tree takes about 16 times as much
inline constexpr std::size_t kMaxTextBytes = 1 << 20;
inline constexpr std::size_t kMaxAllTextBytes = 8 << 20;
inline constexpr std::size_t kMaxC2paBytes = 16 << 20;
inline constexpr std::size_t kMaxEntries = 512;  // of EXIF, XMP, IPTC each
inline constexpr std::size_t kMaxProblems = 32;

/// XMP properties of our own: kantei:ClaimSha256 is the hash of the record of how a picture was generated.
inline constexpr std::string_view kRecordNamespace = "urn:kantei:generation:1/";

/// A text with its key, in UTF-8: PNG text chunk, JPEG or GIF comment, EXIF string, XMP leaf, IPTC data set.
struct TextItem {
  std::string location;  ///< "PNG tEXt", "EXIF", "XMP", "JPEG comment" ...
  std::string key;       ///< "parameters", "UserComment", "xmp:CreatorTool"; empty for a comment
  std::string text;
};

struct JpegComponent {
  int h = 1, v = 1, table = 0;
};

/// The header segments of a JPEG file up to the first scan.
struct JpegHeader {
  std::array<std::optional<std::array<std::uint16_t, 64>>, 4> tables;  ///< by id, natural order
  std::vector<JpegComponent> components;                               ///< in the order of the frame header
  bool frame = false, progressive = false, adobe = false, photoshop = false;
};

/// What a container holds. Spans point into the file (or into owned_exif, hence not copied).
struct Harvest {
  Harvest() = default;
  Harvest(const Harvest&) = delete;
  Harvest& operator=(const Harvest&) = delete;

  ByteSpan exif;                    ///< from the TIFF header on; empty when absent
  bool exif_is_whole_tiff = false;  ///< a TIFF file: the second directory is a page, not a thumbnail
  Bytes owned_exif;                 ///< holds `exif` where the container had it encoded
  std::vector<std::string> xmp;
  std::vector<Bytes> c2pa;  ///< JUMBF boxes
  Bytes photoshop;          ///< image resources ("8BIM" ...)
  Bytes iptc;               ///< IIM data sets outside Photoshop resources
  std::vector<TextItem> texts;
  std::optional<JpegHeader> jpeg;
  std::vector<std::string> problems;

  void Problem(std::string sentence) {
    const bool known = std::find(problems.begin(), problems.end(), sentence) != problems.end();
    if (!known && problems.size() < kMaxProblems) problems.push_back(std::move(sentence));
  }
  void AddExif(ByteSpan block);  ///< with or without the "Exif\0\0" prefix; the first one counts
  void AddXmp(std::string_view packet);
  void AddC2pa(Bytes store);
  void AddText(std::string_view location, std::string_view key, std::string text);
  std::size_t text_bytes = 0;
};

void ReadJpegSegments(ByteSpan file, Harvest* harvest);
void ReadPngChunks(ByteSpan file, Harvest* harvest);
void ReadWebpChunks(ByteSpan file, Harvest* harvest);
void ReadGifBlocks(ByteSpan file, Harvest* harvest);
void ReadTiffFile(ByteSpan file, Harvest* harvest);
void ReadIsoBoxes(ByteSpan file, Harvest* harvest);

/// EXIF block to readable entries; strings go to `texts` in full length.
struct ExifFacts {
  std::vector<NamedValue> entries;
  std::vector<TextItem> texts;
  bool has_camera = false;
  int orientation = 1;
  ByteSpan thumbnail;  ///< a JPEG stream inside the block; empty when absent
};
ExifFacts ReadExif(ByteSpan tiff, bool whole_tiff, std::vector<std::string>* problems);
/// UserComment with its eight-byte character code.
std::string DecodeUserComment(ByteSpan value, bool tiff_little_endian);

struct XmpFacts {
  std::vector<NamedValue> entries;
  std::vector<TextItem> texts;  ///< the same leaves in full length
  std::string digital_source_type;
};
XmpFacts ReadXmp(std::string_view packet, std::vector<std::string>* problems);
/// The value of xmpNote:HasExtendedXMP without an XML parser, for joining the pieces.
std::string ExtendedXmpGuid(std::string_view packet);

std::vector<NamedValue> ReadPhotoshopIptc(ByteSpan resources, std::vector<std::string>* problems);
std::vector<NamedValue> ReadIptc(ByteSpan datasets, std::vector<std::string>* problems);

/// nullopt when the bytes hold no C2PA store at all.
std::optional<C2paSummary> ReadC2pa(ByteSpan jumbf);

std::optional<JpegCoding> ReadJpegCoding(const JpegHeader& header);

std::optional<ThumbnailCheck> CheckThumbnail(ByteSpan jpeg, int orientation, const image::Image& picture,
                                             std::vector<std::string>* problems);

/// All texts of the file and its C2PA summary (may be null) to generator tags, no two with one generator and
/// location.
std::vector<GeneratorTag> FindGenerators(const std::vector<TextItem>& texts, const C2paSummary* c2pa);

/// Makes `text` fit for ParseJson: bare NaN and Infinity, which Python writes, become null. False when an
/// object has more than 4096 members, since an object is built in quadratic time.
bool PrepareJson(std::string_view text, std::string* clean);

/// Adds a trimmed, cut value under `name`, unless it is empty, the name is there already, or there are 64
/// fields.
void AddField(std::string_view name, std::string_view value, GeneratorTag* tag);

/// `Steps: 20, Sampler: Euler a, ...` with the prompts before it. False when the text is not of this kind.
bool ReadWebUiParameters(std::string_view text, GeneratorTag* tag);
/// The API graph (node id -> class_type, inputs). False when it is not one.
bool ReadComfyGraph(std::string_view text, GeneratorTag* tag);

}  // namespace kantei::authenticity::origin
