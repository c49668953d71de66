#include "kantei/authenticity/metadata.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "kantei/authenticity/metadata_internal.h"
#include "kantei/image/decode.h"

namespace kantei::authenticity {
namespace origin {

using std::string_view_literals::operator""sv;

void Harvest::AddExif(ByteSpan block) {
  if (block.size() >= 6 && StartsWith(block, "Exif\0"sv)) block = block.subspan(6);
  if (block.size() > kMaxExifBytes) {
    Problem("the EXIF block has " + std::to_string(block.size()) + " bytes, above the limit of " +
            std::to_string(kMaxExifBytes) + "; it was not read");
    return;
  }
  if (!exif.empty()) {
    Problem("the file holds more than one EXIF block; the first was read");
    return;
  }
  exif = block;
}

void Harvest::AddXmp(std::string_view packet) {
  while (packet.ends_with('\0')) packet.remove_suffix(1);
  if (packet.empty()) return;
  if (packet.size() > kMaxXmpBytes) {
    Problem("an XMP packet has " + std::to_string(packet.size()) + " bytes, above the limit of " +
            std::to_string(kMaxXmpBytes) + "; it was not read");
  } else if (xmp.size() >= 4) {
    Problem("the file holds more than four XMP packets; the first four were read");
  } else {
    xmp.emplace_back(packet);
  }
}

void Harvest::AddC2pa(Bytes store) {
  if (store.empty()) return;
  if (c2pa.size() >= 4) {
    Problem("the file holds more than four JUMBF boxes; the first four were read");
    return;
  }
  c2pa.push_back(std::move(store));
}

void Harvest::AddText(std::string_view location, std::string_view key, std::string text) {
  if (texts.size() >= kMaxEntries || text.size() > kMaxTextBytes ||
      text_bytes + text.size() > kMaxAllTextBytes) {
    Problem("the file holds more text than is read");
    return;
  }
  text_bytes += text.size();
  texts.push_back({std::string(location), std::string(key), std::move(text)});
}

}  // namespace origin

namespace {

void ReadContainer(origin::ByteSpan file, origin::Harvest* harvest) {
  switch (image::SniffFormat(file)) {
    case image::Format::kJpeg:
      return origin::ReadJpegSegments(file, harvest);
    case image::Format::kPng:
      return origin::ReadPngChunks(file, harvest);
    case image::Format::kWebp:
      return origin::ReadWebpChunks(file, harvest);
    case image::Format::kGif:
      return origin::ReadGifBlocks(file, harvest);
    case image::Format::kTiff:
      return origin::ReadTiffFile(file, harvest);
    case image::Format::kAvif:
    case image::Format::kHeic:
      return origin::ReadIsoBoxes(file, harvest);
    case image::Format::kBmp:
      return;  // holds no metadata
    case image::Format::kUnknown:
      return harvest->Problem("the file is of no format whose metadata are read");
  }
}

template <typename T>
void Append(std::vector<T> from, std::vector<T>* to) {
  to->insert(to->end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

Metadata ReadMetadata(std::span<const std::byte> file, const image::Image* decoded) {
  Metadata metadata;
  origin::Harvest harvest;
  ReadContainer(file, &harvest);
  std::vector<std::string> problems;

  if (!harvest.exif.empty()) {
    origin::ExifFacts facts = origin::ReadExif(harvest.exif, harvest.exif_is_whole_tiff, &problems);
    metadata.exif = std::move(facts.entries);
    metadata.has_camera = facts.has_camera;
    Append(std::move(facts.texts), &harvest.texts);
    if (!facts.thumbnail.empty() && decoded != nullptr && !decoded->empty()) {
      metadata.thumbnail = origin::CheckThumbnail(facts.thumbnail, facts.orientation, *decoded, &problems);
    }
  }
  for (const std::string& packet : harvest.xmp) {
    origin::XmpFacts facts = origin::ReadXmp(packet, &problems);
    Append(std::move(facts.entries), &metadata.xmp);
    Append(std::move(facts.texts), &harvest.texts);
    if (metadata.digital_source_type.empty())
      metadata.digital_source_type = std::move(facts.digital_source_type);
  }
  if (!harvest.photoshop.empty()) metadata.iptc = origin::ReadPhotoshopIptc(harvest.photoshop, &problems);
  if (!harvest.iptc.empty() && metadata.iptc.empty())
    metadata.iptc = origin::ReadIptc(harvest.iptc, &problems);
  for (const NamedValue& value : metadata.iptc) harvest.texts.push_back({"IPTC", value.name, value.value});
  for (const Bytes& store : harvest.c2pa) {
    if (!metadata.c2pa) metadata.c2pa = origin::ReadC2pa(store);
  }
  if (harvest.jpeg) metadata.jpeg = origin::ReadJpegCoding(*harvest.jpeg);
  metadata.generators = origin::FindGenerators(harvest.texts, metadata.c2pa ? &*metadata.c2pa : nullptr);

  Append(std::move(problems), &harvest.problems);
  harvest.problems.resize(std::min(harvest.problems.size(), origin::kMaxProblems));
  metadata.problems = std::move(harvest.problems);
  return metadata;
}

bool DeclaresAiMade(std::string_view digital_source_type) {
  return origin::LastPathElement(digital_source_type) == "trainedAlgorithmicMedia";
}

bool DeclaresAiComposite(std::string_view digital_source_type) {
  // compositeSynthetic: "a composite that includes at least one synthetic element"; algorithmicMedia is made
  // by an algorithm that was not trained and declares no model.
  const std::string_view type = origin::LastPathElement(digital_source_type);
  return type == "compositeWithTrainedAlgorithmicMedia" || type == "compositeSynthetic";
}

}  // namespace kantei::authenticity
