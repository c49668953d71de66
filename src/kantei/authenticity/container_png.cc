// PNG chunks that carry text, EXIF, XMP or C2PA, and a writer of one text chunk.
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "kantei/authenticity/metadata_internal.h"

namespace kantei::authenticity {
namespace origin {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kSignature = "\x89PNG\r\n\x1A\n"sv;
constexpr std::string_view kXmpKeyword = "XML:com.adobe.xmp";
constexpr std::size_t kHeaderEnd = 33;  // signature and IHDR with its length, type and CRC
constexpr int kMaxChunks = 1 << 20;

std::uint32_t Crc(ByteSpan type_and_body) {
  return static_cast<std::uint32_t>(::crc32(0, reinterpret_cast<const Bytef*>(type_and_body.data()),
                                            static_cast<uInt>(type_and_body.size())));
}

enum class InflateOutcome { kDone, kDamaged, kTooLarge };

InflateOutcome Inflate(ByteSpan packed, std::size_t limit, std::string* text) {
  z_stream stream{};
  if (::inflateInit(&stream) != Z_OK) return InflateOutcome::kDamaged;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::array<char, 16384> buffer;
  int status = Z_OK;
  InflateOutcome outcome = InflateOutcome::kDone;
  while (status == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    status = ::inflate(&stream, Z_NO_FLUSH);
    const std::size_t got = buffer.size() - stream.avail_out;
    if (text->size() + got > limit) {
      outcome = InflateOutcome::kTooLarge;
      break;
    }
    text->append(buffer.data(), got);
  }
  if (outcome == InflateOutcome::kDone && status != Z_STREAM_END) outcome = InflateOutcome::kDamaged;
  ::inflateEnd(&stream);
  return outcome;
}

// ImageMagick's "Raw profile type X": newline, name, newline, byte count, newline, hexadecimal digits in
// lines.
Bytes DecodeRawProfile(std::string_view text) {
  Bytes bytes;
  std::size_t at = 0;
  for (int line = 0; line < 3; ++line) {
    at = text.find('\n', at);
    if (at == std::string_view::npos) return bytes;
    ++at;
  }
  int high = -1;
  for (const char c : text.substr(at)) {
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) continue;
    if (high < 0) {
      high = digit;
    } else {
      bytes.push_back(static_cast<std::byte>(high << 4 | digit));
      high = -1;
    }
  }
  return bytes;
}

class ChunkReader {
 public:
  ChunkReader(ByteSpan file, Harvest* harvest) : reader_(file), harvest_(harvest) {}

  void Read() {
    reader_.Skip(kSignature.size());
    for (int count = 0; count < kMaxChunks; ++count) {
      const std::size_t at = reader_.position();
      std::uint32_t length = 0, crc = 0;
      ByteSpan type_and_body;
      if (reader_.remaining() == 0) {
        harvest_->Problem("the PNG file ends without an IEND chunk");
        return;
      }
      if (!reader_.Read(&length) || length > 0x7FFFFFFF || !reader_.Take(length + 4ull, &type_and_body) ||
          !reader_.Read(&crc)) {
        harvest_->Problem("the PNG chunk at byte " + std::to_string(at) + " runs past the end of the file");
        return;
      }
      const std::string type(AsText(type_and_body.first(4)));
      if (type == "IEND") return;
      const bool known =
          type == "tEXt" || type == "zTXt" || type == "iTXt" || type == "eXIf" || type == "caBX";
      if (!known) continue;
      if (type_and_body.size() > kMaxC2paBytes || (type != "caBX" && type_and_body.size() > kMaxXmpBytes)) {
        harvest_->Problem("the PNG chunk " + type + " at byte " + std::to_string(at) + " has " +
                          std::to_string(length) + " bytes, which is above the limit; it was not read");
        continue;
      }
      if (Crc(type_and_body) != crc) {
        harvest_->Problem("the checksum of the PNG chunk " + type + " at byte " + std::to_string(at) +
                          " is wrong");
      }
      ReadChunk(type, type_and_body.subspan(4), at);
    }
  }

 private:
  void ReadChunk(const std::string& type, ByteSpan body, std::size_t at) {
    if (type == "eXIf") {
      harvest_->AddExif(body);
    } else if (type == "caBX") {
      harvest_->AddC2pa(Bytes(body.begin(), body.end()));
    } else if (!ReadText(type, body)) {
      harvest_->Problem("the PNG chunk " + type + " at byte " + std::to_string(at) +
                        " is damaged; it was not read");
    }
  }

