// WebP (RIFF) chunks and GIF extension blocks.
#include <algorithm>
#include <string>

#include "kantei/authenticity/metadata_internal.h"

namespace kantei::authenticity::origin {
namespace {

constexpr int kMaxChunks = 100'000;
constexpr int kMaxGifBlocks = 1'000'000;

// GIF data sub-blocks: a length byte and that many bytes, until a zero length. `joined` may be null; it stops
// growing at `limit`.
bool ReadSubBlocks(ByteReader* reader, std::size_t limit, Bytes* joined) {
  std::uint8_t length = 0;
  ByteSpan part;
  while (reader->Read(&length)) {
    if (length == 0) return true;
    if (!reader->Take(length, &part)) return false;
    if (joined != nullptr && joined->size() + part.size() <= limit)
      joined->insert(joined->end(), part.begin(), part.end());
  }
  return false;
}

bool SkipColourTable(ByteReader* reader, std::uint8_t packed) {
  return (packed & 0x80) == 0 || reader->Skip(3ull << ((packed & 7) + 1));
}

// XMP in GIF is not cut into sub-blocks: its bytes stand as they are and a 258-byte trailer (01, FF, FE ...
// 00, 00) lets a reader that takes them for sub-blocks come out at the right place.
bool ReadGifXmp(ByteReader* reader, Harvest* harvest) {
  const ByteSpan from_here = reader->rest();
  const std::size_t before = reader->position();
  if (!ReadSubBlocks(reader, 0, nullptr)) return false;
  const std::string_view raw = AsText(from_here.first(reader->position() - before));
  const std::size_t end = raw.rfind('>');
  if (end == std::string_view::npos) return false;
  harvest->AddXmp(raw.substr(0, end + 1));
  return true;
}

bool ReadGifExtension(ByteReader* reader, Harvest* harvest) {
  std::uint8_t label = 0;
  if (!reader->Read(&label)) return false;
  if (label == 0xFE) {
    Bytes comment;
    if (!ReadSubBlocks(reader, kMaxTextBytes, &comment)) return false;
    harvest->AddText("GIF comment", "", ReadableText(AsText(comment)));
    return true;
  }
  if (label != 0xFF) return ReadSubBlocks(reader, 0, nullptr);
  std::uint8_t length = 0;
  ByteSpan name;
  if (!reader->Read(&length) || !reader->Take(length, &name)) return false;
  if (AsText(name) == "XMP DataXMP") return ReadGifXmp(reader, harvest);
  if (StartsWith(name, "C2PA_GIF")) {
    Bytes store;
    if (!ReadSubBlocks(reader, kMaxC2paBytes, &store)) return false;
    harvest->AddC2pa(std::move(store));
    return true;
  }
  return length == 0 || ReadSubBlocks(reader, 0, nullptr);
}

bool ReadGifImage(ByteReader* reader) {
  std::uint8_t packed = 0;
  return reader->Skip(8) && reader->Read(&packed) && SkipColourTable(reader, packed) && reader->Skip(1) &&
         ReadSubBlocks(reader, 0, nullptr);
}

}  // namespace

void ReadWebpChunks(ByteSpan file, Harvest* harvest) {
  ByteReader reader(file, /*little_endian=*/true);
  std::uint32_t stated = 0;
  if (!reader.Skip(4) || !reader.Read(&stated) || !reader.Skip(4)) {
    harvest->Problem("the WebP file ends within its header");
    return;
  }
  if (stated > file.size() - 8) {
    harvest->Problem("the WebP file states " + std::to_string(stated) + " bytes after its header, of which " +
                     std::to_string(file.size() - 8) + " are there");
  }
  for (int count = 0; count < kMaxChunks && reader.remaining() >= 8; ++count) {
    const std::size_t at = reader.position();
    ByteSpan type, body;
    std::uint32_t length = 0;
    reader.Take(4, &type);
    reader.Read(&length);
    if (!reader.Take(length, &body)) {
      harvest->Problem("the WebP chunk at byte " + std::to_string(at) + " runs past the end of the file");
      return;
    }
    if ((length & 1) != 0) reader.Skip(1);
    const std::string_view name = AsText(type);
    if (name == "EXIF") {
      harvest->AddExif(body);
    } else if (name == "XMP ") {
      harvest->AddXmp(AsText(body));
    } else if (name == "C2PA") {
      if (body.size() > kMaxC2paBytes) {
        harvest->Problem("the C2PA chunk of the WebP file has " + std::to_string(body.size()) +
                         " bytes, which is above the limit");
      } else {
        harvest->AddC2pa(Bytes(body.begin(), body.end()));
      }
    }
  }
}

void ReadGifBlocks(ByteSpan file, Harvest* harvest) {
  ByteReader reader(file);
  std::uint8_t packed = 0;
  bool sound = reader.Skip(10) && reader.Read(&packed) && reader.Skip(2) && SkipColourTable(&reader, packed);
  for (int count = 0; sound && count < kMaxGifBlocks; ++count) {
    std::uint8_t introducer = 0;
    sound = reader.Read(&introducer);
    if (!sound || introducer == 0x3B) break;
    if (introducer == 0x21) {
      sound = ReadGifExtension(&reader, harvest);
    } else if (introducer == 0x2C) {
      sound = ReadGifImage(&reader);
    } else {
      sound = false;
    }
  }
  if (!sound) {
    harvest->Problem("the block structure of the GIF file breaks at byte " +
                     std::to_string(reader.position()) + "; what follows was not read");
  }
}

}  // namespace kantei::authenticity::origin
