// Writers of real containers, byte by byte, for the tests of the metadata reader.
#pragma once

#include <zlib.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kantei/base/files.h"
#include "kantei/base/json.h"

namespace kantei::authenticity::test {

inline std::string Be(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i) & 255);
  return text;
}
inline std::string Le(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 255);
  return text;
}
inline std::string Nul() {
  return std::string(1, '\0');
}
inline Bytes ToBytes(std::string_view text) {
  const auto raw = std::as_bytes(std::span(text));
  return Bytes(raw.begin(), raw.end());
}
inline std::string ToString(std::span<const std::byte> bytes) {
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

// --- JPEG ---

inline std::string Segment(int marker, const std::string& body) {
  return std::string("\xFF") + static_cast<char>(marker) + Be(body.size() + 2, 2) + body;
}
/// SOI, the segments, then a minimal scan.
inline std::string Jpeg(const std::string& segments) {
  return "\xFF\xD8" + segments + Segment(0xDA, std::string("\x01\x01\x00\x00\x3F\x00", 6)) +
         "\x12\x34\xFF\xD9";
}
/// Puts segments right after SOI of an encoded JPEG.
inline std::string WithSegments(const std::string& jpeg, const std::string& segments) {
  return jpeg.substr(0, 2) + segments + jpeg.substr(2);
}
inline std::string Frame(int marker, const std::vector<std::array<int, 3>>& components) {
  std::string body = Be(8, 1) + Be(64, 2) + Be(96, 2) + Be(components.size(), 1);
  int id = 1;
  for (const auto& c : components) body += Be(id++, 1) + Be(c[0] * 16 + c[1], 1) + Be(c[2], 1);
  return Segment(marker, body);
}
inline std::string XmpSegment(const std::string& packet) {
  return Segment(0xE1, "http://ns.adobe.com/xap/1.0/" + Nul() + packet);
}
/// A JUMBF box cut into APP11 segments of at most `piece` payload bytes.
inline std::string JumbfSegments(const std::string& box, std::size_t piece) {
  std::string segments;
  int sequence = 1;
  for (std::size_t at = 8; at < box.size() || sequence == 1; at += piece) {
    segments += Segment(0xEB, "JP" + Be(1, 2) + Be(sequence++, 4) + box.substr(0, 8) + box.substr(at, piece));
  }
  return segments;
}

// --- PNG ---

inline std::string Chunk(const std::string& type, const std::string& body) {
  const std::string both = type + body;
  const auto crc = ::crc32(0, reinterpret_cast<const Bytef*>(both.data()), static_cast<uInt>(both.size()));
  return Be(body.size(), 4) + both + Be(crc, 4);
}
inline std::string Png(const std::string& chunks) {
  return "\x89PNG\r\n\x1A\n" + Chunk("IHDR", Be(1, 4) + Be(1, 4) + std::string("\x08\x00\x00\x00\x00", 5)) +
         chunks + Chunk("IDAT", std::string("\x78\x9C\x63\x60\x00\x00\x00\x02\x00\x01", 10)) +
         Chunk("IEND", "");
}
inline std::string Deflate(const std::string& text) {
  uLongf size = ::compressBound(static_cast<uLong>(text.size()));
  std::string packed(size, '\0');
  ::compress2(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(text.data()),
              static_cast<uLong>(text.size()), 9);
  packed.resize(size);
  return packed;
}
inline std::string TextChunk(const std::string& key, const std::string& text) {
  return Chunk("tEXt", key + Nul() + text);
}
inline std::string ZtxtChunk(const std::string& key, const std::string& text) {
  return Chunk("zTXt", key + Nul() + Nul() + Deflate(text));
}
inline std::string ItxtChunk(const std::string& key, const std::string& text, bool compressed = false) {
  return Chunk("iTXt",
               key + Nul() + Be(compressed, 1) + Nul() + Nul() + Nul() + (compressed ? Deflate(text) : text));
}

// --- WebP, GIF ---

inline std::string RiffChunk(const std::string& type, const std::string& body) {
  return type + Le(body.size(), 4) + body + (body.size() % 2 == 1 ? Nul() : "");
}
inline std::string Webp(const std::string& chunks) {
  const std::string body = "WEBP" + RiffChunk("VP8X", std::string(10, '\0')) + chunks;
  return "RIFF" + Le(body.size(), 4) + body;
}
inline std::string SubBlocks(const std::string& data) {
  std::string blocks;
  for (std::size_t at = 0; at < data.size(); at += 255) {
    const std::string part = data.substr(at, 255);
    blocks += static_cast<char>(part.size()) + part;
  }
  return blocks + Nul();
}
inline std::string Gif(const std::string& blocks) {
  const std::string picture = std::string("\x2C\0\0\0\0\1\0\1\0\0", 10) + "\x02" + SubBlocks("\x44\x01");
  return "GIF89a" + Le(1, 2) + Le(1, 2) + std::string("\x80\0\0", 3) + std::string("\0\0\0\xFF\xFF\xFF", 6) +
         blocks + picture + "\x3B";
}
inline std::string GifXmp(const std::string& packet) {
  std::string trailer = "\x01";
  for (int i = 255; i >= 0; --i) trailer += static_cast<char>(i);
  return "\x21\xFF\x0BXMP DataXMP" + packet + trailer + Nul();
}

// --- TIFF directories, EXIF ---

struct Entry {
  int tag = 0, format = 0;
  std::uint32_t count = 0;
  std::string value;  ///< already in the byte order of the block
};

/// Directories of one block: IFD0 with pointers to EXIF and GPS where they are given, then IFD1 with a
/// thumbnail.
struct ExifBlock {
  bool little = true;
  std::vector<Entry> main, exif, gps;
  std::string thumbnail;

  std::string Number(std::uint64_t value, int bytes) const {
    return little ? Le(value, bytes) : Be(value, bytes);
  }
  Entry Ascii(int tag, const std::string& text) const {
    return {tag, 2, static_cast<std::uint32_t>(text.size() + 1), text + Nul()};
  }
  Entry Short(int tag, int value) const { return {tag, 3, 1, Number(static_cast<std::uint64_t>(value), 2)}; }
  Entry Long(int tag, std::uint32_t value) const { return {tag, 4, 1, Number(value, 4)}; }
  Entry Rational(int tag, std::uint32_t a, std::uint32_t b) const {
    return {tag, 5, 1, Number(a, 4) + Number(b, 4)};
  }
  Entry Undefined(int tag, const std::string& bytes) const {
    return {tag, 7, static_cast<std::uint32_t>(bytes.size()), bytes};
  }

  static std::size_t SizeOf(const std::vector<Entry>& entries) {
    std::size_t size = 6 + entries.size() * 12;
    for (const Entry& entry : entries) size += entry.value.size() > 4 ? (entry.value.size() + 1) / 2 * 2 : 0;
    return size;
  }
  std::string Directory(const std::vector<Entry>& entries, std::size_t at, std::size_t next) const {
    std::string head = Number(entries.size(), 2), data;
    const std::size_t data_at = at + 6 + entries.size() * 12;
    for (const Entry& entry : entries) {
      head += Number(static_cast<std::uint64_t>(entry.tag), 2) +
              Number(static_cast<std::uint64_t>(entry.format), 2) + Number(entry.count, 4);
      if (entry.value.size() <= 4) {
        head += entry.value + std::string(4 - entry.value.size(), '\0');
      } else {
        head += Number(data_at + data.size(), 4);
        data += entry.value + (entry.value.size() % 2 == 1 ? Nul() : "");
      }
    }
    return head + Number(next, 4) + data;
  }
  /// The block from its TIFF header on.
  std::string Tiff() const {
    std::vector<Entry> first = main;
    if (!exif.empty()) first.push_back(Long(0x8769, 0));
    if (!gps.empty()) first.push_back(Long(0x8825, 0));
    const std::size_t exif_at = 8 + SizeOf(first), gps_at = exif_at + (exif.empty() ? 0 : SizeOf(exif));
    const std::size_t second_at = gps_at + (gps.empty() ? 0 : SizeOf(gps));
    for (Entry& entry : first) {
      if (entry.tag == 0x8769) entry = Long(0x8769, static_cast<std::uint32_t>(exif_at));
      if (entry.tag == 0x8825) entry = Long(0x8825, static_cast<std::uint32_t>(gps_at));
    }
    std::string block = (little ? "II" : "MM") + Number(42, 2) + Number(8, 4);
    block += Directory(first, 8, thumbnail.empty() ? 0 : second_at);
    if (!exif.empty()) block += Directory(exif, exif_at, 0);
    if (!gps.empty()) block += Directory(gps, gps_at, 0);
    if (!thumbnail.empty()) {
      std::vector<Entry> second = {Short(0x0103, 6), Long(0x0201, 0),
                                   Long(0x0202, static_cast<std::uint32_t>(thumbnail.size()))};
      second[1] = Long(0x0201, static_cast<std::uint32_t>(second_at + SizeOf(second)));
      block += Directory(second, second_at, 0) + thumbnail;
    }
    return block;
  }
  std::string JpegSegment() const { return Segment(0xE1, "Exif" + Nul() + Nul() + Tiff()); }
};

inline std::string Utf16(const std::string& ascii, bool little) {
  std::string text;
  for (const char c : ascii) text += little ? c + Nul() : Nul() + c;
  return text;
}

// --- ISO boxes, JUMBF, C2PA ---

inline std::string IsoBox(const std::string& type, const std::string& body) {
  return Be(body.size() + 8, 4) + type + body;
}
inline std::string FullBox(const std::string& type, int version, const std::string& body) {
  return IsoBox(type, Be(static_cast<std::uint64_t>(version), 1) + Be(0, 3) + body);
}
inline std::string Avif(const std::string& boxes) {
  return IsoBox("ftyp", "avif" + Be(0, 4) + "avifmif1") + boxes;
}
/// A file with an Exif item and an XMP item in mdat; empty ones are left out.
inline std::string AvifWithItems(const std::string& tiff, const std::string& xmp) {
  const std::string exif = tiff.empty() ? "" : Be(6, 4) + "Exif" + Nul() + Nul() + tiff;
  std::string infos, locations;
  int count = 0;
  const auto meta = [&](std::size_t data_at) {
    infos = locations = "";
    count = 0;
    for (const auto& [kind, data] :
         {std::pair(std::string("Exif"), exif), std::pair(std::string("mime"), xmp)}) {
      if (!data.empty()) {
        ++count;
        infos += FullBox("infe", 2,
                         Be(static_cast<std::uint64_t>(count), 2) + Be(0, 2) + kind + Nul() +
                             (kind == "mime" ? "application/rdf+xml" + Nul() : ""));
        locations += Be(static_cast<std::uint64_t>(count), 2) + Be(0, 2) + Be(1, 2) + Be(data_at, 4) +
                     Be(data.size(), 4);
      }
      data_at += data.size();
    }
    return FullBox(
        "meta", 0,
        FullBox("iinf", 0, Be(static_cast<std::uint64_t>(count), 2) + infos) +
            FullBox("iloc", 0, Be(0x4400, 2) + Be(static_cast<std::uint64_t>(count), 2) + locations));
  };
  const std::size_t before = Avif(meta(0)).size() + 8;
  return Avif(meta(before) + IsoBox("mdat", exif + xmp));
}

inline std::string Superbox(const std::string& kind, const std::string& label, const std::string& content) {
  const std::string uuid = kind + std::string("\x00\x11\x00\x10\x80\x00\x00\xAA\x00\x38\x9B\x71", 12);
  return IsoBox("jumb", IsoBox("jumd", uuid + "\x03" + label + Nul()) + content);
}
inline std::string Cbor(const Json& value) {
  const std::vector<std::uint8_t> raw = Json::to_cbor(value);
  return std::string(raw.begin(), raw.end());
}
inline std::string CborAssertion(const std::string& label, const Json& value) {
  return Superbox("cbor", label, IsoBox("cbor", Cbor(value)));
}
inline std::string Manifest(const std::string& label, const std::string& claim_box,
                            const std::string& assertions) {
  return Superbox(
      "c2ma", label,
      Superbox("c2as", "c2pa.assertions", assertions) + claim_box +
          Superbox("c2cs", "c2pa.signature", IsoBox("cbor", std::string("\xD2\x84\x40\xA0\xF6\x40", 6))));
}
inline std::string Claim(const Json& value, const std::string& label = "c2pa.claim") {
  return Superbox("c2cl", label, IsoBox("cbor", Cbor(value)));
}
inline std::string Store(const std::string& manifests) {
  return Superbox("c2pa", "c2pa", manifests);
}
/// As a text-to-image service writes it.
inline std::string FireflyStore() {
  const Json actions = {
      {"actions",
       Json::array({{{"action", "c2pa.created"},
                     {"softwareAgent", "Adobe Firefly"},
                     {"digitalSourceType",
                      "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"}}})}};
  const Json claim = {{"claim_generator", "Adobe_Firefly/1.0 c2pa-rs/0.25.2"},
                      {"dc:title", "Generated image"},
                      {"dc:format", "image/jpeg"},
                      {"signature", "self#jumbf=c2pa.signature"}};
  return Store(Manifest("urn:uuid:0b5f6b9c", Claim(claim), CborAssertion("c2pa.actions", actions)));
}

inline std::string XmpPacket(const std::string& description) {
  return "<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?><x:xmpmeta "
         "xmlns:x=\"adobe:ns:meta/\">"
         "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">" +
         description + "</rdf:RDF></x:xmpmeta><?xpacket end=\"w\"?>";
}

// --- one of each ---

inline std::string SmallXmp() {
  return XmpPacket(
      "<rdf:Description xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" xmp:CreatorTool=\"Darkroom 7\"/>");
}
inline std::string SmallTiff() {
  ExifBlock block;
  block.main = {block.Ascii(0x0131, "Darkroom 7")};
  return block.Tiff();
}

// One picture of each container with an EXIF block, an XMP packet and a C2PA store, where the format has a
// place for it.
struct Container {
  const char* name;
  std::string file;
  bool exif, xmp, c2pa;
};

inline std::vector<Container> AllContainers() {
  const std::string store = FireflyStore(), xmp = SmallXmp();
  ExifBlock tiff;
  const auto bytes = [](int tag, int format, const std::string& value) {
    return Entry{tag, format, static_cast<std::uint32_t>(value.size()), value};
  };
  tiff.main = {tiff.Ascii(0x0131, "Darkroom 7"), bytes(700, 1, xmp), bytes(52545, 7, store)};
  const std::string c2pa_uuid = "\xD8\xFE\xC3\xD6\x1B\x0E\x48\x3C\x92\x97\x58\x28\x87\x7E\xC4\x81";
  const std::string xmp_uuid = "\xBE\x7A\xCF\xCB\x97\xA9\x42\xE8\x9C\x71\x99\x94\x91\xE3\xAF\xAC";
  return {
      {"jpeg",
       Jpeg(Segment(0xE1, "Exif" + Nul() + Nul() + SmallTiff()) + XmpSegment(xmp) +
            JumbfSegments(store, 200)),
       true, true, true},
      {"png", Png(Chunk("eXIf", SmallTiff()) + ItxtChunk("XML:com.adobe.xmp", xmp) + Chunk("caBX", store)),
       true, true, true},
      {"png compressed xmp", Png(ItxtChunk("XML:com.adobe.xmp", xmp, true)), false, true, false},
      {"webp", Webp(RiffChunk("EXIF", SmallTiff()) + RiffChunk("XMP ", xmp) + RiffChunk("C2PA", store)), true,
       true, true},
      {"gif", Gif(GifXmp(xmp) + "\x21\xFF\x0B" + std::string("C2PA_GIF\x01\x00\x00", 11) + SubBlocks(store)),
       false, true, true},
      {"tiff", tiff.Tiff(), true, true, true},
      {"avif items", AvifWithItems(SmallTiff(), xmp), true, true, false},
      {"avif boxes",
       Avif(IsoBox("uuid", xmp_uuid + xmp) +
            IsoBox("uuid", c2pa_uuid + Be(0, 4) + "manifest" + Nul() + Be(0, 8) + store)),
       false, true, true},
      {"avif jumb box", Avif(store), false, false, true},
  };
}

}  // namespace kantei::authenticity::test