  bool ReadText(const std::string& type, ByteSpan body) {
    ByteReader reader(body);
    std::string_view keyword, ignored;
    if (!reader.TakeString(&keyword) || keyword.empty() || keyword.size() > 79) return false;
    std::uint8_t compressed = type == "zTXt" ? 1 : 0, method = 0;
    if (type == "iTXt") {
      if (!reader.Read(&compressed) || !reader.Read(&method) || !reader.TakeString(&ignored) ||
          !reader.TakeString(&ignored))
        return false;
    } else if (type == "zTXt") {
      if (!reader.Read(&method)) return false;
    }
    if (method != 0 || compressed > 1) return false;
    if (compressed == 0) {
      Keep(type, keyword, AsText(reader.rest()));
      return true;
    }
    std::string text;
    const std::size_t left = kMaxAllTextBytes - std::min(kMaxAllTextBytes, inflated_);
    const InflateOutcome outcome = Inflate(reader.rest(), std::min(kMaxTextBytes, left), &text);
    inflated_ += text.size();
    if (outcome == InflateOutcome::kTooLarge) {
      harvest_->Problem("the PNG text " + CutText(ReadableText(keyword), 79) +
                        " inflates beyond the limit of " + std::to_string(std::min(kMaxTextBytes, left)) +
                        " bytes; it was not read");
      return true;
    }
    if (outcome == InflateOutcome::kDamaged) return false;
    Keep(type, keyword, text);
    return true;
  }

  void Keep(const std::string& type, std::string_view keyword, std::string_view text) {
    if (keyword == kXmpKeyword) {
      harvest_->AddXmp(text);
    } else if (keyword.starts_with("Raw profile type ")) {
      const std::string_view kind = keyword.substr(17);
      const Bytes bytes = DecodeRawProfile(text);
      if (kind == "xmp") {
        harvest_->AddXmp(AsText(bytes));
      } else if (kind == "iptc" && bytes.size() <= kMaxTextBytes) {
        // ImageMagick keeps the whole Photoshop resource block under this name.
        (StartsWith(bytes, "8BIM") ? harvest_->photoshop : harvest_->iptc) = bytes;
      } else if ((kind == "exif" || kind == "APP1") && StartsWith(bytes, "Exif\0"sv) &&
                 harvest_->exif.empty()) {
        harvest_->owned_exif = bytes;
        harvest_->AddExif(harvest_->owned_exif);
      }
    } else {
      harvest_->AddText("PNG " + type, ReadableText(keyword), ReadableText(text));
    }
  }

  ByteReader reader_;
  Harvest* harvest_;
  std::size_t inflated_ = 0;
};

void AppendBe32(std::uint32_t value, Bytes* bytes) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes->push_back(static_cast<std::byte>(value >> shift & 255));
}
void AppendText(std::string_view text, Bytes* bytes) {
  const auto raw = std::as_bytes(std::span(text));
  bytes->insert(bytes->end(), raw.begin(), raw.end());
}

}  // namespace

void ReadPngChunks(ByteSpan file, Harvest* harvest) {
  ChunkReader(file, harvest).Read();
}

}  // namespace origin

Result<Bytes> InsertPngText(std::span<const std::byte> png, std::string_view keyword, std::string_view text) {
  using namespace origin;
  if (!StartsWith(png, kSignature) || png.size() < kHeaderEnd || AsText(png.subspan(12, 4)) != "IHDR") {
    return Error{ErrorCode::kInvalidArgument,
                 "text can be put into a PNG file only, and this is none; encode the picture as PNG first"};
  }
  const bool keyword_fits =
      !keyword.empty() && keyword.size() <= 79 && keyword.front() != ' ' && keyword.back() != ' ' &&
      std::all_of(keyword.begin(), keyword.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
  if (!keyword_fits) {
    return Error{ErrorCode::kInvalidArgument,
                 "a PNG keyword has 1 to 79 printable ASCII characters and no space at either end"};
  }
  if (text.size() > kMaxTextBytes) {
    return Error{ErrorCode::kTooLarge, "a PNG text may have at most " + std::to_string(kMaxTextBytes) +
                                           " bytes here, and this one has " + std::to_string(text.size())};
  }
  if (!IsUtf8(text) || text.find('\0') != std::string_view::npos) {
    return Error{ErrorCode::kInvalidArgument, "a PNG text must be UTF-8 without NUL characters"};
  }
  // XMP is always iTXt (ISO 16684-3).
  const bool ascii = keyword != kXmpKeyword && std::all_of(text.begin(), text.end(), [](char c) {
                       return static_cast<unsigned char>(c) < 0x80;
                     });
  Bytes chunk;
  AppendText(ascii ? "tEXt" : "iTXt", &chunk);
  AppendText(keyword, &chunk);
  // iTXt: keyword NUL, not compressed (0, 0), empty language NUL, empty translated keyword NUL.
  AppendText(ascii ? "\0"sv : "\0\0\0\0\0"sv, &chunk);
  AppendText(text, &chunk);
  Bytes out(png.begin(), png.begin() + kHeaderEnd);
  out.reserve(png.size() + chunk.size() + 8);
  AppendBe32(static_cast<std::uint32_t>(chunk.size() - 4), &out);
  out.insert(out.end(), chunk.begin(), chunk.end());
  AppendBe32(Crc(chunk), &out);
  out.insert(out.end(), png.begin() + kHeaderEnd, png.end());
  return out;
}

}  // namespace kantei::authenticity
