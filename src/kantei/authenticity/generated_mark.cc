#include "kantei/authenticity/generated_mark.h"

#include <string_view>

#include "kantei/authenticity/metadata.h"
#include "kantei/authenticity/metadata_internal.h"

namespace kantei::authenticity {
namespace {

using std::string_view_literals::operator""sv;

std::string EscapeXml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return escaped;
}

std::string Packet(const GeneratedMark& mark) {
  const std::string_view type =
      mark.composite ? "compositeWithTrainedAlgorithmicMedia" : "trainedAlgorithmicMedia";
  return "<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n"
         "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n"
         " <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n"
         "  <rdf:Description rdf:about=\"\"\n"
         "    xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\"\n"
         "    xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\"\n"
         "    xmlns:kantei=\"" +
         std::string(origin::kRecordNamespace) + "\"\n    xmp:CreatorTool=\"" + EscapeXml(mark.tool) +
         "\"\n    Iptc4xmpExt:DigitalSourceType=\"http://cv.iptc.org/newscodes/digitalsourcetype/" +
         std::string(type) + "\"\n    kantei:ClaimSha256=\"" + EscapeXml(mark.claim_sha256) +
         "\"/>\n </rdf:RDF>\n</x:xmpmeta>\n<?xpacket end=\"r\"?>";
}

/// The packet as an APP1 segment, after JFIF's APP0 if that comes first, as JFIF wants.
Bytes InsertIntoJpeg(std::span<const std::byte> jpeg, std::string_view packet) {
  constexpr std::string_view kHeader = "http://ns.adobe.com/xap/1.0/\0"sv;
  std::size_t at = 2;
  if (jpeg.size() > 6 && jpeg[2] == std::byte{0xFF} && jpeg[3] == std::byte{0xE0}) {
    const std::size_t length =
        std::to_integer<std::size_t>(jpeg[4]) << 8 | std::to_integer<std::size_t>(jpeg[5]);
    if (4 + length <= jpeg.size()) at = 4 + length;
  }
  const std::size_t length = 2 + kHeader.size() + packet.size();
  Bytes out(jpeg.begin(), jpeg.begin() + static_cast<std::ptrdiff_t>(at));
  for (const std::size_t value : {std::size_t{0xFF}, std::size_t{0xE1}, length >> 8, length & 255})
    out.push_back(static_cast<std::byte>(value));
  for (const std::string_view text : {kHeader, packet}) {
    const auto raw = std::as_bytes(std::span(text));
    out.insert(out.end(), raw.begin(), raw.end());
  }
  out.insert(out.end(), jpeg.begin() + static_cast<std::ptrdiff_t>(at), jpeg.end());
  return out;
}

}  // namespace

Result<Bytes> MarkAsGenerated(std::span<const std::byte> file, const GeneratedMark& mark) {
  if (mark.tool.size() > 1000 || mark.claim_sha256.size() > 1000)
    return Error{ErrorCode::kInvalidArgument, "the marks of a generated picture are at most 1000 bytes each"};
  const std::string packet = Packet(mark);
  if (origin::StartsWith(file, "\xFF\xD8"sv)) return InsertIntoJpeg(file, packet);
  if (origin::StartsWith(file, "\x89PNG"sv)) return InsertPngText(file, "XML:com.adobe.xmp", packet);
  return Error{ErrorCode::kInvalidArgument,
               "a picture can be marked as generated in PNG and JPEG files only; choose one of these"};
}

}  // namespace kantei::authenticity
