// JPEG (ITU-T T.81) marker segments up to the first scan, and what applications keep in them.
#include <algorithm>
#include <map>
#include <string>

#include "kantei/authenticity/metadata_internal.h"

namespace kantei::authenticity::origin {
namespace {

using std::string_view_literals::operator""sv;

constexpr int kMaxSegments = 20'000;
constexpr std::string_view kXmpPrefix = "http://ns.adobe.com/xap/1.0/\0"sv;
constexpr std::string_view kExtendedXmpPrefix = "http://ns.adobe.com/xmp/extension/\0"sv;
constexpr std::string_view kPhotoshopPrefix = "Photoshop 3.0\0"sv;

constexpr std::array<std::uint8_t, 64> kZigzag = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

struct XmpPiece {
  std::uint32_t full_length = 0, offset = 0;
  ByteSpan bytes;
};
struct JumbfPiece {
  std::uint32_t sequence = 0;
  ByteSpan bytes;  // from the box header on, which every segment repeats
};

class SegmentReader {
 public:
  SegmentReader(ByteSpan file, Harvest* harvest) : reader_(file), harvest_(harvest) {}

  void Read() {
    harvest_->jpeg.emplace();
    reader_.Skip(2);  // SOI
    for (int count = 0;; ++count) {
      if (count == kMaxSegments) {
        harvest_->Problem("the JPEG file has more than " + std::to_string(kMaxSegments) +
                          " segments; the rest was not read");
        break;
      }
      if (!ReadSegment()) break;
    }
    JoinXmp();
    JoinJumbf();
  }

 private:
  std::string Where(std::uint8_t marker, std::size_t at) const {
    static constexpr char kHex[] = "0123456789ABCDEF";
    return std::string("the JPEG segment FF") + kHex[marker >> 4] + kHex[marker & 15] + " at byte " +
           std::to_string(at);
  }

  // False at the first scan, the end, or where the structure breaks.
  bool ReadSegment() {
    const std::size_t at = reader_.position();
    std::uint8_t byte = 0, marker = 0xFF;
    if (!reader_.Read(&byte)) {
      harvest_->Problem("the JPEG file ends before its first scan");
      return false;
    }
    if (byte != 0xFF) {
      harvest_->Problem("a JPEG marker was expected at byte " + std::to_string(at) +
                        "; the rest of the header was not read");
      return false;
    }
    while (marker == 0xFF) {  // fill bytes
      if (!reader_.Read(&marker)) {
        harvest_->Problem("the JPEG file ends before its first scan");
        return false;
      }
    }
    if (marker == 0xD9 || marker == 0xDA) return false;
    if (marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) return true;
    std::uint16_t length = 0;
    ByteSpan body;
    if (!reader_.Read(&length) || length < 2 || !reader_.Take(length - 2u, &body)) {
      harvest_->Problem(Where(marker, at) + " states " + std::to_string(length) + " bytes, of which " +
                        std::to_string(reader_.remaining()) + " are there; it was not read");
      return false;
    }
    switch (marker) {
      case 0xE1:
        ReadApp1(body);
        break;
      case 0xEB:
        ReadApp11(body);
        break;
      case 0xED:
        if (StartsWith(body, kPhotoshopPrefix)) {
          harvest_->jpeg->photoshop = true;
          const ByteSpan part = body.subspan(kPhotoshopPrefix.size());
          if (harvest_->photoshop.size() + part.size() <= kMaxTextBytes) {
            harvest_->photoshop.insert(harvest_->photoshop.end(), part.begin(), part.end());
          }
        }
        break;
      case 0xEE:
        if (StartsWith(body, "Adobe")) harvest_->jpeg->adobe = true;
        break;
      case 0xFE:
        harvest_->AddText("JPEG comment", "", ReadableText(AsText(body)));
        break;
      case 0xDB:
        if (!ReadTables(body)) harvest_->Problem(Where(marker, at) + " holds damaged quantisation tables");
        break;
      default:
        if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC) {
          if (!ReadFrame(marker, body))
            harvest_->Problem(Where(marker, at) + " holds a damaged frame header");
        }
    }
    return true;
  }

  void ReadApp1(ByteSpan body) {
    if (StartsWith(body, "Exif\0"sv)) {
      harvest_->AddExif(body);
    } else if (StartsWith(body, kXmpPrefix)) {
      harvest_->AddXmp(AsText(body.subspan(kXmpPrefix.size())));
    } else if (StartsWith(body, kExtendedXmpPrefix)) {
      ByteReader reader(body);
      ByteSpan guid;
      XmpPiece piece;
      if (reader.Skip(kExtendedXmpPrefix.size()) && reader.Take(32, &guid) &&
          reader.Read(&piece.full_length) && reader.Read(&piece.offset)) {
        piece.bytes = reader.rest();
        xmp_pieces_[std::string(AsText(guid))].push_back(piece);
      } else {
        harvest_->Problem("an extended XMP segment of the JPEG file is too short");
      }
    }
  }

  // ISO 19566-5 annex D: "JP", box instance number, packet sequence number, then a piece of the box with its
  // header.
  void ReadApp11(ByteSpan body) {
    ByteReader reader(body);
    std::uint16_t common = 0, instance = 0;
    JumbfPiece piece;
    if (!reader.Read(&common) || common != 0x4A50) return;
    if (!reader.Read(&instance) || !reader.Read(&piece.sequence) || reader.remaining() < 8) {
      harvest_->Problem("a JUMBF segment of the JPEG file is too short");
      return;
    }
    piece.bytes = reader.rest();
    jumbf_pieces_[instance].push_back(piece);
  }

  bool ReadTables(ByteSpan body) {
    ByteReader reader(body);
    while (reader.remaining() > 0) {
      std::uint8_t head = 0;
      reader.Read(&head);
      const bool wide = head >> 4 == 1;
      const unsigned id = head & 15u;
      if (head >> 4 > 1 || id > 3) return false;
      std::array<std::uint16_t, 64> table{};
      for (const std::uint8_t natural : kZigzag) {
        std::uint64_t value = 0;
        if (!reader.ReadSized(wide ? 2 : 1, &value)) return false;
        table[natural] = static_cast<std::uint16_t>(value);
      }
      harvest_->jpeg->tables[id] = table;
    }
    return true;
  }

  bool ReadFrame(std::uint8_t marker, ByteSpan body) {
    ByteReader reader(body);
    std::uint8_t precision = 0, count = 0;
    std::uint16_t height = 0, width = 0;
    if (!reader.Read(&precision) || !reader.Read(&height) || !reader.Read(&width) || !reader.Read(&count) ||
        count == 0 || count > 4) {
      return false;
    }
    std::vector<JpegComponent> components;
    for (int i = 0; i < count; ++i) {
      std::uint8_t id = 0, sampling = 0, table = 0;
      if (!reader.Read(&id) || !reader.Read(&sampling) || !reader.Read(&table)) return false;
      const JpegComponent component{sampling >> 4, sampling & 15, table};
      if (component.h < 1 || component.h > 4 || component.v < 1 || component.v > 4 || component.table > 3)
        return false;
      components.push_back(component);
    }
    harvest_->jpeg->components = std::move(components);
    harvest_->jpeg->frame = true;
    harvest_->jpeg->progressive = marker == 0xC2 || marker == 0xC6 || marker == 0xCA || marker == 0xCE;
    return true;
  }

  // XMP part 3, 1.1.3.1: pieces of one GUID, each with its offset in the whole.
  void JoinXmp() {
    if (xmp_pieces_.empty()) return;
    const std::string guid = harvest_->xmp.empty() ? "" : ExtendedXmpGuid(harvest_->xmp.front());
    const auto found = xmp_pieces_.find(guid);
    if (found == xmp_pieces_.end()) {
      harvest_->Problem("the extended XMP of the JPEG file belongs to no XMP packet; it was not read");
      return;
    }
    std::vector<XmpPiece>& pieces = found->second;
    std::stable_sort(pieces.begin(), pieces.end(),
                     [](const XmpPiece& a, const XmpPiece& b) { return a.offset < b.offset; });
    const std::uint32_t full = pieces.front().full_length;
    if (full > kMaxXmpBytes) {
      harvest_->Problem("the extended XMP of the JPEG file states " + std::to_string(full) +
                        " bytes, above the limit of " + std::to_string(kMaxXmpBytes) + "; it was not read");
      return;
    }
    std::string packet;
    for (const XmpPiece& piece : pieces) {
      if (piece.offset != packet.size() || piece.full_length != full ||
          piece.bytes.size() > full - packet.size()) {
        harvest_->Problem(
            "the pieces of the extended XMP of the JPEG file do not fit together; it was not read");
        return;
      }
      packet += AsText(piece.bytes);
    }
    if (packet.size() != full) {
      harvest_->Problem("the extended XMP of the JPEG file is incomplete; it was not read");
      return;
    }
    harvest_->AddXmp(packet);
  }

  void JoinJumbf() {
    for (auto& [instance, pieces] : jumbf_pieces_) {
      std::stable_sort(pieces.begin(), pieces.end(),
                       [](const JumbfPiece& a, const JumbfPiece& b) { return a.sequence < b.sequence; });
      std::size_t total = 0;
      for (const JumbfPiece& piece : pieces) total += piece.bytes.size();
      if (total > kMaxC2paBytes) {
        harvest_->Problem("a JUMBF box of the JPEG file has " + std::to_string(total) +
                          " bytes, above the limit of " + std::to_string(kMaxC2paBytes) +
                          "; it was not read");
        continue;
      }
      Bytes box;
      box.reserve(total);
      for (std::size_t i = 0; i < pieces.size(); ++i) {
        if (i > 0 && pieces[i].sequence != pieces[i - 1].sequence + 1) {
          harvest_->Problem(
              "the JUMBF segments of the JPEG file are incomplete; what comes after the gap was not read");
          break;
        }
        ByteReader reader(pieces[i].bytes);
        std::uint32_t length = 0;
        reader.Read(&length);
        const std::size_t header = length == 1 ? 16 : 8;
        if (i > 0 && !reader.Seek(header)) break;
        if (i == 0) reader.Seek(0);
        box.insert(box.end(), reader.rest().begin(), reader.rest().end());
      }
      harvest_->AddC2pa(std::move(box));
    }
  }

  ByteReader reader_;
  Harvest* harvest_;
  std::map<std::string, std::vector<XmpPiece>> xmp_pieces_;
  std::map<std::uint16_t, std::vector<JumbfPiece>> jumbf_pieces_;
};

}  // namespace

std::string ExtendedXmpGuid(std::string_view packet) {
  const std::size_t at = packet.find("HasExtendedXMP");
  if (at == std::string_view::npos) return {};
  // Attribute or element form: the first run of 32 hexadecimal digits that follows.
  std::size_t run = 0;
  const std::size_t end = std::min(packet.size(), at + 200);
  for (std::size_t i = at + 14; i < end; ++i) {
    const char c = packet[i];
    const bool hex = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
    run = hex ? run + 1 : 0;
    if (run == 32) return std::string(packet.substr(i - 31, 32));
  }
  return {};
}

void ReadJpegSegments(ByteSpan file, Harvest* harvest) {
  SegmentReader(file, harvest).Read();
}

}  // namespace kantei::authenticity::origin
